/** Converts values from code to JSON; refuses what JSON would lose or change. */

import { types } from "node:util";
import { JSON_DEPTH_MAX, type JsonObject, type JsonValue } from "../core/json.ts";
import { errorMessage } from "../core/thrown.ts";
import { NonRetryableError } from "./job_errors.ts";

/** In characters of JSON. */
export const RECORDED_LENGTH_MAX = 1_048_576;

/**
 * The JSON form of a value: a copy, the same now and after a restart. `undefined` members are left
 * out, `undefined` elements become `null`, and a value with a `toJSON` becomes its result.
 *
 * @param what The name of the value in messages, such as `result`.
 * @param lengthMax In characters of JSON.
 * @throws {NonRetryableError} with the path of the first value that JSON would lose or change.
 */
export function recordable(
  value: unknown,
  what: string,
  lengthMax: number = RECORDED_LENGTH_MAX,
): JsonValue | undefined {
  if (value === undefined) return undefined;
  const copy = new JsonCopy(lengthMax);
  try {
    return copy.of(value, "");
  } catch (thrown) {
    // Getters, toJSON and proxies run code too.
    const problem = copy.problem ?? `${copy.place} cannot be read: ${errorMessage(thrown)}`;
    throw new NonRetryableError(`Cannot record the ${what}: ${problem}`);
  }
}

class JsonCopy {
  /** What is wrong. The copy stops there. */
  problem: string | undefined;
  readonly #path: (string | number)[] = [];
  /** The objects around the current one, outermost first. */
  readonly #outer: object[] = [];
  #length = 0;

  constructor(private readonly lengthMax: number) {}

  /** The current path: `rows[2].total`; `it` for the whole value. */
  get place(): string {
    const path = this.#path.map(stepText).join("");
    return path === "" ? "it" : path.replace(/^\./, "");
  }

  of(value: unknown, key: string): JsonValue | undefined {
    switch (typeof value) {
      case "string":
        return this.#text(value);
      case "number":
        return this.#number(value);
      case "boolean":
        this.#takes(5);
        return value;
      case "undefined":
        return undefined;
      case "object":
        if (value === null) return this.#null();
        return this.#object(value, key);
      case "bigint":
        return this.#refuse("is a bigint, which JSON does not have; use a string");
      default:
        return this.#refuse(`is a ${typeof value}, which JSON would lose`);
    }
  }

  #text(value: string): string {
    if (!value.isWellFormed()) this.#refuseHalf("is");
    this.#takes(lengthOf(value));
    return value;
  }

  #number(value: number): number {
    if (!Number.isFinite(value)) this.#refuse(`is ${value}, which JSON does not have`);
    this.#takes(`${value}`.length);
    // JSON has no negative zero.
    return value === 0 ? 0 : value;
  }

  #null(): null {
    this.#takes(4);
    return null;
  }

  #object(value: object, key: string): JsonValue | undefined {
    if (this.#outer.includes(value)) this.#refuse("refers back to an object that contains it");
    if (this.#outer.length >= JSON_DEPTH_MAX) {
      this.#refuse(`is nested deeper than ${JSON_DEPTH_MAX} levels`);
    }
    this.#outer.push(value);
    const copy = this.#copied(value, key);
    this.#outer.pop();
    return copy;
  }

  #copied(value: object, key: string): JsonValue | undefined {
    if ("toJSON" in value && typeof value.toJSON === "function") {
      return this.#given(value, value.toJSON(key));
    }
    return this.#plain(value);
  }

  #plain(value: object): JsonValue {
    this.#takes(2);
    if (!Array.isArray(value)) this.#mustBeData(value);
    this.#mustHaveNames(value);
    if (Array.isArray(value)) return this.#elements(value);
    return this.#members(value as Record<string, unknown>);
  }

  #given(value: object, form: unknown): JsonValue | undefined {
    if (value instanceof Date && !/^\d/.test(String(form))) {
      this.#refuse("is a Date that RFC 3339 cannot express");
    }
    // JSON calls toJSON only once.
    return typeof form === "object" && form !== null ? this.#plain(form) : this.of(form, "");
  }

  #elements(values: readonly unknown[]): readonly JsonValue[] {
    const copy: JsonValue[] = [];
    for (let index = 0; index < values.length; index++) {
      this.#path.push(index);
      copy.push(this.of(values[index], `${index}`) ?? this.#null());
      this.#takes(1);
      this.#path.pop();
    }
    return copy;
  }

  #members(value: Record<string, unknown>): JsonObject {
    const copy: Record<string, JsonValue> = {};
    for (const name of Object.keys(value)) {
      this.#path.push(name);
      const member = this.of(value[name], name);
      if (member !== undefined) {
        if (!name.isWellFormed()) this.#refuseHalf("has a name with");
        this.#takes(lengthOf(name) + 2);
        setOwn(copy, name, member);
      }
      this.#path.pop();
    }
    return copy;
  }

  #mustHaveNames(value: object): void {
    const symbol = Object.getOwnPropertySymbols(value).find((key) =>
      Object.prototype.propertyIsEnumerable.call(value, key)
    );
    if (symbol === undefined) return;
    const shown = shownName(String(symbol));
    this.#refuse(`has a member under the symbol ${shown}, which JSON would lose`);
  }

  /** Classes whose content is not in their enumerable members, which is what JSON writes. */
  #mustBeData(value: object): void {
    const prototype = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) return;
    const kind = kindOf(value);
    if (kind === "Object") return;
    const advice = ADVICE[kind] ?? "use plain data instead";
    this.#refuse(
      `is ${/^[AEIO]/.test(kind) ? "an" : "a"} ${kind}, which JSON would lose; ${advice}`,
    );
  }

  #takes(characters: number): void {
    this.#length += characters;
    if (this.#length <= this.lengthMax) return;
    this.problem = `it is too long, the limit is ${this.lengthMax} characters of JSON; ` +
      "store it elsewhere and use a reference";
    throw new RangeError(this.problem);
  }

  #refuseHalf(what: string): never {
    this.#refuse(`${what} a lone surrogate, which is not valid text; toWellFormed() replaces it`);
  }

  #refuse(reason: string): never {
    this.problem = `${this.place} ${reason}`;
    throw new TypeError(this.problem);
  }
}

/** The class of the content. A subclass may call itself anything. */
function kindOf(value: object): string {
  if (types.isMap(value)) return "Map";
  if (types.isSet(value)) return "Set";
  return Object.prototype.toString.call(value).slice(8, -1);
}

const ADVICE: Readonly<Record<string, string>> = {
  Map: "use Object.fromEntries(map) or [...map]",
  Promise: "await it",
  Set: "use [...set]",
  Uint8Array: "use base64",
};

const NAME_LENGTH_MAX = 60;

/** Not cut: the beginning of a secret would not be recognised, and so not be masked. */
function shownName(name: string): string {
  return name.length > NAME_LENGTH_MAX ? `of ${name.length} characters` : name.toWellFormed();
}

function stepText(step: string | number): string {
  if (typeof step === "number") return `[${step}]`;
  if (step.length > NAME_LENGTH_MAX) return `[a name ${shownName(step)}]`;
  const name = step.toWellFormed();
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

/** As JSON writes it. */
function lengthOf(text: string): number {
  // deno-lint-ignore no-control-regex -- JSON escapes these.
  return /["\\\u0000-\u001f]/.test(text) ? JSON.stringify(text).length : text.length + 2;
}

/** Sets a member called `__proto__` too, without setting the prototype. */
function setOwn(object: Record<string, JsonValue>, name: string, value: JsonValue): void {
  if (name !== "__proto__") object[name] = value;
  else Object.defineProperty(object, name, { value, ...OWN });
}

const OWN = { enumerable: true, configurable: true, writable: true };
