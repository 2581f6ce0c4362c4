/** What all programs do alike with their command lines, also with those that cannot be used. */

import { errorMessage } from "../core/thrown.ts";
import { nearestName } from "../explain/likeness/names.ts";

/** Without a first `--`: npm needs it before flags, and Deno passes it on. */
export function given(args: readonly string[]): string[] {
  return args.slice(args[0] === "--" ? 1 : 0);
}

/**
 * The parser's message, without its advice for rare cases.
 *
 * @param options The names of all options, without dashes.
 */
export function parsingFailure(error: unknown, options: readonly string[]): string {
  const message = errorMessage(error);
  const unknown = /^Unknown option '([^']+)'/.exec(message)?.[1];
  const empty = /^Option '(?:-\w, )?(--\S+) <value>' argument missing/.exec(message)?.[1];
  if (empty !== undefined) return `${empty} needs a value`;
  if (unknown === undefined) return message.replaceAll("\n", " ").replaceAll("'", "");
  const flags = options.map((name) => `--${name}`);
  return `there is no option ${unknown}${didYouMean(unknown, flags)}`;
}

/** Of few names, one is likely to be meant if it is half right: `prot` is two edits from `port`. */
const LETTERS_OF_EDIT = 2;

/** The end of a message about an unknown command or option. */
export function didYouMean(name: string, candidates: readonly string[]): string {
  const meant = nearestName(name, candidates, LETTERS_OF_EDIT);
  return meant === undefined ? "" : `; did you mean ${meant}?`;
}

/** A problem with a command line, and the command that describes what it may be. */
export function withHelp(problem: string, help: string): string {
  return `${problem}${problem.endsWith("?") ? "" : ";"} see ${help}`;
}
