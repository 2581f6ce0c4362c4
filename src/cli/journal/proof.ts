/**
 * Verifies a journal for a command: judges it, saves the verdict, and returns the exit code. A copy
 * is made in a locked folder, and verified in the same way.
 */

import { EXIT } from "../../core/exit_codes.ts";
import { assertNever } from "../../core/assert_never.ts";
import { failureReason, orUnusable } from "../../journal/errors.ts";
import { isTemporary, type Layout } from "../../journal/layout.ts";
import {
  judge,
  type JudgedAudit,
  type JudgeOptions,
  keepVerdict,
  type Verdict,
} from "../../verify/verdict.ts";
import type { CommandInput } from "../command.ts";
import { plainText, type Terminal } from "../terminal.ts";
import type { JournalTools } from "./folder.ts";
import type { FileSystem } from "../../journal/files/file_system.ts";
import { lockFolder, requireKind } from "../../journal/files/folder.ts";
import { makeNamedFolder, makeNamedFolders } from "../../journal/files/named_folder.ts";

/** What an audit and its verdict need. */
export function judgeOptions(
  { terminal }: CommandInput,
  { fileSystem, clock, scratchIn }: JournalTools,
  layout: Layout,
): JudgeOptions {
  return {
    ...{ fileSystem, clock, layout },
    ...scratchIn && { scratch: () => scratchIn(layout) },
    progress: (done, total) => terminal.progress("verifying", done, total),
  };
}

/** The verdict in its colour. */
export function verdictText({ style }: Terminal, { kind, line }: Verdict): string {
  return style(kind === "intact" ? "green" : "red", plainText(line));
}

/** If the verdict cannot be saved, that is only a warning. */
export async function keepOrWarn(
  { fileSystem, clock }: JournalTools,
  { warn, advised }: CommandInput,
  layout: Layout,
  judged: JudgedAudit,
): Promise<void> {
  try {
    await keepVerdict({ fileSystem, layout, clock }, judged);
  } catch (error) {
    const message = `the verdict could not be saved: ${failureReason(error, layout.folder)}`;
    const isForbidden = error instanceof Deno.errors.NotCapable;
    warn(isForbidden ? advised(message) : message);
  }
}

export function verdictExitCode({ kind }: Verdict): number {
  switch (kind) {
    case "intact":
      return EXIT.ok;
    case "differs":
      return EXIT.negative;
    case "newer":
      return EXIT.otherJournal;
    case "damaged":
    case "unusable":
      return EXIT.damaged;
    default:
      return assertNever(kind, "verdict");
  }
}

/**
 * Creates and locks the folder, then runs the copy.
 *
 * @param check May refuse the folder, before anything but the lock is created in it.
 * @throws {JournalLockedError} if another process copies there, or has the folder open as a
 * journal.
 */
export async function withTarget<Result>(
  { warn }: CommandInput,
  { fileSystem }: JournalTools,
  layout: Layout,
  run: () => Promise<Result>,
  check: () => Promise<void> = () => Promise.resolve(),
): Promise<Result> {
  await makeNamedFolders(fileSystem, layout.folder, warn);
  const lock = await lockFolder(fileSystem, layout);
  try {
    await check();
    await requireKind(fileSystem, layout.segments, ["folder", "missing"]);
    await makeNamedFolder(fileSystem, layout.segments, warn);
    await removeTemporaries(fileSystem, layout.segments);
    return await run();
  } finally {
    lock.release();
  }
}

async function removeTemporaries(fileSystem: FileSystem, folder: string): Promise<void> {
  for (const name of await orUnusable("list", folder, () => fileSystem.list(folder))) {
    const path = `${folder}/${name}`;
    if (isTemporary(name)) await orUnusable("remove", path, () => fileSystem.remove(path));
  }
}

/**
 * Verifies all of it, and saves the verdict. A copy is verified from its first line, including parts
 * that were copied earlier.
 */
export async function proved(
  input: CommandInput,
  tools: JournalTools,
  layout: Layout,
): Promise<JudgedAudit> {
  const proof = await judge(judgeOptions(input, tools, layout));
  await keepOrWarn(tools, input, layout, proof);
  return proof;
}
