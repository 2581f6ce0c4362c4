/**
 * The keys that an entry is filed under: hashes of its type and of the values that it carries, in
 * their loose form, so that `42` is found where `"42"` is expected. Only what came from outside has
 * any, and what a job was given in clear: nothing that is sealed.
 */

import {
  type FactEntry,
  type FrameworkEntry,
  isRefused,
  type JobEventLogEntry,
} from "../../core/event.ts";
import type { JsonObject, JsonScalar, JsonValue } from "../../core/json.ts";
import { looseForm, TEXT_LENGTH_MAX } from "../../explain/likeness/loose_form.ts";
import { quotedEntry } from "../../core/quotation.ts";
import { HASH_SEED, hashed, mixed } from "./text_hash.ts";

/** Of one event, beside its type: 32 keys at most. */
const VALUES_MAX = 30;
/** Objects and lists of one event that are looked into. */
const BRANCHES_MAX = 64;
/** Names in a path. */
const DEPTH_MAX = 6;
/** A longer text that a job was given is a document, and nothing that it is known by. */
const JOB_TEXT_MAX = 64;

const JOB_MARK = 0x6a09e667;

/** What holds many jobs at once: filed by its type, for who looks back at a time. */
const SETTINGS: readonly string[] = [
  "job.PauseBegan",
  "job.PauseEnded",
  "job.LimitsChanged",
  "job.LimitsRestored",
];

/** The framework types with something from outside in them. */
export const FILED_TYPES: readonly string[] = [
  "job.JobCreated",
  "journal.EntryQuoted",
  "journal.EventRefused",
  ...SETTINGS,
];

/** No value has the same: the last bit says what a key is of. */
export function typeKey(eventType: string): number {
  return (mixed(hashed(HASH_SEED, eventType)) | 1) >>> 0;
}

/** @param loose In its loose form. */
export function valueKey(loose: string): number {
  return (mixed(hashed(HASH_SEED, loose)) & ~1) >>> 0;
}

/** Of what a job was given: apart from events, which are looked for by themselves. */
export function jobKey(loose: string): number {
  return ofJob(valueKey(loose));
}

function ofJob(key: number): number {
  return (mixed(key ^ JOB_MARK) & ~1) >>> 0;
}

type Created = FrameworkEntry<"job.JobCreated">;

/** What is looked at of an entry. */
export type FiledEntry = Pick<
  JobEventLogEntry,
  "logId" | "stratum" | "eventType" | "jobId" | "attributes"
>;

/** Each once; none of most entries of the framework. */
export function keysOf(filed: FiledEntry): Iterable<number> {
  const entry = filed as JobEventLogEntry;
  if (entry.eventType === "job.JobCreated") return keysOfJob(entry as Created);
  if (SETTINGS.includes(entry.eventType)) return [typeKey(entry.eventType)];
  const event = isRefused(entry) ? entry.attributes : quotedEntry(entry);
  if ("stratum" in event && event.stratum === "framework") return [];
  const fact = event as Pick<FactEntry, "eventType" | "jobId" | "attributes">;
  return valueKeysOf(fact).add(typeKey(fact.eventType));
}

/** What it was given in clear, and its labels; a line may leave out that there are none. */
function keysOfJob(
  { attributes: { input = null, labels = {}, sealed } }: Created,
): Iterable<number> {
  const given = { attributes: sealed === undefined ? { labels, input } : { labels } };
  return Array.from(valueKeysOf(given, JOB_TEXT_MAX), ofJob);
}

/**
 * Of the values. What is nearer to the root comes first, since that is what correlations name.
 *
 * @param lengthMax Of a text, in UTF-16 units: a longer one has no key.
 */
function valueKeysOf(
  { attributes, jobId }: Pick<FactEntry, "attributes" | "jobId">,
  lengthMax = TEXT_LENGTH_MAX,
): Set<number> {
  const keys = new Set<number>();
  if (jobId !== undefined) keys.add(valueKey(looseForm(jobId)));
  const branches: (JsonObject | readonly JsonValue[])[] = [attributes];
  let depth = 1, ofDepth = 1;
  for (let at = 0; at < branches.length; at++) {
    if (at === ofDepth) [depth, ofDepth] = [depth + 1, branches.length];
    for (const value of Object.values(branches[at] ?? {})) {
      if (typeof value !== "object" || value === null) {
        const isLong = typeof value === "string" && value.length > lengthMax;
        if (!isLong && keys.add(valueKey(looseForm(value))).size === VALUES_MAX) {
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
