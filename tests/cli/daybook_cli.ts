/** Commands against the real routes in the same process, on a manual clock. */

import { runCommand } from "../../src/cli/command.ts";
import { daybookCommands } from "../../src/cli/daybook.ts";
import type { Surroundings } from "../../src/cli/server_call.ts";
import { Times } from "../../src/cli/times.ts";
import type { FakeClock } from "../support/fake_clock.ts";
import { FakeTerminal, type ScreenOptions } from "../support/process/fake_terminal.ts";
import type { TestApp } from "../support/http/http_app.ts";

type Files = Readonly<Record<string, string | Uint8Array<ArrayBuffer>>>;

export interface CliOptions extends ScreenOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Files by name; `-` is the standard input. */
  readonly files?: Files;
}

export interface CliResult {
  readonly code: number;
  readonly terminal: FakeTerminal;
}

/** A running command, and its terminal. */
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
    setInterruptMessage: () => {},
    readFile: (path) => contentOf(files, path),
    readStandardInput: () => contentOf(files, "-"),
  };
  const code = runCommand(daybookCommands(surroundings), args, {
    program: "deno task daybook",
    terminal,
    env: (name) => env[name],
  });
  return { terminal, code };
}

/** Runs a command, and everything that can run without time passing. */
export async function runCli(
  app: Pick<TestApp, "app" | "clock">,
  args: readonly string[],
  options: CliOptions = {},
): Promise<CliResult> {
  const { terminal, code } = startCli(app, args, options);
  return { code: await settled(code, app.clock), terminal };
}

/** Waits for the result while everything runs that is ready. */
export async function settled<Value>(promise: Promise<Value>, clock: FakeClock): Promise<Value> {
  let isDone = false;
  const noted = promise.finally(() => isDone = true);
  noted.catch(() => {});
  while (!isDone) await clock.settle();
  return await noted;
}

function contentOf(files: Files, path: string): Promise<Uint8Array<ArrayBuffer>> {
  const content = files[path];
  if (content === undefined) return Promise.reject(new Deno.errors.NotFound(path));
  return Promise.resolve(
    typeof content === "string" ? new TextEncoder().encode(content) : content,
  );
}
