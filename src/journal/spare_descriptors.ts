/**
 * Spare descriptors, kept open so that one is left when clients have taken all others. A spare is
 * closed and its slot reused in the same turn of the loop, so nothing else can take it.
 */

import { isOutOfDescriptors } from "../engine/descriptors.ts";

/** A roll needs two at once, a snapshot and a sidecar one each; the rest is for readers. */
const SPARES = 8;
/** Readers leave this many to writers. */
const LEFT_TO_WRITERS = 4;

export class SpareDescriptors {
  /** `undefined` before anything is kept. */
  #path: string | undefined;
  readonly #spares: Deno.FsFile[] = [];

  /** @param path What they are opened on: a file or folder that is there and may be read. */
  keep(path: string): void {
    this.#path = path;
    this.refill();
  }

  /** Opens again what was given up, as far as it can. For who has just closed something. */
  refill(): void {
    while (this.#path !== undefined && this.#spares.length < SPARES) {
      try {
        this.#spares.push(Deno.openSync(this.#path, { read: true }));
      } catch {
        return; // There will be another chance; and where folders cannot be opened, none.
      }
    }
  }

  /** Keeps none from now on: the journal is closed, and this process may continue without it. */
  letGo(): void {
    this.#path = undefined;
    for (const spare of this.#spares.splice(0)) spare.close();
  }

  /**
   * Does what failed for want of a descriptor, with a spare in its place.
   *
   * @throws what `open` throws, or `failure` when there is no spare for it.
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
