/** Whose tokens are valid: only for those who may operate, on the page and in JSON alike. */

import type { Holder } from "./access.ts";
import type { HttpDeps } from "../http_deps.ts";
import type { Viewer } from "./viewer.ts";

/** `undefined` where none is needed, where nobody tells, or who looks may not know. */
export function tokenHolders(
  { access }: Pick<HttpDeps, "access">,
  { scopes }: Viewer,
): readonly Holder[] | undefined {
  return scopes.includes("operate") ? access?.holders?.() : undefined;
}
