/** The events that reached a job, or almost did, as points in time. */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { OutlinedHistory } from "../../explain/outlined_history.ts";
import type { LogId } from "../../core/ids.ts";
import type { JobState } from "../../core/job_state.ts";
import { toMatchable } from "../../core/projector.ts";
import type { TimeAxis } from "./time_axis.ts";

/**
 * `matched`: it counted for an expectation. `surplus`: it matched an expectation that was already
 * satisfied. `error`: it failed the job. `nearMiss`: it did not count, but was perhaps meant to.
 * `recorded`: it is on record, but had no effect.
 */
export type MarkKind = "matched" | "surplus" | "error" | "nearMiss" | "recorded";

/** The most expectations named for an event. */
const EXPECTATIONS_MAX = 100;

export interface Mark {
  readonly kind: MarkKind;
  readonly atMs: number;
  readonly logId: LogId;
  readonly eventType: string;
  /** Ids of the expectations that it counted for. */
  readonly expectations: readonly string[];
}

/**
 * @param nearMisses The near misses of the explanation; some are not the job's own entries.
 */
export function toMarks(
  outlined: OutlinedHistory,
  axis: TimeAxis,
  nearMisses: readonly JobEventLogEntry[],
): readonly Mark[] {
  const near = new Set(nearMisses.map(({ logId }) => logId));
  const countedFor = expectationsByEntry(outlined, outlined.entries);
  // Of Daybook's own entries, only those that had an effect, or were meant to.
  const ownFacts = [...outlined.ownFacts.values()].flat()
    .filter(({ logId }) => outlined.counted.has(logId) || near.has(logId));
  const own = [...outlined.facts.values()].flat().concat(ownFacts);
  const foreignEntries = nearMisses.filter(({ logId }) => !outlined.isOwn(logId));
  return [...own, ...foreignEntries]
    .map((entry): Mark => {
      const expectations = countedFor.get(entry.logId) ?? [];
      return {
        kind: kindOf(outlined, entry.logId, expectations, near),
        atMs: axis.between(entry),
        logId: entry.logId,
        eventType: toMatchable(entry).eventType,
        expectations,
      };
    })
    .toSorted((left, right) => left.logId - right.logId);
}

function kindOf(
  { counted, failedBy }: OutlinedHistory,
  logId: LogId,
  expectations: readonly string[],
  near: ReadonlySet<LogId>,
): MarkKind {
  if (failedBy?.entry.logId === logId) return "error";
  if (expectations.length > 0) return "matched";
  if (counted.has(logId)) return "surplus";
  return near.has(logId) ? "nearMiss" : "recorded";
}

/**
 * @param shown The entries of interest.
 */
function expectationsByEntry(
  { job }: OutlinedHistory,
  shown: { has(logId: LogId): boolean },
): ReadonlyMap<LogId, readonly string[]> {
  const found = new Map<LogId, string[]>();
  for (const [by, ids] of idsByList(job)) {
    for (const logId of by) {
      if (!shown.has(logId)) continue;
      const known = found.get(logId);
      if (known === undefined) found.set(logId, [...ids]);
      else if (known.length < EXPECTATIONS_MAX) known.push(...ids);
    }
  }
  return found;
}

/** Expectations with the same matches share one list of them. */
function idsByList({ plan, expected }: JobState): ReadonlyMap<readonly LogId[], readonly string[]> {
  const ids = new Map<readonly LogId[], string[]>();
  expected.forEach(({ by }, index) => {
    const sharing = ids.get(by);
    const id = plan.expected[index]?.id ?? "";
    if (sharing === undefined) ids.set(by, [id]);
    else if (sharing.length < EXPECTATIONS_MAX) sharing.push(id);
  });
  return ids;
}
