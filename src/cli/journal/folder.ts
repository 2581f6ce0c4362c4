/** Finds the journal of a command, and reports why it cannot be read. */

import {
  JournalDamagedError,
  JournalLockedError,
  JournalUnusableError,
} from "../../journal/errors.ts";
import type { Permissions } from "../../settings/permission_advice.ts";
import { namesDatabase } from "../../postgres/place.ts";
import { CommandError, type CommandInput, type CommandOption, UsageError } from "../command.ts";

export const EXIT_UNREADABLE = 74;
export const EXIT_DAMAGED = 78;

const DEFAULT_FOLDER = "journal";

export const JOURNAL_OPTION: CommandOption = {
  name: "journal",
  value: "folder",
  help: "the folder of the journal; DAYBOOK_JOURNAL (default journal)",
};

/**
 * The folder named by the options or the environment, without a trailing slash.
 *
 * @throws {UsageError} if it is a database, as it may be for a server. Its address may contain a
 * password, so it is not repeated.
 */
export function journalFolder(input: CommandInput): string {
  const folder = input.text("journal") ?? input.env("DAYBOOK_JOURNAL") ?? DEFAULT_FOLDER;
  if (namesDatabase(folder)) {
    throw new UsageError(
      "--journal, or DAYBOOK_JOURNAL, must be a folder, and is a database: give the --folder of " +
        "the server, or one that deno task journal pull has filled",
    );
  }
  return folder.replace(/(?<=.)\/+$/, "") || DEFAULT_FOLDER;
}

/** Permissions of a command that reads the journal, and optionally writes into its folder. */
export function journalPermissions(input: CommandInput, writes = false): Permissions {
  const folder = input.text("journal") ?? (input.env("DAYBOOK_JOURNAL") || undefined);
  if (folder === undefined) return {};
  return { read: [folder], ...(writes ? { write: [folder] } : {}) };
}

/**
 * The folder, if this process may read it.
 *
 * @throws {CommandError} with the permission to add, if it may not.
 */
export function readableFolder(input: CommandInput): string {
  const folder = journalFolder(input);
  requirePermissions(folder, "read");
  return folder;
}

/**
 * @throws {CommandError} with the whole command to use, if a permission is missing.
 */
export function requirePermissions(path: string, ...names: readonly ("read" | "write")[]): void {
  if (names.every((name) => Deno.permissions.querySync({ name, path }).state === "granted")) return;
  const flags = names.map((name) => `--allow-${name}=${path}`).join(" ");
  const message = `cannot ${names.join(" and ")} ${path}: permission is missing, add ${flags}`;
  const missing = Object.fromEntries(names.map((name) => [name, [path]]));
  throw new CommandError(message, EXIT_UNREADABLE, missing);
}

/** Runs work on a journal; errors of the journal become command errors. */
export async function orExit<Result>(
  input: CommandInput,
  run: () => Promise<Result>,
): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof JournalLockedError) {
      throw new CommandError(`${error.message}; stop Daybook first`, error.exitCode);
    }
    if (error instanceof JournalDamagedError) {
      throw new CommandError(error.messageFor(journalFolder(input)), error.exitCode);
    }
    // A missing permission is one of those that the command needs anyway.
    throw error instanceof JournalUnusableError
      ? CommandError.by(error.cause, error.message, error.exitCode, {})
      : error;
  }
}
