/** Commands for people, against the real routes in the same process, on a clock that stands still. */

import { runCommand } from "../../src/cli/command.ts";
import { daybookCommands } from "../../src/cli/daybook_commands.ts";
import type { Surroundings } from "../../src/cli/surroundings.ts";
import type { Terminal } from "../../src/cli/terminal.ts";
import { Times } from "../../src/cli/times.ts";
import type { FakeClock } from "./fake_clock.ts";
import type { TestApp } from "./http_app.ts";

export interface ScreenOptions {
  /** Somebody is looking; else the output is piped. */
  readonly isInteractive?: boolean;
  readonly columns?: number;
  /** Styles are written as `<red:text>`; else they are left out, as with NO_COLOR. */
  readonly isStyled?: boolean;
}

/** A terminal that remembers what was written to it. */
export class FakeTerminal implements Terminal {
  readonly isInteractive: boolean;
  readonly columns: number;
  readonly output: string[] = [];
  readonly errors: string[] = [];
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

export interface CliOptions extends ScreenOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Files by name; `-` is the standard input. */
  readonly files?: Readonly<Record<string, string>>;
}

export interface CliResult {
  readonly code: number;
  readonly terminal: FakeTerminal;
}

/** A command that runs, and the terminal that it writes to meanwhile. */
export function startCli(
  { app, clock }: Pick<TestApp, "app" | "clock">,
  args: readonly string[],
  { env = {}, files = {}, ...screen }: CliOptions = {},
): { readonly terminal: FakeTerminal; readonly code: Promise<number> } {
  const terminal = new FakeTerminal(screen);
  const surroundings: Surroundings = {
    fetch: async (url, init) => await app.request(url, init),
    clock,
    times: new Times("UTC"),
    readFile: (path) => contentOf(files, path),
    readStandardInput: () => contentOf(files, "-"),
  };
  const code = runCommand(daybookCommands(surroundings), args, {
    program: "deno task",
    terminal,
    env: (name) => env[name],
  });
  return { terminal, code };
}

/** Runs a command, and meanwhile all that is ready to run without time passing. */
export async function runCli(
  app: Pick<TestApp, "app" | "clock">,
  args: readonly string[],
  options: CliOptions = {},
): Promise<CliResult> {
  const { terminal, code } = startCli(app, args, options);
  return { code: await settled(code, app.clock), terminal };
}

/** The result, once whatever leads to it has run. */
export async function settled<Value>(promise: Promise<Value>, clock: FakeClock): Promise<Value> {
  let isDone = false;
  const noted = promise.finally(() => isDone = true);
  noted.catch(() => {});
  while (!isDone) await clock.settle();
  return await noted;
}

function contentOf(
  files: Readonly<Record<string, string>>,
  path: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const text = files[path];
  if (text === undefined) return Promise.reject(new Deno.errors.NotFound(path));
  return Promise.resolve(new TextEncoder().encode(text));
}
