/** The flag that names a journal in commands that are suggested. */

import { shellWord } from "../core/shell_word.ts";

const DEFAULT_FOLDER = "journal";

/** ` --journal /data/j`, or nothing where commands mean this one anyway. */
export function journalFlag(folder: string): string {
  return folder === DEFAULT_FOLDER ? "" : ` --journal ${shellWord(folder)}`;
}
