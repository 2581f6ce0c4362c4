/** Where a request comes from; recorded with what it causes, and without influence on it. */

import type { TraceIds } from "./trace_ids.ts";

export interface Origin extends Partial<TraceIds> {
  /** The name beside the token of the request; absent when it is unknown. */
  readonly actor?: string;
}
