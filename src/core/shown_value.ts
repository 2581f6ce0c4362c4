/**
 * Formats JSON values for sentences and terminals: bounded, on one line, and without invisible
 * characters or any that control a terminal.
 */

import { isScalar, jsonPrefix, type JsonScalar, type JsonValue } from "./json.ts";

const SHOWN_LENGTH_MAX = 60;
/** Characters kept at the end of a cut text, since long ids differ there. */
const TAIL_LENGTH = 20;

/** Longer texts of a sentence are cut; the cited entry has the whole text. */
const LINE_LENGTH_MAX = 300;

/** The value as JSON, cut when long; `nothing` when there is none. */
export function shownValue(value: JsonValue | undefined): string {
  if (value === undefined) return "nothing";
  return isScalar(value) ? shownScalar(value) : shownMembers(value);
}

/** The scalar as JSON; a long text loses its middle. */
export function shownScalar(value: JsonScalar): string {
  return visible(JSON.stringify(typeof value === "string" ? cutMiddle(value) : value));
}

/** Text from outside, such as a path, without quotes. */
export function shownText(text: string): string {
  return visible(cutMiddle(text));
}

/** Joiners stay: Persian words and many emoji are made with them. */
const APART = /(?:(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s])+/gu;

/** Text from outside, made safe for a sentence and a terminal. */
export function oneLine(text: string): string {
  return shortText(text.replaceAll(APART, " ").trim(), LINE_LENGTH_MAX);
}

/**
 * Lines of text from outside, for a log: nothing in them controls a terminal.
 *
 * @param indent Before each line but the first, so that none looks like an entry of its own.
 */
export function shownLines(text: string, indent: string): string {
  return text.split(/\r?\n/).map(shownTabs).join(`\n${indent}`);
}

function shownTabs(line: string): string {
  return line.split("\t").map(visible).join("\t");
}

/** Converts no more of a long value than is shown. */
function shownMembers(value: JsonValue): string {
  const text = JSON.stringify(jsonPrefix(value, 2 * SHOWN_LENGTH_MAX));
  return visible(shortText(text, SHOWN_LENGTH_MAX));
}

function cutMiddle(text: string): string {
  if (text.length <= SHOWN_LENGTH_MAX) return text;
  // Splits no surrogate pair.
  const tail = text.slice(-TAIL_LENGTH).replace(/^[\udc00-\udfff]/, "");
  return `${shortText(text, SHOWN_LENGTH_MAX - TAIL_LENGTH)}${tail}`;
}

/** Cut to a length in UTF-16 units, with `…` where the rest was. */
export function shortText(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : `${cutText(text, lengthMax)}…`;
}

/** Cut to a length in UTF-16 units; never splits a surrogate pair. */
export function cutText(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : text.slice(0, lengthMax).replace(/[\ud800-\udbff]$/, "");
}

/**
 * Control characters, marks that only direct or join, lone surrogates, and spaces that look like
 * others.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u00a0]/gu;

/** With JSON escapes in place of these, so that JSON keeps its meaning. */
export function visible(text: string): string {
  return text.replace(UNSEEN, (character) => {
    const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
  });
}
