/**
 * Postings of the index of values in a file of SQLite, in runs that are never changed. Four of a
 * size are made one, so that a look-up has few to look in. A cache: what is damaged is told, and
 * made again from the lines.
 */

import { crc32 } from "node:zlib";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Work } from "../core/at_once.ts";
import type { LogId } from "../core/ids.ts";
import { messageOf } from "../core/thrown.ts";
import { IndexDamagedError } from "../engine/job_index.ts";
import { type Bucket, BUCKET_BITS, bucketOf, CARRIERS_MAX } from "../engine/views/postings.ts";
import { SortedPostings } from "../engine/views/sorted_postings.ts";
import { preparedValues, removeValues, VALUES_FILE } from "./value_tables.ts";

const BUCKETS = 1 << BUCKET_BITS;
/** Rows that are written in one transaction, or removed: each holds everybody up. */
const ROWS_AT_A_TIME = 256;
/** So many runs of a size are made one. */
const MERGED = 4;
/** Postings of the smallest runs, but for the last of a process; the next ones have four times as many. */
const SMALLEST = 1 << 19;
/** The largest stay as they are: to merge them would need as much room again. */
const LEVEL_MAX = 3;

/** Up to where the lines of a journal are in the runs: the end of a batch. */
export interface LinePoint {
  readonly logId: LogId;
  /** Of that batch. */
  readonly chain: string;
  /** The first position of its segment, and the byte behind it. */
  readonly segment: LogId;
  readonly offset: number;
}

interface Run {
  readonly run: number;
  readonly last: LogId;
  readonly postings: number;
  readonly buckets: number;
}

export class SqliteValueRuns {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #select: StatementSync;
  /** The oldest first. */
  #runs: Run[];
  #rows = 0;
  #nextRun: number;
  /** Begun, and never committed: their rows are to go. */
  readonly #abandoned = new Set<number>();

  /**
   * @param folder Of the index; made when it is missing.
   * @throws {Error} when it cannot be used; removed, and opened anew, it may be.
   */
  constructor(folder: string) {
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#database = preparedValues(`${folder}/${VALUES_FILE}`);
    this.#insert = this.#database.prepare("INSERT INTO buckets VALUES (?, ?, ?)");
    this.#select = this.#database.prepare("SELECT crc, postings FROM buckets WHERE place = ?");
    this.#runs = this.#database.prepare("SELECT * FROM runs ORDER BY last")
      .all() as unknown as Run[];
    this.#nextRun = 1 + Math.max(0, ...this.#runs.map(({ run }) => run));
    try {
      this.#requireWhole();
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /** Removes what an earlier process left, so that nothing is known. */
  static remove(folder: string): void {
    removeValues(`${folder}/${VALUES_FILE}`);
  }

  /** All up to there is in the runs; `undefined` when there is nothing. */
  get point(): LinePoint | undefined {
    return this.#database.prepare("SELECT * FROM point").get() as unknown as LinePoint | undefined;
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
      const bucket = this.#bucket(this.#runs[at]?.run ?? 0, bucketOf(key));
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
        this.#put(run, number, postings);
        yield;
      }
      const postings = buckets.reduce((sum, { postings }) => sum + postings.size, 0);
      const made = { run, last: point.logId, postings, buckets: buckets.length };
      this.#commit(made, [], point);
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
      this.#commit(made, parts);
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
      const found = newestFirst.flatMap((part) => this.#bucket(part.run, number) ?? []);
      if (found.length > 0) {
        const merged = SortedPostings.merged(found, CARRIERS_MAX);
        this.#put(run, number, merged);
        buckets++;
        postings += merged.size;
      }
      yield;
    }
    return { postings, buckets };
  }

  /** Takes back what was put and is not committed: what was begun is never ended. */
  abandon(): void {
    if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
  }

  close(): void {
    this.abandon();
    this.#database.close();
  }

  #keepOrAbandon(run: number): void {
    if (!this.#runs.some((one) => one.run === run)) this.#abandoned.add(run);
  }

  *#removeAbandoned(): Work<void> {
    for (const run of [...this.#abandoned]) {
      yield* this.#remove(run);
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

  #put(run: number, bucket: number, { words }: SortedPostings): void {
    const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
    if (!this.#database.isTransaction) this.#database.exec("BEGIN");
    this.#insert.run(placeOf(run, bucket), crc32(bytes), bytes);
    if (++this.#rows % ROWS_AT_A_TIME === 0) this.#database.exec("COMMIT");
  }

  #commit(
    { run, last, postings, buckets }: Run,
    replaced: readonly Run[],
    point?: LinePoint,
  ): void {
    const database = this.#database;
    if (database.isTransaction) database.exec("COMMIT");
    // Only this has to be on disk: it takes with it what came before.
    database.exec("PRAGMA synchronous = FULL; BEGIN");
    for (const one of replaced) database.prepare("DELETE FROM runs WHERE run = ?").run(one.run);
    database.prepare("INSERT INTO runs VALUES (?, ?, ?, ?)").run(run, last, postings, buckets);
    if (point !== undefined) {
      const { logId, chain, segment, offset } = point;
      database.exec("DELETE FROM point");
      database.prepare("INSERT INTO point VALUES (?, ?, ?, ?)").run(logId, chain, segment, offset);
    }
    database.exec("COMMIT; PRAGMA synchronous = NORMAL");
  }

  *#remove(run: number): Work<void> {
    const statement = this.#database.prepare("DELETE FROM buckets WHERE place BETWEEN ? AND ?");
    for (let bucket = 0; bucket < BUCKETS; bucket += ROWS_AT_A_TIME) {
      statement.run(placeOf(run, bucket), placeOf(run, bucket + ROWS_AT_A_TIME - 1));
      yield;
    }
  }

  #bucket(run: number, bucket: number): SortedPostings | undefined {
    try {
      const found = this.#select.get(placeOf(run, bucket)) as {
        readonly crc: number;
        readonly postings: Uint8Array;
      } | undefined;
      if (found === undefined) return undefined;
      if (crc32(found.postings) !== found.crc) {
        throw new RangeError(`bucket ${bucket} of run ${run} is not what was written`);
      }
      return new SortedPostings(wordsOf(found.postings));
    } catch (error) {
      throw new IndexDamagedError(messageOf(error));
    }
  }

  /** Removes runs that were begun and never committed; the others must have all their rows. */
  #requireWhole(): void {
    const all = this.#database.prepare(
      `SELECT place >> ${BUCKET_BITS} AS run, count(*) AS buckets FROM buckets GROUP BY 1`,
    ).all() as unknown as Pick<Run, "run" | "buckets">[];
    const found = new Map(all.map(({ run, buckets }) => [run, buckets]));
    for (const { run, buckets } of this.#runs) {
      if (found.get(run) !== buckets) {
        throw new IndexDamagedError(`run ${run} has lost some of what was written`);
      }
      found.delete(run);
    }
    for (const run of found.keys()) for (const _ of this.#remove(run));
  }
}

function levelOf({ postings }: Run): number {
  const level = Math.round(Math.log(postings / SMALLEST) / Math.log(MERGED));
  return Math.min(LEVEL_MAX, Math.max(0, level));
}

function placeOf(run: number, bucket: number): number {
  return run * BUCKETS + bucket;
}

function wordsOf({ buffer, byteOffset, byteLength }: Uint8Array): Uint32Array {
  return byteOffset % Uint32Array.BYTES_PER_ELEMENT === 0
    ? new Uint32Array(buffer, byteOffset, byteLength / Uint32Array.BYTES_PER_ELEMENT)
    : new Uint32Array(buffer.slice(byteOffset, byteOffset + byteLength));
}
