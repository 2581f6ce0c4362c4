/** A terminal that keeps what is written to it. */

import type { Terminal } from "../../src/cli/terminal.ts";

export class CapturedTerminal implements Terminal {
  readonly columns = 100;
  readonly lines: string[] = [];
  readonly errors: string[] = [];
  /** Labels of progress bars, with the last share shown of each. */
  readonly shown = new Map<string, number>();

  constructor(readonly isInteractive: boolean) {}

  out(line: string): void {
    this.lines.push(line);
  }

  err(line: string): void {
    this.errors.push(line);
  }

  style(_style: unknown, text: string): string {
    return text;
  }

  progress(label: string, done: number, total: number): void {
    this.shown.set(label, total === 0 ? 0 : done / total);
  }

  progressEnd(): void {}
}
