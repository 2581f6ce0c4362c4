/** What is said of the job that had to do with the thing which an error is about. */

import { durationText } from "../../core/duration.ts";
import { isOfType } from "../../core/event.ts";
import { type JobId, type LogId, MAIN_TASK } from "../../core/ids.ts";
import { type FailedJob, isTerminal, type JobState } from "../../core/job_state.ts";
import { present } from "../../core/json.ts";
import { shownScalar, shownText } from "../../core/shown_value.ts";
import { type DoneMeanwhile, meanwhileText } from "../../explain/ended/done_meanwhile.ts";
import type { OutlinedHistory } from "../../explain/history/outlined_history.ts";
import { isOfTime } from "../../explain/likeness/created_apart.ts";
import { contrastText } from "../../explain/likeness/contrast_text.ts";
import type { OwnValue } from "../../explain/likeness/own_values.ts";
import { holdUpText } from "../../explain/past/hold_up_texts.ts";
import { blockingEntries, limitText, placeHoldersText } from "../../explain/queue/queue_holders.ts";
import type { RivalStatement } from "../../explain/statements/evidence.ts";
import type { Statement } from "../../explain/statements/explanation.ts";
import type { BlockingLimit } from "../../explain/statements/queue_facts.ts";
import { reason } from "../../explain/statements/statement.ts";
import { becameBy, becameText } from "../../explain/words/other_jobs.ts";
import { actorText, FEW_MAX, reasonText, taskText } from "../../explain/words/phrases.ts";
import { limitNow } from "./blocking_limit.ts";
import { findHeldUp } from "./hold_up_search.ts";
import type { Inquiry } from "./query_parts.ts";
import { contrastOf } from "./similar_jobs.ts";

/** Reads the entries of another job. */
export type ReadJob = (jobId: JobId) => Promise<OutlinedHistory>;

/** A job with more entries is not read for what held it up. */
const ENTRIES_MAX = 100;

/** A job that was given a value, before it is read. */
export interface Given {
  readonly logId: LogId;
  readonly jobId: JobId;
  readonly type: string | undefined;
  /** Where it has the value. */
  readonly path: string;
  readonly actor?: string;
}

export interface Rival extends Given {
  readonly rival: JobState;
  /** The value, as the failed job has it. */
  readonly own: OwnValue;
  readonly meanwhile?: DoneMeanwhile | undefined;
}

interface Told extends Rival {
  /** What sets it apart, as a sentence after a space, or nothing. */
  readonly apart: string;
  /** Whether those of jobs that went through had ended by then. */
  readonly isLate: boolean;
}

/** `had not ended by then, unlike those of jobs that went through; it is queued: ...`. */
async function lateText(
  { parts, upTo }: Inquiry,
  rival: JobState,
  { statement: became, cites }: Statement<LogId>,
): Promise<Statement<LogId>> {
  const limit = upTo === undefined ? await limitNow(parts, rival) : undefined;
  const why = limit === undefined
    ? ""
    : `: ${limitText(limit)}${placeHoldersText(limit)}${changedText(limit)}`;
  const statement =
    `had not ended by then, unlike those of jobs that went through; it ${became}${why}`;
  return reason(statement, ...cites, ...blockingEntries(limit).slice(0, FEW_MAX), limit?.change);
}

/** `; the limit was changed by kim (reason: maintenance)`, or nothing. */
function changedText({ change }: BlockingLimit): string {
  return change === undefined
    ? ""
    : `; the limit was changed${actorText(change)}${reasonText(change.reason)}`;
}

/** What it did, and when; what had held it up until then; and the job that had it created. */
export async function toldOfRival(
  inquiry: Inquiry,
  job: FailedJob,
  { rival, path, own, meanwhile, apart, isLate }: Told,
  read: ReadJob,
): Promise<RivalStatement> {
  const became = reason(becameText(rival), becameBy(rival));
  const did = meanwhile !== undefined
    ? meanwhileText(job, meanwhile)
    : isLate
    ? await lateText(inquiry, rival, became)
    : became;
  const held = meanwhile === undefined && !isLate
    ? reason("")
    : await heldUntil(inquiry, rival, Math.max(job.firstLogId, ...did.cites.slice(1)), read);
  const sent = await sentBy(inquiry, rival);
  const sender = apart === "" ? sent.apart : "";
  const statement = `Job ${rival.jobId} (${rival.type ?? "a plan"}), which also has ` +
    `${valueText(own, path)}, ${did.statement}${held.statement}${sent.statement}.${apart}${sender}`;
  const cites = [rival.firstLogId, ...did.cites, ...held.cites, ...sent.cites];
  const first = isLate && !isTerminal(rival) ? `let job ${rival.jobId} end` : undefined;
  return { ...reason(statement, ...cites), ...present({ first }) };
}

/** `"u-31" at input.userId`. */
export function valueText({ value }: OwnValue, path = ""): string {
  return `${shownScalar(value)} at ${shownText(path)}`;
}

/** `; that job had been held by the pause of type search.index for 2 s`, if that ended later. */
async function heldUntil(
  inquiry: Inquiry,
  { jobId }: JobState,
  since: LogId,
  read: ReadJob,
): Promise<Statement<LogId>> {
  if (inquiry.parts.history.hasOver(ENTRIES_MAX, jobId)) return reason("");
  const [longest] = (await findHeldUp(inquiry, await read(jobId)))?.all ?? [];
  if (longest === undefined || Math.max(...longest.until) < since) return reason("");
  const statement = `; that job had been ${holdUpText(longest)} for ${durationText(longest.ms)}`;
  return reason(
    statement,
    longest.kind === "pause" ? longest.pause.by : undefined,
    ...longest.until,
  );
}

/** `; task diff of job sync-9 sent the event that created it`, and what sets that job apart. */
async function sentBy(
  inquiry: Inquiry,
  { firstLogId }: JobState,
): Promise<Statement<LogId> & { readonly apart: string }> {
  const { parts: { history, table }, asOf } = inquiry;
  let [entry] = await history.at([firstLogId]);
  for (const _ of ["event", "sender"]) {
    [entry] = entry?.causedBy === undefined ? [] : await history.at([entry.causedBy]);
  }
  if (!isOfType(entry, "job.TaskCompleted") || entry.jobId === undefined) {
    return { ...reason(""), apart: "" };
  }
  const { taskId = MAIN_TASK, jobId } = entry;
  const statement = `; ${taskText(taskId)} of job ${jobId} sent the event that created it`;
  const sender = table.job(jobId);
  const isAsThen = sender !== undefined && sender.lastLogId <= asOf;
  const apart = isAsThen ? await setApart(inquiry, sender, `Job ${jobId}`) : "";
  return { ...reason(statement, entry), apart };
}

/** ` It has input.year = 2025, where all 9 that went through have 2026.`, or nothing. */
export async function setApart(inquiry: Inquiry, other: JobState, subject = "It"): Promise<string> {
  if (other.state !== "Done") return "";
  const contrast = await contrastOf(inquiry, other, { isSuspect: true });
  return contrast === undefined || isOfTime(contrast)
    ? ""
    : ` ${contrastText(contrast, "failed", subject)}`;
}
