/**
 * Reads JSON text. What JSON.parse gives, but for a defect of V8 15.0 (Deno 2.9): a name that
 * is written with an escape is compared as it is written with the name that an earlier object
 * had at the same place, and is taken for that one when its first characters are the same.
 * After anything made `{"a":1,"\\":0}`, `structuredClone` of it too, it reads `{"a":1,"\n":0}`
 * with a name `\`, and facts would be others than those recorded. So no name with an escape
 * is given to it.
 */

const [QUOTE, COLON, BACKSLASH] = [0x22, 0x3a, 0x5c];
/** A string, with the colon behind it when it is a name. */
const STRING = /"((?:[^"\\]|\\.)*)"(\s*:)?/g;

/** @throws {SyntaxError} when it is no JSON. */
export function parseJsonText(text: string): unknown {
  return hasEscapedName(text) ? withNames(text) : JSON.parse(text);
}

/** Whether any name is written with an escape; hardly any text has one. Looks at each character at most once. */
function hasEscapedName(text: string): boolean {
  let index = text.indexOf("\\");
  while (index !== -1) {
    index = endOfString(text, index);
    if (isBeforeColon(text, index + 1)) return true;
    index = text.indexOf("\\", index + 1);
  }
  return false;
}

/** Where the string ends that has an escape at `index`: at its quote, or at the end of the text. */
function endOfString(text: string, index: number): number {
  while (index < text.length) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) break;
    index += code === BACKSLASH ? 2 : 1;
  }
  return index;
}

function isBeforeColon(text: string, index: number): boolean {
  let code = text.charCodeAt(index);
  while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) {
    code = text.charCodeAt(++index);
  }
  return code === COLON;
}

/** Reads the text with a mark for each name that has an escape, and gives the names back. */
function withNames(text: string): unknown {
  const mark = unusedIn(text);
  const names: string[] = [];
  const marked = text.replace(STRING, (string, content: string, colon?: string) => {
    if (colon === undefined || !content.includes("\\")) return string;
    // A string by itself is read right.
    names.push(JSON.parse(`"${content}"`));
    return `"${mark}${names.length - 1}"${colon}`;
  });
  return named(JSON.parse(marked), mark, names);
}

/** Text that does not occur in another, and needs no escape. */
function unusedIn(text: string): string {
  for (let number = 0;; number++) {
    const mark = `~${number}~`;
    if (!text.includes(mark)) return mark;
  }
}

/** The same value with its names. */
function named(value: unknown, mark: string, names: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((item) => named(item, mark, names));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name.startsWith(mark) ? names[Number(name.slice(mark.length))] : name,
      named(member, mark, names),
    ]),
  );
}
