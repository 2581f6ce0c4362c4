/** The signals that ask a process to end. */

const EXIT_INTERRUPTED = 130;

export class Interrupts {
  #controller: AbortController | undefined;

  /** @param before What is put in order before Ctrl-C ends the process. */
  constructor(before: () => void) {
    Deno.addSignalListener("SIGINT", () => {
      if (this.#controller !== undefined) return this.#controller.abort();
      before();
      Deno.exit(EXIT_INTERRUPTED);
    });
  }

  /** From the first call on, a signal no longer ends the process by itself. */
  readonly signal = (): AbortSignal => {
    this.#controller ??= this.#listening();
    return this.#controller.signal;
  };

  #listening(): AbortController {
    const controller = new AbortController();
    Deno.addSignalListener("SIGTERM", () => controller.abort());
    return controller;
  }
}
