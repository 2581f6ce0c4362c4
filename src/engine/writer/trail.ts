/**
 * The trail of a job: where its entries are, and how each changed it, so that its history can be
 * found, and a stream that resumes far back can report changes, without keeping the entries or
 * projecting them again.
 *
 * One number for each entry, ascending: `logId * 2^12 + bits`, exact below 2^53. The bits are 0 for
 * an entry that changed neither state nor condition; otherwise the state before (0: none), the
 * state after and the condition after.
 */

import { type Condition, CONDITIONS } from "../../core/condition.ts";
import type { LogId } from "../../core/ids.ts";
import type { Applied } from "../../core/job_fold.ts";
import { STATE_NAMES, type StateName } from "../../core/job_state.ts";
import type { Transition } from "../requests.ts";
import { VarintReader, VarintWriter } from "./varints.ts";

export type Trail = readonly number[];

/** The condition of a job from an entry on. */
export interface ConditionFrom {
  readonly logId: LogId;
  readonly condition: Condition;
}

export const NO_TRAIL: Trail = [];

const BITS = 1 << 12;
/** Snapshots and the index contain these numbers, so new conditions are appended. */
const NUMBERED: readonly Condition[] = [
  ...CONDITIONS.filter((condition) => condition !== "sleeping"),
  "sleeping",
];
/** Marks unused room; not an integer, so that the array holds doubles from the start. */
const ROOM = 0.5;

/** Adds an entry, in place unless the trail is the empty one. */
export function extended(trail: Trail, applied: Applied): Trail {
  if (trail === NO_TRAIL) return begun(packed(applied));
  (trail as number[]).push(packed(applied));
  return trail;
}

/** With room for four entries, as most waiting jobs have; growing takes seventeen. */
function begun(first: number): Trail {
  const trail = [first, ROOM, ROOM, ROOM];
  trail.length = 1;
  return trail;
}

function packed({ entry, before, job, conditionBefore, condition }: Applied): number {
  const hasChanged = before?.state !== job.state || conditionBefore !== condition;
  return entry.logId * BITS +
    (hasChanged ? packTransition(before?.state, job.state, condition) : 0);
}

/** Positions after one, ascending, at most the first `limit`. */
export function positionsAfter(trail: Trail, after: LogId, limit: number): readonly LogId[] {
  const start = indexFrom(trail, after + 1);
  return trail.slice(start, start + Math.max(0, limit)).map(unpackLogId);
}

/** Positions below one, ascending, at most the last `limit`. */
export function positionsBefore(trail: Trail, before: LogId, limit: number): readonly LogId[] {
  const end = indexFrom(trail, before);
  return trail.slice(Math.max(0, end - limit), end).map(unpackLogId);
}

/** How an entry changed its job; `undefined` when it did not, or belongs to another. */
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
 * A trail up to a position, in a few bytes for each entry: twice the distance from the one before,
 * plus one if it changed the job; then its bits.
 */
export function trailBytes(trail: Trail, upTo: LogId = Infinity): Uint8Array {
  const writer = new VarintWriter();
  let last = 0;
  for (const number of trail) {
    const logId = unpackLogId(number);
    if (logId > upTo) break;
    const bits = number % BITS;
    writer.add(2 * (logId - last) + (bits === 0 ? 0 : 1));
    if (bits !== 0) writer.add(bits);
    last = logId;
  }
  return writer.bytes;
}

/** Restores what `trailBytes` returned. */
export function parseTrail(bytes: Uint8Array): number[] {
  const trail: number[] = [];
  const reader = new VarintReader(bytes);
  for (let logId = 0; !reader.isAtEnd;) {
    const distance = reader.next();
    logId += Math.floor(distance / 2);
    trail.push(logId * BITS + (distance % 2 === 0 ? 0 : reader.next()));
  }
  // Without the room for growth.
  return trail.slice();
}

function packTransition(from: StateName | undefined, to: StateName, condition: Condition): number {
  const before = from === undefined ? 0 : STATE_NAMES.indexOf(from) + 1;
  return before << 8 | STATE_NAMES.indexOf(to) + 1 << 4 | NUMBERED.indexOf(condition);
}

function unpackTransition(number: number): Transition | undefined {
  const bits = number % BITS;
  const to = STATE_NAMES[(bits >> 4 & 0xf) - 1];
  const condition = NUMBERED[bits & 0xf];
  if (to === undefined || condition === undefined) return undefined;
  return { from: STATE_NAMES[(bits >> 8) - 1] ?? null, to, condition };
}

function unpackLogId(number: number): LogId {
  return Math.floor(number / BITS);
}

/** The index of the first entry at or above a position. */
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
