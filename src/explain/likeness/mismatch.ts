/**
 * Why an event does not match: each clause of an expectation that it fails, with the expected and
 * the found value. It also says whether a clause failed closely, as `"42"` fails `42`, which is
 * nearly always a mistake of the sender.
 */

import { type Correlation, holds, termsOf } from "../../core/correlation.ts";
import type { ExpectedEvent, MatchableEvent } from "../../core/job_plan.ts";
import {
  isScalar,
  type JsonObject,
  type JsonScalar,
  type JsonValue,
  present,
  valueAt,
} from "../../core/json.ts";
import { shownScalar, shownText, shownValue } from "../../core/shown_value.ts";
import {
  choiceText,
  correlationText,
  NEVER,
  ONE_OF,
  VALUES_SHOWN_MAX,
} from "../words/expectations.ts";
import { FEW_MAX } from "../words/phrases.ts";
import { misplacedValue, type Place, placePath, placesIn } from "./elsewhere.ts";
import { formDifference, looseForm } from "./loose_form.ts";
import { CONTAINED_TEXT, ENCODED_TEXT, insideText, recodingNote } from "./recoding.ts";
import { isSpellingSlip, SLIP_TEXT } from "./spelling_slip.ts";

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
  return failingWith(expected, event).map(({ describe }) => describe());
}

/** The clauses of a correlation that attributes fail; empty when it holds. */
export function correlationMismatches(
  correlation: Correlation,
  attributes: JsonObject,
): readonly Mismatch[] {
  return failing(correlation, attributes).map(({ describe }) => describe());
}

/** `mismatchDistance(mismatchesWith(expected, event))`, without describing anything. */
export function expectationDistance(expected: ExpectedEvent, event: MatchableEvent): number {
  return sumOf(failingWith(expected, event));
}

/** `mismatchDistance(correlationMismatches(correlation, attributes))`. */
export function correlationDistance(correlation: Correlation, attributes: JsonObject): number {
  return sumOf(failing(correlation, attributes));
}

/** The one that an event fails least, the first of several; `undefined` if there is none. */
export function findNearest<Candidate>(
  candidates: readonly Candidate[],
  distanceTo: (candidate: Candidate) => number,
): Candidate | undefined {
  let nearest: Candidate | undefined;
  let least = Infinity;
  for (const candidate of candidates) {
    const distance = distanceTo(candidate);
    if (distance < least) [nearest, least] = [candidate, distance];
  }
  return nearest;
}

/** Whether an event has what a clause expects, except for form or place. */
export function isClose({ close, elsewhere }: Mismatch): boolean {
  return close || elsewhere?.close === true;
}

/** The distance of a clause that fails closely. */
const CLOSE = 1;
/** The distance of a clause whose value is elsewhere, at least approximately. */
const MISPLACED = 9;
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

/** A clause that fails. Among many predicates, only the nearest is described, which takes longer. */
interface Failing {
  readonly distance: number;
  readonly describe: () => Mismatch;
}

function sumOf(all: readonly Failing[]): number {
  return all.reduce((sum, { distance }) => sum + distance, 0);
}

function failingWith({ taskId, matcher }: ExpectedEvent, event: MatchableEvent) {
  const all = failing(matcher.correlation, event.attributes);
  if (taskId === undefined || taskId === event.taskId) return all;
  return [failingValue("taskId", [taskId], event.taskId), ...all];
}

function failing(correlation: Correlation, attributes: JsonObject): readonly Failing[] {
  if (correlation === "any") return [];
  if ("all" in correlation) return correlation.all.flatMap((part) => failing(part, attributes));
  if ("anyOf" in correlation) {
    const branches = correlation.anyOf.map((part) => failing(part, attributes));
    return findNearest(branches, sumOf) ?? [off(() => IMPOSSIBLE)];
  }
  if ("not" in correlation) {
    return holds(correlation.not, attributes) ? negated(correlation.not, attributes) : [];
  }
  return termsOf(correlation).flatMap(([path, allowed]) => {
    const found = valueAt(attributes, path);
    if (!isScalar(found)) return failingPlace(path, allowed, attributes);
    return allowed.includes(found) ? [] : failingValue(path, allowed, found);
  });
}

function off(describe: () => Mismatch): Failing {
  return { distance: OFF, describe };
}

function failingValue(
  path: string,
  allowed: readonly JsonScalar[],
  found: JsonScalar | undefined,
): Failing {
  const loose = found === undefined ? undefined : looseForm(found);
  const nearest = allowed.find((value) => looseForm(value) === loose);
  const distance = nearest === undefined ? OFF : CLOSE;
  return { distance, describe: () => mismatch(path, allowed, found, nearest) };
}

/** When there is no scalar at the path. */
function failingPlace(
  path: string,
  allowed: readonly JsonScalar[],
  attributes: JsonObject,
): Failing {
  const misplaced = misplacedValue(path, allowed, attributes);
  const describe = () => {
    const elsewhere = elsewhereOf(allowed, attributes, misplaced);
    const clause = mismatch(path, allowed, valueAt(attributes, path));
    return { ...clause, ...present({ elsewhere }) };
  };
  return { distance: misplaced?.close === true ? MISPLACED : OFF, describe };
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

/** How an event has the value of a clause inside a text; `undefined` if it has no such text. */
export function insideForm({ form, elsewhere }: Mismatch): string | undefined {
  const note = form ?? elsewhere?.form;
  return note === CONTAINED_TEXT || note === ENCODED_TEXT ? note : undefined;
}

/** The most clauses that an answer lists. */
export const CLAUSES_MAX = 10;

/** Several clauses on one line: the first few, and how many more there are. */
export function mismatchesText(
  mismatches: readonly Mismatch[],
  shownMax = FEW_MAX,
): string {
  const shown = mismatches.slice(0, shownMax).map(mismatchText);
  const more = mismatches.length - shown.length;
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join("; ");
}

/** @param nearest The allowed value that was nearly met. */
function mismatch(
  path: string,
  allowed: readonly JsonScalar[],
  found: JsonValue | undefined,
  nearest?: JsonScalar,
): Mismatch {
  const close = nearest !== undefined;
  // Includes the value that was nearly met, since only a few are named.
  const shown = !close || allowed.length <= VALUES_SHOWN_MAX
    ? allowed
    : [nearest, ...allowed.filter((value) => value !== nearest)];
  const form = !isScalar(found)
    ? undefined
    : close
    ? formDifference(nearest, found)
    : slipText(allowed, found) ?? insideText(allowed, found);
  const clause = { path, expected: choiceText(shown), found: shownValue(found), close };
  return { ...clause, ...present({ form }) };
}

/** Where an event has the value of a clause, when there is no scalar at its path. */
function elsewhereOf(
  allowed: readonly JsonScalar[],
  attributes: JsonObject,
  misplaced: ReturnType<typeof misplacedValue>,
): Elsewhere | undefined {
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

const IMPOSSIBLE: Mismatch = { path: "", expected: NEVER, found: "an event", close: false };

/** Why something holds that must not, reduced to one clause about one path if possible. */
function negated(correlation: Correlation, attributes: JsonObject): readonly Failing[] {
  if (correlation === "any") return [off(() => IMPOSSIBLE)];
  if ("not" in correlation) return failing(correlation.not, attributes);
  if ("anyOf" in correlation) {
    const holding = correlation.anyOf.filter((part) => holds(part, attributes));
    return holding.flatMap((part) => negated(part, attributes));
  }
  const [only, another] = termsOf(correlation);
  if (only === undefined || another !== undefined) return [off(() => forbidden(correlation))];
  const [path, values] = only;
  return [off(() => {
    const found = shownValue(valueAt(attributes, path));
    return { path, expected: `anything but ${choiceText(values)}`, found, close: false };
  })];
}

function forbidden(correlation: Correlation): Mismatch {
  const expected = correlationText({ not: correlation });
  return { path: "", expected, found: "that it holds", close: false };
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
