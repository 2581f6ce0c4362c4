/** Patterns of JSON Schema, as those of inputs. Nothing is compiled here: a browser does that. */

/**
 * A browser matches the whole text, and reads a pattern with the flag v, which asks for more
 * escapes than a definition needs; JSON Schema searches. A text in quotes is read as JSON, and
 * passes. `undefined` where it is not sure that a browser can read the pattern: then only the
 * server says what is wrong.
 */
export function inputPattern(pattern: string | undefined): string | undefined {
  const escaped = pattern === undefined ? undefined : escapedPattern(pattern);
  if (escaped === undefined) return undefined;
  return `.*(?:${escaped}).*|".*"`;
}

/** A character by its code, or a set of characters by its name; may come anywhere. */
const CODE = /\\x[\da-fA-F]{2}|\\u[\da-fA-F]{4}|\\[pP]\{[^{}]*\}/y;
/** What may come outside of a class, but for the bracket that begins one. */
const OUTSIDE = /\\[dDwWsSbBfnrtv0^$\\.*+?()[\]{}|/]|\{\d+(?:,\d*)?\}|[^\\[\]{}]/y;
const IN_CLASS = /\\[dDwWsSbfnrtv0^$\\.*+?()[\]{}|/&\-!#%,:;<=>@`~]|[^\\\]]/y;
/** Stand for themselves in a class with the flag u, and for something else with v. */
const NEEDS_ESCAPE = "()[]{}/|-&!#%,:;<=>@`~$*+.?^";

function escapedPattern(pattern: string): string | undefined {
  let escaped = "";
  for (let at = 0; at < pattern.length;) {
    const token = pattern[at] === "["
      ? classAt(pattern, at)
      : asItIs(tokenAt(CODE, pattern, at) ?? tokenAt(OUTSIDE, pattern, at));
    if (token === undefined) return undefined;
    escaped += token.escaped;
    at += token.length;
  }
  return escaped;
}

/** A part of a pattern: how it is written for a browser, and its length in the pattern. */
interface Token {
  readonly escaped: string;
  readonly length: number;
}

function asItIs(text: string | undefined): Token | undefined {
  return text === undefined ? undefined : { escaped: text, length: text.length };
}

/** A set of characters, which begins and ends no range. */
const SET = /^\\[dDwWsSpP]/;

function classAt(pattern: string, start: number): Token | undefined {
  let escaped = pattern[start + 1] === "^" ? "[^" : "[";
  let at = start + escaped.length;
  let before: "nothing" | "character" | "range" = "nothing";
  while (pattern[at] !== "]") {
    const text = tokenAt(CODE, pattern, at) ?? tokenAt(IN_CLASS, pattern, at);
    if (text === undefined || (before === "range" && SET.test(text))) return undefined;
    at += text.length;
    if (text === "-" && before === "character" && pattern[at] !== "]") {
      escaped += text;
      before = "range";
      continue;
    }
    escaped += NEEDS_ESCAPE.includes(text) ? `\\${text}` : text;
    before = before === "range" || SET.test(text) ? "nothing" : "character";
  }
  return { escaped: `${escaped}]`, length: at + 1 - start };
}

function tokenAt(token: RegExp, pattern: string, at: number): string | undefined {
  token.lastIndex = at;
  return token.exec(pattern)?.[0];
}
