/**
 * The only element of a list that code cannot read, as a date in another notation among many: of
 * what a step that failed on an invalid value was given.
 */

import { isScalar, type JsonObject, type JsonValue } from "../../core/json.ts";
import { shownText, shownValue } from "../../core/shown_value.ts";
import { type Given, givenBeforeFailure } from "../history/given_values.ts";
import type { OutlinedHistory } from "../history/outlined_history.ts";
import { maskOf } from "../likeness/contrast.ts";
import { OF_DATE } from "../likeness/own_values.ts";
import { reason } from "../statements/statement.ts";
import type { Reasons } from "../statements/explanation.ts";
import { namesWord } from "../words/phrases.ts";

interface Kind {
  /** Of the messages that say as what code tried to read a value. */
  readonly error: RegExp;
  isRead(text: string): boolean;
  /** Whether a text that cannot be read may be meant as one; by default, any. */
  isMeant?(text: string): boolean;
}

const KINDS: readonly Kind[] = [
  {
    error:
      /\b(?:invalid|unparsable|cannot parse)\b.*\b(?:time(?! ?zone)|date|datetime|timestamp)\b/i,
    isRead: (text) => OF_DATE.test(text) && !Number.isNaN(Date.parse(text)),
  },
  { error: /\binvalid url\b/i, isRead: (text) => URL.canParse(text) },
  {
    error:
      /\bNaN\b|\bnot a (?:valid )?number\b|\binvalid (?:number|array length)\b|\bto a BigInt\b/i,
    isRead: (text) => text.trim() !== "" && Number.isFinite(Number(text)),
    // A postal code may have letters in one row.
    isMeant: (text) => !/\p{L}/u.test(text) || /^(?:n\/?a|nan|null|none)$/i.test(text),
  },
  {
    error: /^Unexpected (?:token|end of JSON|non-whitespace)|\bin JSON at\b|\bvalid JSON\b/i,
    isRead: isJson,
  },
];
/** The same for one that does not: it must name the member, or have the text. */
const OF_ANY =
  /\b(?:invalid|malformed|not (?:a )?valid|(?:cannot|could not|failed to) (?:parse|convert))\b/i;

/** Longer lists and texts are not looked at, nor more members of each list or element. */
const ELEMENTS_MAX = 10_000;
const TEXT_MAX = 200;
const MEMBERS_MAX = 32;
/** Of fewer others, none shows what is usual. */
const OTHERS_MIN = 5;

/** A text that is not like the others under its name. */
interface Odd {
  readonly at: number;
  /** Absent if the list has texts and not objects. */
  readonly name?: string;
  readonly text: string;
  readonly others: number;
  readonly like: string;
}

interface OddIn extends Odd {
  readonly given: Given;
  readonly list: string;
}

/** None if several lists or members have such an element. */
export function unreadableElements(known: OutlinedHistory, message: string): Reasons {
  const kind = KINDS.find(({ error }) => error.test(message));
  if (kind === undefined && !OF_ANY.test(message)) return [];
  const [odd, another] = readLast(known).flatMap(({ given, lists }) =>
    lists.flatMap(([list, elements]) =>
      oddOnes(elements, kind?.isRead ?? maskOf)
        .filter((one) =>
          kind === undefined ? isNamed(one, message) : kind.isMeant?.(one.text) ?? true
        )
        .map((one): OddIn => ({ ...one, given, list }))
    )
  );
  if (odd === undefined || another !== undefined) return [];
  const { given, list, at, name, text, others, like } = odd;
  const what = name === undefined ? shownValue(text) : `${shownText(name)} = ${shownValue(text)}`;
  const statement =
    `${given.has} ${what} at ${shownText(list)}[${at}], where all ${others} other ` +
    `values are like ${shownValue(like)}.`;
  return [reason(statement, given.by)];
}

function isNamed({ name, text }: Odd, message: string): boolean {
  return name !== undefined && namesWord(message.toLowerCase(), name.toLowerCase()) ||
    text !== "" && namesWord(message, text);
}

type Lists = readonly (readonly [name: string, elements: readonly JsonValue[]])[];

/** The lists of the last result that has any, and of the input: what the failed code likely read. */
function readLast(known: OutlinedHistory) {
  const given = givenBeforeFailure(known);
  const results = given.filter(({ task }) => task !== undefined)
    .toSorted((one, other) => other.by - one.by);
  const input = given.filter(({ by }) => by === known.created.logId);
  const having = (all: readonly Given[]) => {
    for (const given of all) {
      const lists = listsIn(given.value);
      if (lists.length > 0) return [{ given, lists }];
    }
    return [];
  };
  return [...having(results), ...having(input)];
}

function listsIn(value: JsonValue): Lists {
  const lists = Array.isArray(value) ? [["", value] as const] : Object.entries(value ?? {});
  return lists.slice(0, MEMBERS_MAX).flatMap(([name, elements]) =>
    Array.isArray(elements) && elements.length > OTHERS_MIN && elements.length <= ELEMENTS_MAX
      ? [[name, elements] as const]
      : []
  );
}

/** By member, the only text that a view shows as another than all others. */
function oddOnes(
  elements: readonly JsonValue[],
  view: (text: string) => string | boolean,
): readonly Odd[] {
  const [first = null, second = null] = elements;
  if (isScalar(first)) return oddOne(elements, view);
  return Object.keys({ ...first, ...isScalar(second) ? {} : second }).slice(0, MEMBERS_MAX)
    .flatMap((name) => {
      const values = elements.map((one) =>
        isScalar(one) ? null : (one as JsonObject)[name] ?? null
      );
      return oddOne(values, view).map((odd) => ({ ...odd, name }));
    });
}

/** What is missing is neither odd nor usual; of few forms, the one that only one text has is odd. */
function oddOne(
  values: readonly JsonValue[],
  view: (text: string) => string | boolean,
): readonly Odd[] {
  /** By what the view shows, the first place and the count. */
  const seen = new Map<string | boolean, { readonly at: number; count: number }>();
  for (const [at, value] of values.entries()) {
    if (value === null) continue;
    if (typeof value !== "string" || value.length > TEXT_MAX) return [];
    const one = seen.getOrInsertComputed(view(value), () => ({ at, count: 0 }));
    one.count++;
    const isMany = seen.size > 2 || [...seen.values()].every(({ count }) => count > 1);
    if (seen.size > 1 && isMany) return [];
  }
  const [odd, usual] = [...seen.values()].toSorted((one, other) => one.count - other.count);
  if (odd === undefined || usual === undefined || usual.count < OTHERS_MIN) return [];
  // Only what code can read is usual.
  if (view(`${values[usual.at]}`) === false) return [];
  const [text, like] = [`${values[odd.at]}`, `${values[usual.at]}`];
  return [{ at: odd.at, text, others: usual.count, like }];
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
