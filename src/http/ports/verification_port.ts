/** What the edge needs of whoever proves the journal. */

import type { VerificationRun } from "../../engine/ports.ts";

export interface VerificationPort {
  /** The last proof that was begun in this process; `null` when there was none. */
  readonly run: VerificationRun | null;
  /** Begins one, if none runs and there is room for it; in words why not. */
  start(): { readonly started: true } | { readonly started: false; readonly reason: string };
}
