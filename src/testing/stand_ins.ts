/** What stands in for randomness and for the files of keys. */

import { randomBytes } from "node:crypto";
import type { KeyStore, Random } from "../engine/ports.ts";
import type { JobId } from "../core/ids.ts";

/**
 * Ids that count up, and a fraction that never changes, so that runs are reproducible to the
 * letter.
 */
export class CountedRandom implements Random {
  readonly #prefix: string;
  #count = 0;

  /** @param prefix Generators with different prefixes never produce the same id. */
  constructor(prefix = "01J") {
    this.#prefix = prefix;
  }

  ulid(): string {
    return this.#prefix + String(++this.#count).padStart(26 - this.#prefix.length, "0");
  }

  fraction(): number {
    return 0.5;
  }
}

/** Keys of sealed inputs in memory, in place of `KeyFiles`. */
export class MemoryKeys implements KeyStore {
  readonly keys = new Map<JobId, Uint8Array>();
  /** When set, every call rejects with it. */
  failure: Error | undefined;

  async create(jobId: JobId): Promise<Uint8Array> {
    await this.#ready();
    const key = randomBytes(32);
    this.keys.set(jobId, key);
    return key;
  }

  async read(jobId: JobId): Promise<Uint8Array | undefined> {
    await this.#ready();
    return this.keys.get(jobId);
  }

  async remove(jobId: JobId): Promise<void> {
    await this.#ready();
    this.keys.delete(jobId);
  }

  async held(jobIds: readonly JobId[]): Promise<ReadonlySet<JobId>> {
    await this.#ready();
    return new Set(jobIds.filter((jobId) => this.keys.has(jobId)));
  }

  async keepOnly(jobIds: readonly JobId[]): Promise<ReadonlySet<JobId>> {
    await this.#ready();
    for (const jobId of this.keys.keys()) if (!jobIds.includes(jobId)) this.keys.delete(jobId);
    return new Set(this.keys.keys());
  }

  async #ready(): Promise<void> {
    await Promise.resolve();
    if (this.failure !== undefined) throw this.failure;
  }
}
