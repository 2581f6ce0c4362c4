/** Commands on the files of a journal: where it is, and why it cannot be read. */

import { EXIT } from "../../core/exit_codes.ts";
import {
  JournalDamagedError,
  JournalLockedError,
  JournalUnusableError,
} from "../../journal/errors.ts";
import type { Permissions } from "../../core/permissions.ts";
import { namesDatabase } from "../../postgres/place.ts";
import {
  type Command,
  CommandError,
  type CommandInput,
  type CommandOption,
  FORM_OPTIONS,
  UsageError,
} from "../command.ts";
import type { AnyJobDefinition } from "../../engine/definition.ts";
import type { Clock, Random } from "../../engine/ports.ts";
import type { FileSystem } from "../../journal/files/file_system.ts";
import { DEFAULT_FOLDER, type Layout } from "../../journal/layout.ts";
import type { Scratch } from "../../verify/audit.ts";
import { journalOption } from "../server_address.ts";
import type { Times } from "../times.ts";

/** The parts of the system that commands on a journal use; the real ones come from `journal.ts`. */
export interface JournalTools {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
  readonly times: Times;
  /** Aborts when the user interrupts the command, or the reader of its output has exited. */
  interrupted(): AbortSignal;
  /** As in `AuditOptions`; in a file beside the segments. */
  scratchIn?(layout: Layout): Scratch;
  /** Writes bytes to standard output unchanged; `false` once its reader has exited. */
  write(bytes: Uint8Array): boolean;
  /**
   * The shipped definitions, and those of a module. From then on, user code runs in this process.
   *
   * @throws {TypeError} or an error from the module.
   */
  definitions(module: string | undefined): Promise<readonly AnyJobDefinition[]>;
}

/** The option for the journal, and the permissions for its folder, are added to its own. */
export interface JournalCommand extends Omit<Command, "run"> {
  /** Whether it needs the permission to write into the folder of the journal. */
  readonly writes?: boolean;
  /** Whether its output is a file, which has only one form. */
  readonly givesFile?: boolean;
  run(input: CommandInput, tools: JournalTools): ReturnType<Command["run"]>;
}

export function onJournal(command: JournalCommand, tools: JournalTools): Command {
  const { writes = false, givesFile = false, options, permissions, run, ...rest } = command;
  return {
    ...rest,
    options: [JOURNAL_OPTION, ...options, ...givesFile ? [] : FORM_OPTIONS.json],
    permissions: (input) => [journalPermissions(input, writes), ...permissions?.(input) ?? []],
    async run(input) {
      try {
        return await run(input, tools);
      } catch (error) {
        throw asCommandError(error, input);
      }
    },
  };
}

const JOURNAL_OPTION: CommandOption = {
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
  const folder = journalOption(input) ?? DEFAULT_FOLDER;
  if (namesDatabase(folder)) {
    throw new UsageError(
      "--journal, or DAYBOOK_JOURNAL, must be a folder, and is a database: give the --folder of " +
        "the server, or one that deno task journal pull has filled",
    );
  }
  return folder.replace(/(?<=.)\/+$/, "") || DEFAULT_FOLDER;
}

/** Permissions of a command that reads the journal, and optionally writes into its folder. */
function journalPermissions(input: CommandInput, writes: boolean): Permissions {
  const folder = journalOption(input);
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

/** @throws {CommandError} with the whole command to use, if a permission is missing. */
export function requirePermissions(path: string, ...names: readonly ("read" | "write")[]): void {
  if (names.every((name) => Deno.permissions.querySync({ name, path }).state === "granted")) return;
  const missing = Object.fromEntries(names.map((name) => [name, [path]]));
  throw CommandError.lacking(`cannot ${names.join(" and ")} ${path}`, EXIT.unreadable, missing);
}

/** An error of the journal as that of a command; any other as it is. */
function asCommandError(error: unknown, input: CommandInput): unknown {
  if (error instanceof JournalLockedError) {
    return new CommandError(`${error.message}; stop Daybook first`, error.exitCode);
  }
  if (error instanceof JournalDamagedError) {
    return new CommandError(error.messageFor(journalFolder(input)), error.exitCode);
  }
  // A missing permission is one of those that the command needs anyway.
  return error instanceof JournalUnusableError
    ? CommandError.by(error.cause, error.message, error.exitCode, {})
    : error;
}
