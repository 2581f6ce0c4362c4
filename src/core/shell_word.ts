/** Formats words of a command line, for people to copy. */

/** What every shell takes literally. */
const PLAIN = /^[\w@%+=:,./-][\w@%+=:,./~-]*$/;

/** The text as one word of a POSIX shell: as it is, or in single quotes. */
export function shellWord(text: string): string {
  return PLAIN.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
