/**
 * The trail of a job: the position of each of its entries, and how the entry changed the job. It
 * locates the history of a job, and lets a stream that resumes far back report changes, without
 * keeping the entries or projecting them again.
 *
 * One number per entry, ascending: `logId * 2^12 + bits`, exact below 2^53. The bits are 0 for an
 * entry that changed neither state nor condition. Otherwise they hold the previous state (0: none),
 * the new state and the new condition.
 */

import { type Condition, CONDITIONS } from "../../core/condition.ts";
import type { LogId } from "../../core/ids.ts";
import type { Applied } from "../../core/job_fold.ts";
import { STATE_NAMES, type StateName } from "../../core/job_state.ts";
import type { Transition } from "../requests.ts";
import { VarintReader, VarintWriter } from "./varints.ts";

export type Trail = readonly number[];

/** A condition, and the entry that brought the job into it. */
export interface ConditionFrom {
  readonly logId: LogId;
  readonly condition: Condition;
}

export const NO_TRAIL: Trail = [];

const BITS = 1 << 12;
/** Snapshots and the index store positions in this list, so new conditions must be appended. */
const CONDITION_NUMBERS: readonly Condition[] = [
  ...CONDITIONS.filter((condition) => condition !== "sleeping"),
  "sleeping",
];
/** Fills spare capacity. Not an integer, so that the array stores doubles from the start. */
const SPARE = 0.5;

/** Adds an entry, in place unless the trail is `NO_TRAIL`. */
export function extended(trail: Trail, applied: Applied): Trail {
  if (trail === NO_TRAIL) return newTrail(packed(applied));
  (trail as number[]).push(packed(applied));
  return trail;
}

/** Has capacity for four entries, as most waiting jobs have; growing would reserve seventeen. */
function newTrail(first: number): Trail {
  const trail = [first, SPARE, SPARE, SPARE];
  trail.length = 1;
  return trail;
}

function packed({ entry, before, job, conditionBefore, condition }: Applied): number {
  const hasChanged = before?.state !== job.state || conditionBefore !== condition;
  return entry.logId * BITS +
    (hasChanged ? packTransition(before?.state, job.state, condition) : 0);
}

/** The first positions after `after`, ascending, at most `limit`. */
export function positionsAfter(trail: Trail, after: LogId, limit: number): readonly LogId[] {
  const start = indexFrom(trail, after + 1);
  return trail.slice(start, start + Math.max(0, limit)).map(unpackLogId);
}

/** The last positions before `before`, ascending, at most `limit`. */
export function positionsBefore(trail: Trail, before: LogId, limit: number): readonly LogId[] {
  const end = indexFrom(trail, before);
  return trail.slice(Math.max(0, end - limit), end).map(unpackLogId);
}

/** How an entry changed the job; `undefined` when it did not, or belongs to another job. */
export function transitionIn(trail: Trail, logId: LogId): Transition | undefined {
  const number = trail[indexFrom(trail, logId)];
  return number === undefined || unpackLogId(number) !== logId
    ? undefined
    : unpackTransition(number);
}

/** The last change at or before a position; `undefined` when there was none. */
export function transitionUpTo(trail: Trail, logId: LogId): Transition | undefined {
  const upTo = trail.slice(0, indexFrom(trail, logId + 1));
  return unpackTransition(upTo.findLast((number) => number % BITS !== 0) ?? 0);
}

/** Each entry that changed its job, ascending, with the condition after it. */
export function conditionsIn(trail: Trail): readonly ConditionFrom[] {
  return trail.flatMap((number) => {
    const transition = unpackTransition(number);
    return transition === undefined
      ? []
      : [{ logId: unpackLogId(number), condition: transition.condition }];
  });
}

/** The last entry that changed its job; 0 when none did. */
export function lastTransitionIn(trail: Trail): LogId {
  return unpackLogId(trail.findLast((number) => number % BITS !== 0) ?? 0);
}

/**
 * A trail up to a position, in a few bytes per entry: twice the distance from the previous entry,
 * plus one if the entry changed the job, followed by its bits.
 */
export function trailBytes(trail: Trail, upTo: LogId = Infinity): Uint8Array {
  writer.clear();
  let last = 0;
  for (const number of trail) {
    const logId = unpackLogId(number);
    if (logId > upTo) break;
    const bits = number - logId * BITS; // V8 divides large numbers slowly.
    writer.add(2 * (logId - last) + (bits === 0 ? 0 : 1));
    if (bits !== 0) writer.add(bits);
    last = logId;
  }
  return writer.bytes.slice();
}

/** Shared, since each ended job has a trail. */
const writer = new VarintWriter();

/** Restores what `trailBytes` returned. */
export function parseTrail(bytes: Uint8Array): number[] {
  const trail: number[] = [];
  const reader = new VarintReader(bytes);
  for (let logId = 0; !reader.isAtEnd;) {
    const distance = reader.next();
    logId += Math.floor(distance / 2);
    trail.push(logId * BITS + (distance % 2 === 0 ? 0 : reader.next()));
  }
  // A copy without spare capacity.
  return trail.slice();
}

function packTransition(from: StateName | undefined, to: StateName, condition: Condition): number {
  const before = from === undefined ? 0 : STATE_NAMES.indexOf(from) + 1;
  return before << 8 | STATE_NAMES.indexOf(to) + 1 << 4 | CONDITION_NUMBERS.indexOf(condition);
}

function unpackTransition(number: number): Transition | undefined {
  const bits = number % BITS;
  const to = STATE_NAMES[(bits >> 4 & 0xf) - 1];
  const condition = CONDITION_NUMBERS[bits & 0xf];
  if (to === undefined || condition === undefined) return undefined;
  return { from: STATE_NAMES[(bits >> 8) - 1] ?? null, to, condition };
}

function unpackLogId(number: number): LogId {
  return Math.floor(number / BITS);
}

/** The index of the first entry at or after a position. */
function indexFrom(trail: Trail, logId: LogId): number {
  const least = logId * BITS;
  let [low, high] = [0, trail.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((trail[middle] ?? 0) < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
