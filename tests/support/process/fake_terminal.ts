/** A terminal that remembers what was written to it. */

import type { Terminal } from "../../../src/cli/terminal.ts";

export interface ScreenOptions {
  /** Somebody is looking; else the output is piped. */
  readonly isInteractive?: boolean;
  readonly columns?: number;
  /** Styles are written as `<red:text>`; else they are left out, as with NO_COLOR. */
  readonly isStyled?: boolean;
}

export class FakeTerminal implements Terminal {
  readonly isInteractive: boolean;
  readonly columns: number;
  readonly output: string[] = [];
  readonly errors: string[] = [];
  /** Each progress that was shown: the label, and `done/total` where that is known. */
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
