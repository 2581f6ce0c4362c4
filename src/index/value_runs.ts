/**
 * Postings of the index of values in a file of SQLite, in runs that are never changed. Four of a
 * size are made one, so that a look-up has few to look in. A cache: what is damaged is told, and
 * made again from the lines.
 */

import type { Work } from "../core/at_once.ts";
import type { LogId } from "../core/ids.ts";
import { IndexDamagedError } from "../engine/job_index.ts";
import { type Bucket, bucketOf, CARRIERS_MAX } from "../engine/views/postings.ts";
import { SortedPostings } from "../engine/views/sorted_postings.ts";
import { BUCKETS, type LinePoint, type Run, ValueRows } from "./value_rows.ts";
import { preparedValues, removeValues, VALUES_FILE } from "./value_tables.ts";

/** So many runs of a size are made one. */
const MERGED = 4;
/** Postings of the smallest runs, but for the last of a process; the next ones have four times as many. */
const SMALLEST = 1 << 19;
/** The largest stay as they are: to merge them would need as much room again. */
const LEVEL_MAX = 3;

export class SqliteValueRuns {
  readonly #rows: ValueRows;
  /** The oldest first. */
  readonly #runs: Run[];
  #nextRun: number;
  /** Begun, and never committed: their rows are to go. */
  readonly #abandoned = new Set<number>();

  /**
   * @param folder Of the index; made when it is missing.
   * @throws {Error} when it cannot be used; removed, and opened anew, it may be.
   */
  constructor(folder: string) {
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#rows = new ValueRows(preparedValues(`${folder}/${VALUES_FILE}`));
    try {
      this.#runs = this.#rows.runs();
      this.#nextRun = 1 + Math.max(0, ...this.#runs.map(({ run }) => run));
      this.#requireWhole();
    } catch (error) {
      this.#rows.close();
      throw error;
    }
  }

  /** Removes what an earlier process left, so that nothing is known. */
  static remove(folder: string): void {
    removeValues(`${folder}/${VALUES_FILE}`);
  }

  /** All up to there is in the runs; `undefined` when there is nothing. */
  get point(): LinePoint | undefined {
    return this.#rows.point();
  }

  /** How many there are to look in. */
  get count(): number {
    return this.#runs.length;
  }

  /** Whether some are to be made one. */
  get hasToMerge(): boolean {
    return this.#mergeable !== undefined;
  }

  /**
   * Positions of a key, the newest first, at most `limit`.
   *
   * @throws {IndexDamagedError} when it is not what was put there.
   */
  newest(key: number, limit: number): LogId[] {
    const found: LogId[] = [];
    for (let at = this.#runs.length - 1; at >= 0 && found.length < limit; at--) {
      const bucket = this.#rows.bucket(this.#runs[at]?.run ?? 0, bucketOf(key));
      if (bucket !== undefined) found.push(...bucket.newest(key, limit - found.length));
    }
    return found;
  }

  /** Puts a run there, as work with pauses; nothing of it is seen before all of it is durable. */
  *write(buckets: readonly Bucket[], point: LinePoint): Work<void> {
    yield* this.#removeAbandoned();
    const run = this.#nextRun++;
    try {
      for (const { number, postings } of buckets) {
        this.#rows.put(run, number, postings);
        yield;
      }
      const postings = buckets.reduce((sum, { postings }) => sum + postings.size, 0);
      const made = { run, last: point.logId, postings, buckets: buckets.length };
      this.#rows.commit(made, [], point);
      this.#runs.push(made);
    } finally {
      this.#keepOrAbandon(run);
    }
  }

  /** Makes one run of several, as work with pauses, and removes them. */
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

  *#merged(run: number, parts: readonly Run[]): Work<Pick<Run, "postings" | "buckets">> {
    const newestFirst = parts.toReversed();
    let [buckets, postings] = [0, 0];
    for (let number = 0; number < BUCKETS; number++) {
      const found = newestFirst.flatMap((part) => this.#rows.bucket(part.run, number) ?? []);
      if (found.length > 0) {
        const merged = SortedPostings.merged(found, CARRIERS_MAX);
        this.#rows.put(run, number, merged);
        buckets++;
        postings += merged.size;
      }
      yield;
    }
    return { postings, buckets };
  }

  /** Takes back what was put and is not committed: what was begun is never ended. */
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

  /** The oldest neighbours of one size of which there are enough. */
  get #mergeable(): readonly Run[] | undefined {
    for (let at = 0; at + MERGED <= this.#runs.length; at++) {
      const some = this.#runs.slice(at, at + MERGED);
      const [level = LEVEL_MAX, ...others] = some.map(levelOf);
      if (level < LEVEL_MAX && others.every((other) => other === level)) return some;
    }
    return undefined;
  }

  /** Removes runs that were begun and never committed; the others must have all their rows. */
  #requireWhole(): void {
    const found = this.#rows.buckets();
    for (const { run, buckets } of this.#runs) {
      if (found.get(run) !== buckets) {
        throw new IndexDamagedError(`run ${run} has lost some of what was written`);
      }
      found.delete(run);
    }
    for (const run of found.keys()) for (const _ of this.#rows.remove(run));
  }
}

function levelOf({ postings }: Run): number {
  const level = Math.round(Math.log(postings / SMALLEST) / Math.log(MERGED));
  return Math.min(LEVEL_MAX, Math.max(0, level));
}
