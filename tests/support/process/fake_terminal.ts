/** A terminal that records what is written to it. */

import type { Terminal } from "../../../src/cli/terminal.ts";

export interface ScreenOptions {
  /** Whether it is interactive; otherwise the output is piped. */
  readonly isInteractive?: boolean;
  readonly columns?: number;
  /** Whether styles are written as `<red:text>`; otherwise they are omitted, as with NO_COLOR. */
  readonly isStyled?: boolean;
}

export class FakeTerminal implements Terminal {
  readonly isInteractive: boolean;
  readonly columns: number;
  readonly output: string[] = [];
  readonly errors: string[] = [];
  /** Each progress shown: the label, and `done/total` if known. */
  readonly bars: string[] = [];
  readonly #isStyled: boolean;

  constructor({ isInteractive = true, columns = 100, isStyled = false }: ScreenOptions = {}) {
    this.isInteractive = isInteractive;
    this.columns = columns;
    this.#isStyled = isStyled;
  }

  readonly out = (line: string) => void this.output.push(line);
  readonly err = (line: string) => void this.errors.push(line);
  readonly style: Terminal["style"] = (style, text) => this.#isStyled ? `<${style}:${text}>` : text;

  readonly progress: Terminal["progress"] = (label, done, total) => {
    this.bars.push(total === 0 ? label : `${label} ${done}/${total}`);
  };

  progressEnd(): void {}

  get text(): string {
    return this.output.join("\n");
  }
}
