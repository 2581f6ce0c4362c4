/**
 * Why an event does not match: each clause of an expectation that it fails, with what was
 * expected and what was found. Says of every clause whether it failed closely, as `"42"`
 * fails `42`: that is nearly always a mistake of a sender, and worth telling.
 */

import { assertNever } from "./assert_never.ts";
import { type Correlation, holds } from "./correlation.ts";
import { isScalar, type JsonObject, type JsonScalar, type JsonValue, valueAt } from "./json.ts";
import type { ExpectedEvent, MatchableEvent } from "./job_plan.ts";

/** One clause that an event fails. */
export interface Mismatch {
  /** A path into `attributes`, or `taskId`; empty when the clause is about several paths. */
  readonly path: string;
  /** As JSON, or in words: `"42"`, `one of "EU", "US"`, `anything but "EU"`. */
  readonly expected: string;
  /** As JSON, cut when long; `nothing` when the path is missing. */
  readonly found: string;
  /** The two differ in no more than type, letter case or surrounding space. */
  readonly close: boolean;
}

/** The clauses of an expectation that an event of its type fails; none when it matches. */
export function mismatchesWith(
  expected: ExpectedEvent,
  event: MatchableEvent,
): readonly Mismatch[] {
  const { taskId, matcher } = expected;
  const failing = correlationMismatches(matcher.correlation, event.attributes);
  if (taskId === undefined || taskId === event.taskId) return failing;
  return [mismatch("taskId", [taskId], event.taskId), ...failing];
}

/** The clauses of a correlation that attributes fail; none when it holds. */
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
  if ("not" in correlation) return [negation(correlation.not, attributes)];
  return assertNever(correlation, "correlation");
}

/** How far an event is from matching: a close clause counts less than one that is off. */
export function distanceOf(mismatches: readonly Mismatch[]): number {
  return mismatches.reduce((sum, { close }) => sum + (close ? 1 : 10), 0);
}

/** `orderId: expected "42" (text), found 42 (number)`; types are named where they differ. */
export function mismatchText({ path, expected, found, close }: Mismatch): string {
  const types = close ? [typeNote(expected), typeNote(found)] : ["", ""];
  const [left = "", right = ""] = types[0] === types[1] ? ["", ""] : types;
  const subject = path === "" ? "" : `${path}: `;
  return `${subject}expected ${expected}${left}, found ${found}${right}`;
}

/** What a correlation demands, in words: `orderId = "42" and region = "EU"`. */
export function correlationText(correlation: Correlation): string {
  if (correlation === "any") return "any attributes";
  if ("equals" in correlation) {
    return joined(
      Object.entries(correlation.equals).map(([path, value]) => `${path} = ${json(value)}`),
    );
  }
  if ("in" in correlation) {
    return joined(
      Object.entries(correlation.in).map(([path, values]) => `${path} is ${oneOf(values)}`),
    );
  }
  if ("all" in correlation) return joined(correlation.all.map(correlationText));
  if ("anyOf" in correlation) {
    if (correlation.anyOf.length === 0) return "never";
    return correlation.anyOf.map((part) => grouped(part)).join(" or ");
  }
  return `not ${grouped(correlation.not)}`;
}

/**
 * One text for all scalars that a sender might confuse: `42`, `"42"` and `" 42 "`, `"eu"`
 * and `"EU"`. What an index files near misses under.
 */
export function looseForm(value: JsonScalar): string {
  return String(value).trim().toLowerCase();
}

const FOUND_LENGTH_MAX = 60;

function failingTerms(
  terms: readonly (readonly [path: string, allowed: readonly JsonScalar[]])[],
  attributes: JsonObject,
): readonly Mismatch[] {
  return terms.flatMap(([path, allowed]) => {
    const found = valueAt(attributes, path);
    const matches = isScalar(found) && allowed.includes(found);
    return matches ? [] : [mismatch(path, allowed, found)];
  });
}

function mismatch(
  path: string,
  allowed: readonly JsonScalar[],
  found: JsonValue | undefined,
): Mismatch {
  const close = isScalar(found) && allowed.some((value) => looseForm(value) === looseForm(found));
  return { path, expected: oneOf(allowed), found: shown(found), close };
}

/** Of alternatives that all fail, the one that fails least. */
function nearestBranch(
  branches: readonly Correlation[],
  attributes: JsonObject,
): readonly Mismatch[] {
  let nearest: readonly Mismatch[] | undefined;
  for (const branch of branches) {
    const failing = correlationMismatches(branch, attributes);
    if (nearest === undefined || distanceOf(failing) < distanceOf(nearest)) nearest = failing;
  }
  return nearest ?? [{ path: "", expected: "never", found: "an event", close: false }];
}

function negation(correlation: Correlation, attributes: JsonObject): Mismatch {
  const terms = typeof correlation === "object" && "equals" in correlation
    ? Object.entries(correlation.equals)
    : [];
  const [only] = terms;
  if (only !== undefined && terms.length === 1) {
    const [path, value] = only;
    const found = shown(valueAt(attributes, path));
    return { path, expected: `anything but ${json(value)}`, found, close: false };
  }
  const expected = `not ${grouped(correlation)}`;
  return { path: "", expected, found: "that it holds", close: false };
}

function joined(parts: readonly string[]): string {
  return parts.length === 0 ? "any attributes" : parts.join(" and ");
}

function grouped(correlation: Correlation): string {
  const text = correlationText(correlation);
  return text.includes(" and ") || text.includes(" or ") ? `(${text})` : text;
}

function oneOf(values: readonly JsonScalar[]): string {
  const [only] = values;
  if (values.length === 1 && only !== undefined) return json(only);
  return values.length === 0 ? "one of none" : `one of ${values.map(json).join(", ")}`;
}

function json(value: JsonScalar): string {
  return JSON.stringify(value);
}

function shown(value: JsonValue | undefined): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length > FOUND_LENGTH_MAX ? `${text.slice(0, FOUND_LENGTH_MAX)}…` : text;
}

/** The type of a scalar that is shown as JSON; empty for what is shown in words. */
function typeNote(text: string): string {
  if (text.startsWith('"')) return " (text)";
  if (text === "true" || text === "false") return " (true or false)";
  if (text === "null") return " (null)";
  return /^-?\d/.test(text) ? " (number)" : "";
}

/** How many clauses a correlation has; of alternatives, as many as the shortest. */
export function correlationTerms(correlation: Correlation): number {
  if (correlation === "any") return 0;
  if ("equals" in correlation) return Object.keys(correlation.equals).length;
  if ("in" in correlation) return Object.keys(correlation.in).length;
  if ("all" in correlation) {
    return correlation.all.reduce((sum, part) => sum + correlationTerms(part), 0);
  }
  if ("anyOf" in correlation) return Math.min(...correlation.anyOf.map(correlationTerms), 1);
  return 1;
}
