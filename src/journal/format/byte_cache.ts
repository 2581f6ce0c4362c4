/** A cache of recently read values, keyed by their bytes. */

/** The most bytes of a key in a cache. */
const KEY_BYTES_MAX = 64;
const SLOTS = 1024;

export class ByteCache<Value> {
  readonly #keys = new Uint8Array(SLOTS * KEY_BYTES_MAX);
  readonly #lengths = new Uint8Array(SLOTS);
  readonly #values: (Value | undefined)[] = Array(SLOTS).fill(undefined);

  at(bytes: Uint8Array, start: number, end: number): Value | undefined {
    const slot = slotFor(bytes, start, end);
    if (this.#lengths[slot] !== end - start) return undefined;
    const key = slot * KEY_BYTES_MAX - start;
    // From the end: the ids of jobs created at the same time begin alike.
    for (let index = end - 1; index >= start; index--) {
      if (bytes[index] !== this.#keys[key + index]) return undefined;
    }
    return this.#values[slot];
  }

  note(bytes: Uint8Array, start: number, end: number, value: Value): Value {
    if (end - start > KEY_BYTES_MAX) return value;
    const slot = slotFor(bytes, start, end);
    const key = slot * KEY_BYTES_MAX - start;
    for (let index = start; index < end; index++) this.#keys[key + index] = bytes[index] ?? 0;
    this.#lengths[slot] = end - start;
    return this.#values[slot] = value;
  }
}

/** Event types differ in the middle, names of tasks and ids of jobs at the end. */
function slotFor(bytes: Uint8Array, start: number, end: number): number {
  const [middle, last, before] = [bytes[start + end >> 1], bytes[end - 1], bytes[end - 2]];
  return (61 * (middle ?? 0) + 31 * (last ?? 0) + (before ?? 0) + 7 * (end - start)) % SLOTS;
}
