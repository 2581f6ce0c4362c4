/**
 * The only element of a list that code cannot read, as a date in another notation among many: of
 * what a step that failed on an invalid value was given.
 */

import { isScalar, type JsonObject, type JsonValue } from "../../core/json.ts";
import { shownText, shownValue } from "../../core/shown_value.ts";
import { type Given, givenBeforeFailure } from "../history/given_values.ts";
import type { OutlinedHistory } from "../history/outlined_history.ts";
import { maskOf } from "../likeness/contrast.ts";
import { OF_DATE, wordsOf } from "../likeness/own_values.ts";
import { reason } from "../statements/statement.ts";
import type { Reasons } from "../statements/explanation.ts";
import { isNamed, isSaidInvalid, type ListedValue, mayBeAbout } from "./said_of_value.ts";

interface Kind {
  /** Of the messages that say as what code tried to read a value. */
  readonly error: RegExp;
  /** Whether code can read a text, or else its form. */
  view(text: string): boolean | string;
  /** Whether the message may be about a text that code cannot read. */
  isMeant(message: string, odd: ListedValue): boolean;
  /** Names of single values of the kind, which code may have read instead. */
  readonly alone?: RegExp;
}

/** Not if it is about what a service sent or refused. */
function isOfGiven(message: string, odd: ListedValue): boolean {
  return !/\b(?:headers?|response|request|4\d\d)\b/i.test(message) && mayBeAbout(message, odd);
}

/** The first whose error it is. */
const KINDS: readonly Kind[] = [
  {
    error:
      /\binvalid (?:time value|date|datetime|timestamp)\b|\b(?:unparsable|cannot parse)\b.*\b(?:(?<!in )time(?! ?zone)|date|datetime|timestamp)\b/i,
    view: (text) => OF_DATE.test(text) && !Number.isNaN(Date.parse(text)),
    isMeant: isOfGiven,
    alone: /(?:^|_)(?:date|day|time|timestamp|at|on|until|till|since|from|to|due|start|end)$/,
  },
  {
    error: /\binvalid url\b/i,
    // A path is resolved with a base.
    view: (text) => URL.canParse(text) || text.startsWith("/"),
    isMeant: isOfGiven,
    alone: /(?:^|_)(?:ur[il]|link|href|host|base|endpoint|server|site|target)$/,
  },
  {
    error:
      /\bNaN\b|\bnot a (?:valid )?number\b|\binvalid (?:number|array length)\b|\bto a BigInt\b/i,
    view: (text) => Number.isFinite(Number(text)),
    // Numbers are computed from much else, and a postal code may have letters in one row.
    isMeant: isNamed,
  },
  {
    error: /^Unexpected (?:token|end of JSON|non-whitespace)|\bin JSON at\b|\bvalid JSON\b/i,
    view: (text) => jsonError(text) === undefined,
    // Most are about the answer of a service. They quote a part of the text.
    isMeant: (message, { text }) => message.includes(jsonError(text) ?? message),
  },
  {
    error:
      /\b(?:invalid|malformed|not (?:a )?valid|(?:cannot|could not|failed to) (?:parse|convert))\b/i,
    view: maskOf,
    isMeant: (message, odd) =>
      !/\b40[13]\b/.test(message) && isSaidInvalid(message, odd) && mayBeAbout(message, odd),
  },
];

/** Longer lists and texts are not looked at, nor more members of each list or element. */
const ELEMENTS_MAX = 10_000;
/** How many texts of all lists together are looked at: a few milliseconds of work. */
const TEXTS_MAX = 20_000;
const TEXT_MAX = 200;
/** A longer message is a document, such as the page of a service, and takes long to search. */
const MESSAGE_MAX = 1_000;
const MEMBERS_MAX = 32;
/** Of fewer others, none shows what is usual. */
const OTHERS_MIN = 5;

/** A text that is not like the others under its name. */
interface Odd extends ListedValue {
  readonly others: number;
  readonly like: string;
}

interface OddIn extends Odd {
  readonly given: Given;
  readonly list: string;
}

/** None if several lists or members have such an element. */
export function unreadableElements(known: OutlinedHistory, message: string): Reasons {
  if (message.length > MESSAGE_MAX) return [];
  const kind = KINDS.find(({ error }) => error.test(message));
  if (kind === undefined || hasUnreadableAlone(known, kind)) return [];
  const left = { count: TEXTS_MAX };
  const [odd, another] = readLast(known).flatMap(({ given, lists }) =>
    lists.flatMap(([list, elements]) =>
      oddOnes(elements, kind.view, left).filter((one) => kind.isMeant(message, one))
        .map((one): OddIn => ({ ...one, given, list }))
    )
  );
  if (odd === undefined || another !== undefined || left.count < 0) return [];
  const { given, list, at, name, text, others, like } = odd;
  const what = name === undefined ? shownValue(text) : `${shownText(name)} = ${shownValue(text)}`;
  const statement =
    `${given.has} ${what} at ${shownText(list)}[${at}], where all ${others} other ` +
    `values are like ${shownValue(like)}.`;
  return [reason(statement, given.by)];
}

/** Whether the input has a single value that code cannot read either. */
function hasUnreadableAlone({ job: { input, sealed } }: OutlinedHistory, kind: Kind): boolean {
  const { alone, view } = kind;
  return alone !== undefined && sealed === undefined && !isScalar(input ?? null) &&
    Object.entries(input as JsonObject).slice(0, MEMBERS_MAX).some(([name, value]) =>
      typeof value === "string" && alone.test(wordsOf(name)) && view(value) === false
    );
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
  view: Kind["view"],
  left: { count: number },
): readonly Odd[] {
  const [first = null, second = null] = elements;
  if (isScalar(first)) return oddOne(elements, view, left).map((odd) => ({ ...odd, names: [] }));
  const names = Object.keys({ ...first, ...isScalar(second) ? {} : second }).slice(0, MEMBERS_MAX);
  return names.flatMap((name) => {
    const values = elements.map((one) => isScalar(one) ? null : (one as JsonObject)[name] ?? null);
    return oddOne(values, view, left).map((odd) => ({ ...odd, name, names }));
  });
}

/** What is missing is neither odd nor usual; of few forms, the one that only one text has is odd. */
function oddOne(
  values: readonly JsonValue[],
  view: Kind["view"],
  left: { count: number },
): readonly Omit<Odd, "names">[] {
  /** By what the view shows, the first place and the count. */
  const seen = new Map<string | boolean, { readonly at: number; count: number }>();
  for (const [at, value] of values.entries()) {
    if (value === null || value === "") continue;
    if (typeof value !== "string" || value.length > TEXT_MAX || left.count-- < 0) return [];
    const one = seen.getOrInsertComputed(view(value), () => ({ at, count: 0 }));
    one.count++;
    // Only what code can read is usual.
    if (one.count > 1 && seen.get(false) === one) return [];
    const isMany = seen.size > 2 || [...seen.values()].every(({ count }) => count > 1);
    if (seen.size > 1 && isMany) return [];
  }
  const [odd, usual] = [...seen.values()].toSorted((one, other) => one.count - other.count);
  if (odd === undefined || usual === undefined || usual.count < OTHERS_MIN) return [];
  const [text, like] = [`${values[odd.at]}`, `${values[usual.at]}`];
  return [{ at: odd.at, text, others: usual.count, like }];
}

function jsonError(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return error instanceof SyntaxError ? error.message : "";
  }
}
