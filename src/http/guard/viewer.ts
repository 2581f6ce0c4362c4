/** The sender of a request, as identified by the guard, and what it may do. */

import type { Context } from "hono";
import { type Access, type Holder, type Scope, SCOPES } from "../../access/tokens.ts";

export interface Viewer {
  readonly scopes: readonly Scope[];
  /** The name of the token's holder, if the file of tokens has one. */
  readonly name?: string;
  /** Whether the request came with a session, which can be ended. */
  readonly signedIn: boolean;
  /** Whether a long answer may continue: its token may have been revoked. */
  readonly permit: () => boolean;
}

/** A context with the viewer that the guard found; without one if no token is needed. */
type Guarded = Context<{ Variables: { viewer?: Viewer } }>;

/** Without tokens, everyone may do everything. */
const ANYBODY: Viewer = { scopes: SCOPES, signedIn: false, permit: () => true };

/** The viewer of an open route, without a token. */
export const NOBODY: Viewer = { scopes: [], signedIn: false, permit: () => true };

export function rememberViewer(c: Guarded, viewer: Viewer): void {
  c.set("viewer", viewer);
}

/** The viewer that `Guard` found. */
export function requestViewer(c: Guarded): Viewer {
  return c.var.viewer ?? ANYBODY;
}

export type Permit = () => boolean;

/** The permissions that `Guard` found; everything is permitted if no token is needed. */
export function requestPermit(c: Guarded): Permit {
  return requestViewer(c).permit;
}

/**
 * `undefined` if no token is needed, if the holders are unknown, or if the viewer may not see them.
 */
export function tokenHolders(
  { access }: { readonly access: Access | undefined },
  { scopes }: Viewer,
): readonly Holder[] | undefined {
  return scopes.includes("operate") ? access?.holders?.() : undefined;
}
