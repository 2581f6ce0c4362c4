/** The origin of a job, which ends every chain of reasons. */

import type { FrameworkEntry, JobEventLogEntry } from "../core/event.ts";
import type { Reasons, Statement } from "./explanation.ts";
import type { LogId } from "../core/ids.ts";
import type { OutlinedHistory } from "./outlined_history.ts";
import type { Evidence } from "./evidence.ts";
import { shownText } from "../core/shown_value.ts";
import { actorText, reasonText } from "./phrases.ts";

/** A start within this is on time. */
const LATE_MS = 1_000;

/** How it was started, unless at its creation, and how it was created. */
export function explainOrigin(outlined: OutlinedHistory, { causes }: Evidence): Reasons {
  const { created, started } = outlined;
  const cause = created.causedBy === undefined ? undefined : causes.get(created.causedBy);
  if (started === undefined) return [madeBy(outlined, cause, "")];
  return startedWithIt(outlined, started)
    ? [madeBy(outlined, cause, " and started")]
    : [explainStart(outlined, started), madeBy(outlined, cause, "")];
}

function startedWithIt({ created }: OutlinedHistory, started: JobEventLogEntry): boolean {
  return started.logId === created.logId + 1 && started.receivedAt === created.receivedAt;
}

/** A job leaves Created only by a start, so a cancellation includes one. */
function onlyToCancel({ failedBy }: OutlinedHistory, started: JobEventLogEntry): boolean {
  const cancelled = failedBy?.entry;
  return cancelled?.eventType === "job.JobCancelled" && cancelled.logId === started.logId + 1 &&
    cancelled.receivedAt === started.receivedAt;
}

function madeBy(
  { created, started }: OutlinedHistory,
  cause: JobEventLogEntry | undefined,
  andStarted: string,
): Statement<LogId> {
  const cites = [
    created.logId,
    ...(andStarted === "" || started === undefined ? [] : [started.logId]),
    ...(cause === undefined ? [] : [cause.logId]),
  ];
  const { retryOf } = created.attributes;
  const kind = kindText(created);
  if (retryOf !== undefined) {
    const reason = cause?.eventType === "job.JobRetried"
      ? reasonText((cause as FrameworkEntry<"job.JobRetried">).attributes.reason)
      : "";
    const statement =
      `It was created at ${created.receivedAt} as a retry of job ${retryOf}${reason}: ${kind}.`;
    return { statement, cites };
  }
  if (created.causedBy !== undefined) {
    const event = cause === undefined ? "An event" : `Event ${cause.eventType}`;
    return { statement: `${event} created this job at ${created.receivedAt}: ${kind}.`, cites };
  }
  return {
    statement: `It was submitted${
      actorText(created)
    }${andStarted} at ${created.receivedAt}: ${kind}.`,
    cites,
  };
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
  const isLate = Date.parse(at) - Date.parse(startAt) >= LATE_MS;
  return isLate ? `; its submission asked for ${startAt}` : ", as its submission asked";
}

function explainStart(
  outlined: OutlinedHistory,
  started: FrameworkEntry<"job.JobStarted">,
): Statement<LogId> {
  const { startAt } = outlined.created.attributes;
  const { reason } = started.attributes;
  const cites = [started.logId];
  const at = started.receivedAt;
  if (onlyToCancel(outlined, started)) {
    return { statement: `It was started at ${at} only so that it could be cancelled.`, cites };
  }
  const bySchedule = startAt !== undefined && reason === undefined && at >= startAt;
  return bySchedule
    ? { statement: `It started by itself at ${at}${askedText(startAt, at)}.`, cites }
    : { statement: `A start control started it at ${at}${reasonText(reason)}.`, cites };
}
