/** Opens a journal in PostgreSQL for one process. */

import type { KeyStore } from "../engine/ports.ts";
import type { SharedJournal } from "../journal/shared_log.ts";
import { type Connect, Retrying, session } from "./connection.ts";
import { requireFit } from "./fitness.ts";
import { PostgresKeys } from "./postgres_keys.ts";
import { PostgresLog } from "./postgres_log.ts";
import { PostgresTurn, type TurnOptions } from "./postgres_turn.ts";

export interface PostgresOptions extends TurnOptions {
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
  const other = connect();
  const keys = new PostgresKeys(sql, place, retrying, secretKey);
  try {
    await requireFit(place, sql, other, retrying, turn.assurance);
    await keys.requireSecretKey();
  } catch (error) {
    await turn.end();
    throw error;
  } finally {
    await other.end({ timeout: 1 });
  }
  const log = new PostgresLog(connect, sql, options, retrying, turn.assurance);
  return { shared: { log, turn, membership }, keys };
}
