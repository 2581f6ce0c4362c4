/** The keys of sealed inputs in a table, wrapped with the secret key that all processes share. */

import type { JobId } from "../core/ids.ts";
import type { KeyStore } from "../engine/ports.ts";
import { JournalUnusableError } from "../journal/errors.ts";
import { keyIn, keyName, keyText, newKey } from "../journal/files/wrapped_key.ts";
import type { Retrying, Sql } from "./connection.ts";
import type { Place } from "./place.ts";

/** A row that every process of the journal can open. Names of jobs' keys are digests. */
export const PROBE = "secret-key";

export class PostgresKeys implements KeyStore {
  readonly #journal: string;
  readonly #secretKey: Uint8Array;

  constructor(
    private readonly sql: Sql,
    private readonly place: Place,
    private readonly retrying: Retrying,
    secretKey: Uint8Array,
  ) {
    this.#journal = place.journal;
    this.#secretKey = secretKey;
  }

  /**
   * Requires that all processes of the journal have the same secret key: with different ones, they
   * could not continue each other's sealed jobs. The first process leaves a row that the others must
   * be able to open.
   *
   * @throws {JournalUnusableError} if the secret key is another one.
   */
  async requireSecretKey(): Promise<void> {
    if (await this.#opensProbe()) return;
    const text = keyText(newKey(), PROBE, this.#secretKey);
    await this.retrying.until(() =>
      this.sql`
        insert into daybook_key (journal, name, key) values (${this.#journal}, ${PROBE}, ${text})
        on conflict do nothing`
    );
    // Another process may have been faster.
    await this.#opensProbe();
  }

  /** Opens the row, or the key of a job, which may be older. Returns whether the row is there. */
  async #opensProbe(): Promise<boolean> {
    const [row] = await this.retrying.until(() =>
      this.sql<{ name: string; key: string }[]>`
        select name, key from daybook_key where journal = ${this.#journal}
        order by name <> ${PROBE} limit 1`
    );
    if (row === undefined) return false;
    try {
      this.#opened(row.key, row.name);
    } catch (error) {
      const reason = "its keys are wrapped with another secret key, not the one that is set: all " +
        "processes of a journal need the same --secret-key-file";
      throw new JournalUnusableError("use", this.place.shown, reason, error);
    }
    return row.name === PROBE;
  }

  async create(jobId: JobId): Promise<Uint8Array> {
    const key = newKey();
    await this.put(keyName(jobId), key);
    return key;
  }

  /** All keys, by name; see `keyName`. */
  async all(): Promise<ReadonlyMap<string, Uint8Array>> {
    const rows = await this.retrying.until(() =>
      this.sql<{ name: string; key: string }[]>`
        select name, key from daybook_key where journal = ${this.#journal} and name <> ${PROBE}`
    );
    return new Map(rows.map(({ name, key }) => [name, this.#opened(key, name)]));
  }

  /**
   * Wraps all keys with another secret key, in one statement, so that no process finds some of each.
   * No process may add keys meanwhile.
   *
   * @returns The number of keys of sealed inputs.
   */
  async rewrap(secretKey: Uint8Array): Promise<number> {
    const keys = new Map([...await this.all(), [PROBE, newKey()]]);
    const texts = [...keys].map(([name, key]) => keyText(key, name, secretKey));
    await this.retrying.until(() =>
      this.sql`
        update daybook_key set key = text
        from unnest(${[...keys.keys()]}::text[], ${texts}::text[]) as wrapped(of, text)
        where journal = ${this.#journal} and name = of`
    );
    return keys.size - 1;
  }

  /** Stores a key under a name; see `keyName`. */
  async put(name: string, key: Uint8Array): Promise<void> {
    const text = keyText(key, name, this.#secretKey);
    await this.retrying.until(() =>
      this.sql`
        insert into daybook_key (journal, name, key) values (${this.#journal}, ${name}, ${text})
        on conflict (journal, name) do update set key = excluded.key`
    );
  }

  async read(jobId: JobId): Promise<Uint8Array | undefined> {
    const name = keyName(jobId);
    const [row] = await this.retrying.until(() =>
      this.sql<{ key: string }[]>`
        select key from daybook_key where journal = ${this.#journal} and name = ${name}`
    );
    return row === undefined ? undefined : this.#opened(row.key, name);
  }

  async remove(jobId: JobId): Promise<void> {
    await this.retrying.until(() =>
      this.sql`
        delete from daybook_key where journal = ${this.#journal} and name = ${keyName(jobId)}`
    );
  }

  async held(jobIds: readonly JobId[]): Promise<ReadonlySet<JobId>> {
    const names = new Map(jobIds.map((jobId) => [keyName(jobId), jobId]));
    const rows = await this.retrying.until(() =>
      this.sql<{ name: string }[]>`
        select name from daybook_key
        where journal = ${this.#journal} and name = any(${[...names.keys()]}::text[])`
    );
    return new Set(rows.flatMap(({ name }) => names.get(name) ?? []));
  }

  async keepOnly(jobIds: readonly JobId[]): Promise<ReadonlySet<JobId>> {
    const held = await this.held(jobIds);
    await this.retrying.until(() =>
      this.sql`
        delete from daybook_key
        where journal = ${this.#journal}
          and name <> all(${[PROBE, ...jobIds.map(keyName)]}::text[])`
    );
    return held;
  }

  #opened(text: string, name: string): Uint8Array {
    return keyIn(text, name, this.#secretKey, `key ${name}`);
  }
}
