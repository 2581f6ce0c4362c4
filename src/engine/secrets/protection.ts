/**
 * Whether, and how, the inputs of a definition are kept out of the journal. Secret parts are named by
 * dotted paths, in which `*` is every element of an array.
 */

import { isObject, JSON_DEPTH_MAX, type JsonObject, type JsonValue } from "../../core/json.ts";
import { type InputRetention, SECRET_MARK } from "../../core/sealed_input.ts";
import type { AnyJobDefinition } from "../definition.ts";

export interface Protection {
  readonly secrets: readonly string[];
  readonly retention: InputRetention;
}

/** A name in a path; it contains no dot. */
const NAME = /^[^.]{1,200}$/;
/** Thirty years: the longest retention. */
const AFTER_MS_MAX = 30 * 366 * 86_400_000;

/** `undefined` when the input may stay in the journal in clear. */
export function inputProtection(definition: AnyJobDefinition): Protection | undefined {
  const { secrets = [], retention = "keep" } = definition;
  return secrets.length === 0 && retention === "keep" ? undefined : { secrets, retention };
}

/**
 * Why a protection that a definition asks for is not possible, as a clause; `undefined` when it is.
 *
 * @param schema Returns the JSON Schema of the input.
 */
export function protectionFlaw(
  definition: AnyJobDefinition,
  schema: () => JsonValue,
): string | undefined {
  const { secrets = [], retention = "keep", startsOn } = definition;
  if (!Array.isArray(secrets)) return "secrets must be an array of dotted paths";
  const flaw = secrets.map(pathFlaw).find((found) => found !== undefined);
  if (flaw !== undefined) return `secrets: ${flaw}`;
  if (!isRetention(retention)) {
    return 'retention must be "keep", "deleteOnCompletion" or {afterMs} of up to 30 years';
  }
  const protection = inputProtection(definition);
  if (protection === undefined) return undefined;
  if (startsOn !== undefined) {
    return "secrets and retention cannot hide what startsOn takes from an event: the event " +
      "itself is in the journal";
  }
  const unknown = secrets.find((path) => !mayHave(schema(), path.split(".")));
  return unknown === undefined ? undefined : `secrets: its input has no ${unknown}`;
}

function isRetention(retention: InputRetention): boolean {
  if (retention === "keep" || retention === "deleteOnCompletion") return true;
  if (typeof retention !== "object" || retention === null) return false;
  const { afterMs } = retention;
  return Number.isFinite(afterMs) && afterMs >= 0 && afterMs <= AFTER_MS_MAX;
}

/** What is wrong with a path; `undefined` when nothing is. */
function pathFlaw(path: unknown): string | undefined {
  if (typeof path !== "string") return "a path must be a string";
  const names = path.split(".");
  return names.every((name) => NAME.test(name)) && names.length <= JSON_DEPTH_MAX
    ? undefined
    : `${JSON.stringify(path)} is not a dotted path`;
}

/** The same input with a mark in place of every secret. */
export function masked(input: JsonValue, paths: readonly string[]): JsonValue {
  return paths.reduce((shown, path) => maskedAt(shown, path.split(".")), input);
}

function maskedAt(value: JsonValue, [name, ...rest]: readonly string[]): JsonValue {
  if (name === undefined) return SECRET_MARK;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    return name === "*" ? value.map((element) => maskedAt(element, rest)) : value;
  }
  // `fromEntries` instead of assignments, since a member may be called `__proto__`.
  return Object.fromEntries(
    Object.entries(value).map((
      [key, member],
    ) => [key, key === name ? maskedAt(member, rest) : member]),
  );
}

/**
 * The secret texts and numbers of an input, as text.
 *
 * @param input As it was submitted, or as the schema returned it, which may be anything.
 */
export function secretValues(input: unknown, paths: readonly string[]): readonly string[] {
  return paths.flatMap((path) => valuesAt(input, path.split(".")));
}

function valuesAt(value: unknown, [name, ...rest]: readonly string[]): readonly string[] {
  if (name === undefined) return scalarsIn(value, new Set());
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) {
    return name === "*" ? value.flatMap((element) => valuesAt(element, rest)) : [];
  }
  if (!Object.hasOwn(value, name)) return [];
  return valuesAt(Reflect.get(value, name), rest);
}

function scalarsIn(value: unknown, seen: Set<unknown>): readonly string[] {
  if (typeof value === "string") return [value];
  if (typeof value === "number" || typeof value === "bigint") return [String(value)];
  if (typeof value !== "object" || value === null || seen.has(value)) return [];
  seen.add(value);
  return Object.values(value).flatMap((member) => scalarsIn(member, seen));
}

/**
 * Whether an input with this JSON Schema can have a value at a path. It can where the schema does
 * not say.
 */
function mayHave(schema: JsonValue | undefined, [name, ...rest]: readonly string[]): boolean {
  if (name === undefined) return true;
  if (!isObject(schema)) return true;
  const { type, properties, items, additionalProperties = false } = schema;
  if (type === "array") return name === "*" && mayHave(items, rest);
  if (type === "object" && typeof properties === "object" && properties !== null) {
    // A schema that ignores unknown members never passes them to `run`, so such a path is a mistake.
    return Object.hasOwn(properties, name)
      ? mayHave((properties as JsonObject)[name], rest)
      : additionalProperties !== false;
  }
  return typeof type !== "string" || type === "object";
}
