/** A journal in PostgreSQL, as one process takes part in it. */

import type { Clock, JournalHead, KeyStore } from "../engine/ports.ts";
import type { SharedJournal } from "../journal/shared_log.ts";
import { Retrying, session } from "./connection.ts";
import { requireFit } from "./fitness.ts";
import type { Place } from "./place.ts";
import { PostgresKeys } from "./postgres_keys.ts";
import { PostgresLog } from "./postgres_log.ts";
import { type Leader, PostgresTurn } from "./postgres_turn.ts";

export interface PostgresOptions {
  readonly place: Place;
  /** Tells this process from others. */
  readonly writer: string;
  /** Where others reach it. */
  readonly url: string;
  /** Wraps the keys of sealed inputs. */
  readonly secretKey: Uint8Array;
  readonly clock: Clock;
  readonly warn: (message: string) => void;
  /** Called with the position up to which the folder is complete. */
  readonly followed: (head: JournalHead) => void;
}

export interface PostgresJournal {
  readonly shared: SharedJournal;
  readonly keys: KeyStore;
  /** Who leads, as far as known. */
  readonly leader: () => Leader | undefined;
}

/** @throws {UnfitDatabaseError} if the database cannot be relied on. */
export async function openPostgres(options: PostgresOptions): Promise<PostgresJournal> {
  const { place, writer, url, secretKey, followed } = options;
  const retrying = new Retrying(options);
  const turn = new PostgresTurn(options, retrying, { writer, url });
  const sql = turn.session;
  const other = session(place);
  try {
    await requireFit(place, sql, other, retrying);
  } catch (error) {
    await turn.end();
    throw error;
  } finally {
    await other.end({ timeout: 1 });
  }
  const log = new PostgresLog(sql, options, retrying);
  return {
    shared: { log, turn, writer, url, followed },
    keys: new PostgresKeys(sql, place.journal, retrying, secretKey),
    leader: () => turn.leader,
  };
}
