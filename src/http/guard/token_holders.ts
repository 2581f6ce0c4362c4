/** Whose tokens are valid: only for those who may operate, on the page and in JSON alike. */

import type { Holder } from "./access.ts";
import type { Edge } from "../edge.ts";
import type { Viewer } from "./viewer.ts";

/** `undefined` where none is needed, where nobody tells, or who looks may not know. */
export function tokenHolders(
  { access }: Pick<Edge, "access">,
  { scopes }: Viewer,
): readonly Holder[] | undefined {
  return scopes.includes("operate") ? access?.holders?.() : undefined;
}
