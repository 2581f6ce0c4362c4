/** The target folder of a copy: locked during the copy, which is then verified. */

import { orUnusable } from "../../journal/errors.ts";
import type { FileSystem } from "../../journal/file_system.ts";
import { lockFolder, requireKind } from "../../journal/folder.ts";
import { isTemporary, type Layout } from "../../journal/layout.ts";
import { makeNamedFolder, makeNamedFolders } from "../../journal/named_folder.ts";
import type { JudgedAudit } from "../../verify/verdict.ts";
import type { CommandInput } from "../command.ts";
import { judged, keepOrWarn } from "./concluded.ts";
import type { JournalTools } from "./tools.ts";

/**
 * Creates and locks the folder, then runs the copy.
 *
 * @param check May refuse the folder, before anything but the lock is created in it.
 * @throws {JournalLockedError} if another process copies there, or has the folder open as a
 * journal.
 */
export async function withTarget<Result>(
  { terminal }: CommandInput,
  { fileSystem }: JournalTools,
  layout: Layout,
  run: () => Promise<Result>,
  check: () => Promise<void> = () => Promise.resolve(),
): Promise<Result> {
  const warn = (message: string) => terminal.err(`daybook: ${message}`);
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
