/**
 * How many values, containers and names a document has, counted before it is read. JSON of a
 * megabyte is read, walked and written in a few milliseconds, or in hundreds when it is all names
 * or tiny values; and what is on record is read again with each explanation and replay.
 */

import { endOfString } from "./json_flaws.ts";

/** Values of all depths: objects, arrays and scalars. */
export const VALUES_MAX = 50_000;
/** Objects and arrays: each takes as long to read and to let go of as several scalars. */
export const CONTAINERS_MAX = 20_000;
/** Different names of members: those that come again cost little. */
export const NAMES_MAX = 10_000;

/** No text below this length has so many: a container and its comma take three characters. */
const SMALL_LENGTH = 3 * CONTAINERS_MAX;

const [QUOTE, COMMA, COLON] = [0x22, 0x2c, 0x3a];
const [OPENING_BRACKET, OPENING_BRACE] = [0x5b, 0x7b];
const SPACE = 0x20;

/** In words, what a document has too many of. */
export function excessOf(text: string): string | undefined {
  if (text.length < SMALL_LENGTH) return undefined;
  const names = new Set<string>();
  let [values, containers] = [1, 0];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = endOfString(text, at);
      if (isName(text, end)) names.add(text.slice(at, end));
      at = end;
    } else if (code === COMMA) {
      values += 1;
    } else if (code === OPENING_BRACKET || code === OPENING_BRACE) {
      values += 1;
      containers += 1;
    }
    if (values > VALUES_MAX) return `has more than ${VALUES_MAX} values`;
    if (containers > CONTAINERS_MAX) return `has more than ${CONTAINERS_MAX} objects and lists`;
    if (names.size > NAMES_MAX) return `has more than ${NAMES_MAX} different names`;
  }
  return undefined;
}

/** Whether the string that ends here is the name of a member. */
function isName(text: string, end: number): boolean {
  let after = end + 1;
  while (text.charCodeAt(after) <= SPACE) after += 1;
  return text.charCodeAt(after) === COLON;
}
