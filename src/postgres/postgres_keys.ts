/** The keys of sealed inputs in a table, wrapped with the secret key that all processes share. */

import { randomBytes } from "node:crypto";
import type { JobId } from "../core/ids.ts";
import { errorMessage } from "../core/thrown.ts";
import type { KeyStore } from "../engine/ports.ts";
import { JournalUnusableError } from "../journal/errors.ts";
import { keyIn, keyName, keyText } from "../journal/wrapped_key.ts";
import type { Retrying, Sql } from "./connection.ts";

const KEY_BYTES = 32;

export class PostgresKeys implements KeyStore {
  readonly #sql: Sql;
  readonly #journal: string;
  readonly #retrying: Retrying;
  readonly #secretKey: Uint8Array;

  constructor(sql: Sql, journal: string, retrying: Retrying, secretKey: Uint8Array) {
    this.#sql = sql;
    this.#journal = journal;
    this.#retrying = retrying;
    this.#secretKey = secretKey;
  }

  async create(jobId: JobId): Promise<Uint8Array> {
    const key = randomBytes(KEY_BYTES);
    await this.put(keyName(jobId), key);
    return key;
  }

  /** All keys, by name; see `keyName`. */
  async all(): Promise<ReadonlyMap<string, Uint8Array>> {
    const rows = await this.#retrying.until(() =>
      this.#sql<{ name: string; key: string }[]>`
        select name, key from daybook_key where journal = ${this.#journal}`
    );
    return new Map(rows.map(({ name, key }) => [name, this.#opened(key, name)]));
  }

  /** Stores a key under a name; see `keyName`. */
  async put(name: string, key: Uint8Array): Promise<void> {
    const text = keyText(key, name, this.#secretKey);
    await this.#retrying.until(() =>
      this.#sql`
        insert into daybook_key (journal, name, key) values (${this.#journal}, ${name}, ${text})
        on conflict (journal, name) do update set key = excluded.key`
    );
  }

  async read(jobId: JobId): Promise<Uint8Array | undefined> {
    const name = keyName(jobId);
    const [row] = await this.#retrying.until(() =>
      this.#sql<{ key: string }[]>`
        select key from daybook_key where journal = ${this.#journal} and name = ${name}`
    );
    return row === undefined ? undefined : this.#opened(row.key, name);
  }

  async remove(jobId: JobId): Promise<void> {
    await this.#retrying.until(() =>
      this.#sql`
        delete from daybook_key where journal = ${this.#journal} and name = ${keyName(jobId)}`
    );
  }

  async held(jobIds: readonly JobId[]): Promise<ReadonlySet<JobId>> {
    const names = new Map(jobIds.map((jobId) => [keyName(jobId), jobId]));
    const rows = await this.#retrying.until(() =>
      this.#sql<{ name: string; key: string }[]>`
        select name, key from daybook_key
        where journal = ${this.#journal} and name = any(${[...names.keys()]}::text[])`
    );
    // With the wrong secret key no sealed job could continue, so check it before anything starts.
    const [any] = rows;
    if (any !== undefined) this.#opened(any.key, any.name);
    return new Set(rows.flatMap(({ name }) => names.get(name) ?? []));
  }

  async keepOnly(jobIds: readonly JobId[]): Promise<ReadonlySet<JobId>> {
    const held = await this.held(jobIds);
    await this.#retrying.until(() =>
      this.#sql`
        delete from daybook_key
        where journal = ${this.#journal} and name <> all(${jobIds.map(keyName)}::text[])`
    );
    return held;
  }

  #opened(text: string, name: string): Uint8Array {
    try {
      return keyIn(text, name, this.#secretKey);
    } catch (error) {
      throw new JournalUnusableError("use", `key ${name}`, errorMessage(error), error);
    }
  }
}
