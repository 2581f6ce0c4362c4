/** A stand-in for the pool of threads, with the same rule: a call has one from its start to `letGo`. */

import type { CodeCall, CodePlace, CodeRequest } from "../../../src/engine/run/call/run_call.ts";

export class FewThreads implements CodePlace {
  #free: number;
  /** Oldest first. */
  #waiting: (() => void)[] = [];

  constructor(max: number) {
    this.#free = max;
  }

  call({ definition, ctx, input, host }: CodeRequest): CodeCall {
    let thread: "awaited" | "taken" | "returned" = "awaited";
    const taken = Promise.withResolvers<void>();
    const take = () => {
      thread = "taken";
      taken.resolve();
    };
    this.#waiting.push(take);
    this.#serve();
    const output = taken.promise.then(() => {
      queueMicrotask(() => host.reacted());
      return definition.run(ctx, input);
    });
    return {
      output,
      get isReacting() {
        return thread === "awaited";
      },
      isLost: false,
      letGo: () => {
        this.#waiting = this.#waiting.filter((waiting) => waiting !== take);
        if (thread === "taken") this.#free++;
        thread = "returned";
        this.#serve();
      },
    };
  }

  #serve(): void {
    const take = this.#free > 0 ? this.#waiting.shift() : undefined;
    if (take === undefined) return;
    this.#free--;
    take();
  }
}
