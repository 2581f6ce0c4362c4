/**
 * Postings of the index of values in a SQLite file, in runs that never change. Four runs of one
 * size are merged into one, so that a lookup reads few of them. It is a cache: damage is reported,
 * and the file is built again from the journal.
 */

import type { Work } from "../core/work.ts";
import type { LogId } from "../core/ids.ts";
import { CARRIERS_MAX, type Postings } from "../engine/views/postings.ts";
import { removeDatabase } from "./database_files.ts";
import { bucketNumber, bucketsIn, type KeyBucket, SortedPostings } from "./sorted_postings.ts";
import {
  BITS_MAX,
  type LinePoint,
  preparedValues,
  type Run,
  ValueRows,
  VALUES_FILE,
} from "./value_rows.ts";

/** How many runs of one size are merged. */
const MERGED = 4;
/**
 * Postings of the smallest run, except for the last of a process; each level is four times as
 * large.
 */
const SMALLEST = 1 << 19;
/** Average postings in a bucket: what a lookup reads. */
const BUCKET_POSTINGS = 128;
/** The largest runs stay: merging them would take as much space again. */
const LEVEL_MAX = 3;

export class SqliteValueRuns {
  readonly #rows: ValueRows;
  /** Oldest first. */
  readonly #runs: Run[];
  #nextRun: number;
  /** Runs that were begun and never committed: their rows are to be removed. */
  readonly #abandoned = new Set<number>();

  /**
   * @param folder The folder of the index; created if missing.
   * @throws {Error} if it cannot be used; removing it and opening it again may help.
   */
  constructor(folder: string) {
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#rows = new ValueRows(preparedValues(`${folder}/${VALUES_FILE}`));
    try {
      this.#runs = this.#rows.runs();
      this.#nextRun = 1 + Math.max(0, ...this.#runs.map(({ run }) => run));
      this.#removeUnknown();
    } catch (error) {
      this.#rows.close();
      throw error;
    }
  }

  /** Removes what an earlier process left. */
  static remove(folder: string): void {
    removeDatabase(`${folder}/${VALUES_FILE}`);
  }

  /** Everything up to here is in the runs; `undefined` if nothing was written yet. */
  get point(): LinePoint | undefined {
    return this.#rows.point();
  }

  /** How many runs a lookup has to read. */
  get count(): number {
    return this.#runs.length;
  }

  /** Whether there are runs to merge. */
  get hasToMerge(): boolean {
    return this.#mergeable !== undefined;
  }

  /**
   * Positions of a key, newest first, at most `limit`.
   *
   * @throws {IndexDamagedError} if the data is not what was written.
   */
  newest(key: number, limit: number): LogId[] {
    const found: LogId[] = [];
    for (let at = this.#runs.length - 1; at >= 0 && found.length < limit; at--) {
      const { run = 0, bits = 0 } = this.#runs[at] ?? {};
      const bucket = this.#rows.bucket(run, bucketNumber(key, bits));
      if (bucket !== undefined) found.push(...bucket.newest(key, limit - found.length));
    }
    return found;
  }

  /**
   * Writes a run, as work with pauses; it becomes visible once all of it is durable. Without
   * postings, only the point moves.
   */
  *write(postings: Postings, point: LinePoint): Work<void> {
    yield* this.#removeAbandoned();
    if (postings.size === 0) return this.#rows.moveTo(point);
    const run = this.#nextRun++;
    try {
      const bits = bitsFor(postings.size);
      for (const bucket of yield* bucketsIn(postings, bits)) {
        this.#rows.put(run, bucket.number, bucket.postings);
        yield;
      }
      const made = { run, last: point.logId, postings: postings.size, bits };
      this.#rows.commit(made, [], point);
      this.#runs.push(made);
    } finally {
      this.#keepOrAbandon(run);
    }
  }

  /** Merges several runs into one, as work with pauses, and removes them. */
  *merge(): Work<void> {
    const parts = this.#mergeable;
    if (parts === undefined) return;
    const run = this.#nextRun++;
    try {
      const made = { run, last: parts.at(-1)?.last ?? 0, ...yield* this.#merged(run, parts) };
      this.#rows.commit(made, parts);
      this.#runs.splice(this.#runs.indexOf(parts[0] as Run), parts.length, made);
      for (const part of parts) this.#abandoned.add(part.run);
    } finally {
      this.#keepOrAbandon(run);
    }
    yield* this.#removeAbandoned();
  }

  /** Merges by the shortest common prefix of all parts. */
  *#merged(run: number, parts: readonly Run[]): Work<Pick<Run, "postings" | "bits">> {
    const newestFirst = parts.toReversed();
    const fewest = Math.min(...parts.map(({ bits }) => bits));
    const sum = parts.reduce((sum, { postings }) => sum + postings, 0);
    const bits = Math.max(bitsFor(sum), fewest);
    let postings = 0;
    for (let number = 0; number < 1 << fewest; number++) {
      const found = newestFirst.map((part) => this.#all(part, number, fewest));
      yield;
      const merged = SortedPostings.merged(found, CARRIERS_MAX);
      postings += merged.size;
      for (const bucket of bucketsOf(merged, number, bits - fewest, bits)) {
        this.#rows.put(run, bucket.number, bucket.postings);
        yield;
      }
    }
    return { postings, bits };
  }

  /** All postings of a run whose keys have this prefix. */
  #all({ run, bits }: Run, number: number, fewest: number): SortedPostings {
    const each = 1 << (bits - fewest);
    const buckets = Array.from({ length: each }, (_, at) => number * each + at);
    return SortedPostings.joined(buckets.flatMap((bucket) => this.#rows.bucket(run, bucket) ?? []));
  }

  /** Rolls back what was not committed. */
  abandon(): void {
    this.#rows.abandon();
  }

  close(): void {
    this.#rows.close();
  }

  #keepOrAbandon(run: number): void {
    if (!this.#runs.some((one) => one.run === run)) this.#abandoned.add(run);
  }

  *#removeAbandoned(): Work<void> {
    for (const run of [...this.#abandoned]) {
      yield* this.#rows.remove(run);
      this.#abandoned.delete(run);
    }
  }

  /** The oldest adjacent runs of one size, if there are enough. */
  get #mergeable(): readonly Run[] | undefined {
    for (let at = 0; at + MERGED <= this.#runs.length; at++) {
      const some = this.#runs.slice(at, at + MERGED);
      const [level = LEVEL_MAX, ...others] = some.map(levelOf);
      if (level < LEVEL_MAX && others.every((other) => other === level)) return some;
    }
    return undefined;
  }

  /** Removes what was begun and never committed. */
  #removeUnknown(): void {
    const known = new Set(this.#runs.map(({ run }) => run));
    const unknown = [...this.#rows.begun()].filter((run) => !known.has(run));
    for (const run of unknown) for (const _ of this.#rows.remove(run));
  }
}

function bitsFor(postings: number): number {
  const bits = Math.ceil(Math.log2(Math.max(2, postings / BUCKET_POSTINGS)));
  return Math.min(BITS_MAX, bits);
}

/**
 * Splits the postings of one prefix into buckets of longer prefixes; empty ones are omitted.
 *
 * @param bits Length of the bucket's prefix; the first of them are `number`, and `more` are new.
 */
function* bucketsOf(
  postings: SortedPostings,
  number: number,
  more: number,
  bits: number,
): Iterable<KeyBucket> {
  const width = 2 ** (32 - bits);
  for (let at = 0; at < 1 << more; at++) {
    const bucket = (number << more) + at;
    const part = postings.between(bucket * width, (bucket + 1) * width);
    if (part.size > 0) yield { number: bucket, postings: part };
  }
}

function levelOf({ postings }: Run): number {
  const level = Math.round(Math.log(postings / SMALLEST) / Math.log(MERGED));
  return Math.min(LEVEL_MAX, Math.max(0, level));
}
