/**
 * Tables of the index of values: buckets of postings, their runs, and how far the journal is
 * indexed.
 */

import { crc32 } from "node:zlib";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Work } from "../core/work.ts";
import type { LogId } from "../core/ids.ts";
import { errorMessage } from "../core/thrown.ts";
import { IndexDamagedError } from "../engine/job_index.ts";
import { makeTables, openDatabase, orClosed } from "./database_files.ts";
import { SortedPostings } from "./sorted_postings.ts";

/** A run has at most two to the power of this many buckets. */
export const BITS_MAX = 18;
const BUCKETS_MAX = 1 << BITS_MAX;
/** Rows written or removed in one transaction, which blocks the event loop. */
const ROWS_AT_A_TIME = 256;

/** How far the journal is indexed: the end of a batch. */
export interface LinePoint {
  readonly logId: LogId;
  /** The chain of that batch. */
  readonly chain: string;
  /** The first position of its segment, and the byte after the batch. */
  readonly segment: LogId;
  readonly offset: number;
}

export interface Run {
  readonly run: number;
  /** Its last position. */
  readonly last: LogId;
  readonly postings: number;
  /** How many leading bits of a key select its bucket. */
  readonly bits: number;
}

export class ValueRows {
  readonly #insert: StatementSync;
  readonly #select: StatementSync;
  readonly #delete: StatementSync;
  #rows = 0;

  constructor(private readonly database: DatabaseSync) {
    this.#insert = database.prepare("INSERT INTO buckets VALUES (?, ?, ?)");
    this.#select = database.prepare("SELECT crc, postings FROM buckets WHERE place = ?");
    this.#delete = database.prepare(
      "DELETE FROM buckets WHERE place IN " +
        "(SELECT place FROM buckets WHERE place >= ? AND place < ? LIMIT ?)",
    );
  }

  /** Oldest first. */
  runs(): Run[] {
    return this.database.prepare("SELECT * FROM runs ORDER BY last").all() as unknown as Run[];
  }

  point(): LinePoint | undefined {
    return this.database.prepare("SELECT * FROM point").get() as unknown as LinePoint | undefined;
  }

  /** The numbers of all runs with buckets, committed or not. */
  *begun(): Iterable<number> {
    const next = this.database.prepare("SELECT min(place) AS place FROM buckets WHERE place >= ?");
    for (let from = 0;;) {
      const place = next.get(from)?.["place"] as number | null;
      if (place === null) return;
      const run = Math.floor(place / BUCKETS_MAX);
      yield run;
      from = placeOf(run + 1, 0);
    }
  }

  /** @throws {IndexDamagedError} if it is not what was written. */
  bucket(run: number, bucket: number): SortedPostings | undefined {
    try {
      const found = this.#select.get(placeOf(run, bucket)) as {
        readonly crc: number;
        readonly postings: Uint8Array;
      } | undefined;
      if (found === undefined) return undefined;
      if (crc32(found.postings) !== found.crc) {
        throw new RangeError(`bucket ${bucket} of run ${run} is not what was written`);
      }
      return new SortedPostings(toWords(found.postings));
    } catch (error) {
      throw new IndexDamagedError(errorMessage(error));
    }
  }

  put(run: number, bucket: number, { words }: SortedPostings): void {
    const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
    if (!this.database.isTransaction) this.database.exec("BEGIN");
    this.#insert.run(placeOf(run, bucket), crc32(bytes), bytes);
    if (++this.#rows % ROWS_AT_A_TIME === 0) this.database.exec("COMMIT");
  }

  /** Commits what was written as a run that replaces others; durable on return. */
  commit({ run, last, postings, bits }: Run, replaced: readonly Run[], point?: LinePoint): void {
    const database = this.database;
    this.#commitOpen();
    // Only this commit has to be synced: it includes the writes before it.
    database.exec("PRAGMA synchronous = FULL; BEGIN");
    for (const one of replaced) database.prepare("DELETE FROM runs WHERE run = ?").run(one.run);
    database.prepare("INSERT INTO runs VALUES (?, ?, ?, ?)").run(run, last, postings, bits);
    if (point !== undefined) this.#putPoint(point);
    database.exec("COMMIT; PRAGMA synchronous = NORMAL");
  }

  /** Records that the journal is indexed up to a point, without a run. */
  moveTo(point: LinePoint): void {
    this.#commitOpen();
    this.database.exec("BEGIN");
    this.#putPoint(point);
    this.database.exec("COMMIT");
  }

  /** Buckets that another work has written so far. */
  #commitOpen(): void {
    if (this.database.isTransaction) this.database.exec("COMMIT");
  }

  #putPoint({ logId, chain, segment, offset }: LinePoint): void {
    this.database.exec("DELETE FROM point");
    this.database.prepare("INSERT INTO point VALUES (?, ?, ?, ?)")
      .run(logId, chain, segment, offset);
  }

  *remove(run: number): Work<void> {
    const [from, to] = [placeOf(run, 0), placeOf(run + 1, 0)];
    while (this.#delete.run(from, to, ROWS_AT_A_TIME).changes !== 0) yield;
  }

  /** Rolls back what was not committed. */
  abandon(): void {
    if (this.database.isTransaction) this.database.exec("ROLLBACK");
  }

  close(): void {
    this.abandon();
    this.database.close();
  }
}

function placeOf(run: number, bucket: number): number {
  return run * BUCKETS_MAX + bucket;
}

function toWords({ buffer, byteOffset, byteLength }: Uint8Array): Uint32Array {
  return byteOffset % Uint32Array.BYTES_PER_ELEMENT === 0
    ? new Uint32Array(buffer, byteOffset, byteLength / Uint32Array.BYTES_PER_ELEMENT)
    : new Uint32Array(buffer.slice(byteOffset, byteOffset + byteLength));
}

export const VALUES_FILE = "values.sqlite";

/**
 * Raise it whenever the meaning of a column changes, or what is indexed: the index is then rebuilt.
 */
const SCHEMA_VERSION = 6;
/** Pages per checkpoint of the log. */
const CHECKPOINT_PAGES = 64;

/** `place` combines the number of a run with that of a bucket, in the last bits. */
const TABLES = `
  CREATE TABLE runs (
    run INTEGER PRIMARY KEY,
    last INTEGER NOT NULL,
    postings INTEGER NOT NULL,
    bits INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE buckets (
    place INTEGER PRIMARY KEY,
    crc INTEGER NOT NULL,
    postings BLOB NOT NULL
  ) STRICT;
  CREATE TABLE point (
    logId INTEGER NOT NULL,
    chain TEXT NOT NULL,
    segment INTEGER NOT NULL,
    offset INTEGER NOT NULL
  ) STRICT;
`;

/** @throws {Error} when the file cannot be used. */
export function preparedValues(path: string): DatabaseSync {
  const database = openDatabase(path);
  orClosed(database, () => prepare(database));
  return database;
}

function prepare(database: DatabaseSync): void {
  database.exec("PRAGMA journal_mode = WAL");
  database.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  database.exec("PRAGMA synchronous = NORMAL");
  makeTables(database, TABLES, SCHEMA_VERSION);
}
