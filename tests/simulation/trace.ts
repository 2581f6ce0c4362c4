/** What happened in a simulated world, in readable lines; written only on request. */

export class Trace {
  readonly lines: string[] = [];
  readonly #isKept: boolean;
  /** Milliseconds since the world began. */
  now: () => number = () => 0;

  constructor(isKept: boolean) {
    this.#isKept = isKept;
  }

  /** Many lines are never needed, so they are formatted on demand. */
  note(line: () => string): void {
    if (this.#isKept) this.lines.push(`${this.now().toFixed(1).padStart(10)} ms  ${line()}`);
  }
}
