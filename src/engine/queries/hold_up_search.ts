/** Finds what held up a job: in the queue, at a late time limit, or before it got its event. */

import { lengthMs } from "../../core/duration.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import { hasCode, isTerminal, type JobState } from "../../core/job_state.ts";
import type { Timestamp } from "../../core/point.ts";
import {
  heldInQueue,
  heldUp,
  heldWithinMs,
  queuedStays,
  waitedForWorkerSince,
  wasHeldUp,
} from "../../explain/history/hold_ups.ts";
import { type OutlinedHistory, tookMs } from "../../explain/history/outlined_history.ts";
import { senderHeldUp } from "../../explain/past/hold_up_texts.ts";
import { heldUpBy, lateLimits } from "../../explain/past/late_limit.ts";
import type { Findings, HeldUpBy, Unyielding } from "../../explain/statements/evidence.ts";
import type { Statement } from "../../explain/statements/explanation.ts";
import type { WorkersThen } from "../../explain/statements/queue_facts.ts";
import { entryCharacters } from "../entry_pages.ts";
import { queuedAs } from "./blocking_limit.ts";
import { poolOf, workersThen } from "./holders.ts";
import { overtakenIn } from "./overtaken_search.ts";
import { placeHistory } from "./place_histories.ts";
import { findPosition } from "./point_search.ts";
import type { Inquiry, Query } from "./query_parts.ts";

/** A sender with more entries is not read for this. */
const ENTRIES_MAX = 100;

/** What held up an ended job with code, if it was queued, suspended or parked for long. */
export async function findHeldUp(
  query: Query,
  outlined: OutlinedHistory,
): Promise<HeldUpBy | undefined> {
  if (!hasCode(outlined.job) || !wasHeldUp(outlined)) return undefined;
  return heldUp(outlined, await holdUpsInQueue(query, outlined));
}

/**
 * What held up the job whose task sent the event that this job waited for longest, if that was
 * during most of the wait.
 *
 * @param read Reads the entries of another job.
 */
export async function findSenderHeldUp(
  inquiry: Inquiry,
  outlined: OutlinedHistory,
  read: (jobId: JobId) => Promise<OutlinedHistory>,
): Promise<Statement<LogId> | undefined> {
  const { parts: { history, table }, asOf } = inquiry;
  const { job, spans, entries } = outlined;
  const [wait] = spans.flatMap(({ condition, from, to, endedBy }) =>
    condition === "waiting" && to !== undefined ? { ms: lengthMs(from, to), from, endedBy } : []
  ).toSorted((one, other) => other.ms - one.ms);
  const counted = entries.get(wait?.endedBy ?? 0);
  if (wait === undefined || counted?.causedBy === undefined) return undefined;
  if (2 * wait.ms < (tookMs(outlined) ?? Infinity)) return undefined;
  const [event] = await history.at([counted.causedBy]);
  const [sent] = event?.causedBy === undefined ? [] : await history.at([event.causedBy]);
  const sender = sent?.jobId && table.job(sent.jobId);
  if (!sender || !isTerminal(sender) || sender.lastLogId > asOf) return undefined;
  if (sender.jobId === job.jobId || history.hasOver(ENTRIES_MAX, sender.jobId)) return undefined;
  const theirs = await read(sender.jobId);
  const [longest] = (await findHeldUp(inquiry, theirs))?.all ?? [];
  const heldMs = heldWithinMs(theirs, wait.from, sent.receivedAt);
  return longest === undefined || 2 * longest.ms < wait.ms || longest.ms > heldMs
    ? undefined
    : senderHeldUp(sender, longest, sent);
}

/** How many entries before a late time limit are searched for what held up the process. */
const NEAR = 100;
/** No more of them are read if they are large. */
const NEAR_CHARACTERS = 1024 * 1024;

/** Of a time limit that acted late: what held up the process, or else what was under way then. */
export async function findBesideLimit(
  query: Query,
  outlined: OutlinedHistory,
): Promise<Pick<Findings, "unyielding" | "beside">> {
  const { parts: { registry, table } } = query;
  const { job } = outlined;
  const limits = lateLimits(outlined);
  const [last] = limits;
  if (last === undefined) return {};
  const unyielding: Unyielding[] = [];
  for (const limit of limits) {
    const held = heldUpBy(limit, await entriesUpTo(query, limit.to));
    const holder = held && table.head(held.jobId);
    if (held === undefined || holder?.type === undefined || registry.isInThread(holder)) break;
    unyielding.push({ ...held, type: holder.type });
  }
  if (unyielding.length > 0) return { unyielding };
  const then = await workersAt(query, job, last.at as Timestamp, last);
  return {
    beside: { ...then, holders: then.holders.filter(({ jobId }) => jobId !== job.jobId) },
  };
}

/** The entries up to a position, fewer if they are large. */
async function entriesUpTo(
  { parts: { history } }: Query,
  to: LogId,
): Promise<readonly JobEventLogEntry[]> {
  const from = Math.max(1, to - NEAR + 1);
  const near = Array.from({ length: to - from + 1 }, (_, at) => from + at as LogId);
  const entries: JobEventLogEntry[] = [];
  let left = NEAR_CHARACTERS;
  for await (const page of history.pages.back(near)) {
    entries.unshift(...page);
    left -= page.reduce((sum, entry) => sum + entryCharacters(entry), 0);
    if (left < 0) break;
  }
  return entries;
}

async function holdUpsInQueue(query: Query, outlined: OutlinedHistory): Promise<HeldUpBy> {
  const stays = queuedStays(outlined);
  const [first, last] = [stays[0], stays.at(-1)];
  if (first === undefined || last === undefined) return { all: [], isAll: true };
  const stretch = { from: first.from.logId, to: last.to.logId };
  const history = await placeHistory(query, outlined.job, stretch);
  const work = heldInQueue(outlined, queuedAs(outlined.job), history);
  const held = await query.parts.pacer.all(query.share, work);
  const overtaken = await overtakenIn(query, outlined.job, first, held);
  const since = waitedForWorkerSince(outlined, held);
  if (since === undefined) return { ...held, overtaken };
  return { ...held, overtaken, workers: await workersAt(query, outlined.job, since, stretch) };
}

/** The jobs that held the workers at a time of a stretch. */
async function workersAt(
  query: Query,
  job: JobState,
  time: Timestamp,
  { from, to }: { readonly from: LogId; readonly to: LogId },
): Promise<WorkersThen> {
  const { parts } = query;
  const { pages } = parts.history;
  const at = await findPosition({ kind: "time", time }, pages, [from], 1, to - 1);
  return await workersThen(query, poolOf(parts, job), at);
}
