/**
 * Variable-length integers (LEB128) from 0 to 2^53 - 1: seven bits per byte, lowest first, with the
 * highest bit set on all but the last byte.
 */

const FIRST_CAPACITY = 64;
/** The length of the largest number. */
const BYTES_MAX = 8;
/** Below it, bit operations are exact, and faster than division. */
const BITWISE_MAX = 2 ** 31;

export class VarintWriter {
  #bytes = new Uint8Array(FIRST_CAPACITY);
  #length = 0;

  /** Continues after numbers that are written already. */
  static of(bytes: Uint8Array): VarintWriter {
    const writer = new VarintWriter();
    writer.#bytes = bytes.slice();
    writer.#length = bytes.length;
    return writer;
  }

  add(number: number): void {
    if (this.#length + BYTES_MAX > this.#bytes.length) this.#grow();
    const bytes = this.#bytes;
    let [rest, at] = [number, this.#length];
    for (; rest >= BITWISE_MAX; rest = Math.floor(rest / 0x80)) bytes[at++] = rest % 0x80 | 0x80;
    for (; rest >= 0x80; rest >>>= 7) bytes[at++] = rest & 0x7f | 0x80;
    bytes[at++] = rest;
    this.#length = at;
  }

  get length(): number {
    return this.#length;
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #grow(): void {
    const before = this.#bytes;
    this.#bytes = new Uint8Array(Math.max(FIRST_CAPACITY, 2 * before.length));
    this.#bytes.set(before);
  }
}

export class VarintReader {
  #at: number;

  /** @param at The offset of the first number. */
  constructor(private readonly bytes: Uint8Array, at = 0) {
    this.#at = at;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.bytes.length;
  }

  /** Of the next number. */
  get offset(): number {
    return this.#at;
  }

  /** The missing bytes of a truncated number count as 0. */
  next(): number {
    let [number, unit] = [0, 1];
    for (;;) {
      const byte = this.bytes[this.#at++] ?? 0;
      number += (byte & 0x7f) * unit;
      if (byte < 0x80) return number;
      unit *= 0x80;
    }
  }
}
