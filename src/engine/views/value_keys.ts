/** The hashes that an event is filed under: of its type, and of the values that it carries. */

import type { FactEntry } from "../../core/event.ts";
import type { JsonObject, JsonScalar, JsonValue } from "../../core/json.ts";
import { looseForm } from "../../core/likeness/loose_form.ts";
import { TEXT_LENGTH_MAX } from "../../core/likeness/own_values.ts";
import { HASH_SEED, hashed, mixed } from "./text_hash.ts";

/** Of one event, with those of its type. */
const KEYS_MAX = 32;
/** Objects and lists of one event that are looked into. */
const BRANCHES_MAX = 64;
/** Names in a path. */
const DEPTH_MAX = 6;

/** What no value begins with in its loose form. */
const TYPE_MARK = hashed(HASH_SEED, "\n");
const OTHER_TYPE_MARK = hashed(HASH_SEED, "\n\n");

const JOB_MARK = 0x6a09e667;

export function typeKeys(eventType: string): readonly [number, number] {
  return [mixed(hashed(TYPE_MARK, eventType)), mixed(hashed(OTHER_TYPE_MARK, eventType))];
}

/** @param loose In its loose form. */
export function valueKey(loose: string): number {
  return mixed(hashed(HASH_SEED, loose));
}

/** Of what a job was given: apart from events, which are looked for by themselves. */
export function jobKey(key: number): number {
  return mixed(key ^ JOB_MARK);
}

/**
 * Each once. What is nearer to the root comes first, since that is what correlations name.
 *
 * @param lengthMax Of a text, in UTF-16 units: a longer one has no key.
 */
export function valueKeysOf(
  { attributes, jobId }: Pick<FactEntry, "attributes" | "jobId">,
  lengthMax = TEXT_LENGTH_MAX,
): ReadonlySet<number> {
  const keys = new Set<number>();
  if (jobId !== undefined) keys.add(valueKey(looseForm(jobId)));
  const branches: (JsonObject | readonly JsonValue[])[] = [attributes];
  let depth = 1, ofDepth = 1;
  for (let at = 0; at < branches.length; at++) {
    if (at === ofDepth) [depth, ofDepth] = [depth + 1, branches.length];
    for (const value of Object.values(branches[at] ?? {})) {
      if (typeof value !== "object" || value === null) {
        const isLong = typeof value === "string" && value.length > lengthMax;
        if (!isLong && keys.add(valueKey(looseForm(value))).size === KEYS_MAX - 2) {
          return keys;
        }
      } else if (depth < DEPTH_MAX && branches.length < BRANCHES_MAX) {
        branches.push(value as JsonObject);
      }
    }
  }
  return keys;
}

/** Whether a value can be found again. */
export function isFiled(value: JsonScalar): boolean {
  return typeof value !== "string" || value.length <= TEXT_LENGTH_MAX;
}
