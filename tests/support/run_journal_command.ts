/** Runs a command of `deno task journal` in this process, and records what it writes. */

import { type Command, runCommand } from "../../src/cli/command.ts";
import { exportJob } from "../../src/cli/journal/export.ts";
import { importJob } from "../../src/cli/journal/import.ts";
import { permute } from "../../src/cli/journal/permute.ts";
import type { Terminal } from "../../src/cli/terminal.ts";

const COMMANDS: readonly Command[] = [exportJob, importJob, permute];

export interface CommandRun {
  readonly code: number;
  readonly out: readonly string[];
  readonly err: readonly string[];
}

/** @param isInteractive Whether a person is looking; without colour, in any case. */
export async function runJournal(
  args: readonly string[],
  isInteractive = false,
  env: Readonly<Record<string, string>> = {},
): Promise<CommandRun> {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal: Terminal = {
    isInteractive,
    columns: 80,
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
    style: (_style, text) => text,
    progress: () => {},
    progressEnd: () => {},
  };
  const sources = { program: "deno task journal", terminal, env: (name: string) => env[name] };
  return { code: await runCommand(COMMANDS, args, sources), out, err };
}
