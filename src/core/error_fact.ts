/**
 * Converts what was thrown, which may be anything, to a fact that a line of the journal can hold.
 * Of what it reads beyond name, message and stack, it reads only data: a getter might never return.
 */

import type { ErrorCause, ErrorFact } from "./framework_events.ts";
import { asText, isThrown, readMember } from "./thrown.ts";
import { dataMember, thrownJson } from "./thrown_json.ts";

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
export type Redaction = (text: string) => string;

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
  readonly #redact: Redaction;
  readonly #lengthMin: number;
  readonly #seen = new Set<unknown>();
  #causesLeft = CAUSES_MAX;

  constructor(redact: Redaction, lengthMin: number) {
    this.#redact = redact;
    this.#lengthMin = lengthMin;
  }

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
    const length = Math.max(lengthMax, this.#lengthMin);
    return this.#text(thrownJson(value, length, this.#redact) ?? asText(value), lengthMax);
  }

  #codeOf(value: unknown): Pick<ErrorCause, "code"> {
    const code = dataMember(value, "code");
    if (typeof code === "string" && code !== "") {
      return { code: this.#text(code, CODE_LENGTH_MAX) };
    }
    if (typeof code !== "number" || !Number.isFinite(code)) return {};
    const text = this.#redact(`${code}`);
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

  /** An error that was met before is part of a cycle, or said already. */
  #cause(value: unknown, depth: number): ErrorCause | undefined {
    if (value === undefined || value === null || typeof value === "function") return undefined;
    if (this.#causesLeft === 0 || this.#seen.has(value)) return undefined;
    this.#causesLeft--;
    return this.#error(value, CAUSE_LENGTH_MAX, depth);
  }

  /** Redacted before it is cut. */
  #text(value: string, lengthMax: number): string {
    const length = Math.max(lengthMax, this.#lengthMin);
    const text = this.#redact(value.toWellFormed());
    return text.length <= length ? text : `${text.slice(0, length)}…`;
  }
}

/** The target of a proxy that was revoked cannot be told. */
function isList(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}
