/** A database of SQLite, with what may go wrong with its file. */

import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { messageOf } from "../core/thrown.ts";
import { IndexDamagedError } from "../engine/job_index.ts";
import { beginMaking, endMaking, prepare, setSyncing } from "./schema.ts";

export interface DatabaseOptions {
  /** Opens it; `fresh` asks for one with nothing in it. */
  readonly open: (fresh: boolean) => DatabaseSync;
  /** What is there is of no use to anybody: the next start is to find nothing. */
  readonly discard: () => void;
  /** Told of what an operator should know. */
  readonly warn: (message: string) => void;
}

export type Row = Readonly<Record<string, SQLInputValue>>;

/** Filters come in so many shapes; the commonest are soon prepared again. */
const STATEMENTS_MAX = 200;
/** While it is being made: what there is to sync at the end is soon done, however long it took. */
const COMMITS_PER_SYNC = 64;
/** Results of SQLite that say that its file is not what it wrote: CORRUPT and NOTADB. */
const DAMAGED: readonly number[] = [11, 26];

export class Database {
  readonly #options: DatabaseOptions;
  /** Opened when it is first used. */
  #database: DatabaseSync | undefined;
  readonly #statements = new Map<string, StatementSync>();
  #isDamaged = false;
  #isBeingMade = false;
  #commits = 0;

  constructor(options: DatabaseOptions) {
    this.#options = options;
  }

  /** Whether a crash may leave anything of it. */
  get isBeingMade(): boolean {
    return this.#isBeingMade;
  }

  /** @throws {IndexDamagedError} as all that asks does. */
  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#asking(() => this.#statement(sql).get(...values) as Row | undefined);
  }

  all(sql: string, ...values: SQLInputValue[]): readonly Row[] {
    return this.#asking(() => this.#statement(sql).all(...values) as Row[]);
  }

  /** Gives how many rows it changed. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#asking(() => this.#statement(sql).run(...values)).changes);
  }

  /** All of it, or nothing when it throws. */
  within(work: () => void): void {
    const database = this.#open();
    if (!this.#isBeingMade) return transact(database, work);
    const isSyncing = ++this.#commits % COMMITS_PER_SYNC === 0;
    if (isSyncing) setSyncing(database, true);
    try {
      transact(database, work);
    } finally {
      if (isSyncing) setSyncing(database, false);
    }
  }

  /** With nothing in it, it is being made: a crash may leave anything of it. */
  reopen(fresh: boolean): DatabaseSync {
    this.close();
    const database = this.#options.open(fresh);
    if (fresh) beginMaking(database);
    else prepare(database);
    this.#isBeingMade = fresh;
    return this.#database = database;
  }

  /** On disk from now on, as far as it is written. */
  endMaking(): void {
    if (!this.#isBeingMade) return;
    endMaking(this.#open());
    this.#isBeingMade = false;
  }

  close(): void {
    this.#statements.clear();
    this.#database?.close();
    this.#database = undefined;
  }

  /** It holds something else than what was put into it. */
  damaged(reason: string): IndexDamagedError {
    if (!this.#isDamaged) {
      this.#options.warn(`The index is damaged: ${reason}; the next start makes it again`);
      this.#options.discard();
    }
    this.#isDamaged = true;
    return new IndexDamagedError(`Cannot read the index: ${reason}`);
  }

  #asking<Answer>(ask: () => Answer): Answer {
    try {
      return ask();
    } catch (error) {
      throw isDamage(error) ? this.damaged(messageOf(error)) : error;
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

function isDamage(error: unknown): boolean {
  const { errcode } = error as { readonly errcode?: number };
  return errcode !== undefined && DAMAGED.includes(errcode & 0xff);
}
