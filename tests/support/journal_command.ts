/** The commands on a journal, run in this process, on a disk in memory. */

import { runCommand } from "../../src/cli/command.ts";
import { catCommand } from "../../src/cli/journal/cat.ts";
import { headCommand } from "../../src/cli/journal/head.ts";
import { repairCommand } from "../../src/cli/journal/repair.ts";
import { verifyCommand } from "../../src/cli/journal/verify.ts";
import type { JournalTools } from "../../src/cli/journal/tools.ts";
import type { Terminal } from "../../src/cli/terminal.ts";
import type { FileSystem } from "../../src/journal/file_system.ts";
import { FakeClock } from "./fake_clock.ts";
import { furtherIds } from "./journal_of_jobs.ts";

/** What a command said, as a person at a terminal sees it, but for colours. */
export interface Said {
  readonly code: number;
  readonly out: readonly string[];
  readonly err: readonly string[];
  /** What was written as it is. */
  readonly written: string;
}

export interface CommandSetting {
  readonly env?: Readonly<Record<string, string>>;
  readonly isInteractive?: boolean;
  readonly tools?: Partial<JournalTools>;
}

export async function journalCommand(
  fileSystem: FileSystem,
  args: readonly string[],
  { env = {}, isInteractive = true, tools = {} }: CommandSetting = {},
): Promise<Said> {
  const [out, err, written]: [string[], string[], Uint8Array[]] = [[], [], []];
  const all: JournalTools = {
    fileSystem,
    clock: new FakeClock(),
    random: furtherIds,
    interrupted: () => new AbortController().signal,
    write: (bytes) => written.push(bytes.slice()) > 0,
    ...tools,
  };
  const commands = [verifyCommand(all), headCommand(all), catCommand(all), repairCommand(all)];
  const code = await runCommand(commands, args, {
    program: "deno task journal",
    terminal: terminalOf(out, err, isInteractive),
    env: (name) => env[name],
  });
  return { code, out, err, written: textOf(written) };
}

function terminalOf(out: string[], err: string[], isInteractive: boolean): Terminal {
  return {
    isInteractive,
    columns: 100,
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    style: (_style, text) => text,
    progress: () => {},
    progressEnd: () => {},
  };
}

function textOf(parts: readonly Uint8Array[]): string {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  return parts.map((part) => decoder.decode(part, { stream: true })).join("") + decoder.decode();
}
