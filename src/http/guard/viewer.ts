/** The sender of a request, as the guard found it, and what it may do. */

import type { Context } from "hono";
import { type Access, type Holder, type Scope, SCOPES } from "../../access/tokens.ts";

export interface Viewer {
  readonly scopes: readonly Scope[];
  /** Whose token it is, where its file says so. */
  readonly name?: string;
  /** Whether there is a session that can be ended. */
  readonly signedIn: boolean;
  /** Whether a long answer may continue: its token may be gone by now. */
  readonly permit: () => boolean;
}

/** A context with what the guard found; nothing where no token is needed. */
type Guarded = Context<{ Variables: { viewer?: Viewer } }>;

/** Where no token is needed, everyone may do everything. */
const ANYBODY: Viewer = { scopes: SCOPES, signedIn: false, permit: () => true };

/** The viewer of an open route, without a token. */
export const NOBODY: Viewer = { scopes: [], signedIn: false, permit: () => true };

export function rememberViewer(c: Guarded, viewer: Viewer): void {
  c.set("viewer", viewer);
}

/** What `guard` found. */
export function requestViewer(c: Guarded): Viewer {
  return c.var.viewer ?? ANYBODY;
}

export type Permit = () => boolean;

/** What `guard` found; everything is permitted where no token is needed. */
export function requestPermit(c: Guarded): Permit {
  return requestViewer(c).permit;
}

/** `undefined` where none is needed, if they are not known, or if the viewer may not see them. */
export function tokenHolders(
  { access }: { readonly access: Access | undefined },
  { scopes }: Viewer,
): readonly Holder[] | undefined {
  return scopes.includes("operate") ? access?.holders?.() : undefined;
}
