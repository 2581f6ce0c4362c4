/** What happened to the whole process while a job was under way; see `ProcessEntry`. */

import { durationText, lengthMs } from "../../core/duration.ts";
import { type FrameworkEntry, isOfType, type JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import { isTerminal } from "../../core/job_state.ts";
import type { Findings, ProcessStop } from "../statements/evidence.ts";
import type { Reasons } from "../statements/explanation.ts";
import { isRelevant } from "../history/hold_ups.ts";
import type { OutlinedHistory } from "../history/outlined_history.ts";
import { FEW_MAX, shortened } from "../words/phrases.ts";
import { NONE_OPEN, openNames } from "../words/interruptions.ts";
import { reason } from "../statements/statement.ts";

/** For a job that has not ended, a smaller change of the clock is not worth a sentence. */
const CLOCK_SET_MS = 60_000;

/** A job, and what happened to the process meanwhile. */
export type Meanwhile = OutlinedHistory & Pick<Findings, "process">;

type LoopBlocked = FrameworkEntry<"journal.LoopBlocked">;
type ClockSet = FrameworkEntry<"journal.ClockSet">;

export function meanwhileReasons(known: Meanwhile): Reasons {
  return [...blockedReasons(known), ...clockReasons(known)];
}

/** That the event loop was blocked for a relevant share of the time of an ended job. */
export function blockedReasons(known: Meanwhile): Reasons {
  const blocks = loopBlocks(known);
  const last = blocks.at(-1);
  const ms = blocks.reduce((sum, { attributes }) => sum + attributes.blockedMs, 0);
  if (last === undefined || !isRelevant(ms, known)) return [];
  const times = blocks.length === 1 ? "" : ` ${blocks.length} times`;
  const statement = `The event loop was blocked${times} for ${durationText(ms)}, until ` +
    `${last.receivedAt}, and no other code could run: ${openText(last)}.`;
  return [reason(statement, ...blocks.slice(-FEW_MAX))];
}

/** The blocks during the life of a job. One is recorded after what ran first when it was over. */
function loopBlocks({ process = [], created, endedBy }: Meanwhile): readonly LoopBlocked[] {
  const end = endedBy?.entry.receivedAt;
  return process.filter((entry) => isOfType(entry, "journal.LoopBlocked"))
    .filter(({ receivedAt, attributes }) =>
      lengthMs(created.receivedAt, receivedAt) > 0 &&
      (end === undefined || lengthMs(end, receivedAt) < attributes.blockedMs)
    );
}

/** `job a in task render did not yield`, or which of several it may have been. */
function openText({ attributes: { open } }: LoopBlocked): string {
  const names = openNames(open);
  if (names.length === 0) return NONE_OPEN;
  return names.length === 1
    ? `${names[0]} did not yield`
    : `one of these did not yield: ${shortened(names, FEW_MAX)}`;
}

/** The last stop of the process between two entries, or the start that found it had crashed. */
export function processStop(
  { process = [] }: Meanwhile,
  from: LogId,
  to: LogId,
): ProcessStop | undefined {
  return process.filter(isProcessStop)
    .findLast(({ logId }) => logId > from && logId < to);
}

export function isProcessStop(entry: JobEventLogEntry): entry is ProcessStop {
  return isOfType(entry, "journal.Sealed") || isOfType(entry, "journal.Recovered");
}

/** `Daybook was stopped at ...`, or `Daybook was started at ..., after a crash`. */
export function processStopText({ eventType, receivedAt }: ProcessStop): string {
  return eventType === "journal.Sealed"
    ? `Daybook was stopped at ${receivedAt}`
    : `Daybook was started at ${receivedAt}, after a crash`;
}

/** By how much the clock of the machine was set between two entries, in milliseconds. */
export function clockSetMs(known: Meanwhile, from: LogId, to: LogId): number {
  return clockSets(known, from, to).reduce((sum, { attributes }) => sum + attributes.setMs, 0);
}

/** `set back by 1 h`, or `set ahead by 1 h, or the machine slept`. */
export function clockSetText(setMs: number): string {
  const by = durationText(Math.abs(setMs));
  return setMs < 0 ? `set back by ${by}` : `set ahead by ${by}, or the machine slept`;
}

function clockSets(
  { process = [] }: Meanwhile,
  from: LogId,
  to = Infinity,
): readonly ClockSet[] {
  return process.filter((entry) => isOfType(entry, "journal.ClockSet"))
    .filter(({ logId }) => logId > from && logId <= to);
}

/** That times of an ended job, or those since when an open one waits, do not compare. */
export function clockReasons(known: Meanwhile): Reasons {
  const { job, created, endedBy, conditionSince } = known;
  const hasEnded = isTerminal(job);
  const from = hasEnded ? created.logId : conditionSince.logId;
  const sets = clockSets(known, from, endedBy?.entry.logId);
  const ms = sets.reduce((sum, { attributes }) => sum + attributes.setMs, 0);
  const last = sets.at(-1);
  const isWorthIt = hasEnded ? isRelevant(Math.abs(ms), known) : Math.abs(ms) >= CLOCK_SET_MS;
  if (last === undefined || !isWorthIt) return [];
  const statement = `The clock of the machine was ${clockSetText(ms)}, as noticed at ` +
    `${last.receivedAt}: times before and after that cannot be compared.`;
  return [reason(statement, ...sets.slice(-FEW_MAX))];
}
