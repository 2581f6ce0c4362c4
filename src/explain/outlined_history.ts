/** A job's entries as an explanation needs them: what began, ended and moved it. */

import { isCorrelated, type JobEventLogEntry, type ProcessEntry } from "../core/event.ts";
import type { LogId } from "../core/ids.ts";
import { lengthMs } from "./condition_spans.ts";
import { toMatchable } from "../core/projector.ts";
import { type Noted, OutlineGathering } from "./outline_gathering.ts";
import type { KeptEntry } from "./kept_entries.ts";

type ByType = ReadonlyMap<string, readonly JobEventLogEntry[]>;

export interface OutlinedHistory extends Noted {
  /** The entries that are kept, by position. */
  readonly entries: ReadonlyMap<LogId, JobEventLogEntry>;
  /** Those of them from outside, by the type of the event, oldest first. */
  readonly facts: ByType;
  /** The same for events recorded by Daybook, of the types in the plan. */
  readonly ownFacts: ByType;
  /** What happened to the whole process meanwhile, oldest first; absent when unknown. */
  readonly process?: readonly ProcessEntry[];
  /** Positions of those that counted for an expectation, or moved the job. */
  readonly counted: ReadonlySet<LogId>;
  /** Original ids of the events that reached this job. */
  readonly reachedBy: ReadonlySet<string>;
  /** Whether an entry is the job's own, kept or not. */
  isOwn(logId: LogId): boolean;
  /** Whether it is an event that reached the job through an entry that stands for it. */
  hasReached(logId: LogId): boolean;
}

export const OutlinedHistory = {
  /** @throws {TypeError} when there are no entries, or the first is not `job.JobCreated`. */
  of(entries: readonly JobEventLogEntry[]): OutlinedHistory {
    const gathering = new OutlineGathering();
    for (const entry of entries) gathering.add(entry);
    const noted = gathering.noted();
    const wanted = new Set(unkept(noted));
    return outlineHistory(noted, entries.filter(({ logId }) => wanted.has(logId)));
  },
} as const;

/** @param recalled Entries that are shown although they were not kept; see `unkept`. */
export function outlineHistory(
  noted: Noted,
  recalled: readonly JobEventLogEntry[],
): OutlinedHistory {
  const kept = noted.kept.map(({ entry }) => entry);
  const entries = recalled.length === 0 ? kept : inOrder([...kept, ...recalled]);
  const facts = byType(noted.kept, "fact");
  return {
    ...noted,
    entries: new Map(entries.map((entry) => [entry.logId, entry])),
    facts,
    ownFacts: byType(noted.kept, "ownFact"),
    counted: new Set(noted.kept.flatMap(({ entry, counted }) => counted ? [entry.logId] : [])),
    reachedBy: new Set([...facts.values()].flat().map(originalId)),
    isOwn: (logId) => includes(noted.logIds, logId),
    hasReached: (logId) => includes(noted.causes, logId),
  };
}

/** How long an ended job took, from its creation on. */
export function tookMs({ created, endedBy }: OutlinedHistory): number | undefined {
  return endedBy && lengthMs(created.receivedAt, endedBy.entry.receivedAt);
}

/** Positions of entries that were not kept but are shown, since they settled something. */
export function unkept({ job, kept }: Noted): readonly LogId[] {
  const known = new Set(kept.map(({ entry }) => entry.logId));
  const last = job.expected.flatMap(({ by }) => by.at(-1) ?? []);
  return [...new Set(last)].filter((logId) => !known.has(logId)).toSorted((a, b) => a - b);
}

function byType(kept: readonly KeptEntry[], wanted: KeptEntry["kind"]): ByType {
  const ofKind = kept.flatMap(({ entry, kind }) => kind === wanted ? [entry] : []);
  return Map.groupBy(ofKind, (entry) => toMatchable(entry).eventType as string);
}

function inOrder(entries: readonly JobEventLogEntry[]): readonly JobEventLogEntry[] {
  return entries.toSorted((left, right) => left.logId - right.logId);
}

/** @param positions In ascending order. */
function includes(positions: readonly LogId[], logId: LogId): boolean {
  let [low, high] = [0, positions.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((positions[middle] ?? Infinity) < logId) low = middle + 1;
    else high = middle;
  }
  return positions[low] === logId;
}

/** The entry without its large parts, which explanations do not use. */
export function outline(entry: JobEventLogEntry): JobEventLogEntry {
  if (isCorrelated(entry)) {
    return { ...entry, attributes: { ...entry.attributes, attributes: {} } };
  }
  return { ...entry, attributes: {} } as JobEventLogEntry;
}

/** The id of an event when it came from outside. */
export function originalId(entry: JobEventLogEntry): string {
  return isCorrelated(entry) ? entry.attributes.eventId : entry.eventId;
}
