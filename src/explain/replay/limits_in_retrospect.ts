/**
 * Estimates how much less a job would have waited with other limits, from what is on record of its
 * queue. At most: if no other job had taken the free places. At least: if all jobs ahead of it had
 * taken theirs.
 */

import { durationText, lengthMs } from "../../core/duration.ts";
import type { LogId } from "../../core/ids.ts";
import type { LimitValues } from "../../core/place_limits.ts";
import type { Work } from "../../core/work.ts";
import type { Reasons, Statement } from "../statements/explanation.ts";
import { holdUpReason } from "../past/hold_up_texts.ts";
import {
  type HeldUp,
  type HoldUp,
  intervalsIn,
  type QueuedStay,
  queuedStays,
} from "../history/hold_ups.ts";
import {
  inForceReason,
  insteadText,
  type LimitsQuestion,
  type LimitsWhatIf,
  type SupposedLimits,
  withSupposed,
} from "./limits_what_if.ts";
import { scopeText } from "../words/phrases.ts";
import type { Moment, PlaceHistory, QueuedAs } from "../history/place_history.ts";
import {
  holdersAt,
  isQueuedBefore,
  limitsAt,
  opensAtMs,
  pauseAt,
  type RateMoment,
  reachedAt,
  type ReachedThen,
  startsWithin,
  waitingAt,
} from "../history/reached_limits.ts";
import { reason } from "../statements/statement.ts";

/** From when on a place would have been free. */
interface Free {
  readonly fromMs: number;
  /** The entry that made it free. */
  readonly by: Moment;
  /** How long a limit in force held the job from then on. */
  ms: number;
}

interface FreeTimes {
  readonly stay: QueuedStay;
  /**
   * When only the limits in force kept the job waiting. `first`: if no other job had taken the
   * place. `sure`: if all jobs ahead had taken theirs. Absent if there was no such time.
   */
  readonly first?: Free;
  readonly sure?: Free;
}

export function* limitsInRetrospect(
  asked: LimitsQuestion,
  own: QueuedAs,
  history: PlaceHistory,
  heldUp: HeldUp,
): Work<LimitsWhatIf<LogId>> {
  const { outlined, supposed, inForce, limits } = asked;
  const stays = queuedStays(outlined);
  const all: FreeTimes[] = [];
  for (const stay of stays) all.push(yield* freeTimes(stay, own, history, supposed));
  const queuedMs = stays.reduce((sum, { from, to }) => sum + lengthMs(from.at, to.at), 0);
  const most = addWaits(all, ({ first }) => first);
  const least = Math.min(most, addWaits(all, ({ sure }) => sure));
  const tight = most > 0 ? undefined : tightAtBegin(asked, own, history);
  const would = `${insteadText(inForce.limits, supposed)}, job ${own.jobId} would have waited `;
  return {
    limits,
    outcome: most > 0 ? "sooner" : tight === undefined ? "noSooner" : "later",
    statement: would +
      (most > 0
        ? `${amountText(least, most)} less than the ${durationText(queuedMs)} that it was queued.`
        : tight === undefined
        ? noLessText(queuedMs, heldUp)
        : `longer: ${tight.statement}`),
    because: [
      inForceReason(asked, "was", "had"),
      ...heldUp.all.flatMap((one) => holdUpReason(one, heldUp)),
      ...all.flatMap((times) => freeReasons(times)),
      ...tight === undefined ? [] : [tight.reason],
    ],
    assumes: [
      "It would have waited just as long for a worker, although other limits change which jobs have one.",
      "Each job would have taken as long as it did: code is not run again.",
      ...history.lookedAt === undefined
        ? []
        : [`Only ${history.lookedAt} jobs of that time were considered.`],
    ],
    lessMs: { least, most },
  };
}

function addWaits(
  all: readonly FreeTimes[],
  freeOf: (times: FreeTimes) => Free | undefined,
): number {
  return all.reduce((sum, times) => sum + (freeOf(times)?.ms ?? 0), 0);
}

function amountText(least: number, most: number): string {
  if (least === most) return durationText(most);
  const from = least === 0 ? "up to " : `between ${durationText(least)} and `;
  return from + durationText(most);
}

function noLessText(queuedMs: number, { all }: HeldUp): string {
  if (queuedMs === 0) return "no less: it never waited for a place.";
  const less = `no less than the ${durationText(queuedMs)} that it was queued`;
  if (all.some(({ kind }) => kind === "limit" || kind === "unknown")) return `${less}.`;
  return `${less}: no limit of its type held it; ${all.map(otherHoldText).join(", and ")}.`;
}

function otherHoldText(holdUp: HoldUp): string {
  return holdUp.kind === "pause"
    ? `the pause of ${scopeText(holdUp.pause)} did`
    : "it waited for a worker";
}

/** The times when a limit in force held the job in the queue and the supposed ones would not. */
function* freeTimes(
  stay: QueuedStay,
  own: QueuedAs,
  history: PlaceHistory,
  supposed: SupposedLimits,
): Work<FreeTimes> {
  let first: Free | undefined;
  let sure: Free | undefined;
  for (const { by, fromMs: beginMs, endMs } of intervalsIn(history, stay)) {
    yield;
    if (pauseAt(history, by.logId) !== undefined) continue;
    const limits = withSupposed(limitsAt(history, by.logId).limits, supposed);
    for (let fromMs = beginMs; fromMs < endMs;) {
      const moment = { logId: by.logId, atMs: fromMs, begins: stay.begins };
      const held = reachedAt(history, own, moment);
      const reached = reachedAt(history, own, moment, { limits, from: 0 });
      const untilMs = Math.min(endMs, opensAtMs(held), opensAtMs(reached));
      if (held !== undefined) {
        if (reached === undefined) first ??= { fromMs, by, ms: 0 };
        const isFree = reached === undefined && sure === undefined;
        if (isFree && isSure(history, own, moment, limits)) sure = { fromMs, by, ms: 0 };
        for (const one of [first, sure]) if (one !== undefined) one.ms += untilMs - fromMs;
      }
      fromMs = untilMs;
    }
  }
  return { stay, ...first && { first }, ...sure && { sure } };
}

/** Whether a place is left after all jobs that may go first have one. */
function isSure(
  history: PlaceHistory,
  own: QueuedAs,
  { logId, atMs, begins }: RateMoment,
  { perKey = Infinity, maxRunning = Infinity, rate }: LimitValues,
): boolean {
  const waiting = waitingAt(history, logId);
  const ofKey = waiting.filter((other) => other.key === own.key && isQueuedBefore(other, own));
  // Keys take turns: of each other key, as many jobs may go first as are ahead of it in its own
  // key, and one more.
  const ofOthers = Map.groupBy(
    waiting.filter(({ key, priority }) => key !== own.key && priority <= own.priority),
    ({ key }) => key,
  );
  let before = ofKey.length;
  for (const others of ofOthers.values()) {
    const sooner = others.filter(({ priority }) => priority < own.priority).length;
    before += sooner + Math.min(others.length - sooner, ofKey.length + 1);
  }
  const holders = holdersAt(history, logId);
  const held = holders.filter(({ job }) => job.key === own.key).length;
  const started = rate === undefined || !begins
    ? -Infinity
    : startsWithin(history, own, { logId, atMs }, rate.perMs).length;
  return holders.length + before < maxRunning && started + before < (rate?.count ?? Infinity) &&
    (own.key === undefined || held + ofKey.length < perKey);
}

function freeReasons({ stay, first, sure }: FreeTimes): Reasons {
  if (first === undefined) return [];
  const freeAt = ({ fromMs }: Free) => new Date(fromMs).toISOString();
  const behind = sure === undefined
    ? "; other jobs were ahead of it all the time"
    : sure.fromMs === first.fromMs
    ? ""
    : `, and from ${freeAt(sure)} on even if all jobs ahead of it had taken theirs`;
  const statement = `A place would have been free from ${freeAt(first)} on${behind}; it got one ` +
    `at ${stay.to.at}.`;
  return [reason(statement, ...new Set([first.by, sure?.by, stay.to]))];
}

/** The limit that would have kept the job waiting when it began. */
function tightAtBegin(
  { outlined: { spans }, supposed }: LimitsQuestion,
  own: QueuedAs,
  history: PlaceHistory,
): { readonly statement: string; readonly reason: Statement<LogId> } | undefined {
  const begun = spans.find(({ condition }) => condition === "executing");
  if (begun === undefined) return undefined;
  const { by: logId, from } = begun;
  const limits = withSupposed(limitsAt(history, logId).limits, supposed);
  const moment = { logId, atMs: Date.parse(from), begins: true };
  const reached = reachedAt(history, own, moment, { limits, from: 0 });
  if (reached === undefined) return undefined;
  const taken = takenText(reached);
  return {
    statement: `when it began at ${from}, ${taken}; how much longer is not on record.`,
    reason: reason(`It began at ${from}, when ${taken}.`, logId, ...startsOf(reached)),
  };
}

function takenText(reached: ReachedThen): string {
  if (reached.limit === "rate") {
    const { starts, perMs } = reached;
    return `${starts.length} had begun within ${durationText(perMs)}`;
  }
  const { holders, limit } = reached;
  const whose = limit === "perKey" ? "of its key" : "of its type";
  return `${holders.length} ${holders.length === 1 ? "place" : "places"} ${whose} ${
    holders.length === 1 ? "was" : "were"
  } taken`;
}

const CITED_MAX = 5;

function startsOf(reached: ReachedThen): readonly LogId[] {
  const moments = reached.limit === "rate"
    ? reached.starts
    : reached.holders.map(({ since }) => since);
  return moments.slice(-CITED_MAX).map(({ logId }) => logId);
}
