/** The entry that parks a job. */

import type { JobEventDraft } from "../../core/event.ts";
import type { JobParkedAttributes } from "../../core/framework_events.ts";
import type { JobId, LogId, TaskId } from "../../core/ids.ts";
import type { TraceIds } from "../../core/trace_ids.ts";

/** The attempt and the cause, if known. */
interface ParkedAbout extends TraceIds {
  readonly taskId: TaskId;
  readonly causedBy: LogId;
}

export function parked(
  jobId: JobId,
  attributes: JobParkedAttributes,
  about: Partial<ParkedAbout> = {},
): JobEventDraft {
  return { stratum: "framework", eventType: "job.JobParked", jobId, ...about, attributes };
}
