/**
 * Parses JSON. Works around a defect of V8 15.0 (Deno 2.9) in `JSON.parse`: a name written with an
 * escape is compared, as written, with the name that an earlier object had at the same place, and
 * mistaken for that name when their first characters are equal. Once anything has created
 * `{"a":1,"\\":0}`, even `structuredClone`, it reads `{"a":1,"\n":0}` with a name `\`, and facts
 * would differ from those recorded. So names with an escape are never passed to it.
 */

const [QUOTE, COLON, BACKSLASH] = [0x22, 0x3a, 0x5c];
/** A string, with the colon behind it when it is a name. */
const STRING = /"((?:[^"\\]|\\.)*)"(\s*:)?/g;

/** @throws {SyntaxError} when it is not JSON. */
export function parseJsonText(text: string): unknown {
  return hasEscapedName(text) ? withNames(text) : JSON.parse(text);
}

/** Whether any name contains an escape, which is rare. Reads each character at most once. */
function hasEscapedName(text: string): boolean {
  let index = text.indexOf("\\");
  while (index !== -1) {
    index = endOfString(text, index);
    if (isBeforeColon(text, index + 1)) return true;
    index = text.indexOf("\\", index + 1);
  }
  return false;
}

/** The end of the string with an escape at `index`: its quote, or the end of the text. */
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

/** Parses the text with a mark for each name that has an escape, then restores the names. */
function withNames(text: string): unknown {
  const mark = unusedIn(text);
  const names: string[] = [];
  const marked = text.replace(STRING, (string, content: string, colon?: string) => {
    if (colon === undefined || !content.includes("\\")) return string;
    // A string by itself is parsed correctly.
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
