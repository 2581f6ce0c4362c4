/**
 * Keeps spare descriptors open, so that the journal has some when clients have taken all others. A
 * spare is closed and its slot reused in the same turn of the event loop, so nothing else can take
 * it.
 */

import { isOutOfDescriptors } from "../../core/thrown.ts";

/**
 * Starting a segment needs two at once, a snapshot and a sidecar one each; the rest is for readers.
 */
const SPARES = 8;
/** Readers leave this many to writers. */
const LEFT_TO_WRITERS = 4;

export class SpareDescriptors {
  /** `undefined` before anything is kept. */
  #path: string | undefined;
  readonly #spares: Deno.FsFile[] = [];

  /** @param path A readable file or folder on which the spares are opened. */
  keep(path: string): void {
    this.#path = path;
    this.refill();
  }

  /** Reopens used spares as far as possible. Call after closing a descriptor. */
  refill(): void {
    while (this.#path !== undefined && this.#spares.length < SPARES) {
      try {
        this.#spares.push(Deno.openSync(this.#path, { read: true }));
      } catch {
        return; // Retried later. On systems that cannot open folders, there are no spares.
      }
    }
  }

  /** Closes all spares: the journal is closed, and this process may continue without it. */
  releaseAll(): void {
    this.#path = undefined;
    for (const spare of this.#spares.splice(0)) spare.close();
  }

  /**
   * Retries an operation that failed for lack of a descriptor, after closing a spare.
   *
   * @throws What `open` throws, or `failure` if no spare is left for this purpose.
   */
  use<Opened>(purpose: "read" | "write", failure: unknown, open: () => Opened): Opened {
    if (!isOutOfDescriptors(failure)) throw failure;
    const left = purpose === "read" ? LEFT_TO_WRITERS : 0;
    while (this.#spares.length > left) {
      this.#spares.pop()?.close();
      try {
        return open();
      } catch (error) {
        if (!isOutOfDescriptors(error)) throw error;
      }
    }
    throw failure;
  }
}
