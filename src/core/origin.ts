/** The origin of a request. It is recorded with the effects, and does not influence them. */

import type { TraceIds } from "./trace_ids.ts";

export interface Origin extends Partial<TraceIds> {
  /** The name beside the token of the request; absent when it is unknown. */
  readonly actor?: string;
}
