/**
 * Tells of most hashes that were never added, without a look at the disk (a Bloom filter of 2 MiB,
 * which is made with the first). With a million added it is wrong about one in seventy.
 */

const BITS = 2 ** 24;

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
