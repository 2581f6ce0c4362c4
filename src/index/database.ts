/** A SQLite database used as a cache, and the handling of damage to its file. */

import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { errorMessage } from "../core/thrown.ts";
import { IndexDamagedError } from "../engine/job_index.ts";
import { JournalFullError } from "../engine/ports.ts";
import { orClosed } from "./database_files.ts";
import { beginBuilding, prepare, setSyncing, useLog } from "./schema.ts";

export interface DatabaseOptions {
  /** Opens the database; `fresh` asks for an empty one. */
  readonly open: (fresh: boolean) => DatabaseSync;
  /** Throws when the disk has no room for the files that SQLite keeps beside the database. */
  readonly requireRoom?: () => void;
  /** Deletes the content, which is useless, so that the next start rebuilds it. */
  readonly discard: () => void;
  /** Asks for a `checkpoint` in another thread. */
  readonly checkpoint?: () => void;
  /** Called with warnings for the operator. */
  readonly warn: (message: string) => void;
}

export type Row = Readonly<Record<string, SQLInputValue>>;

/** Rows per INSERT statement. It cuts the cost of a row by almost half. */
const ROWS_AT_ONCE = 64;

/** A statement that inserts one row, and one that inserts `ROWS_AT_ONCE`. */
interface Insertion {
  readonly one: string;
  readonly many: string;
}

/** @param before The SQL before `VALUES`; `after` is the SQL after it. */
export function insertion(before: string, columns: number, after = ""): Insertion {
  const row = `(${Array.from({ length: columns }, () => "?").join(", ")})`;
  const rows = Array.from({ length: ROWS_AT_ONCE }, () => row).join(", ");
  return { one: `${before} VALUES ${row}${after}`, many: `${before} VALUES ${rows}${after}` };
}

/**
 * How many prepared statements to keep. When there are more, all are dropped: filters have many
 * shapes, and the common ones are soon prepared again.
 */
const STATEMENTS_MAX = 200;
/** Commits between two syncs while it is being built, so that the final sync is short. */
const COMMITS_PER_SYNC = 64;
/** Commits between two checkpoints of the log. With 128 jobs each, it has 250 pages by then. */
const COMMITS_PER_CHECKPOINT = 16;
/** SQLite results that mean a damaged file: CORRUPT and NOTADB. */
const DAMAGED: readonly number[] = [11, 26];
/** SQLite's result code for a full disk. */
const FULL: readonly number[] = [13];

export class Database {
  /** Opened on first use. */
  #database: DatabaseSync | undefined;
  readonly #statements = new Map<string, StatementSync>();
  #isDamaged = false;
  #isBuilding = false;
  #commits = 0;

  constructor(private readonly options: DatabaseOptions) {}

  /** Whether it is still being built, so that a crash may leave it in any state. */
  get isBuilding(): boolean {
    return this.#isBuilding;
  }

  /** @throws {IndexDamagedError} as every query does. */
  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#asking(() => this.#statement(sql).get(...values) as Row | undefined);
  }

  all(sql: string, ...values: SQLInputValue[]): readonly Row[] {
    return this.#asking(() => this.#statement(sql).all(...values) as Row[]);
  }

  /**
   * Returns the number of changed rows.
   *
   * @throws {JournalFullError} when the disk has no room for the change.
   */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#asking(() => this.#statement(sql).run(...values)).changes);
  }

  /** Inserts a row for each item, in order. Returns the number of changed rows. */
  insert<One>(
    { one, many }: Insertion,
    all: readonly One[],
    toRow: (one: One) => readonly SQLInputValue[],
  ): number {
    let changed = 0;
    for (let at = 0; at < all.length;) {
      const count = all.length - at < ROWS_AT_ONCE ? 1 : ROWS_AT_ONCE;
      const values: SQLInputValue[] = [];
      for (const each of all.slice(at, at + count)) values.push(...toRow(each));
      changed += this.run(count === 1 ? one : many, ...values);
      at += count;
    }
    return changed;
  }

  /** Runs `work` in a transaction, which rolls back if it throws. */
  within(work: () => void): void {
    const database = this.#open();
    this.#commits++;
    if (!this.#isBuilding) {
      transact(database, work);
      if (this.#commits % COMMITS_PER_CHECKPOINT === 0) this.options.checkpoint?.();
      return;
    }
    const isSyncing = this.#commits % COMMITS_PER_SYNC === 0;
    if (isSyncing) setSyncing(database, true);
    try {
      transact(database, work);
    } finally {
      if (isSyncing) setSyncing(database, false);
    }
  }

  /**
   * Opens the database; a fresh one is built without a log, so a crash may leave it in any state.
   */
  reopen(fresh: boolean): DatabaseSync {
    this.close();
    const database = this.options.open(fresh);
    orClosed(database, () => fresh ? beginBuilding(database) : prepare(database));
    this.#isBuilding = fresh;
    return this.#database = database;
  }

  /** From now on, what is written is durable. */
  endBuilding(): void {
    if (!this.#isBuilding) return;
    // Without room, SQLite would still switch to WAL mode, and then fail every read.
    this.options.requireRoom?.();
    useLog(this.#open());
    this.#isBuilding = false;
  }

  close(): void {
    this.#statements.clear();
    this.#database?.close();
    this.#database = undefined;
  }

  /** Records that the data is not what was written. */
  damaged(reason: string): IndexDamagedError {
    if (!this.#isDamaged) {
      this.options.warn(`The index is damaged: ${reason}; the next start rebuilds it`);
      this.options.discard();
    }
    this.#isDamaged = true;
    return new IndexDamagedError(`Cannot read the index: ${reason}`);
  }

  #asking<Answer>(ask: () => Answer): Answer {
    try {
      return ask();
    } catch (error) {
      if (hasCode(error, DAMAGED)) throw this.damaged(errorMessage(error));
      if (!hasCode(error, FULL)) throw error;
      throw new JournalFullError("Cannot write the index: the disk is full", { cause: error });
    }
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      if (this.#statements.size >= STATEMENTS_MAX) this.#statements.clear();
      statement = this.#open().prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #open(): DatabaseSync {
    return this.#database ?? this.reopen(false);
  }
}

function transact(database: DatabaseSync, work: () => void): void {
  database.exec("BEGIN");
  try {
    work();
    database.exec("COMMIT");
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

function hasCode(error: unknown, codes: readonly number[]): boolean {
  const { errcode } = error as { readonly errcode?: number };
  return errcode !== undefined && codes.includes(errcode & 0xff);
}
