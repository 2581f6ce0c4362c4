/**
 * What other limits of its type would change for a job: whether it would begin now, or what would
 * hold it; for a job that has begun, how much less it would have waited. It is unknown what code
 * would have done, so each job is assumed to last as long as it did.
 */

import { counted } from "../../core/counted.ts";
import type { Alone } from "../../core/crashes.ts";
import { durationText } from "../../core/duration.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import { limitsText, type LimitValues } from "../../core/place_limits.ts";
import type { BlockingLimit, HoldingPause } from "../statements/queue_facts.ts";
import type { Reasons, Statement } from "../statements/explanation.ts";
import type { OutlinedHistory } from "../history/outlined_history.ts";
import { pausesCited } from "../queue/pause_texts.ts";
import { FEW_MAX, LIST_MAX, pausesText, shortened } from "../words/phrases.ts";
import type { LimitsFrom } from "../history/place_history.ts";
import {
  aloneText,
  blockingEntries,
  changeCited,
  keyText,
  limitText,
  placeHoldersText,
} from "../queue/queue_holders.ts";
import { reason } from "../statements/statement.ts";

export interface LimitsWhatIf<Cite> {
  readonly limits: LimitValues;
  /**
   * For a queued job, whether it would begin now. For another, whether it would have waited less or
   * longer before it began.
   */
  readonly outcome: "begins" | "waits" | "sooner" | "noSooner" | "later";
  readonly statement: string;
  readonly because: readonly Statement<Cite>[];
  /** What the answer assumes, since it is not on record. */
  readonly assumes: readonly string[];
  /** For a queued job, those that would begin before it, in order. */
  readonly behind?: readonly JobId[];
  /** For a job that has begun, how much less it would have waited, in milliseconds. */
  readonly lessMs?: { readonly least: number; readonly most: number };
}

/** The question about a job. */
export interface LimitsQuestion {
  readonly outlined: OutlinedHistory;
  readonly inForce: LimitsFrom;
  readonly supposed: SupposedLimits;
  /** The limits that would be in force. */
  readonly limits: LimitValues;
}

/** The position of a queued job, now and under the supposition. */
export interface QueuedStanding {
  /** The pauses that hold it. */
  readonly pauses: readonly HoldingPause[];
  /** The limit that keeps it waiting now, and the one that would. */
  readonly now?: BlockingLimit | undefined;
  readonly then?: BlockingLimit | undefined;
  /** The jobs that would begin before it, and the entries that started them. */
  readonly before: readonly { readonly jobId: JobId; readonly startedBy: LogId }[];
  readonly isGranted: boolean;
  /** How many places of its type and of its key would be taken before it. */
  readonly taken: { readonly maxRunning: number; readonly perKey: number; readonly rate: number };
  readonly workers: {
    readonly busy: number;
    readonly max: number;
    readonly alone?: Alone | undefined;
  };
}

export function limitsWhileQueued(
  asked: LimitsQuestion,
  standing: QueuedStanding,
): LimitsWhatIf<LogId> {
  const { outlined: { job }, inForce, supposed, limits } = asked;
  const { isGranted, before } = standing;
  const begins = isGranted && standing.pauses.length === 0;
  const whatThen = begins
    ? `begin now${afterText(before)}: ${placeText(asked, standing)}`
    : `still wait${waitText(standing)}`;
  return {
    limits,
    outcome: begins ? "begins" : "waits",
    statement: `${insteadText(inForce.limits, supposed)}, job ${job.jobId} would ${whatThen}.`,
    because: [...asItIs(asked, standing), ...goFirst(before), ...thenReasons(standing, begins)],
    assumes: [
      "No other job arrives or ends before the limits change; running jobs keep running.",
      ...supposed.rate != null && inForce.limits.rate === undefined
        ? ["A rate counts no starts from before it is in force."]
        : [],
    ],
    behind: before.map(({ jobId }) => jobId),
  };
}

type Before = QueuedStanding["before"];

function afterText(before: Before): string {
  return before.length === 0 ? "" : `, behind ${jobNames(before)}`;
}

function jobNames(before: Before): string {
  return shortened(before.map(({ jobId }) => jobId), FEW_MAX);
}

/** `it would take place 6 of 6 of type mail.send, and 2 of 4 workers are busy`. */
function placeText(
  { outlined: { job: { key, rateKey, type = "" } }, limits, supposed }: LimitsQuestion,
  { taken, workers: { busy, max } }: QueuedStanding,
): string {
  const { maxRunning, perKey, rate } = limits;
  const places = [
    ...supposed.perKey == null || key === undefined
      ? []
      : [`place ${taken.perKey + 1} of ${perKey} of ${keyText(type, key)}`],
    ...supposed.maxRunning == null
      ? []
      : [`place ${taken.maxRunning + 1} of ${maxRunning} of ${keyText(type, undefined)}`],
    ...supposed.rate == null || rate === undefined ? [] : [
      `start ${taken.rate + 1} of ${rate.count} of ${keyText(type, rateKey)} within ` +
      durationText(rate.perMs),
    ],
  ];
  const free = `${busy} of ${counted(max, "worker")} busy`;
  return places.length === 0
    ? `no limit would hold it, with ${free}`
    : `it would take ${places.join(" and ")}, with ${free}`;
}

/** ` once b1 had begun: 2 of 2 places of key acme taken (...): a1 in ...`, by what would hold it. */
function waitText({ pauses, then, before, workers }: QueuedStanding): string {
  const { busy, max, alone } = workers;
  if (pauses.length > 0) return `: ${pausesText(pauses)}`;
  const once = before.length === 0 ? "" : ` once ${jobNames(before)} had begun`;
  return then === undefined
    ? ` for a worker${once}, with ${busy} of ${counted(max, "worker")} busy now${
      alone === undefined ? "" : `, while ${aloneText(alone)}`
    }`
    : `${once}: ${limitText(then)}${placeHoldersText(then)}`;
}

/** The limits in force, and what the job waits for. */
function asItIs(asked: LimitsQuestion, { pauses, now }: QueuedStanding): Reasons {
  const since = asked.outlined.conditionSince;
  const held = now === undefined ? ", and no limit holds it" : `: ${limitText(now)}`;
  const waits = `It has been queued since ${since.receivedAt}${held}.`;
  const cites = now === undefined ? [] : blockingEntries(now);
  return [
    inForceReason(asked, "is", "has"),
    ...pauses.length > 0
      ? [reason(`A pause holds it: ${pausesText(pauses)}.`, ...pausesCited(pauses))]
      : [reason(waits, since, ...cites.slice(0, LIST_MAX))],
  ];
}

/** The limits in force, or once in force, with which the supposed ones are compared. */
export function inForceReason(
  { outlined: { created }, inForce: { limits, change } }: LimitsQuestion,
  is: "is" | "was",
  has: "has" | "had",
): Statement<LogId> {
  const whose = change === undefined ? "by the code loaded now" : `as changed at ${change.at}`;
  const what = Object.keys(limits).length === 0
    ? `${has} no limits`
    : `${is} limited to ${limitsText(limits)}`;
  return reason(`Its type ${what}, ${whose}.`, change ?? created);
}

function goFirst(before: Before): Reasons {
  if (before.length === 0) return [];
  const statement = before.length === 1
    ? `Job ${jobNames(before)} would begin before it: its turn comes first.`
    : `${jobNames(before)} would begin before it: their turns come first.`;
  return [reason(statement, ...before.slice(0, LIST_MAX).map(({ startedBy }) => startedBy))];
}

/** What would hold it then, if that is another limit than the one that holds it now. */
function thenReasons({ now, then, pauses }: QueuedStanding, begins: boolean): Reasons {
  if (begins || then === undefined || pauses.length > 0 || then.limit === now?.limit) return [];
  const cites = [...changeCited(then), ...blockingEntries(then)].slice(0, LIST_MAX);
  if (cites.length === 0) return [];
  return [reason(`Then it would wait for ${limitOf(then)}.`, ...cites)];
}

function limitOf({ limit, type, key }: BlockingLimit): string {
  const what = keyText(type, key);
  return limit === "rate" ? `the rate of ${what}` : `a place of ${what} (${limit})`;
}

const NAMES = ["maxRunning", "perKey", "rate"] as const;
type LimitName = typeof NAMES[number];

/** Absent limits stay as they are in force; `null` means no limit. */
export type SupposedLimits = {
  readonly [Name in LimitName]?: NonNullable<LimitValues[Name]> | null;
};

/** The limits that would be in force. */
export function withSupposed(inForce: LimitValues, supposed: SupposedLimits): LimitValues {
  const all = { ...inForce, ...supposed };
  const given = NAMES.flatMap((name) => all[name] == null ? [] : [[name, all[name]]]);
  return Object.fromEntries(given);
}

/** `With maxRunning 6 instead of 5`, `With no perKey instead of 2`. */
export function insteadText(inForce: LimitValues, supposed: SupposedLimits): string {
  const texts = NAMES.flatMap((name) => {
    const one = supposed[name];
    if (one === undefined) return [];
    const instead = `instead of ${sizeText(inForce[name]) ?? "none"}`;
    return [one === null ? `no ${name} ${instead}` : `${name} ${sizeText(one)} ${instead}`];
  });
  return `With ${texts.join(" and ")}`;
}

function sizeText(limit: LimitValues[LimitName]): string | undefined {
  if (limit === undefined || typeof limit === "number") return limit?.toString();
  return `${limit.count} per ${durationText(limit.perMs)}`;
}
