/** What happened in a simulated world, in lines for people; written only when it is asked for. */

export class Trace {
  readonly lines: string[] = [];
  readonly #isKept: boolean;
  /** Milliseconds since the world began. */
  now: () => number = () => 0;

  constructor(isKept: boolean) {
    this.#isKept = isKept;
  }

  /** Many lines are never wanted: they are only put together when they are. */
  note(line: () => string): void {
    if (this.#isKept) this.lines.push(`${this.now().toFixed(1).padStart(10)} ms  ${line()}`);
  }
}
