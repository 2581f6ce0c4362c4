/**
 * Whether an event has a value at another path than a clause expects: one level too deep or too
 * high, or under a misspelt name.
 */

import type { JobCreatedAttributes } from "../../core/framework_events.ts";
import { isScalar, type JsonObject, type JsonScalar, type JsonValue } from "../../core/json.ts";
import { looseForm } from "./loose_form.ts";
import { digitsOf, slipBetween } from "./names.ts";

export interface Place {
  /** From the outermost in; a name may contain any character, even a dot. */
  readonly names: readonly string[];
  readonly value: JsonScalar;
  readonly name: Name;
}

/** A path, prepared for many comparisons. */
interface Name {
  readonly path: string;
  /** In lower case, without word separators. */
  readonly loose: string;
  /** The same without dots. */
  readonly letters: string;
}

/** How many scalars of an event are compared. */
const PLACES_MAX = 32;
/** How many of its lists, objects and scalars together. */
const VALUES_MAX = 128;
/** In shorter names a different letter means a different name. */
const LETTERS_MIN = 4;

/** Cached, since one event is compared with many expectations. */
const placesBefore = new WeakMap<JsonObject, readonly Place[]>();

/** The scalars of an event, outermost first; at most 32. */
export function placesIn(attributes: JsonObject): readonly Place[] {
  return placesBefore.getOrInsertComputed(attributes, findPlaces);
}

/** The names as one path; a name that cannot be part of a dotted path is in brackets. */
export function placePath({ names }: Place): string {
  return names.reduce((path, name) => {
    if (name === "" || name.includes(".")) return `${path}[${JSON.stringify(name)}]`;
    return path === "" ? name : `${path}.${name}`;
  }, "");
}

type Given = Partial<Pick<JobCreatedAttributes, "input" | "labels">>;

/** Where the input or the labels of a job have a value, in any form. */
export function pathTo(value: JsonScalar, { input = null, labels }: Given): string | undefined {
  const loose = looseForm(value);
  const place = placesIn({ labels: labels ?? null, input })
    .find((one) => looseForm(one.value) === loose);
  return place && placePath(place);
}

/**
 * The likeliest place for a value that is missing at a path, and whether it is at least close to
 * one of the allowed values; `undefined` when no place is likely.
 */
export function misplacedValue(
  path: string,
  allowed: readonly JsonScalar[],
  attributes: JsonObject,
): { readonly place: Place; readonly close: boolean } | undefined {
  const sought = nameOf(path);
  const loose = new Set(allowed.map(looseForm));
  const isClose = (value: JsonScalar) => loose.has(looseForm(value));
  let likeliest: Place | undefined;
  let most = 0;
  for (const place of placesIn(attributes)) {
    const likelihood = likelihoodOf(place, sought, allowed, isClose);
    if (likelihood > most) [likeliest, most] = [place, likelihood];
  }
  return likeliest && { place: likeliest, close: isClose(likeliest.value) };
}

/** Ranks a place. The name counts more than the value; 0 when neither is similar. */
function likelihoodOf(
  { name, value }: Place,
  sought: Name,
  allowed: readonly JsonScalar[],
  isClose: (value: JsonScalar) => boolean,
): number {
  const isInside = isWithin(name, sought);
  if (!isInside && !isAlike(name, sought)) {
    return !isCommon(value) && allowed.includes(value) ? 2 : 0;
  }
  if (allowed.includes(value)) return 4;
  if (isClose(value)) return 3;
  // The path leads to something, so only an expected value there counts.
  return isInside ? 0 : 1;
}

/** Flags, digits and single characters are found in many places by chance. */
function isCommon(value: JsonScalar): boolean {
  return value === null || typeof value === "boolean" || `${value}`.trim().length < 2;
}

/** Whether a place is at a path, or inside the list or object at the path. */
function isWithin({ path }: Name, sought: Name): boolean {
  return path === sought.path || path.startsWith(`${sought.path}.`);
}

/**
 * Whether one path may have been meant by the other: they differ in letter case, in word separators
 * or by a single misspelling, or one is the end of the other.
 */
function isAlike(left: Name, right: Name): boolean {
  return isEndOf(left.loose, right.loose) || isEndOf(right.loose, left.loose) ||
    left.letters === right.letters || isSlip(left.letters, right.letters);
}

function isEndOf(end: string, path: string): boolean {
  return path.endsWith(end) && (path.length === end.length || path.at(-end.length - 1) === ".");
}

function nameOf(path: string): Name {
  const loose = path.toLowerCase().replace(/[_\-\s]/g, "");
  return { path, loose, letters: loose.replaceAll(".", "") };
}

function findPlaces(attributes: JsonObject): readonly Place[] {
  const places: Place[] = [];
  const open: { readonly names: readonly string[]; readonly value: JsonValue }[] = [
    { names: [], value: attributes },
  ];
  for (let at = 0; at < open.length && places.length < PLACES_MAX; at++) {
    const { names, value } = open[at] ?? { names: [], value: null };
    if (isScalar(value)) {
      places.push({ names, value, name: nameOf(names.join(".")) });
      continue;
    }
    for (const [name, member] of membersOf(value, Math.min(PLACES_MAX, VALUES_MAX - open.length))) {
      open.push({ names: [...names, name], value: member });
    }
  }
  return places;
}

/** The first members of a list or an object. */
export function membersOf(
  value: Exclude<JsonValue, JsonScalar>,
  limit: number,
): readonly (readonly [name: string, member: JsonValue])[] {
  if (limit <= 0) return [];
  const isList = (members: typeof value): members is readonly JsonValue[] => Array.isArray(members);
  if (isList(value)) return value.slice(0, limit).map((member, index) => [`${index}`, member]);
  return Object.keys(value).slice(0, limit).map((name) => [name, value[name] ?? null]);
}

/** Not when a digit differs: `line1` and `line2` are both intended. */
function isSlip(left: string, right: string): boolean {
  if (Math.abs(left.length - right.length) > 1) return false;
  if (Math.min(left.length, right.length) < LETTERS_MIN) return false;
  return slipBetween(left, right) === 1 && digitsOf(left) === digitsOf(right);
}
