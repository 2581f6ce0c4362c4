/**
 * Why an event does not match: each clause of an expectation that it fails, with the expected and
 * the found value. It also says whether a clause failed closely, as `"42"` fails `42`, which is
 * nearly always a mistake of the sender.
 */

import { assertNever } from "../core/assert_never.ts";
import { type Correlation, holds } from "../core/correlation.ts";
import type { ExpectedEvent, MatchableEvent } from "../core/job_plan.ts";
import {
  isScalar,
  type JsonObject,
  type JsonScalar,
  type JsonValue,
  valueAt,
} from "../core/json.ts";
import { shownScalar, shownText, shownValue } from "../core/shown_value.ts";
import { misplacedValue, type Place, placePath, placesIn } from "./elsewhere.ts";
import { formDifference } from "./likeness/form_difference.ts";
import { CONTAINED_TEXT, ENCODED_TEXT, insideText } from "./likeness/inside_text.ts";
import { looseForm } from "./likeness/loose_form.ts";
import { recodingNote } from "./likeness/recoding.ts";
import { isSpellingSlip, SLIP_TEXT } from "./likeness/spelling_slip.ts";

export interface Mismatch {
  /** A path into `attributes`, or `taskId`; empty when the clause is about several paths. */
  readonly path: string;
  /** As JSON, or in words: `"42"`, `one of "EU", "US"`, `anything but "EU"`; cut when long. */
  readonly expected: string;
  /** As JSON, cut when long; `nothing` when the path is missing. */
  readonly found: string;
  /** The two are equal except for form; see `looseForm`. */
  readonly close: boolean;
  /**
   * How they differ, if that is not visible: in spaces or code points. For values that are not
   * equal, a note that one may be a misspelling of the other, is made from it, or has it inside.
   */
  readonly form?: string;
  /** Where the event has it instead, when there is no scalar at the path. */
  readonly elsewhere?: Elsewhere;
}

/** A value of an event at another path than the one in a clause. */
interface Elsewhere {
  readonly path: string;
  /** As JSON, cut when long. */
  readonly found: string;
  /** Whether it is the expected value, except for form. */
  readonly close: boolean;
  /** A note that it is a text that has the expected value inside. */
  readonly form?: string;
}

/** The clauses of an expectation that an event of its type fails; empty when it matches. */
export function mismatchesWith(
  expected: ExpectedEvent,
  event: MatchableEvent,
): readonly Mismatch[] {
  const { taskId, matcher } = expected;
  const failing = correlationMismatches(matcher.correlation, event.attributes);
  if (taskId === undefined || taskId === event.taskId) return failing;
  return [mismatch("taskId", [taskId], event.taskId), ...failing];
}

/** The clauses of a correlation that attributes fail; empty when it holds. */
export function correlationMismatches(
  correlation: Correlation,
  attributes: JsonObject,
): readonly Mismatch[] {
  if (holds(correlation, attributes)) return [];
  if (correlation === "any") return [];
  if ("equals" in correlation) {
    const terms = Object.entries(correlation.equals);
    return failingTerms(terms.map(([path, value]) => [path, [value]]), attributes);
  }
  if ("in" in correlation) return failingTerms(Object.entries(correlation.in), attributes);
  if ("all" in correlation) {
    return correlation.all.flatMap((part) => correlationMismatches(part, attributes));
  }
  if ("anyOf" in correlation) return nearestBranch(correlation.anyOf, attributes);
  if ("not" in correlation) return negationMismatches(correlation.not, attributes);
  return assertNever(correlation, "correlation");
}

/** The distance of a clause that fails closely. */
export const CLOSE = 1;
/** The distance of a clause whose value is elsewhere, at least approximately. */
export const MISPLACED = 9;
/** The distance of any other failed clause. */
export const OFF = 10;

/**
 * How far an event is from matching. A close clause counts less than others, and a clause whose
 * value is elsewhere counts a little less.
 */
export function mismatchDistance(mismatches: readonly Mismatch[]): number {
  return mismatches.reduce((sum, { close, elsewhere }) => {
    return sum + (close ? CLOSE : elsewhere?.close ? MISPLACED : OFF);
  }, 0);
}

/**
 * `orderId: expected "42" (text), found 42 (number)`, with types when they differ. A value at
 * another path follows: `orderId: expected "42", found nothing; "42" is at order.orderId`.
 */
export function mismatchText({ path, expected, found, close, form, elsewhere }: Mismatch): string {
  const subject = path === "" ? "" : `${shownText(path)}: `;
  const [left, right] = close ? typeNotes(expected, found) : ["", ""];
  const clause = `${subject}expected ${expected}${left}, found ${found}${right}${formText(form)}`;
  if (elsewhere === undefined) return clause;
  const [, type] = typeNotes(expected, elsewhere.found);
  return `${clause}; ${elsewhere.found}${type} is at ${elsewhere.path}${formText(elsewhere.form)}`;
}

function formText(form: string | undefined): string {
  return form === undefined ? "" : ` (${form})`;
}

/** How an event has the value of a clause inside a text; `undefined` if it has not. */
export function insideForm({ form, elsewhere }: Mismatch): string | undefined {
  const told = form ?? elsewhere?.form;
  return told === CONTAINED_TEXT || told === ENCODED_TEXT ? told : undefined;
}

const CLAUSES_SHOWN_MAX = 3;

/** Several clauses on one line: the first few, and how many more there are. */
export function mismatchesText(
  mismatches: readonly Mismatch[],
  shownMax = CLAUSES_SHOWN_MAX,
): string {
  const shown = mismatches.slice(0, shownMax).map(mismatchText);
  const more = mismatches.length - shown.length;
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join("; ");
}

/** What a correlation demands, in words: `orderId = "42" and region = "EU"`. */
export function correlationText(correlation: Correlation): string {
  if (correlation === "any") return ANYTHING;
  if ("equals" in correlation) {
    const terms = Object.entries(correlation.equals);
    return conjunction(terms.map(([path, value]) => `${shownText(path)} = ${shownScalar(value)}`));
  }
  if ("in" in correlation) {
    const terms = Object.entries(correlation.in);
    return conjunction(
      terms.map(([path, values]) => `${shownText(path)} is ${choiceText(values)}`),
    );
  }
  if ("all" in correlation) return joined(correlation.all, " and ", ANYTHING);
  if ("anyOf" in correlation) return joined(correlation.anyOf, " or ", NEVER);
  return `not ${grouped(correlation.not)}`;
}

const ANYTHING = "any attributes";
const NEVER = "never";
/** How many of the values that `in` allows are named. */
const VALUES_SHOWN_MAX = 5;

function failingTerms(
  terms: readonly (readonly [path: string, allowed: readonly JsonScalar[]])[],
  attributes: JsonObject,
): readonly Mismatch[] {
  return terms.flatMap(([path, allowed]) => {
    const found = valueAt(attributes, path);
    if (isScalar(found) && allowed.includes(found)) return [];
    const failing = mismatch(path, allowed, found);
    const elsewhere = isScalar(found) ? undefined : elsewhereOf(path, allowed, attributes);
    return [elsewhere === undefined ? failing : { ...failing, elsewhere }];
  });
}

function mismatch(
  path: string,
  allowed: readonly JsonScalar[],
  found: JsonValue | undefined,
): Mismatch {
  const loose = isScalar(found) ? looseForm(found) : undefined;
  const nearest = allowed.find((value) => looseForm(value) === loose);
  // Includes the value that was nearly met, since only a few are named.
  const shown = nearest === undefined || allowed.length <= VALUES_SHOWN_MAX
    ? allowed
    : [nearest, ...allowed.filter((value) => value !== nearest)];
  const close = nearest !== undefined;
  const form = !isScalar(found)
    ? undefined
    : close
    ? formDifference(nearest, found)
    : slipText(allowed, found) ?? insideText(allowed, found);
  const clause = { path, expected: choiceText(shown), found: shownValue(found), close };
  return form === undefined ? clause : { ...clause, form };
}

/** Where an event has the value of a clause, when there is no scalar at its path. */
function elsewhereOf(
  path: string,
  allowed: readonly JsonScalar[],
  attributes: JsonObject,
): Elsewhere | undefined {
  const misplaced = misplacedValue(path, allowed, attributes);
  if (misplaced?.close !== true) {
    const place = placesIn(attributes).find(({ value }) => insideText(allowed, value));
    const form = place && insideText(allowed, place.value);
    if (place !== undefined && form !== undefined) {
      return { ...shownPlace(place), close: false, form };
    }
  }
  return misplaced && { ...shownPlace(misplaced.place), close: misplaced.close };
}

function shownPlace(place: Place): Pick<Elsewhere, "path" | "found"> {
  return { path: shownText(placePath(place)), found: shownScalar(place.value) };
}

/** How many allowed values are compared letter by letter. */
const SPELT_MAX = 64;

function slipText(allowed: readonly JsonScalar[], found: JsonScalar): string | undefined {
  const spelt = allowed.slice(0, SPELT_MAX);
  if (spelt.some((value) => isSpellingSlip(value, found))) return SLIP_TEXT;
  for (const value of spelt) {
    const note = recodingNote(value, found);
    if (note !== undefined) return note;
  }
  return undefined;
}

/** For alternatives that all fail, the one that fails least. */
function nearestBranch(
  branches: readonly Correlation[],
  attributes: JsonObject,
): readonly Mismatch[] {
  let nearest: readonly Mismatch[] | undefined;
  for (const branch of branches) {
    const failing = correlationMismatches(branch, attributes);
    if (nearest === undefined || mismatchDistance(failing) < mismatchDistance(nearest)) {
      nearest = failing;
    }
  }
  return nearest ?? [IMPOSSIBLE];
}

const IMPOSSIBLE: Mismatch = { path: "", expected: NEVER, found: "an event", close: false };

/** Why something holds that must not, reduced to one clause about one path if possible. */
function negationMismatches(correlation: Correlation, attributes: JsonObject): readonly Mismatch[] {
  if (correlation === "any") return [IMPOSSIBLE];
  if ("not" in correlation) return correlationMismatches(correlation.not, attributes);
  if ("anyOf" in correlation) {
    const holding = correlation.anyOf.filter((part) => holds(part, attributes));
    return holding.flatMap((part) => negationMismatches(part, attributes));
  }
  const [only, another] = termsOf(correlation);
  if (only === undefined || another !== undefined) return [forbidden(correlation)];
  const [path, values] = only;
  const found = shownValue(valueAt(attributes, path));
  return [{ path, expected: `anything but ${choiceText(values)}`, found, close: false }];
}

function termsOf(correlation: Correlation): readonly [string, readonly JsonScalar[]][] {
  if (correlation === "any") return [];
  if ("in" in correlation) return Object.entries(correlation.in);
  if (!("equals" in correlation)) return [];
  return Object.entries(correlation.equals).map(([path, value]) => [path, [value]]);
}

function forbidden(correlation: Correlation): Mismatch {
  const expected = correlationText({ not: correlation });
  return { path: "", expected, found: "that it holds", close: false };
}

function conjunction(parts: readonly string[]): string {
  return parts.length === 0 ? ANYTHING : parts.join(" and ");
}

/** A single part stands alone. */
function joined(parts: readonly Correlation[], word: string, ofNone: string): string {
  const [only, another] = parts;
  if (only === undefined) return ofNone;
  return another === undefined ? correlationText(only) : parts.map(grouped).join(word);
}

/** In brackets when "and" and "or" would be ambiguous. */
function grouped(correlation: Correlation): string {
  const text = correlationText(correlation);
  return isCompound(correlation) ? `(${text})` : text;
}

function isCompound(correlation: Correlation): boolean {
  if (correlation === "any" || "not" in correlation) return false;
  if ("equals" in correlation || "in" in correlation) return termsOf(correlation).length > 1;
  const parts = "all" in correlation ? correlation.all : correlation.anyOf;
  const [only] = parts;
  return parts.length > 1 || (only !== undefined && isCompound(only));
}

const ONE_OF = "one of ";

function choiceText(values: readonly JsonScalar[]): string {
  const [only] = values;
  if (values.length === 1 && only !== undefined) return shownScalar(only);
  if (values.length === 0) return `${ONE_OF}none`;
  const more = values.length - VALUES_SHOWN_MAX;
  const shown = values.slice(0, VALUES_SHOWN_MAX).map(shownScalar).join(", ");
  return `${ONE_OF}${shown}${more > 0 ? ` and ${more} more` : ""}`;
}

/** Notes that show a difference in type. For several expected values, only for the found one. */
function typeNotes(expected: string, found: string): readonly [string, string] {
  const several = expected.startsWith(ONE_OF);
  const [left, right] = [several ? expected.slice(ONE_OF.length) : expected, found].map(typeNote);
  if (left === right) return ["", ""];
  return [several ? "" : left ?? "", right ?? ""];
}

/** The type of a scalar that is shown as JSON; empty for what is shown in words. */
function typeNote(text: string): string {
  if (text.startsWith('"')) return " (text)";
  if (text === "null" || text.startsWith("null,")) return " (null)";
  if (/^(true|false)(,|$)/.test(text)) return " (true or false)";
  return /^-?\d/.test(text) ? " (number)" : "";
}
