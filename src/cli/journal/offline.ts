/** What commands have in common that read the files of a journal themselves. */

import {
  JournalDamagedError,
  JournalLockedError,
  JournalUnusableError,
} from "../../journal/errors.ts";
import { CommandError, type CommandInput, type CommandOption } from "../command.ts";

/** Something cannot be read or written. */
export const EXIT_UNUSABLE = 74;

const DEFAULT_FOLDER = "journal";

export const JOURNAL_OPTION: CommandOption = {
  name: "journal",
  value: "folder",
  help: `the journal; DAYBOOK_JOURNAL, or ${DEFAULT_FOLDER}`,
};

export function journalFolder(input: CommandInput): string {
  return input.text("journal") ?? input.env("DAYBOOK_JOURNAL") ?? DEFAULT_FOLDER;
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
