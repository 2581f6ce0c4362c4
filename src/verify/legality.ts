/**
 * Whether an entry could have been recorded: checks its names, its ids, and what it refers to. The
 * attributes of framework facts are checked by their schemas.
 */

import { type JobEventLogEntry, LIMIT_FACTS, PAUSE_FACTS } from "../core/event.ts";
import { EVENT_TYPE_RULE, ID_PATTERN, ID_RULE, isEventType, isReserved } from "../core/ids.ts";

/** What is wrong with an entry by itself; `undefined` when nothing is. */
export function findIllegality(entry: JobEventLogEntry): string | undefined {
  return nameFlaw(entry) ?? idFlaw(entry) ?? causeFlaw(entry) ?? subjectFlaw(entry);
}

function nameFlaw({ eventType, stratum }: JobEventLogEntry): string | undefined {
  if (!isEventType(eventType)) {
    return `event type ${JSON.stringify(eventType)} is not legal: it must be ${EVENT_TYPE_RULE}`;
  }
  if (isReserved(eventType) === (stratum === "framework")) return undefined;
  return stratum === "framework"
    ? `event type ${eventType} is not in a namespace of the framework`
    : `event type ${eventType} is in a namespace of the framework, and its stratum is ${stratum}`;
}

function idFlaw({ eventId, jobId, taskId, executionId }: JobEventLogEntry): string | undefined {
  return illegalId("eventId", eventId) ?? illegalId("jobId", jobId) ??
    illegalId("taskId", taskId) ?? illegalId("executionId", executionId);
}

function illegalId(name: string, id: string | undefined): string | undefined {
  if (id === undefined || ID_PATTERN.test(id)) return undefined;
  return `${name} ${JSON.stringify(id)} is not legal: it must be ${ID_RULE}`;
}

/** A cause comes before its effect, so that chains of causes always end. */
function causeFlaw({ causedBy, logId }: JobEventLogEntry): string | undefined {
  if (causedBy === undefined) return undefined;
  if (Number.isInteger(causedBy) && causedBy >= 1 && causedBy < logId) return undefined;
  return `causedBy ${causedBy} is not a position before the entry's own`;
}

/**
 * Facts about jobs name the job, and facts about tasks the task. Facts about the journal name
 * neither.
 */
function subjectFlaw({ eventType, stratum, jobId, taskId }: JobEventLogEntry): string | undefined {
  if (stratum !== "framework") return undefined;
  if (eventType.startsWith("journal.")) {
    return jobId === undefined ? undefined : `${eventType} names a job`;
  }
  if (OF_ALL_JOBS.includes(eventType)) {
    return jobId === undefined ? undefined : `${eventType} names a job, but concerns all of them`;
  }
  if (jobId === undefined) return `${eventType} names no job`;
  return taskId === undefined && TASK_FACT.test(eventType)
    ? `${eventType} names no task`
    : undefined;
}

const OF_ALL_JOBS = [...PAUSE_FACTS, ...LIMIT_FACTS];
const TASK_FACT = /^job\.(?:Task|CompensationStarted$)/;
