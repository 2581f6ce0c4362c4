/** What the message of an error says of the value that code could not read. */

/** A value of a list of texts, or of objects with members of these names. */
export interface ListedValue {
  readonly at: number;
  readonly name?: string;
  readonly text: string;
  readonly names: readonly string[];
}

/** In quotes, but not between apostrophes; or as an engine names it without them. */
const QUOTED = /(?<!\w)(["'`])(.+?)\1(?!\w)|\bconvert (?<bare>.+) to a BigInt\b/g;
const ROW = /\b(?:row|line|record|item|entry|element|index)s? ?[#:]? ?(\d+)\b|\[(\d+)\]/gi;
/** Rows may be counted from 1, after a header. */
const ROW_MAX = 2;
/** Words of these are no names of members. */
const STOCK =
  /\binvalid (?:time value|date|url|number|array length)\b|\bnot a (?:valid )?number\b|\bto a BigInt\b/i;

/** Whether a message names no other text, row, or member than that of the value. */
export function mayBeAbout(message: string, value: ListedValue): boolean {
  const { at, name, names } = value;
  const [quoted, named] = [quotedIn(message), namedIn(message, names)];
  if (quoted.length > 0 && !quoted.some(isOf(value))) return false;
  const rows = [...message.matchAll(ROW)].map(([, one, other]) => Number(one ?? other) - at);
  if (rows.some((off) => off < 0 || off > ROW_MAX)) return false;
  return named.length === 0 || name !== undefined && named.includes(name);
}

/** The same of a message that names the text in quotes, or the member. */
export function isNamed(message: string, value: ListedValue): boolean {
  return [...quotedIn(message), ...namedIn(message, value.names)].some(isOf(value)) &&
    mayBeAbout(message, value);
}

function isOf({ name, text }: ListedValue): (one: string) => boolean {
  return (one) => one === text || one === name;
}

function quotedIn(message: string): readonly string[] {
  return [...message.matchAll(QUOTED)].map(([, , one, bare]) => one ?? bare ?? "");
}

function namedIn(message: string, names: readonly string[]): readonly string[] {
  const words = new Set(message.replace(STOCK, "").toLowerCase().match(/[\w-]+/g));
  return names.filter((one) => words.has(one.toLowerCase()));
}

const INVALID = String.raw`(?:invalid|malformed|not\b)`;
/** What may come between the verb and the name. */
const LEAD = String.raw`\s+(?:(?:the|an?|value|for|of|in|field|member|column)\s+)*`;
/** A name that a noun follows, as in `invalid token type`, is not what is invalid. */
const TAIL = String.raw`(?=\s*(?:$|[^\w\s-]|(?:in|at|of|for|on|to|as|from|is)\b))`;
const HEAD = String.raw`(?:^|[^\w\s-]\s*|\b(?:the|its|field|member|column|\d)\s+)`;

/** Whether a message says that the value is invalid: by its name, or its text. */
export function isSaidInvalid(message: string, { name, text }: ListedValue): boolean {
  if (text.length >= TEXT_MIN && message.includes(text)) return true;
  // A pattern of a very long name is refused.
  if (name === undefined || name.length > message.length) return false;
  const word = String.raw`["'\`]?${RegExp.escape(name)}["'\`]?`;
  return new RegExp(
    String.raw`\b(?:invalid|malformed|parse|convert)${LEAD}${word}${TAIL}|` +
      String.raw`${HEAD}${word}:?\s+(?:(?:is|was)\s+)?${INVALID}`,
    "i",
  ).test(message);
}

/** A shorter one may be in a message by chance. */
const TEXT_MIN = 3;
