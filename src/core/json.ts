/** JSON values: all that the journal can hold. */

/** A JSON scalar: what `equals` and `in` of a correlation compare. */
export type JsonScalar = string | number | boolean | null;

/** Any JSON value. */
export type JsonValue = JsonScalar | readonly JsonValue[] | JsonObject;

/** A JSON object, such as the attributes of an event. */
export interface JsonObject {
  /** The value of a member. */
  readonly [key: string]: JsonValue;
}

/** A flaw of a document. `pointer` is a JSON Pointer (RFC 6901) into it. */
export interface PointedIssue {
  readonly pointer: string;
  readonly detail: string;
}

/** Whether a value is an object with members, and not an array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** How deep objects and arrays may be nested in what is recorded. */
export const JSON_DEPTH_MAX = 64;

/**
 * The value at a dotted path, or `undefined` when any part is missing. Only own properties count,
 * so `constructor` and `__proto__` never reach a prototype.
 */
export function valueAt(object: JsonObject, path: string): JsonValue | undefined {
  let value: unknown = object;
  for (const name of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) {
      return undefined;
    }
    // The length of an array is not data.
    if (name === "length" && Array.isArray(value)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value as JsonValue;
}

/**
 * A copy that user code may change. `structuredClone` takes four times as long, since it handles
 * much that JSON does not have.
 */
export function copyJson<Value extends JsonValue | undefined>(value: Value): Value;
export function copyJson(value: JsonValue | undefined): JsonValue | undefined {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((member) => copyJson(member));
  const copy: Record<string, JsonValue> = { ...value as JsonObject };
  for (const name of Object.keys(copy)) {
    const member = copy[name];
    // Safe for a member called `__proto__` too: it is an own property, so no prototype is set.
    if (typeof member === "object") copy[name] = copyJson(member);
  }
  return copy;
}

/** Caches the size of a value with more members than this. */
const MEMBERS_MAX = 256;
const sizesBefore = new WeakMap<object, number>();

/** About how many characters a value takes as JSON; for limits only. */
export function jsonSize(value: JsonValue): number {
  if (typeof value === "string") return value.length + 2;
  if (typeof value !== "object" || value === null) return 5;
  return sizesBefore.get(value) ??
    (Array.isArray(value) ? sizeOfElements(value) : sizeOfMembers(value as JsonObject));
}

export function valueSize(value: JsonValue | undefined): number {
  return value === undefined ? 0 : jsonSize(value);
}

function sizeOfElements(values: readonly JsonValue[]): number {
  let size = 2;
  for (const value of values) size += 1 + jsonSize(value);
  if (values.length > MEMBERS_MAX) sizesBefore.set(values, size);
  return size;
}

function sizeOfMembers(object: JsonObject): number {
  let [size, members] = [2, 0];
  for (const name in object) {
    size += name.length + 4 + jsonSize(object[name] ?? null);
    members += 1;
  }
  if (members > MEMBERS_MAX) sizesBefore.set(object, size);
  return size;
}

/** A number and its comma take about this many characters. */
export const ELEMENT_CHARACTERS = 2;

/** Whether a value takes more characters than this; stops counting once it does. */
export function isLarge(value: unknown, characters: number): boolean {
  return charactersLeft(value, characters) < 0;
}

function charactersLeft(value: unknown, room: number): number {
  if (typeof value === "string") return room - value.length - 2;
  if (typeof value !== "object" || value === null) return room - ELEMENT_CHARACTERS;
  if (Array.isArray(value)) {
    let left = room - value.length * ELEMENT_CHARACTERS;
    for (let at = 0; at < value.length && left >= 0; at++) {
      if (typeof value[at] !== "number") left = charactersLeft(value[at], left);
    }
    return left;
  }
  let left = room;
  for (const name in value) {
    if (left < 0) break;
    left = charactersLeft((value as Record<string, unknown>)[name], left - name.length - 3);
  }
  return left;
}

/** A value whose text begins with the same characters, with little after them. */
export function jsonPrefix(value: JsonValue, characters: number): JsonValue {
  return beginning(value, { left: characters });
}

function beginning(value: JsonValue, room: { left: number }): JsonValue {
  if (typeof value === "string") {
    const cut = value.slice(0, Math.max(0, room.left));
    room.left -= cut.length;
    return cut;
  }
  room.left -= 1;
  if (typeof value !== "object" || value === null) return value;
  return Array.isArray(value)
    ? firstElements(value, room)
    : Object.fromEntries(firstMembers(value as JsonObject, room));
}

function firstElements(values: readonly JsonValue[], room: { left: number }): readonly JsonValue[] {
  const elements: JsonValue[] = [];
  for (let at = 0; at < values.length && room.left > 0; at++) {
    elements.push(beginning(values[at] ?? null, room));
  }
  return elements;
}

function* firstMembers(
  object: JsonObject,
  room: { left: number },
): Generator<readonly [string, JsonValue]> {
  for (const name in object) {
    if (room.left <= 0) return;
    room.left -= name.length;
    yield [name, beginning(object[name] ?? null, room)];
  }
}

/** Whether two values are the same JSON, in any order of members. */
export function equalJson(left: JsonValue, right: JsonValue): boolean {
  if (left === right) return true;
  if (typeof left !== "object" || typeof right !== "object") return false;
  if (left === null || right === null || Array.isArray(left) !== Array.isArray(right)) return false;
  const [names, others] = [Object.keys(left), Object.keys(right)];
  return names.length === others.length && names.every((name) => {
    const [one, other] = [left, right] as readonly JsonObject[];
    return Object.hasOwn(right, name) && equalJson(one?.[name] ?? null, other?.[name] ?? null);
  });
}

/** Whether `equals` and `in` can compare a value. */
export function isScalar(value: unknown): value is JsonScalar {
  if (value === null) return true;
  const type = typeof value;
  return type === "string" || type === "number" || type === "boolean";
}

/** Whether it is an object without members. */
export function isEmptyObject(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  for (const _name in value) return false;
  return true;
}

/** The JSON Pointer (RFC 6901) to a value, by the names and indexes that lead to it; empty for the whole. */
export function pointerTo(path: readonly (string | number)[]): string {
  return path.map((part) => `/${escapePart(String(part))}`).join("");
}

function escapePart(part: string): string {
  return part.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** For types that do not allow a member to be `undefined`. */
type Present<Members> = { [Name in keyof Members]?: Exclude<Members[Name], undefined> };

/** The same members, without those that are `undefined`. */
export function present<Members extends object>(members: Members): Present<Members> {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Present<Members>;
}
