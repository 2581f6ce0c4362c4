/**
 * The rows of event ids, keyed by random hashes. In one large table each row would dirty a 16 KiB
 * page of its own. New rows therefore go into a small table, and move to the large one in slices of
 * the hash range, where they share pages.
 */

import type { LogId } from "../core/ids.ts";
import type { IdRow } from "../engine/job_index.ts";
import { type Database, insertion } from "./database.ts";

const BITS = 2 ** 24;

/**
 * A Bloom filter of 2 MiB: rules out most hashes that were never added without reading the disk.
 * With a million hashes added, it is wrong about one in seventy.
 */
export class HashFilter {
  #bytes: Uint8Array | undefined;

  add(hash: number): void {
    const bytes = this.#bytes ??= new Uint8Array(BITS / 8);
    const [one, other] = [hash % BITS, Math.floor(hash / BITS) % BITS];
    bytes[one >> 3] = (bytes[one >> 3] ?? 0) | 1 << (one & 7);
    bytes[other >> 3] = (bytes[other >> 3] ?? 0) | 1 << (other & 7);
  }

  /** `false` only for a hash that was never added. */
  mayHave(hash: number): boolean {
    return this.#bytes !== undefined && this.#isSet(hash % BITS) &&
      this.#isSet(Math.floor(hash / BITS) % BITS);
  }

  #isSet(bit: number): boolean {
    return ((this.#bytes?.[bit >> 3] ?? 0) & 1 << (bit & 7)) !== 0;
  }
}

const PUT_ID = insertion("INSERT OR IGNORE INTO young_ids", 2);
const YOUNG_MAX = 1 << 15;
/** Slices of the hash range. In a full small table, each has a few hundred rows. */
const SLICES = 64;
/** Hashes are below 2^53. */
const SLICE_HASHES = 2 ** 53 / SLICES;

export class IdTable {
  #young = 0;
  /** The next slice to move. */
  #slice = 0;
  /** A filter over all rows, if the table was empty at first. */
  #filter: HashFilter | undefined;

  constructor(private readonly database: Database) {}

  /** Call it when the database has been opened. */
  begin(): void {
    this.#countYoung();
    const isEmpty = this.#young === 0 &&
      this.database.get("SELECT hash FROM event_ids LIMIT 1") === undefined;
    this.#filter = isEmpty ? new HashFilter() : undefined;
  }

  /** Adds rows, which may exist already. Call it within a transaction. */
  add(rows: readonly IdRow[]): void {
    for (const [hash] of rows) this.#filter?.add(hash);
    this.#young += this.database.insert(PUT_ID, rows, (row) => row);
    while (this.#young > YOUNG_MAX) this.#moveSlice();
  }

  at(hash: number): readonly LogId[] {
    if (this.#filter?.mayHave(hash) === false) return [];
    const rows = this.database.all(
      "SELECT logId FROM event_ids WHERE hash = ?1 " +
        "UNION ALL SELECT logId FROM young_ids WHERE hash = ?1",
      hash,
    );
    // A row that was written twice may be in both tables.
    return [...new Set(rows.map(({ logId }) => logId as LogId))];
  }

  #moveSlice(): void {
    const from = this.#slice * SLICE_HASHES;
    const to = from + SLICE_HASHES;
    const among = "FROM young_ids WHERE hash >= ? AND hash < ?";
    this.database.run(`INSERT OR IGNORE INTO event_ids SELECT hash, logId ${among}`, from, to);
    this.#young -= this.database.run(`DELETE ${among}`, from, to);
    this.#slice = (this.#slice + 1) % SLICES;
    // The count still includes rows that were rolled back.
    if (this.#slice === 0) this.#countYoung();
  }

  #countYoung(): void {
    this.#young = Number(this.database.get("SELECT count(*) AS ids FROM young_ids")?.["ids"]);
  }
}
