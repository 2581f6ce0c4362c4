/**
 * The rows of event ids, by hashes that are spread at random: in one large table each row would
 * be on a page of its own, of 16 KiB, that is written for it alone. So they come into a small
 * table, whose pages take many rows at a time, and go on from there to the large one slice by
 * slice of the hashes, which are side by side in both.
 */

import type { LogId } from "../core/ids.ts";
import type { IdRow } from "../engine/writer/id_rows.ts";
import type { Database } from "./database.ts";

// Tells of most hashes that were never added, without a look at the disk (a Bloom filter of 2 MiB,
// which is made with the first). With a million added it is wrong about one in seventy.

const BITS = 2 ** 24;

/**
 * Tells of most hashes that were never added, without a look at the disk (a Bloom filter of 2 MiB,
 * which is made with the first). With a million added it is wrong about one in seventy.
 */
export class HashFilter {
  #bytes: Uint8Array | undefined;

  add(hash: number): void {
    const bytes = this.#bytes ??= new Uint8Array(BITS / 8);
    const [one, other] = [hash % BITS, Math.floor(hash / BITS) % BITS];
    bytes[one >> 3] = (bytes[one >> 3] ?? 0) | 1 << (one & 7);
    bytes[other >> 3] = (bytes[other >> 3] ?? 0) | 1 << (other & 7);
  }

  /** `false` only for one that was never added. */
  mayHave(hash: number): boolean {
    return this.#bytes !== undefined && this.#isSet(hash % BITS) &&
      this.#isSet(Math.floor(hash / BITS) % BITS);
  }

  #isSet(bit: number): boolean {
    return ((this.#bytes?.[bit >> 3] ?? 0) & 1 << (bit & 7)) !== 0;
  }
}

/** Rows in the small table. */
const YOUNG_MAX = 1 << 15;
/** Slices of the hashes; each has a few hundred rows of a full small table. */
const SLICES = 64;
/** Hashes are below 2^53. */
const SLICE_HASHES = 2 ** 53 / SLICES;

export class IdTable {
  readonly #database: Database;
  #young = 0;
  /** The next one that goes on. */
  #slice = 0;
  /** Of all rows, where none was there to begin with. */
  #filter: HashFilter | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /** To be called when the database was opened. */
  begin(): void {
    this.#countYoung();
    const isEmpty = this.#young === 0 &&
      this.#database.get("SELECT hash FROM event_ids LIMIT 1") === undefined;
    this.#filter = isEmpty ? new HashFilter() : undefined;
  }

  /** Adds rows that may be there already; to be called within a transaction. */
  add(rows: readonly IdRow[]): void {
    for (const [hash, logId] of rows) {
      this.#filter?.add(hash);
      const sql = "INSERT OR IGNORE INTO young_ids VALUES (?, ?)";
      this.#young += this.#database.run(sql, hash, logId);
    }
    while (this.#young > YOUNG_MAX) this.#moveOn();
  }

  at(hash: number): readonly LogId[] {
    if (this.#filter?.mayHave(hash) === false) return [];
    const rows = this.#database.all(
      "SELECT logId FROM event_ids WHERE hash = ?1 " +
        "UNION ALL SELECT logId FROM young_ids WHERE hash = ?1",
      hash,
    );
    // One that was put again may be in both.
    return [...new Set(rows.map(({ logId }) => logId as LogId))];
  }

  #moveOn(): void {
    const from = this.#slice * SLICE_HASHES;
    const to = from + SLICE_HASHES;
    const among = "FROM young_ids WHERE hash >= ? AND hash < ?";
    this.#database.run(`INSERT OR IGNORE INTO event_ids SELECT hash, logId ${among}`, from, to);
    this.#young -= this.#database.run(`DELETE ${among}`, from, to);
    this.#slice = (this.#slice + 1) % SLICES;
    // What was rolled back is still counted.
    if (this.#slice === 0) this.#countYoung();
  }

  #countYoung(): void {
    this.#young = Number(this.#database.get("SELECT count(*) AS ids FROM young_ids")?.ids);
  }
}
