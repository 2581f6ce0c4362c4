/** What a definition says of how many of its jobs may run at a time, and of their keys. */

import type { JsonValue } from "../core/json.ts";
import type { AnyJobDefinition } from "./definition.ts";
import { guardOf } from "./secrets/sealing.ts";

/** More places than this are no limit. */
const PLACES_MAX = 1_000_000;
export const KEY_PATTERN = /^[^\p{Cc}\p{Cs}]{1,200}$/u;
export const KEY_RULE = "a text of 1 to 200 characters, without control characters";

const NAMES = ["maxRunning", "key", "perKey"];

/** @throws {TypeError} naming what is wrong with the `limits` of a definition. */
export function requireLimits({ type, limits }: AnyJobDefinition): void {
  if (limits === undefined) return;
  const flaw = limitsFlaw(limits);
  if (flaw !== undefined) throw new TypeError(`Cannot register ${type}: ${flaw}`);
}

function limitsFlaw(limits: NonNullable<AnyJobDefinition["limits"]>): string | undefined {
  if (typeof limits !== "object" || limits === null) return "limits must be an object";
  const unknown = Object.keys(limits).find((name) => !NAMES.includes(name));
  if (unknown !== undefined) {
    return `limits has no member ${unknown}: it may have ${NAMES.join(", ")}`;
  }
  const { maxRunning, key, perKey } = limits;
  if (maxRunning === undefined && key === undefined && perKey === undefined) {
    return `limits must say something: ${NAMES.join(", ")}`;
  }
  if (key !== undefined && typeof key !== "function") {
    return "limits.key must be a function of the input, such as (input) => input.tenant";
  }
  if (perKey !== undefined && key === undefined) {
    return "limits.perKey needs limits.key, a function of the input, such as " +
      "(input) => input.tenant";
  }
  return placesFlaw("maxRunning", maxRunning) ?? placesFlaw("perKey", perKey);
}

function placesFlaw(name: string, places: number | undefined): string | undefined {
  if (places === undefined || isPlaces(places)) return undefined;
  return `limits.${name} must be a whole number from 1 to ${PLACES_MAX}` +
    (places === 0 ? "; to hold all jobs, pause them" : "");
}

function isPlaces(places: unknown): boolean {
  return Number.isSafeInteger(places) && Number(places) >= 1 && Number(places) <= PLACES_MAX;
}

/**
 * The key of a job, by which its definition limits; `undefined` where it has none.
 *
 * @param value The input as the schema has parsed it.
 * @throws {TypeError} when `key` gives no key, or a secret, and whatever it throws itself.
 */
export function keyOf(
  { limits, secrets = [] }: AnyJobDefinition,
  value: unknown,
  input: JsonValue | undefined,
): string | undefined {
  if (limits?.key === undefined) return undefined;
  const key: unknown = limits.key(value);
  if (typeof key === "string" && KEY_PATTERN.test(key)) {
    if (guardOf(input, secrets).redact(key) === key) return key;
    throw new TypeError("limits.key gave a secret, and the key of a job is recorded in clear");
  }
  const given = key instanceof Promise
    ? "a promise"
    : typeof key === "string"
    ? key === "" ? "an empty text" : `a text of ${key.length} characters`
    : `a value of type ${key === null ? "null" : typeof key}`;
  throw new TypeError(`limits.key must give ${KEY_RULE}, and gave ${given}`);
}
