/** One thing at a time for each key, in the order asked; different keys side by side. */

export class Lanes {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** Runs `work` when everything asked before for the same key has ended. */
  run<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#tails.get(key);
    const result = before === undefined ? work() : before.then(work, work);
    const tail: Promise<unknown> = result.then(noop, noop).then(() => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    });
    this.#tails.set(key, tail);
    return result;
  }
}

function noop(): void {}
