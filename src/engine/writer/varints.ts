/**
 * Whole numbers from 0 to 2^53 - 1 in as few bytes as each needs: seven bits a byte, the lowest
 * first, and the highest bit set on all but the last byte.
 */

const FIRST_CAPACITY = 64;
/** Of the largest number. */
const BYTES_MAX = 8;

export function varints(numbers: Iterable<number>): Uint8Array {
  let bytes = new Uint8Array(FIRST_CAPACITY);
  let at = 0;
  for (let number of numbers) {
    if (at + BYTES_MAX > bytes.length) bytes = grown(bytes);
    while (number >= 0x80) {
      bytes[at++] = number % 0x80 | 0x80;
      number = Math.floor(number / 0x80);
    }
    bytes[at++] = number;
  }
  return bytes.subarray(0, at);
}

export class VarintReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** What is cut off counts as 0. */
  next(): number {
    let [number, unit] = [0, 1];
    for (;;) {
      const byte = this.#bytes[this.#at++] ?? 0;
      number += (byte & 0x7f) * unit;
      if (byte < 0x80) return number;
      unit *= 0x80;
    }
  }
}

function grown(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(2 * bytes.length);
  larger.set(bytes);
  return larger;
}
