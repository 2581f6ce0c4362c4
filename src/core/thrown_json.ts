/**
 * The JSON of a thrown object, which has no text of its own. Bounded, and it reads only data: a
 * getter or `toJSON` might never return.
 */

import type { JsonValue } from "./json.ts";
import { asText, isThrown, readMember } from "./thrown.ts";

const DEPTH_MAX = 4;
/** In place of what is too deep, or contains itself. */
const LEFT_OUT = "…";

interface Room {
  /** In characters: at most what JSON takes, so a text that was cut is longer than the limit. */
  left: number;
  readonly redact: (text: string) => string;
  /** The objects around the current one. */
  readonly around: object[];
}

/**
 * `undefined` for a value that JSON says nothing about, or that has a text.
 *
 * @param lengthMax Where it stops; the text may be somewhat longer.
 * @param redact Each text is redacted before it is cut.
 */
export function thrownJson(
  value: unknown,
  lengthMax: number,
  redact: (text: string) => string,
): string | undefined {
  try {
    if (typeof value !== "object" || value === null) return undefined;
    if (ArrayBuffer.isView(value)) return Object.prototype.toString.call(value);
    if (!Array.isArray(value) && !/^\[object .*\]$/.test(asText(value))) return undefined;
    const copy = members(value, { left: lengthMax, redact, around: [value] });
    return isEmpty(copy) ? undefined : JSON.stringify(copy);
  } catch {
    // A proxy may throw whenever it is read.
    return undefined;
  }
}

/** The value of an object's own member; `undefined` for a getter, which is not called. */
export function dataMember(value: unknown, name: string): unknown {
  try {
    return typeof value === "object" && value !== null
      ? Object.getOwnPropertyDescriptor(value, name)?.value
      : undefined;
  } catch {
    return undefined;
  }
}

function form(value: unknown, room: Room): JsonValue | undefined {
  switch (typeof value) {
    case "string":
      return taken(value, room);
    case "bigint":
      return taken(`${value}`, room);
    case "number":
      if (!Number.isFinite(value)) return taken(`${value}`, room);
      room.left -= 1;
      return value;
    case "boolean":
      room.left -= 1;
      return value;
    case "object":
      return value === null ? null : objectForm(value, room);
    default:
      return undefined;
  }
}

function objectForm(value: object, room: Room): JsonValue {
  if (room.around.length > DEPTH_MAX || room.around.includes(value)) return LEFT_OUT;
  if (isThrown(value, Error)) {
    return taken(`${readMember(value, "name", "Error")}: ${readMember(value, "message")}`, room);
  }
  if (isThrown(value, Date)) return taken(asText(value), room);
  room.around.push(value);
  const copy = members(value, room);
  room.around.pop();
  return copy;
}

function members(value: object, room: Room): JsonValue {
  room.left -= 2;
  return Array.isArray(value) ? elements(value, room) : Object.fromEntries(named(value, room));
}

function elements(values: readonly unknown[], room: Room): readonly JsonValue[] {
  const copy: JsonValue[] = [];
  for (let at = 0; at < values.length && room.left > 0; at++) {
    room.left -= 1;
    copy.push(form(dataMember(values, `${at}`), room) ?? null);
  }
  return copy;
}

function* named(value: object, room: Room): Generator<readonly [string, JsonValue]> {
  for (const name of Object.keys(value)) {
    if (room.left <= 0) return;
    const member = form(dataMember(value, name), room);
    if (member !== undefined) yield [taken(name, room), member];
  }
}

function taken(text: string, room: Room): string {
  const kept = room.redact(text.toWellFormed()).slice(0, Math.max(0, room.left));
  room.left -= kept.length;
  return kept.toWellFormed();
}

function isEmpty(copy: JsonValue): boolean {
  return typeof copy === "object" && copy !== null && Object.keys(copy).length === 0;
}
