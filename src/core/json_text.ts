/**
 * Reads JSON text. What JSON.parse gives, but for a defect of V8 15.0 (Deno 2.9): once it
 * has read an object with a name that has a backslash in it, it takes another name that is
 * written with an escape at the same place for that one. After `{"a":1,"\\":0}` it reads
 * `{"a":1,"\n":0}` with a name `\`, and facts would be others than those recorded. So no
 * text with such a name is given to it as it is.
 */

type Reviver = (key: string, value: unknown, context?: { readonly source?: string }) => unknown;

/** What every text with a backslash in a name has somewhere. */
const ESCAPED_BACKSLASH = /\\\\|\\u005[cC]/;
/** A string, with the colon behind it when it is a name. */
const STRING = /"((?:[^"\\]|\\.)*)"(\s*:)?/g;
const ESCAPE = /\\(u005[cC]|.)/g;

/** @throws {SyntaxError} when it is no JSON. */
export function parseJsonText(text: string, reviver?: Reviver): unknown {
  // Hardly any text needs more than the first look.
  if (!text.includes("\\") || !ESCAPED_BACKSLASH.test(text)) return JSON.parse(text, reviver);
  const mark = unusedIn(text);
  const marked = withoutBackslashes(text, mark);
  return marked === text ? JSON.parse(text, reviver) : unmarked(JSON.parse(marked, reviver), mark);
}

/** The text with a mark for each backslash in a name. */
function withoutBackslashes(text: string, mark: string): string {
  return text.replace(STRING, (string, content: string, colon?: string) => {
    if (colon === undefined || !ESCAPED_BACKSLASH.test(content)) return string;
    const name = content.replace(
      ESCAPE,
      (escape, what: string) => what === "\\" || what.length > 1 ? mark : escape,
    );
    return `"${name}"${colon}`;
  });
}

/** Text that does not occur in another, and needs no escape. */
function unusedIn(text: string): string {
  for (let number = 0;; number++) {
    const mark = `~${number}~`;
    if (!text.includes(mark)) return mark;
  }
}

/** The same value with backslashes in its names again; such objects do V8 no harm. */
function unmarked(value: unknown, mark: string): unknown {
  if (Array.isArray(value)) return value.map((item) => unmarked(item, mark));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name.replaceAll(mark, "\\"),
      unmarked(member, mark),
    ]),
  );
}
