/** The commands of `deno task journal`, run in this process. */

import { runCommand } from "../../../src/cli/command.ts";
import type { JournalTools } from "../../../src/cli/journal/folder.ts";
import { journalCommands } from "../../../src/cli/journal.ts";
import { Times } from "../../../src/cli/times.ts";
import { DenoFileSystem } from "../../../src/journal/files/deno_file_system.ts";
import type { FileSystem } from "../../../src/journal/files/file_system.ts";
import { FakeClock } from "../fake_clock.ts";
import { FakeTerminal, type ScreenOptions } from "./fake_terminal.ts";
import { furtherIds } from "../journal/journal_of_jobs.ts";

/** The output and the exit code of a command. */
export interface Said {
  readonly code: number;
  readonly out: readonly string[];
  readonly err: readonly string[];
  /** Raw output. */
  readonly written: string;
}

export interface CommandSetting extends ScreenOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly tools?: Partial<JournalTools>;
}

export async function journalCommand(
  fileSystem: FileSystem,
  args: readonly string[],
  { env = {}, tools = {}, ...screen }: CommandSetting = {},
): Promise<Said> {
  const written: Uint8Array[] = [];
  const terminal = new FakeTerminal(screen);
  const commands = journalCommands({
    fileSystem,
    clock: new FakeClock(),
    random: furtherIds,
    times: new Times("UTC"),
    interrupted: () => new AbortController().signal,
    write: (bytes) => written.push(bytes.slice()) > 0,
    definitions: () => Promise.resolve([]),
    ...tools,
  });
  const sources = { program: "deno task journal", terminal, env: (name: string) => env[name] };
  const code = await runCommand(commands, args, sources);
  return { code, out: terminal.output, err: terminal.errors, written: textOf(written) };
}

/** The same with a journal in a real folder, named in the arguments; piped by default. */
export function runJournal(
  args: readonly string[],
  setting: CommandSetting = {},
): Promise<Said> {
  return journalCommand(new DenoFileSystem(), args, { isInteractive: false, ...setting });
}

function textOf(parts: readonly Uint8Array[]): string {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  return parts.map((part) => decoder.decode(part, { stream: true })).join("") + decoder.decode();
}
