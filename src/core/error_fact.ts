/**
 * Converts what was thrown, which may be anything, to a fact that a line of the journal can hold.
 * Of what it reads beyond name, message and stack, it reads only data: a getter might never return.
 */

import type { ErrorCause, ErrorFact } from "./framework_events.ts";
import { shortText } from "./shown_value.ts";
import { asText, isThrown, readMember } from "./thrown.ts";
import type { JsonValue } from "./json.ts";

/** Longer texts are cut: the journal keeps evidence, not dumps. */
const NAME_LENGTH_MAX = 200;
const CODE_LENGTH_MAX = 100;
const MESSAGE_LENGTH_MAX = 4_000;
const CAUSE_LENGTH_MAX = 1_000;
const STACK_LENGTH_MAX = 2_000;

/** The length of a chain of causes. */
const DEPTH_MAX = 5;
/** The causes of one fact, at any depth. */
const CAUSES_MAX = 10;
/** How many errors of an `AggregateError` are recorded: the first. */
const ERRORS_MAX = 3;

/** Removes from a text what the journal must not hold. */
type Redaction = (text: string) => string;

/**
 * @param lengthMin No text is cut to less than this: for a fact that is redacted later, since half
 * a secret would not be recognised.
 */
export function errorFact(
  thrown: unknown,
  redact: Redaction = (text) => text,
  lengthMin = 0,
): ErrorFact {
  return new Recording(redact, lengthMin).fact(thrown);
}

class Recording {
  readonly #seen = new Set<unknown>();
  #causesLeft = CAUSES_MAX;

  constructor(private readonly redact: Redaction, private readonly lengthMin: number) {}

  fact(thrown: unknown): ErrorFact {
    const { name = "Error", ...others } = this.#error(thrown, MESSAGE_LENGTH_MAX, 0);
    const stack = isThrown(thrown, Error) ? readMember(thrown, "stack", "") : "";
    const fact = { name, ...others };
    return stack === "" ? fact : { ...fact, stack: this.#text(stack, STACK_LENGTH_MAX) };
  }

  #error(value: unknown, lengthMax: number, depth: number): ErrorCause {
    this.#seen.add(value);
    const name = this.#nameOf(value);
    return {
      ...(name === undefined ? {} : { name }),
      message: this.#messageOf(value, lengthMax),
      ...this.#codeOf(value),
      ...this.#causesOf(value, depth + 1),
    };
  }

  #nameOf(value: unknown): string | undefined {
    const name = isThrown(value, Error)
      ? readMember(value, "name", "Error")
      : dataMember(value, "name");
    const isName = typeof name === "string" && name !== "";
    return isName ? this.#text(name, NAME_LENGTH_MAX) : undefined;
  }

  #messageOf(value: unknown, lengthMax: number): string {
    if (isThrown(value, Error)) return this.#text(readMember(value, "message"), lengthMax);
    const message = dataMember(value, "message");
    if (typeof message === "string") return this.#text(message, lengthMax);
    const length = Math.max(lengthMax, this.lengthMin);
    return this.#text(thrownJson(value, length, this.redact) ?? asText(value), lengthMax);
  }

  #codeOf(value: unknown): Pick<ErrorCause, "code"> {
    const code = dataMember(value, "code");
    if (typeof code === "string" && code !== "") {
      return { code: this.#text(code, CODE_LENGTH_MAX) };
    }
    if (typeof code !== "number" || !Number.isFinite(code)) return {};
    const text = this.redact(`${code}`);
    return { code: text === `${code}` ? code : text };
  }

  #causesOf(value: unknown, depth: number): Pick<ErrorCause, "cause" | "errors"> {
    if (depth > DEPTH_MAX) return {};
    const cause = this.#cause(dataMember(value, "cause"), depth);
    const list = dataMember(value, "errors");
    const errors = isList(list) ? this.#errors(list, depth) : [];
    return {
      ...(cause === undefined ? {} : { cause }),
      ...(errors.length === 0 ? {} : { errors }),
    };
  }

  #errors(list: readonly unknown[], depth: number): readonly ErrorCause[] {
    const errors: ErrorCause[] = [];
    for (let at = 0; at < ERRORS_MAX; at++) {
      const error = this.#cause(dataMember(list, `${at}`), depth);
      if (error !== undefined) errors.push(error);
    }
    return errors;
  }

  /** An error that was met before is part of a cycle, or recorded already. */
  #cause(value: unknown, depth: number): ErrorCause | undefined {
    if (value === undefined || value === null || typeof value === "function") return undefined;
    if (this.#causesLeft === 0 || this.#seen.has(value)) return undefined;
    this.#causesLeft--;
    return this.#error(value, CAUSE_LENGTH_MAX, depth);
  }

  /** Redacted before it is cut. */
  #text(value: string, lengthMax: number): string {
    return shortText(this.redact(value.toWellFormed()), Math.max(lengthMax, this.lengthMin));
  }
}

/** `Array.isArray` throws for a revoked proxy. */
function isList(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

// The JSON of a thrown object, which has no text of its own.

const JSON_DEPTH_MAX = 4;
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
 * `undefined` for a value that has its own text, or of which JSON shows nothing.
 *
 * @param lengthMax Where it stops; the text may be somewhat longer.
 * @param redact Each text is redacted before it is cut.
 */
function thrownJson(
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
function dataMember(value: unknown, name: string): unknown {
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
  if (room.around.length > JSON_DEPTH_MAX || room.around.includes(value)) return LEFT_OUT;
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
