/**
 * The trail of a job: the position of each of its entries, and how the entry changed the job. It
 * locates the history of a job, and lets a stream that resumes far back report changes, without
 * keeping the entries or projecting them again.
 *
 * One number per entry, ascending: `logId * 2^12 + bits`, exact below 2^53. The bits are 0 for an
 * entry that changed neither state nor condition. Otherwise they hold the previous state (0: none),
 * the new state and the new condition.
 */

import { firstIndex } from "../../core/ascending.ts";
import { type Condition, CONDITIONS } from "../../core/condition.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import type { Applied } from "../../core/job_fold.ts";
import { type JobState, STATE_NAMES, type StateName } from "../../core/job_state.ts";
import type { EntryOfJob, Transition } from "../requests.ts";
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

/**
 * A trail up to a position, in a few bytes per entry: twice the distance from the previous entry,
 * plus one if the entry changed the job, followed by its bits.
 */
export function trailBytes(trail: Trail, upTo: LogId = Infinity): Uint8Array {
  if (writer.length > BLOCK_BYTES) writer = new VarintWriter();
  const start = writer.length;
  let last = 0;
  for (const number of trail) {
    const logId = unpackLogId(number);
    if (logId > upTo) break;
    const bits = number - logId * BITS;
    writer.add(2 * (logId - last) + (bits === 0 ? 0 : 1));
    if (bits !== 0) writer.add(bits);
    last = logId;
  }
  return writer.bytes.subarray(start);
}

/** Many trails share a block of memory: one for each would cost more than all of its numbers. */
const BLOCK_BYTES = 16 * 1024;
let writer = new VarintWriter();

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

function hasTransition(number: number): boolean {
  return bitsOf(number) !== 0;
}

/** V8 divides large numbers slowly. */
function bitsOf(number: number): number {
  return number - unpackLogId(number) * BITS;
}

function packTransition(from: StateName | undefined, to: StateName, condition: Condition): number {
  const before = from === undefined ? 0 : STATE_NAMES.indexOf(from) + 1;
  return before << 8 | STATE_NAMES.indexOf(to) + 1 << 4 | CONDITION_NUMBERS.indexOf(condition);
}

/** By their bits. There are few, and a stream asks for that of every entry. */
const transitions = new Map<number, Transition | undefined>();

function unpackTransition(number: number): Transition | undefined {
  const bits = bitsOf(number);
  return bits === 0 ? undefined : transitions.getOrInsertComputed(bits, transitionOf);
}

function transitionOf(bits: number): Transition | undefined {
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
  return firstIndex(0, trail.length, (at) => (trail[at] ?? 0) >= least);
}

/** The most cached trails, and the most entries in them together: half a megabyte. */
const MAX = { trails: 2_048, entries: 1 << 16 };

/**
 * The trails of all jobs. Of jobs that are not in memory, it caches the trails of those that left
 * last, since streams are then reporting their ends, and of those read last, since a stream that
 * resumes far back meets each job many times.
 */
export class Trails {
  /**
   * Cached trails of jobs that are not in memory. When the younger are half of what may be cached,
   * they replace the older: deleting the oldest one by one would be slower.
   */
  #younger = new Map<JobId, Trail>();
  #older = this.#younger;
  /** In the younger trails. */
  #entries = 0;

  /**
   * @param records The jobs in memory.
   * @param index Where the trails of ended jobs are.
   */
  constructor(
    private readonly records: ReadonlyMap<JobId, { readonly trail: Trail }>,
    private readonly index: { trail(jobId: JobId): Trail | undefined } | undefined,
  ) {}

  /** The first positions of a job's entries after `after`, ascending, at most `limit`. */
  logIds(jobId: JobId, after: LogId, limit: number): readonly LogId[] {
    const trail = this.of(jobId);
    const start = indexFrom(trail, after + 1);
    return trail.slice(start, start + Math.max(0, limit)).map(unpackLogId);
  }

  /** The last positions of a job's entries before `before`, ascending, at most `limit`. */
  logIdsBack(jobId: JobId, before: LogId, limit: number): readonly LogId[] {
    const trail = this.of(jobId);
    const end = indexFrom(trail, before);
    return trail.slice(Math.max(0, end - limit), end).map(unpackLogId);
  }

  /** How an entry changed its job; `undefined` when it did not, or has no job. */
  transitionAt({ jobId, logId }: EntryOfJob): Transition | undefined {
    if (jobId === undefined) return undefined;
    const trail = this.of(jobId);
    const number = trail[indexFrom(trail, logId)] ?? 0;
    return unpackLogId(number) === logId ? unpackTransition(number) : undefined;
  }

  /** The entry that brought a job into its current condition; 0 when none did. */
  lastTransition({ jobId }: Pick<JobState, "jobId">): LogId {
    return unpackLogId(this.of(jobId).findLast(hasTransition) ?? 0);
  }

  /** The conditions a job was in, each with the entry that began it. */
  conditionsOf(jobId: JobId): readonly ConditionFrom[] {
    return this.of(jobId).flatMap((number) => {
      const transition = unpackTransition(number);
      return transition === undefined
        ? []
        : [{ logId: unpackLogId(number), condition: transition.condition }];
    });
  }

  /** The condition of a job at a position; `undefined` before its creation. */
  conditionAt({ jobId }: Pick<JobState, "jobId">, logId: LogId): Condition | undefined {
    const trail = this.of(jobId);
    const upTo = trail.slice(0, indexFrom(trail, logId + 1));
    return unpackTransition(upTo.findLast(hasTransition) ?? 0)?.condition;
  }

  /** A job has left memory. Replaces what is cached of it. */
  left(jobId: JobId, trail: Trail): void {
    const isFull = 2 * this.#younger.size >= MAX.trails ||
      2 * (this.#entries + trail.length) > MAX.entries;
    if (isFull) {
      this.#older = this.#younger;
      this.#younger = new Map();
      this.#entries = 0;
    }
    this.#younger.set(jobId, trail);
    this.#entries += trail.length;
  }

  of(jobId: JobId): Trail {
    return this.records.get(jobId)?.trail ?? this.#indexed(jobId);
  }

  /**
   * The trail of a job that is not in memory.
   *
   * @throws {IndexDamagedError} when the trail cannot be read.
   */
  #indexed(jobId: JobId): Trail {
    const cached = this.#younger.get(jobId);
    if (cached !== undefined) return cached;
    const trail = this.#older.get(jobId) ?? this.index?.trail(jobId);
    if (trail !== undefined) this.left(jobId, trail);
    return trail ?? NO_TRAIL;
  }

  /** The trail of a job that is being loaded into memory, which is no longer cached. */
  take(jobId: JobId): Trail {
    const trail = this.#indexed(jobId);
    this.#younger.delete(jobId);
    this.#older.delete(jobId);
    return trail;
  }
}
