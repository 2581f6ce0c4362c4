/**
 * The limits in a definition: how many of its jobs may run at a time, in total and for each key.
 */

import { present } from "../core/json.ts";
import type { LimitValues } from "../core/place_limits.ts";
import type { AnyJobDefinition } from "./definition.ts";
import { NO_SECRETS, type SecretGuard } from "./secrets/secret_guard.ts";

/** The largest limit. */
export const PLACES_MAX = 1_000_000;
/** The largest count of a rate: this many starts of each key are kept in memory. */
export const RATE_COUNT_MAX = 10_000;
/** A day. Callers themselves can delay a job for longer. */
export const RATE_MS_MAX = 24 * 3_600_000;
export const KEY_PATTERN = /^[^\p{Cc}\p{Cs}]{1,200}$/u;
export const KEY_RULE = "a text of 1 to 200 characters, without control characters";

const NAMES = ["maxRunning", "key", "perKey", "rate"];
const RATE_NAMES = ["count", "perMs", "key"];

/** Why a value is not a limit, as a clause; `undefined` when it is. */
function placesFlaw(name: string, places: unknown): string | undefined {
  if (places === undefined || isCount(places, PLACES_MAX)) return undefined;
  return `${name} must be a whole number from 1 to ${PLACES_MAX}` +
    (places === 0 ? "; to hold all jobs, pause them" : "");
}

/** The same for a rate. */
function rateFlaw(rate: unknown): string | undefined {
  if (rate === undefined) return undefined;
  const name = "limits.rate";
  if (typeof rate !== "object" || rate === null) return `${name} must be {count, perMs}`;
  const unknown = Object.keys(rate).find((name) => !RATE_NAMES.includes(name));
  if (unknown !== undefined) {
    return `${name} has no member ${unknown}: it may have ${RATE_NAMES.join(", ")}`;
  }
  const { count, perMs } = rate as Readonly<Record<string, unknown>>;
  if (!isCount(count, RATE_COUNT_MAX)) {
    return `${name}.count must be a whole number from 1 to ${RATE_COUNT_MAX}`;
  }
  return isCount(perMs, RATE_MS_MAX)
    ? undefined
    : `${name}.perMs must be a whole number of milliseconds from 1 to ${RATE_MS_MAX}, a day`;
}

function isCount(value: unknown, max: number): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= max;
}

/** What is wrong with the `limits` of a definition, as a clause; `undefined` when nothing is. */
export function limitsFlaw({ limits }: AnyJobDefinition): string | undefined {
  if (limits === undefined) return undefined;
  if (typeof limits !== "object" || limits === null) return "limits must be an object";
  const unknown = Object.keys(limits).find((name) => !NAMES.includes(name));
  if (unknown !== undefined) {
    return `limits has no member ${unknown}: it may have ${NAMES.join(", ")}`;
  }
  const { maxRunning, key, perKey, rate } = limits;
  if ([maxRunning, key, perKey, rate].every((limit) => limit === undefined)) {
    return `limits must not be empty: it may have ${NAMES.join(", ")}`;
  }
  if (perKey !== undefined && key === undefined) {
    return "limits.perKey needs limits.key, a function of the input, such as " +
      "(input) => input.tenant";
  }
  return keyFlaw("limits.key", key) ?? placesFlaw("limits.maxRunning", maxRunning) ??
    placesFlaw("limits.perKey", perKey) ?? rateFlaw(rate) ??
    keyFlaw("limits.rate.key", rate?.key);
}

function keyFlaw(name: string, key: unknown): string | undefined {
  if (key === undefined || typeof key === "function") return undefined;
  return `${name} must be a function of the input, such as (input) => input.tenant`;
}

/** Why a type has no limit for each key, as a clause. */
export function withoutKeyText(type: string): string {
  return `${type} has no limits.key, by which its jobs could be grouped`;
}

/** The limits of a definition without the functions that compute keys. */
export function placeLimits(
  { maxRunning, perKey, rate }: NonNullable<AnyJobDefinition["limits"]> = {},
): LimitValues {
  return present({
    maxRunning,
    perKey,
    rate: rate && { count: rate.count, perMs: rate.perMs },
  });
}

/** The keys that limit a job, as its creation records them. */
export interface JobKeys {
  readonly key?: string;
  readonly rateKey?: string;
}

/**
 * The keys of a job for the limits of its definition.
 *
 * @param value The input as parsed by the schema.
 * @param guard Knows the secrets of the input.
 * @throws {TypeError} when a function returns an invalid key, or a secret. Also throws whatever the
 * function throws.
 */
export function limitKeys(
  { limits }: AnyJobDefinition,
  value: unknown,
  guard: SecretGuard = NO_SECRETS,
): JobKeys {
  if (limits?.key === undefined && limits?.rate?.key === undefined) return NO_KEYS;
  const { rate } = limits;
  const checked = (name: string, key: unknown) => checkedKey(name, key, guard);
  return {
    ...(limits.key === undefined ? {} : { key: checked("limits.key", limits.key(value)) }),
    ...(rate?.key === undefined ? {} : { rateKey: checked("limits.rate.key", rate.key(value)) }),
  };
}

const NO_KEYS: JobKeys = {};

function checkedKey(name: string, key: unknown, guard: SecretGuard): string {
  if (typeof key === "string" && KEY_PATTERN.test(key)) {
    if (guard.redact(key) === key) return key;
    throw new TypeError(`${name} returned a secret, but the key of a job is recorded in clear`);
  }
  // A promise is refused, so no one handles its rejection.
  if (key instanceof Promise) key.catch(() => {});
  const given = key instanceof Promise
    ? "a promise"
    : typeof key === "string"
    ? key === "" ? "an empty text" : `a text of ${key.length} characters`
    : `a value of type ${key === null ? "null" : typeof key}`;
  throw new TypeError(`${name} must return ${KEY_RULE}, but returned ${given}`);
}
