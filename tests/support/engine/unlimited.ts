/** An engine without limits, whose keys are in memory. */

import type { JobEngineOptions } from "../../../src/engine/engine_parts.ts";
import type { EngineLimits } from "../../../src/engine/engine_limits.ts";
import { MemoryKeys } from "../../../src/testing/stand_ins.ts";

export const NO_LIMITS: EngineLimits = {
  triedMax: Infinity,
  fanOutMax: Infinity,
  fanOutBytesMax: Infinity,
  entriesMax: Infinity,
  entriesBytesMax: Infinity,
  jobsMax: Infinity,
  jobsBytesMax: Infinity,
  queuedMax: Infinity,
  pendingBytesMax: Infinity,
};

export function unlimited(): Pick<JobEngineOptions, "keys" | "limits"> {
  return { keys: new MemoryKeys(), limits: NO_LIMITS };
}
