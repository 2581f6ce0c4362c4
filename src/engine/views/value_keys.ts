/**
 * The keys under which an entry is filed: hashes of its type and of its values, in their loose
 * form, so that `42` is found where `"42"` is expected. Only content from outside has keys,
 * including the clear input of a job, but nothing sealed.
 */

import {
  type FactEntry,
  type FrameworkEntry,
  isOfType,
  isRefused,
  type JobEventLogEntry,
  LIMIT_FACTS,
  PAUSE_FACTS,
  PROCESS_ENDS,
  PROCESS_FACTS,
} from "../../core/event.ts";
import { indexAlternatives } from "../../core/correlation.ts";
import type { ExpectedEvent } from "../../core/job_plan.ts";
import type { JsonObject, JsonScalar, JsonValue } from "../../core/json.ts";
import { looseForm, TEXT_LENGTH_MAX } from "../../explain/likeness/loose_form.ts";
import { quotedEntry } from "../../core/log_references.ts";
import { hashed, mixed } from "../hash.ts";

/** How many values of an event have a key, in addition to its type. */
const VALUES_MAX = 30;
/** How many objects and lists of each event are searched. */
const BRANCHES_MAX = 64;
/** How many names a path may have. */
const DEPTH_MAX = 6;
/** A longer text in an input is a document, not something that identifies the job. */
const JOB_TEXT_MAX = 64;

const JOB_MARK = 0x6a09e667;

/** Filed by type, for explanations of the past. */
const OF_ALL_JOBS: readonly string[] = [
  ...PAUSE_FACTS,
  ...LIMIT_FACTS,
  ...PROCESS_FACTS,
  ...PROCESS_ENDS,
];

/** Framework types with content from outside. */
export const FILED_TYPES: readonly string[] = [
  "job.JobCreated",
  "journal.EntryQuoted",
  "journal.EventRefused",
  "journal.ErrorUncaught",
  ...OF_ALL_JOBS,
];

/** The key of the errors that the code of a job may have thrown, and that no code caught. */
export function uncaughtOf(jobId: string): string {
  return `journal.ErrorUncaught of ${jobId}`;
}

/** Never equals the key of a value: the last bit distinguishes them. */
export function typeKey(eventType: string): number {
  return (mixed(hashed(eventType)) | 1) >>> 0;
}

/** @param loose The value in its loose form. */
export function valueKey(loose: string): number {
  return (mixed(hashed(loose)) & ~1) >>> 0;
}

/** For values of jobs, which are kept apart from those of events. */
export function jobKey(loose: string): number {
  return ofJob(valueKey(loose));
}

function ofJob(key: number): number {
  return (mixed(key ^ JOB_MARK) & ~1) >>> 0;
}

type Created = FrameworkEntry<"job.JobCreated">;

export type FiledEntry = Pick<
  JobEventLogEntry,
  "logId" | "stratum" | "eventType" | "jobId" | "attributes"
>;

/** Each key once; most framework entries have none. */
export function valueKeys(filed: FiledEntry): Iterable<number> {
  const entry = filed as JobEventLogEntry;
  if (entry.eventType === "job.JobCreated") return keysOfJob(entry as Created);
  if (isOfType(entry, "journal.Sealed") && entry.attributes.reason !== "stop") return [];
  if (OF_ALL_JOBS.includes(entry.eventType)) return [typeKey(entry.eventType)];
  if (isOfType(entry, "journal.ErrorUncaught")) return keysOfUncaught(entry.attributes);
  const event = isRefused(entry) ? entry.attributes : quotedEntry(entry);
  if ("stratum" in event && event.stratum === "framework") return [];
  const fact = event as Pick<FactEntry, "eventType" | "jobId" | "attributes">;
  return valueKeysOf(fact).add(typeKey(fact.eventType));
}

function keysOfUncaught(
  { attempt, open = [] }: FrameworkEntry<"journal.ErrorUncaught">["attributes"],
): Iterable<number> {
  const jobs = [...attempt === undefined ? [] : [attempt], ...open].map(({ jobId }) => jobId);
  return new Set(jobs.map((jobId) => typeKey(uncaughtOf(jobId))));
}

/**
 * Its labels, its clear input, and the values that its plan waits for. A line may leave out empty
 * labels, and a plan that waits for nothing from outside.
 */
function keysOfJob(
  { attributes: { input = null, labels = {}, sealed, plan } }: Created,
): Iterable<number> {
  const clear = { labels, input, awaited: awaitedValues(plan?.expected ?? []) };
  const given = { attributes: sealed === undefined ? clear : { labels } };
  return Array.from(valueKeysOf(given, JOB_TEXT_MAX), ofJob);
}

function awaitedValues(expected: readonly ExpectedEvent[]): readonly JsonScalar[] {
  return expected.slice(0, VALUES_MAX).flatMap(({ matcher }) =>
    indexAlternatives(matcher.correlation).flat().map(({ value }) => value)
  );
}

/**
 * Keys of values, those nearer to the root first, since correlations usually name those.
 *
 * @param lengthMax A longer text, in UTF-16 units, has no key.
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

export function isFiled(value: JsonScalar): boolean {
  return typeof value !== "string" || value.length <= TEXT_LENGTH_MAX;
}
