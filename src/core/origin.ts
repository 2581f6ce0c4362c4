/** Where a request comes from; recorded with what it causes, and without influence on it. */

import type { TraceIds } from "./trace_ids.ts";

export interface Origin extends Partial<TraceIds> {
  /** The name that stands beside the token of the request; absent where nobody is known. */
  readonly actor?: string;
}
