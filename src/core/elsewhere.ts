/**
 * Where an event has a value that a clause looks for at another path: one nesting too many
 * or too few, or another spelling of the name.
 */

import { isScalar, type JsonObject, type JsonScalar, type JsonValue } from "./json.ts";
import { slipBetween } from "./spelling.ts";

/** A scalar of an event. */
export interface Place {
  /** From the outside in; a name may hold any character, a dot too. */
  readonly names: readonly string[];
  readonly value: JsonScalar;
}

/** Of an event's scalars, how many are looked at. */
const PLACES_MAX = 32;
/** Of its lists, objects and scalars together. */
const VALUES_MAX = 128;
/** In names shorter than this one other letter makes another name. */
const LETTERS_MIN = 4;

/** One event is compared with many expectations. */
const placesBefore = new WeakMap<JsonObject, readonly Place[]>();

/** The scalars of an event, the outermost first; of many, the first 32. */
export function placesIn(attributes: JsonObject): readonly Place[] {
  let places = placesBefore.get(attributes);
  if (places === undefined) placesBefore.set(attributes, places = findPlaces(attributes));
  return places;
}

/** The names as one path; a name that is no part of a dotted path is in brackets. */
export function placePath({ names }: Place): string {
  return names.reduce((path, name) => {
    if (name === "" || name.includes(".")) return `${path}[${JSON.stringify(name)}]`;
    return path === "" ? name : `${path}.${name}`;
  }, "");
}

/** How a value compares with those that were expected. */
export type Likeness = "same" | "close" | "other";

/** The likeliest place for what is missing at a path; `undefined` when none is likely. */
export function likeliestPlace(
  attributes: JsonObject,
  path: string,
  likenessOf: (value: JsonScalar) => Likeness,
): Place | undefined {
  let likeliest: Place | undefined;
  let most = 0;
  for (const place of placesIn(attributes)) {
    const likelihood = likelihoodOf(place, path, likenessOf(place.value));
    if (likelihood > most) [likeliest, most] = [place, likelihood];
  }
  return likeliest;
}

/** The name tells more than the value; 0 when neither tells anything. */
function likelihoodOf(place: Place, path: string, likeness: Likeness): number {
  const isInside = isWithin(place, path);
  // What is inside the path was found: only a value that was asked for is news.
  if (isInside && likeness === "other") return 0;
  if (isInside || isAlike(place, path)) return LIKELIHOOD_OF_NAMED[likeness];
  return likeness === "same" && isTelling(place.value) ? 2 : 0;
}

const LIKELIHOOD_OF_NAMED = { same: 4, close: 3, other: 1 } as const;

/** Flags and short values are found in many places, and by chance. */
function isTelling(value: JsonScalar): boolean {
  return (typeof value === "string" || typeof value === "number") && `${value}`.trim().length > 1;
}

/** Whether a place lies at a path or in the list or object that is there. */
function isWithin({ names }: Place, path: string): boolean {
  return `${names.join(".")}.`.startsWith(`${path}.`);
}

/**
 * Whether somebody may have meant one path by the other: they differ in letter case, in
 * what divides words, by a single slip, or one is the end of the other.
 */
function isAlike({ names }: Place, path: string): boolean {
  const [left, right] = [looseName(names.join(".")), looseName(path)];
  if (`.${left}`.endsWith(`.${right}`) || `.${right}`.endsWith(`.${left}`)) return true;
  const [one, other] = [left.replaceAll(".", ""), right.replaceAll(".", "")];
  return one === other || isSlip(one, other);
}

function findPlaces(attributes: JsonObject): readonly Place[] {
  const places: Place[] = [];
  const open: { readonly names: readonly string[]; readonly value: JsonValue }[] = [
    { names: [], value: attributes },
  ];
  for (let at = 0; at < open.length && places.length < PLACES_MAX; at++) {
    const { names, value } = open[at] ?? { names: [], value: null };
    if (isScalar(value)) {
      places.push({ names, value });
      continue;
    }
    for (const [name, member] of membersOf(value, Math.min(PLACES_MAX, VALUES_MAX - open.length))) {
      open.push({ names: [...names, name], value: member });
    }
  }
  return places;
}

/** The first members of a list or an object. */
function membersOf(
  value: Exclude<JsonValue, JsonScalar>,
  limit: number,
): readonly (readonly [name: string, member: JsonValue])[] {
  if (limit <= 0) return [];
  const isList = (members: typeof value): members is readonly JsonValue[] => Array.isArray(members);
  if (isList(value)) return value.slice(0, limit).map((member, index) => [`${index}`, member]);
  return Object.keys(value).slice(0, limit).map((name) => [name, value[name] ?? null]);
}

function looseName(path: string): string {
  return path.toLowerCase().replace(/[_\-\s]/g, "");
}

/** Not where a digit differs: `line1` and `line2` are both meant. */
function isSlip(left: string, right: string): boolean {
  if (Math.min(left.length, right.length) < LETTERS_MIN) return false;
  return slipBetween(left, right) === 1 && digitsOf(left) === digitsOf(right);
}

function digitsOf(text: string): string {
  return text.replace(/\D/g, "");
}
