/**
 * JSON values as a person reads them, in a sentence and in a terminal: bounded, on one
 * line, and with nothing in them that is not seen, or that a terminal would obey.
 */

import { beginningOf, isScalar, type JsonScalar, type JsonValue } from "./json.ts";

const SHOWN_LENGTH_MAX = 60;
/** Of a text that is cut, what its end keeps: long ids differ there. */
const TAIL_LENGTH = 20;

/** The value as JSON, cut when long; `nothing` when there is none. */
export function shownValue(value: JsonValue | undefined): string {
  if (value === undefined) return "nothing";
  return isScalar(value) ? shownScalar(value) : shownMembers(value);
}

/** The scalar as JSON; the middle of a long text is left out. */
export function shownScalar(value: JsonScalar): string {
  return visible(JSON.stringify(typeof value === "string" ? cutMiddle(value) : value));
}

/** Text that was chosen outside, such as a path, without quotes. */
export function shownText(text: string): string {
  return visible(cutMiddle(text));
}

/** Of a value that is long, no more is turned into text than is shown. */
function shownMembers(value: JsonValue): string {
  const text = JSON.stringify(beginningOf(value, 2 * SHOWN_LENGTH_MAX));
  return visible(text.length > SHOWN_LENGTH_MAX ? `${head(text, SHOWN_LENGTH_MAX)}…` : text);
}

function cutMiddle(text: string): string {
  if (text.length <= SHOWN_LENGTH_MAX) return text;
  return `${head(text, SHOWN_LENGTH_MAX - TAIL_LENGTH)}…${tail(text, TAIL_LENGTH)}`;
}

/** The first characters; one less where a pair would be split. */
function head(text: string, length: number): string {
  return text.slice(0, length).replace(/[\ud800-\udbff]$/, "");
}

/** The last characters; one less where a pair would be split. */
function tail(text: string, length: number): string {
  return text.slice(-length).replace(/^[\udc00-\udfff]/, "");
}

/** Controls, marks that only direct or join, half surrogates, and spaces that look like others. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u00a0]/gu;

function visible(text: string): string {
  return text.replace(UNSEEN, (character) => {
    const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
  });
}
