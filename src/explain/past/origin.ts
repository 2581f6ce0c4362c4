/** The origin of a job, which ends every chain of reasons. */

import { type FrameworkEntry, isOfType, type JobEventLogEntry } from "../../core/event.ts";
import { type LogId, MAIN_TASK } from "../../core/ids.ts";
import { shownText } from "../../core/shown_value.ts";
import { causeOf } from "./attempts.ts";
import type { Evidence } from "../statements/evidence.ts";
import type { Reasons, Statement } from "../statements/explanation.ts";
import { actorText, reasonText, taskText } from "../words/phrases.ts";
import { reason } from "../statements/statement.ts";

/** A start within this is on time. */
const START_LATE_MS = 1_000;

/** How it was started, unless at its creation, and how it was created. */
export function explainOrigin(known: Evidence): Reasons {
  const { created, started } = known;
  if (started === undefined) return [madeBy(known)];
  const isAtOnce = started.logId === created.logId + 1 &&
    started.receivedAt === created.receivedAt;
  return isAtOnce ? [madeBy(known, started)] : [explainStart(known, started), madeBy(known)];
}

/** A job leaves Created only by a start, so a cancellation includes one. */
function onlyToCancel({ failedBy }: Evidence, started: JobEventLogEntry): boolean {
  const cancelled = failedBy?.entry;
  return cancelled?.eventType === "job.JobCancelled" && cancelled.logId === started.logId + 1 &&
    cancelled.receivedAt === started.receivedAt;
}

/** @param started If the job started with its creation. */
function madeBy({ created, causes }: Evidence, started?: JobEventLogEntry): Statement<LogId> {
  const cause = causeOf(created, causes);
  const { causedBy, receivedAt, attributes: { retryOf } } = created;
  const kind = kindText(created);
  const why = isOfType(cause, "job.JobRetried") ? reasonText(cause.attributes.reason) : "";
  const sent = causeOf(cause, causes);
  const event = cause === undefined ? "An event" : `Event ${cause.eventType}`;
  const andStarted = started === undefined ? "" : " and started";
  const statement = retryOf !== undefined
    ? `It was created at ${receivedAt} as a retry of job ${retryOf}${why}: ${kind}.`
    : causedBy !== undefined
    ? `${event}${sentText(sent)} created this job at ${receivedAt}: ${kind}.`
    : `It was submitted${actorText(created)}${andStarted} at ${receivedAt}: ${kind}.`;
  return reason(statement, created, started, cause, sent);
}

/** `, sent by task diff of job sync-9,`, or nothing if it came from outside. */
function sentText(sent: JobEventLogEntry | undefined): string {
  return isOfType(sent, "job.TaskCompleted")
    ? `, sent by ${taskText(sent.taskId ?? MAIN_TASK)} of job ${sent.jobId},`
    : "";
}

function kindText({ attributes }: FrameworkEntry<"job.JobCreated">): string {
  const { type, definitionVersion, priority, labels } = attributes;
  const more = `${priority === 0 ? "" : `, priority ${priority}`}${labelsText(labels)}`;
  return type === undefined
    ? `a plan without code${more}`
    : `type ${type}, version ${definitionVersion ?? 1}${more}`;
}

const LABELS_MAX = 5;

/** `, tenant:nordwind, source:nightly`. */
function labelsText(labels: Readonly<Record<string, string>>): string {
  const all = Object.entries(labels);
  const shown = all.slice(0, LABELS_MAX).map(([name, value]) =>
    `, ${shownText(`${name}:${value}`)}`
  );
  return shown.join("") +
    (all.length > LABELS_MAX ? `, and ${all.length - LABELS_MAX} more labels` : "");
}

/** A start is late, for example, when the process was down at the time. */
function askedText(startAt: string, at: string): string {
  const isLate = Date.parse(at) - Date.parse(startAt) >= START_LATE_MS;
  return isLate ? `; its submission asked for ${startAt}` : ", as its submission asked";
}

function explainStart(
  known: Evidence,
  started: FrameworkEntry<"job.JobStarted">,
): Statement<LogId> {
  const { startAt } = known.created.attributes;
  const { receivedAt: at, attributes: { reason: why } } = started;
  const bySchedule = startAt !== undefined && why === undefined && at >= startAt;
  const statement = onlyToCancel(known, started)
    ? `It was started at ${at} only so that it could be cancelled.`
    : bySchedule
    ? `It started by itself at ${at}${askedText(startAt, at)}.`
    : `A start control started it at ${at}${reasonText(why)}.`;
  return reason(statement, started);
}
