/** Runs of a value index in a file of SQLite, beside the index of jobs. */

import { crc32 } from "node:zlib";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { messageOf } from "../core/thrown.ts";
import { IndexDamagedError } from "../engine/job_index.ts";
import type { ValueRun, ValueRuns } from "../engine/views/value_runs.ts";

const FILE = "values.sqlite";
/** Raised whenever the meaning of a column changes: the runs are then made again. */
const SCHEMA_VERSION = 1;
const BUCKETS_AT_A_TIME = 32;
/** Pages of the log that are moved to the database at a time. */
const CHECKPOINT_PAGES = 100;

const TABLES = `
  CREATE TABLE runs (
    run INTEGER PRIMARY KEY,
    last INTEGER NOT NULL,
    crc INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE buckets (
    run INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    crc INTEGER NOT NULL,
    postings BLOB NOT NULL,
    PRIMARY KEY (run, bucket)
  ) STRICT, WITHOUT ROWID;
`;

export interface ValueRunsOptions {
  /** The folder of the index; made when it is missing, once the runs are first used. */
  readonly folder: string;
  readonly warn: (message: string) => void;
}

export class SqliteValueRuns implements ValueRuns {
  readonly #options: ValueRunsOptions;
  #database: DatabaseSync | undefined;
  #insert: StatementSync | undefined;
  #select: StatementSync | undefined;
  #crc = 0;
  /** Buckets of the run that was begun. */
  #put = 0;

  constructor(options: ValueRunsOptions) {
    this.#options = options;
  }

  keep(runs: readonly ValueRun[]): boolean {
    // Nothing is kept, and nothing is there: no file is made for that.
    if (runs.length === 0 && this.#database === undefined && !this.#isThere()) return true;
    try {
      const database = this.#open();
      const found = database.prepare("SELECT run, last, crc FROM runs")
        .all() as unknown as ValueRun[];
      const kept = new Map(runs.map((run) => [run.run, run]));
      for (const { run } of found.filter(({ run }) => !kept.has(run))) this.#forget(database, run);
      return runs.every(({ run, last, crc }) =>
        found.some((one) => one.run === run && one.last === last && one.crc === crc)
      );
    } catch (error) {
      this.#discard(messageOf(error));
      return runs.length === 0;
    }
  }

  begin(run: number): void {
    const database = this.#open();
    database.prepare("DELETE FROM buckets WHERE run = ?").run(run);
    database.exec("BEGIN");
    [this.#crc, this.#put] = [0, 0];
  }

  put(run: number, bucket: number, postings: Uint32Array): void {
    const bytes = new Uint8Array(postings.buffer, postings.byteOffset, postings.byteLength);
    const crc = crc32(bytes);
    this.#crc = crc32(bytes, this.#crc);
    const database = this.#open();
    this.#insert ??= database.prepare("INSERT INTO buckets VALUES (?, ?, ?, ?)");
    this.#insert.run(run, bucket, crc, bytes);
    // Many small ones: each holds everybody up for as long as it takes.
    if (++this.#put % BUCKETS_AT_A_TIME === 0) database.exec("COMMIT; BEGIN");
  }

  commit(run: number, last: number): ValueRun {
    const database = this.#open();
    database.exec("COMMIT");
    // Only this one has to be on disk: it takes with it what came before.
    database.exec("PRAGMA synchronous = FULL");
    database.prepare("INSERT OR REPLACE INTO runs VALUES (?, ?, ?)").run(run, last, this.#crc);
    database.exec("PRAGMA synchronous = NORMAL");
    return { run, last, crc: this.#crc };
  }

  abandon(): void {
    if (this.#database?.isTransaction) this.#database.exec("ROLLBACK");
  }

  /** @throws {IndexDamagedError} when it is not what was put there. */
  bucket(run: number, bucket: number): Uint32Array | undefined {
    try {
      this.#select ??= this.#open().prepare(
        "SELECT crc, postings FROM buckets WHERE run = ? AND bucket = ?",
      );
      const found = this.#select.get(run, bucket) as {
        readonly crc: number;
        readonly postings: Uint8Array;
      } | undefined;
      if (found === undefined) return undefined;
      const { crc, postings } = found;
      if (crc32(postings) !== crc) throw new RangeError(`run ${run} is not what was written`);
      return new Uint32Array(postings.slice().buffer);
    } catch (error) {
      this.#discard(messageOf(error));
      throw new IndexDamagedError(`Cannot read the index of values: ${messageOf(error)}`);
    }
  }

  close(): void {
    this.abandon();
    [this.#insert, this.#select] = [undefined, undefined];
    this.#database?.close();
    this.#database = undefined;
  }

  #forget(database: DatabaseSync, run: number): void {
    database.exec("BEGIN");
    database.prepare("DELETE FROM buckets WHERE run = ?").run(run);
    database.prepare("DELETE FROM runs WHERE run = ?").run(run);
    database.exec("COMMIT");
  }

  #isThere(): boolean {
    try {
      return Deno.statSync(this.#path).isFile;
    } catch {
      return false;
    }
  }

  get #path(): string {
    return `${this.#options.folder}/${FILE}`;
  }

  #open(): DatabaseSync {
    if (this.#database !== undefined) return this.#database;
    Deno.mkdirSync(this.#options.folder, { recursive: true });
    return this.#database = this.#opened() ?? this.#fresh();
  }

  /** `undefined` when what is there is of no use. */
  #opened(): DatabaseSync | undefined {
    try {
      return prepared(new DatabaseSync(this.#path));
    } catch {
      return undefined;
    }
  }

  #fresh(): DatabaseSync {
    removeFiles(this.#path);
    try {
      return prepared(new DatabaseSync(this.#path));
    } catch (error) {
      const why = messageOf(error);
      this.#options.warn(`Cannot write the index of values, it stays in memory: ${why}`);
      return prepared(new DatabaseSync(":memory:"));
    }
  }

  /** What is there is of no use to anybody: the next start makes it again from the lines. */
  #discard(reason: string): void {
    this.#options.warn(`The index of values is damaged: ${reason}; the next start makes it again`);
    try {
      this.close();
      removeFiles(this.#path);
    } catch (error) {
      this.#options.warn(`Cannot remove the index of values: ${messageOf(error)}`);
    }
  }
}

function prepared(database: DatabaseSync): DatabaseSync {
  database.exec("PRAGMA journal_mode = WAL");
  database.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  database.exec("PRAGMA synchronous = NORMAL");
  const { user_version: version } = database.prepare("PRAGMA user_version").get() ?? {};
  if (version === SCHEMA_VERSION) return database;
  if (version !== 0) throw new RangeError(`version ${version} is not ${SCHEMA_VERSION}`);
  database.exec(`BEGIN; ${TABLES} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
  return database;
}

function removeFiles(path: string): void {
  for (const suffix of ["", "-wal", "-shm"]) {
    try {
      Deno.removeSync(path + suffix);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}
