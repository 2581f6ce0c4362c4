/** Finds where a malformed document stops being JSON; engines do not always say. */

/** One token after white space: a mark, a string, or another scalar. */
const TOKEN =
  /[\t\n\r ]*(?:([{}[\],:])|("(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null))/uy;

const WHITE_SPACE = /[\t\n\r ]*/y;

type Expected = "value" | "valueOrEnd" | "key" | "keyOrEnd" | "colon" | "commaOrEnd" | "nothing";

/**
 * The offset, in UTF-16 units, of the first character that cannot be part of a JSON
 * document; the length of the text when it ends too early.
 */
export function positionOfError(text: string): number {
  const open: string[] = [];
  let expected: Expected = "value";
  TOKEN.lastIndex = 0;
  for (let position = 0;;) {
    const start = skipWhiteSpace(text, position);
    if (start === text.length && expected === "nothing") return start;
    TOKEN.lastIndex = position;
    const match = TOKEN.exec(text);
    const next: Expected | undefined = match === null ? undefined : step(match, expected, open);
    if (next === undefined) return start;
    expected = next;
    position = TOKEN.lastIndex;
  }
}

function skipWhiteSpace(text: string, position: number): number {
  WHITE_SPACE.lastIndex = position;
  WHITE_SPACE.exec(text);
  return WHITE_SPACE.lastIndex;
}

/** What may follow a token, or `undefined` when the token itself is out of place. */
function step(match: RegExpExecArray, expected: Expected, open: string[]): Expected | undefined {
  const [, mark, string] = match;
  if (mark !== undefined) return afterMark(mark, expected, open);
  if (string !== undefined && (expected === "key" || expected === "keyOrEnd")) return "colon";
  return takesValue(expected) ? afterValue(open) : undefined;
}

function afterMark(mark: string, expected: Expected, open: string[]): Expected | undefined {
  switch (mark) {
    case "{":
    case "[":
      if (!takesValue(expected)) return undefined;
      open.push(mark);
      return mark === "{" ? "keyOrEnd" : "valueOrEnd";
    case ":":
      return expected === "colon" ? "value" : undefined;
    case ",":
      if (expected !== "commaOrEnd") return undefined;
      return open.at(-1) === "{" ? "key" : "value";
    default:
      return afterEnd(mark === "}" ? "{" : "[", expected, open);
  }
}

function afterEnd(opening: string, expected: Expected, open: string[]): Expected | undefined {
  const empty = opening === "{" ? "keyOrEnd" : "valueOrEnd";
  if (open.at(-1) !== opening || (expected !== "commaOrEnd" && expected !== empty)) {
    return undefined;
  }
  open.pop();
  return afterValue(open);
}

function takesValue(expected: Expected): boolean {
  return expected === "value" || expected === "valueOrEnd";
}

function afterValue(open: readonly string[]): Expected {
  return open.length === 0 ? "nothing" : "commaOrEnd";
}
