/** Opens a journal in PostgreSQL, for a process that leads or follows, or for a command. */

import type { Clock, KeyStore } from "../engine/ports.ts";
import type { SharedJournal, SharedLog } from "../journal/write/shared_log.ts";
import { Assurance } from "./assurance.ts";
import { type Connect, endSession, Retrying, session, tryLock } from "./connection.ts";
import { requireFit } from "./fitness.ts";
import type { Place } from "./place.ts";
import { PostgresKeys, PROBE } from "./postgres_keys.ts";
import { PostgresLog } from "./postgres_log.ts";
import { PostgresTurn, type TurnOptions } from "./postgres_turn.ts";

interface PostgresOptions extends TurnOptions {
  /** Wraps the keys of sealed inputs. */
  readonly secretKey: Uint8Array;
}

export interface PostgresJournal {
  readonly shared: SharedJournal;
  readonly keys: KeyStore;
}

/**
 * @throws {UnfitDatabaseError} if the database cannot be relied on.
 * @throws {JournalUnusableError} if the other processes of the journal have another secret key.
 */
export async function openPostgres(options: PostgresOptions): Promise<PostgresJournal> {
  const { place, membership, secretKey } = options;
  const retrying = new Retrying(options);
  const connect: Connect = (listener) => session(place, listener);
  const turn = new PostgresTurn(connect, options, retrying);
  const sql = turn.session;
  const keys = new PostgresKeys(sql, place, retrying, secretKey);
  try {
    await requireFit(place, connect, sql, retrying, turn.assurance);
    await keys.requireSecretKey();
  } catch (error) {
    await turn.end();
    throw error;
  }
  const log = new PostgresLog(connect, sql, options, retrying, turn.assurance);
  return { shared: { log, turn, membership }, keys };
}

/** A command gives up after this much silence. */
const ANSWER_MS_MAX = 30_000;

interface TableOptions {
  readonly place: Place;
  readonly clock: Clock;
  readonly warn: (message: string) => void;
}

/** The rows of a journal, for commands that neither lead nor follow. */
export class PostgresTable {
  readonly log: SharedLog;
  readonly #connect: Connect;
  readonly #sql;
  readonly #retrying: Retrying;
  readonly #assurance: Assurance;

  constructor(private readonly options: TableOptions) {
    this.#connect = (listener) => session(options.place, listener);
    this.#sql = this.#connect();
    this.#retrying = new Retrying({ ...options, answerMsMax: ANSWER_MS_MAX });
    const inForce = () => {};
    this.#assurance = new Assurance({ ...options, inForce }, this.#sql, this.#retrying);
    this.log = new PostgresLog(this.#connect, this.#sql, options, this.#retrying, this.#assurance);
  }

  /** @param secretKey Wraps the keys. */
  keys(secretKey: Uint8Array): PostgresKeys {
    return new PostgresKeys(this.#sql, this.options.place, this.#retrying, secretKey);
  }

  /** Whether the table exists; also `false` if this user may not see it. */
  async isThere(): Promise<boolean> {
    const [row] = await this.#retrying.until(() =>
      this.#sql<{ there: boolean }[]>`select to_regclass('daybook_batch') is not null as there`
    );
    return row?.there === true;
  }

  /**
   * @throws {UnfitDatabaseError} if the database would not keep what is written, or this user may
   * not write to it.
   */
  async requireFit(): Promise<void> {
    const { place } = this.options;
    await requireFit(place, this.#connect, this.#sql, this.#retrying, this.#assurance);
  }

  /** The number of keys of sealed inputs. */
  async keyCount(): Promise<number> {
    const { journal } = this.options.place;
    const [row] = await this.#retrying.until(() =>
      this.#sql<{ count: string }[]>`
        select count(*) from daybook_key where journal = ${journal} and name <> ${PROBE}`
    );
    return Number(row?.count);
  }

  /** Keeps other processes from leading from now on; `false` if one leads already. */
  async hold(): Promise<boolean> {
    return await this.#retrying.until(() => tryLock(this.#sql, this.options.place.journal));
  }

  async end(): Promise<void> {
    await this.log.end();
    await endSession(this.#sql);
  }
}
