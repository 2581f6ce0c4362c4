/**
 * A body that is read as it comes. All of it is in one buffer, so that it takes the memory that
 * it has bytes, however small the pieces are; and a body that is given up gives it back at once,
 * without waiting for the garbage collector.
 */

/** The least that is asked for when the buffer has to grow. */
const GROWTH_BYTES = 4 * 1024;

export class StreamedBody {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #came: (bytes: number) => void;
  #buffer = new ArrayBuffer(0);
  #length = 0;
  #isGivenUp = false;

  /**
   * @param came Told how much there is with every piece, before that is kept. What it throws
   * ends the reading.
   */
  constructor(body: ReadableStream<Uint8Array>, came: (bytes: number) => void) {
    this.#reader = body.getReader();
    this.#came = came;
  }

  /** All of it; means nothing once it was given up. */
  async whole(): Promise<Uint8Array<ArrayBuffer>> {
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done || this.#isGivenUp) return new Uint8Array(this.#buffer, 0, this.#length);
      this.#came(this.#length + value.length);
      this.#append(value);
    }
  }

  /** Reads no more of it; what the client sends from now on is dropped where it arrives. */
  giveUp(): void {
    this.#isGivenUp = true;
    this.#buffer.transfer(0);
    this.#buffer = new ArrayBuffer(0);
    this.#length = 0;
    this.#reader.cancel().catch(() => {}); // It has broken off by itself.
  }

  #append(bytes: Uint8Array): void {
    const needed = this.#length + bytes.length;
    if (needed > this.#buffer.byteLength) {
      this.#buffer = this.#buffer.transfer(Math.max(needed, 2 * this.#length, GROWTH_BYTES));
    }
    new Uint8Array(this.#buffer).set(bytes, this.#length);
    this.#length = needed;
  }
}
