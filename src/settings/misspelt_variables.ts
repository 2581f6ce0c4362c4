/** Finds environment variables that are nearly named like a setting, and would be ignored. */

import { environmentName, SETTING_LIST } from "./settings.ts";

const PREFIX = "DAYBOOK_";

const KNOWN: readonly string[] = [
  ...SETTING_LIST.map(([, { flag }]) => environmentName(flag)),
  ...["DAYBOOK_TOKEN", "DAYBOOK_SECRET_KEY", "DAYBOOK_WEBHOOK_SECRET", "DAYBOOK_URL"],
];

/**
 * A warning for each such variable that is set. The permission for `DAYBOOK_*` does not let a
 * process list its environment, so the names of the usual slips are looked up.
 */
export function misspeltVariables(env: (name: string) => string | undefined): readonly string[] {
  const found = new Map<string, string>();
  for (const known of KNOWN) {
    for (const name of slipsOf(known.slice(PREFIX.length))) {
      if (env(PREFIX + name) !== undefined) found.set(PREFIX + name, known);
    }
  }
  for (const known of KNOWN) found.delete(known);
  return [...found].map(([name, known]) => `${name} is not a setting; did you mean ${known}?`);
}

/** A letter or `_` left out, doubled or swapped with the next; a `_` too many; the plural. */
function* slipsOf(name: string): Generator<string> {
  yield `${name}S`;
  for (let at = 0; at < name.length; at++) {
    const [before, letter, after] = [name.slice(0, at), name.charAt(at), name.slice(at + 1)];
    yield before + after;
    yield before + letter + letter + after;
    yield before + after.charAt(0) + letter + after.slice(1);
    yield `${before}_${letter}${after}`;
  }
}
