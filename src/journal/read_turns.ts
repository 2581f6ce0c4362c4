/**
 * Keeps reading back from having the event loop to itself: a line of a megabyte takes as long to
 * parse as a hundred requests, and many are there at once. All who read share the turns.
 */

/** Bytes of lines that are parsed before others have their turn, but for the last line. */
const TURN_BYTES_MAX = 256 * 1024;

export class ReadTurns {
  readonly #pause: () => Promise<void>;
  #bytes = 0;
  #pausing: Promise<void> | undefined;

  /** @param pause Resolves when others have had their turn. */
  constructor(pause: () => Promise<void>) {
    this.#pause = pause;
  }

  /** Resolves when it is the caller's turn for what takes as long as to parse so many bytes. */
  async take(bytes: number): Promise<void> {
    while (this.#bytes >= TURN_BYTES_MAX) await (this.#pausing ??= this.#next());
    this.#bytes += bytes;
  }

  async #next(): Promise<void> {
    await this.#pause();
    this.#bytes = 0;
    this.#pausing = undefined;
  }
}
