/** A session in the simulated database. */

export class ServerSession {
  readonly #over = Promise.withResolvers<void>();
  #tail: Promise<unknown> = Promise.resolve();
  isOver = false;
  isListening = false;

  /** @param lost Called when the database ends the session. */
  constructor(
    readonly owner: number,
    readonly lost: () => void,
    readonly notified: (message: string) => void,
  ) {}

  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** Runs statements one after the other. */
  inTurn<Result>(run: () => Result | Promise<Result>): Promise<Result> {
    const done = this.#tail.then(run);
    this.#tail = done.catch(() => {});
    return done;
  }

  end(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#over.resolve();
    this.lost();
  }
}
