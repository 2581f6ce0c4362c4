/** Who asks: what their token allows, how long, and whether they signed in to the dashboard. */

import { type Scope, SCOPES } from "./access.ts";

export interface Viewer {
  readonly scopes: readonly Scope[];
  /** Whose token it is, where its file says so. */
  readonly name?: string;
  /** Whether there is a session that can be ended. */
  readonly signedIn: boolean;
  /** Whether an answer that goes on for long may still go on: its token may be gone by now. */
  readonly permit: () => boolean;
}

const VIEWERS = new WeakMap<Request, Viewer>();

/** Where no token is asked for, everybody may do everything. */
const ANYBODY: Viewer = { scopes: SCOPES, signedIn: false, permit: () => true };

/** Of a route that is open to all, and was asked without a token. */
export const NOBODY: Viewer = { scopes: [], signedIn: false, permit: () => true };

export function rememberViewer(request: Request, viewer: Viewer): void {
  VIEWERS.set(request, viewer);
}

/** What `guard` found. */
export function viewerOf(request: Request): Viewer {
  return VIEWERS.get(request) ?? ANYBODY;
}
