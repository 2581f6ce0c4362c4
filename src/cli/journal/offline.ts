/** What commands have in common that read the files of a journal themselves. */

import {
  JournalDamagedError,
  JournalLockedError,
  JournalUnusableError,
} from "../../journal/errors.ts";
import { CommandError, type CommandInput, type CommandOption } from "../command.ts";

/** Something cannot be read or written. */
export const EXIT_UNUSABLE = 74;
export const EXIT_DAMAGED = 78;

const DEFAULT_FOLDER = "journal";

export const JOURNAL_OPTION: CommandOption = {
  name: "journal",
  value: "folder",
  help: `the journal; DAYBOOK_JOURNAL, or ${DEFAULT_FOLDER}`,
};

export function journalFolder(input: CommandInput): string {
  const folder = input.text("journal") ?? input.env("DAYBOOK_JOURNAL") ?? DEFAULT_FOLDER;
  return folder.replace(/(?<=.)\/+$/, "") || DEFAULT_FOLDER;
}

/**
 * The folder, when this process may read it.
 *
 * @throws {CommandError} naming the permission to add, when it may not.
 */
export function readableFolder(input: CommandInput): string {
  const folder = journalFolder(input);
  requirePermission("read", folder);
  return folder;
}

/** @throws {CommandError} naming the permission to add, when the process lacks it. */
export function requirePermission(name: "read" | "write", path: string, hint = ""): void {
  if (Deno.permissions.querySync({ name, path }).state === "granted") return;
  throw new CommandError(
    `cannot ${name} ${path}: permission is missing, add --allow-${name}=${path}${hint}`,
    EXIT_UNUSABLE,
  );
}

/** Runs work on a journal; what is wrong with the journal ends the command with its code. */
export async function withJournalErrors<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof JournalLockedError) {
      throw new CommandError(`${error.message}; stop Daybook first`, error.exitCode);
    }
    const isKnown = error instanceof JournalDamagedError || error instanceof JournalUnusableError;
    if (isKnown) throw new CommandError(error.message, error.exitCode);
    throw error;
  }
}
