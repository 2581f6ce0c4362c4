/**
 * Verifies a journal for a command: judges it, saves the verdict, and returns the exit code. A copy
 * is made in a locked folder, and verified in the same way.
 */

import { EXIT } from "../../core/exit_codes.ts";
import { assertNever } from "../../core/assert_never.ts";
import { failureReason, orUnusable } from "../../journal/errors.ts";
import { isTemporary, type Layout } from "../../journal/layout.ts";
import type { AuditOptions } from "../../verify/audit.ts";
import type { ServedAudit } from "../../verify/served_audit.ts";
import { judge, type JudgedAudit, keepVerdict, type Verdict } from "../../verify/verdict.ts";
import type { CommandInput } from "../command.ts";
import { plainText } from "../plain_text.ts";
import type { Terminal } from "../terminal.ts";
import type { JournalTools } from "./folder.ts";
import type { FileSystem } from "../../journal/file_system.ts";
import { lockFolder, requireKind } from "../../journal/folder.ts";
import { makeNamedFolder, makeNamedFolders } from "../../journal/named_folder.ts";

/**
 * Verifies all of it, from the first line on.
 *
 * @param ask Asks the server to compare with, if there is one.
 * @param isServerNamed As in `judge`.
 */
export async function judged(
  input: CommandInput,
  tools: JournalTools,
  layout: Layout,
  ask = (): Promise<ServedAudit | undefined> => Promise.resolve(undefined),
  isServerNamed = false,
): Promise<JudgedAudit> {
  const options = { ...auditOptions(input, tools, layout), clock: tools.clock };
  return await judge(options, ask, isServerNamed);
}

export function auditOptions(
  { terminal }: CommandInput,
  { fileSystem, scratchIn }: JournalTools,
  layout: Layout,
): AuditOptions {
  return {
    ...{ fileSystem, layout },
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

/** Removes the temporary files of an interrupted copy. */
async function removeTemporaries(fileSystem: FileSystem, folder: string): Promise<void> {
  for (const name of await orUnusable("list", folder, () => fileSystem.list(folder))) {
    const path = `${folder}/${name}`;
    if (isTemporary(name)) await orUnusable("remove", path, () => fileSystem.remove(path));
  }
}

/** Verifies the whole copy from the first line, including parts that were copied earlier. */
export async function proved(
  input: CommandInput,
  tools: JournalTools,
  layout: Layout,
): Promise<JudgedAudit> {
  const proof = await judged(input, tools, layout);
  await keepOrWarn(tools, input, layout, proof);
  return proof;
}
