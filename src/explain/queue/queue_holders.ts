/**
 * Describes what keeps a queued job waiting: holders of workers, jobs that went first, and pauses.
 */

import { counted } from "../../core/counted.ts";
import type { Alone } from "../../core/crashes.ts";
import { durationText } from "../../core/duration.ts";
import type { LogId } from "../../core/ids.ts";
import { limitsText } from "../../core/place_limits.ts";
import { shownText } from "../../core/shown_value.ts";
import type { LimitChange } from "../history/place_history.ts";
import type { Circumstances } from "../statements/evidence.ts";
import type {
  BlockingLimit,
  LoosenedLimits,
  Moves,
  PlacesInTheWay,
  WorkerHolder,
  WorkersThen,
} from "../statements/queue_facts.ts";
import type { Next, NextStep, Reasons } from "../statements/explanation.ts";
import {
  actorText,
  capital,
  FEW_MAX,
  pausesText,
  reasonText,
  shortened,
  taskText,
} from "../words/phrases.ts";
import { byHand, manual, reason } from "../statements/statement.ts";

/** The beginning of the reason that names the holder of a worker. */
export const HELD_BY = "A worker is held by ";

const CANCELLED_MAX = 2;

/** The request of a job for a worker. */
export type Queue = NonNullable<Circumstances["queue"]>;
type QueueThen = NonNullable<Circumstances["queueThen"]>;

/** What a job waits for, with the jobs that hold it. */
export function queueHeldText(queue: Queue): string {
  const { pauses, limit, loosened, moves } = queue;
  if (pauses === undefined && limit !== undefined) {
    return moves === undefined || limit.limit === "rate"
      ? placesHeldText(limit)
      : movesText(limit, moves);
  }
  return pauses === undefined && loosened !== undefined
    ? `${aheadText(queue)}${loosenedText(loosened, queue)}`
    : queueText(queue) + (limit === undefined ? holdersText(queue.holders ?? [], queue.busy) : "");
}

/**
 * `the 4 places of type statement.render (maxRunning) pass from job to job, 30 of which ended within
 * 3.4 s, so its turn comes at about ...`
 */
function movesText(limit: PlacesInTheWay, { ended, withinMs, turnAt }: Moves): string {
  const pass = limit.places === 1 ? "the only place" : `the ${limit.places} places`;
  return `${pass} of ${limitedText(limit)} ${limit.places === 1 ? "passes" : "pass"} from job to ` +
    `job, ${ended} of which ended within ${durationText(withinMs)}, so its turn comes at about ` +
    turnAt;
}

/** The same without those jobs: `2 jobs ahead of it, and 16 of 16 workers busy`. */
export function queueText(
  { ahead, busy, max, isThreaded = false, alone, pauses, limit }: Queue,
): string {
  if (pauses !== undefined) return pausesText(pauses);
  if (limit !== undefined) return limitText(limit);
  const beside = alone === undefined
    ? ""
    : `, while ${aloneText(alone, alone.isItself ? "it" : undefined)}${SINCE_CRASHES}`;
  return `${aheadText({ ahead })}${busy} of ${
    counted(
      max,
      isThreaded ? "worker with a thread" : "worker",
      isThreaded ? "workers with a thread" : "workers",
    )
  } busy${beside}`;
}

/** `2 jobs ahead of it, and `, or nothing. */
function aheadText({ ahead }: Pick<Queue, "ahead">): string {
  return ahead === 0 ? "" : `${counted(ahead, "job")} ahead of it, and `;
}

/**
 * `all 6 workers are held by jobs of type ml.batch, whose limits were set to maxRunning 12 at ...
 * by kim (reason: the demo), where its code has maxRunning 2`.
 */
export function loosenedText(
  { type, held, isExact, set, before, change }: LoosenedLimits,
  { busy, isThreaded = false }: Pick<Queue, "busy" | "isThreaded">,
): string {
  const workers = `workers${isThreaded ? " with a thread" : ""}`;
  const which = held === busy
    ? `all ${busy} ${workers}`
    : `${isExact ? "" : "at least "}${held} of ${busy} ${workers}`;
  return `${which} are held by jobs of type ${type}, whose limits were set to ${limitsText(set)} ` +
    `at ${change.at}${actorText(change)}${reasonText(change.reason)}, where its code has ` +
    limitsText(before);
}

/** The same as a reason. */
export function loosenedReasons(
  loosened: LoosenedLimits | undefined,
  queue: Pick<Queue, "busy" | "isThreaded" | "holders">,
): Reasons {
  if (loosened === undefined) return [];
  const began = (queue.holders ?? []).slice(0, FEW_MAX).map(({ startedBy }) => startedBy);
  return [reason(`${capital(loosenedText(loosened, queue))}.`, loosened.change, ...began)];
}

/** `job a runs alone`, or `job a waits to run alone`. */
export function aloneText({ jobId, isWaiting }: Alone, subject = `job ${jobId}`): string {
  return `${subject} ${isWaiting ? "waits to run" : "runs"} alone`;
}

/** Why a job runs alone. */
export const SINCE_CRASHES = ", because the process ended twice in a row while it was running";

/** For a rate: `all 2 starts of key acme within 1 min are used up (rate of type mail.send)`. */
function rateText(limit: BlockingLimit & { limit: "rate" }): string {
  const { type, key, count, perMs } = limit;
  const starts = count === 1 ? "the only start" : `all ${count} starts`;
  return `${starts} of ${keyText(type, key)} within ${durationText(perMs)} ` +
    `${count === 1 ? "is" : "are"} used up ${ruleText(limit, type, key)}`;
}

/** `key acme`, or `type mail.send`. */
export function keyText(type: string, key: string | undefined): string {
  return key === undefined ? `type ${type}` : `key ${shownText(key)}`;
}

/** `(perKey of type mail.send, as changed at ...)`: a change only if it differs from the code's. */
export function ruleText(
  { limit, change }: {
    readonly limit: string;
    readonly change?: { readonly at: string } | undefined;
  },
  type: string,
  key: string | undefined,
): string {
  const of = key === undefined ? "" : ` of type ${type}`;
  return `(${limit}${of}${change === undefined ? "" : `, as changed at ${change.at}`})`;
}

/** `; and 3 other jobs`, or nothing. */
export function othersText(count: number): string {
  return count > 0 ? `; and ${counted(count, "other job")}` : "";
}

/** `2 of 2 places of key acme taken (perKey of type mail.send)`. */
export function limitText(blocking: BlockingLimit): string {
  if (blocking.limit === "rate") return rateText(blocking);
  const { places, taken } = blocking;
  // After the limit was lowered, more are taken than there are.
  return taken > places
    ? `${taken} places of ${limitedText(blocking, ` taken, where ${places} may be`)}`
    : `${taken} of ${counted(places, "place")} of ${limitedText(blocking, " taken")}`;
}

/** `key acme (perKey of type mail.send)`; what is said of it comes before the brackets. */
export function limitedText(blocking: PlacesInTheWay, said = ""): string {
  const { type, key } = blocking;
  return `${keyText(type, key)}${said} ${ruleText(blocking, type, key)}`;
}

/** `job a1 holds the only place of key acme (perKey of type mail.send), in task send since ...`. */
function placesHeldText(blocking: BlockingLimit): string {
  if (blocking.limit === "rate") {
    const { users, starts } = blocking;
    const last = starts.length > users.length ? "the last " : "";
    const jobs = shortened(users.map((jobId) => `job ${jobId}`), FEW_MAX);
    const by = users.length === 0 ? "" : `, ${last}by ${jobs}`;
    return rateText(blocking) + by;
  }
  const { places, taken, holders } = blocking;
  // After the limit was lowered, more are taken than there are.
  const what = taken > places
    ? `places of ${limitedText(blocking, `, where ${places} may`)}`
    : `${places === 1 ? "the only place" : `all ${places} places`} of ${limitedText(blocking)}`;
  const [only] = holders;
  return taken === 1 && only !== undefined
    ? `job ${only.jobId} holds ${what}, ${holdsText(only)}`
    : `${counted(taken, "job holds", "jobs hold")} ${what}${placeHoldersText(blocking)}`;
}

/** ` behind 2 jobs of its key`, of a job that waits for a place. */
export function behindText(
  { pauses, limit, ahead = 0 }: Pick<QueueThen, "pauses" | "limit" | "ahead"> = {},
): string {
  if (pauses !== undefined || limit === undefined || ahead === 0) return "";
  const whose = limit.isOfKey ? " of its key" : "";
  return ` behind ${counted(ahead, `job${whose}`, `jobs${whose}`)}`;
}

/** `: crawl-a in task crawl since ..., without a time limit, and 1 other job`; or nothing. */
export function holdersText(holders: readonly WorkerHolder[], taken: number): string {
  return holders.length === 0 ? "" : `: ${namedHolders(holders, taken)}`;
}

function namedHolders(holders: readonly WorkerHolder[], taken: number): string {
  const named = holders.slice(0, FEW_MAX);
  return alikeText(named) + othersText(taken - named.length);
}

/** The same for the places of a limit; a rate has none. */
export function placeHoldersText(limit: BlockingLimit): string {
  return limit.limit === "rate" ? "" : holdersText(limit.holders, limit.taken);
}

type Limit = BlockingLimit | undefined;

/** The holders of the places of a limit, or of the workers; a rate has none. */
export function holdersOf(
  limit: Limit,
  ofWorkers: readonly WorkerHolder[] = [],
): readonly WorkerHolder[] {
  if (limit === undefined) return ofWorkers;
  return limit.limit === "rate" ? [] : limit.holders;
}

/** The entries that began what holds a job up, oldest first; of a rate, those of the named jobs. */
export function blockingEntries(
  limit: Limit,
  ofWorkers: readonly WorkerHolder[] = [],
): readonly LogId[] {
  if (limit?.limit === "rate") return limit.starts.slice(-FEW_MAX).map(({ by }) => by);
  return holdersOf(limit, ofWorkers).map(({ startedBy }) => startedBy);
}

/** The entry that set a limit in place of the code's. */
export function changeCited(limit: Limit): readonly LogId[] {
  return limit?.change === undefined ? [] : [limit.change.logId];
}

/** Who changed the limit that keeps a job waiting, and why. */
export function changeReason(limit: Limit): Reasons {
  if (limit?.change === undefined) return [];
  const { type, change } = limit;
  const by = actorText(change) + reasonText(change.reason);
  return [reason(`The limits of type ${type} were changed at ${change.at}${by}.`, change)];
}

/** For a limit that lets fewer jobs begin than that of the code. */
export function restoreLimit(limit: Limit): Next {
  if (limit?.change === undefined || limit.inCode === undefined) return [];
  const { type, change, inCode } = limit;
  return [restoring(type, change, `, which let more begin (${limitsText(inCode)})`)];
}

/** The same for limits that let a type hold more workers than those of its code. */
export function restoreLoosened(loosened: LoosenedLimits | undefined): Next {
  if (loosened === undefined) return [];
  const { type, change, inCode } = loosened;
  const then = "others get the workers beyond that as what runs ends";
  return [restoring(type, change, ` (${limitsText(inCode)}); ${then}`)];
}

function restoring(type: string, change: LimitChange, what: string): NextStep<LogId> {
  const action = { method: "DELETE", path: `/limits/${type}` } as const;
  const statement = `Restore the limits that type ${type} has in its code${what}:`;
  return { ...byHand(statement, change), action };
}

/** When a rate lets the next job begin at the earliest, or the one behind others; RFC 3339. */
export function rateOpensAt(limit: Limit, ahead = 0): string | undefined {
  if (limit?.limit !== "rate") return undefined;
  const { starts, count, perMs } = limit;
  const start = starts[ahead % count];
  return start && new Date(start.atMs + perMs * (1 + Math.floor(ahead / count))).toISOString();
}

/** What was ahead of a job at a past time. */
export function queueThenText(then: QueueThen): string {
  const { pauses, limit, lookedAt } = then;
  if (pauses !== undefined) return pausesText(pauses);
  if (limit !== undefined) {
    return placesHeldText(limit) + unseenText(lookedAt, "may have held places");
  }
  return then.holders.length === 0
    ? `it waits for a worker${holdersThenText(then)}`
    : `it waits for a worker, and others have them: ${holdersThenText(then)}`;
}

/** `w1 in task crawl since ..., without a time limit; and 3 other jobs`. */
export function holdersThenText({ holders, lookedAt }: WorkersThen): string {
  return namedHolders(holders, holders.length) + unseenText(lookedAt, "may have had workers");
}

/** The pause or the limit that held a job at a time in the past; `undefined` for neither. */
export function holdsThenText(
  { pauses, limit }: Pick<QueueThen, "pauses" | "limit"> = {},
): string | undefined {
  if (pauses !== undefined) return pausesText(pauses);
  return limit && limitText(limit);
}

function unseenText(lookedAt: number | undefined, others: string): string {
  return lookedAt === undefined
    ? ""
    : `; only ${lookedAt} jobs of that time were considered, and others ${others}`;
}

/** `a and b in task crawl since ..., without a time limit`: those that hold alike are named together. */
function alikeText(holders: readonly WorkerHolder[]): string {
  const groups = Map.groupBy(holders, holdsText);
  return [...groups].map(([how, alike]) =>
    `${shortened(alike.map(({ jobId }) => jobId), FEW_MAX)} ${how}`
  ).join("; ");
}

export function holderText(holder: WorkerHolder): string {
  return `${holder.jobId} ${holdsText(holder)}`;
}

/** `in task crawl since ..., without a time limit`. */
function holdsText({ taskId, isUndone, since, timeoutMs }: WorkerHolder): string {
  const limit = timeoutMs === undefined
    ? "without a time limit"
    : `with a time limit of ${durationText(timeoutMs)}`;
  const what = isUndone === true ? `the compensation of ${taskText(taskId)}` : taskText(taskId);
  return `in ${what} since ${since}, ${limit}`;
}

/** `tenant-undefined`: a key that was probably made from a missing value. */
const KEY_OF_NOTHING = /(?:^|[^a-z])(?:undefined|null|NaN|\[object \w+\])(?:$|[^a-z])/;

/** A sentence, if jobs that have nothing in common may share a key. */
export function sharedKeyText(limit: Limit): readonly string[] {
  return limit?.key === undefined || !KEY_OF_NOTHING.test(limit.key) ? [] : [
    "The key looks as if it was made from a missing value: then all jobs without that value share it.",
  ];
}

/** What to do when a worker is needed at once. */
export function cancelHolders(
  limit: Limit,
  holders: readonly WorkerHolder[] = [],
  loosened?: LoosenedLimits,
): Next {
  // No job is to be lost for a limit that can be restored.
  if (limit?.inCode !== undefined || loosened !== undefined) return [];
  const what = limit === undefined ? "worker" : "place";
  const isPlaces = limit !== undefined && limit.limit !== "rate";
  // After the limit was lowered, more may have to end than are named.
  if (isPlaces && limit.taken - CANCELLED_MAX >= limit.places) return [];
  const cancellable = holdersOf(limit, holders).filter(({ isUndone }) => isUndone !== true);
  return cancellable.slice(0, CANCELLED_MAX).map(({ jobId, startedBy }) => ({
    ...manual(`Cancel job ${jobId}, which holds a ${what}:`, `/jobs/${jobId}/cancel`),
    cites: [startedBy],
  }));
}
