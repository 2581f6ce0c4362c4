/**
 * The life of a job as spans of time: its conditions, the attempts of each task, and the arrival of
 * events. Pure: the same entries and the same present give the same timeline.
 */

import type { Condition } from "../../core/condition.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import type { OutlinedHistory } from "../../explain/history/outlined_history.ts";
import type { Downtime } from "../../explain/past/timing.ts";
import type { LogId } from "../../core/ids.ts";
import { isTerminal, type JobState } from "../../core/job_state.ts";
import { eachLane, type Extent, type Lane, type Stretch } from "./lanes.ts";
import { TimeAxis } from "./time_axis.ts";
import { toMatchable } from "../../core/projector.ts";
import type { Work } from "../../core/work.ts";

/** A span in one condition, before the job has ended. */
export interface ConditionStretch extends Stretch {
  readonly condition: Condition;
  /** How long the process may have been down in it after a crash; 0 without a crash. */
  readonly downMs: number;
}

export interface Timeline {
  /** From the creation, 0 on the axis, to the end or to now; if an attempt ran longer, to its end. */
  readonly totalMs: number;
  /** Without gaps, from 0 to the end of the job or to now. */
  readonly conditions: readonly ConditionStretch[];
  readonly lanes: readonly Lane[];
  /** When the process was down, at most. */
  readonly downs: readonly Extent[];
  /** In journal order; events after the end are placed at the end. */
  readonly marks: readonly Mark[];
  /** Entries whose time is before that of the previous entry, because the clock went back. */
  readonly wentBackAt: readonly LogId[];
}

interface TimelineOptions {
  /** Milliseconds since the epoch, as the end of ongoing spans. */
  readonly nowMs: number;
  /** Events that the explanation names as near misses. */
  readonly nearMisses?: readonly JobEventLogEntry[];
  /** When the process was down during the job's life. */
  readonly downtimes?: readonly Downtime[];
}

/** Work with a pause after each lane, and between the parts. */
export function* buildingTimeline(
  outlined: OutlinedHistory,
  { nowMs, nearMisses = [], downtimes = [] }: TimelineOptions,
): Work<Timeline> {
  const axis = new TimeAxis(outlined);
  yield;
  const endMs = axisEnd(outlined, axis, nowMs);
  const lanes: Lane[] = [];
  let totalMs = endMs;
  for (const lane of eachLane(outlined, axis, endMs, downtimes)) {
    lanes.push(lane);
    totalMs = Math.max(totalMs, lane.spans.at(-1)?.toMs ?? 0);
    yield;
  }
  const downs = downStretches(lanes);
  yield;
  const conditions = conditionSpans(outlined, axis, endMs, downtimes);
  yield;
  const marks = toMarks(outlined, axis, nearMisses)
    .map((mark) => ({ ...mark, atMs: Math.min(mark.atMs, totalMs) }));
  const { wentBackAt } = axis;
  return { totalMs, conditions, lanes, downs, marks, wentBackAt };
}

/** The time before each restart that interrupted attempts; equal for all attempts of a restart. */
function downStretches(lanes: readonly Lane[]): readonly Extent[] {
  const ends = new Map<number, Extent>();
  for (const { spans } of lanes) {
    for (const span of spans) {
      if (span.kind !== "attempt" || span.downMs === 0) continue;
      ends.set(span.toMs, { fromMs: Math.max(0, span.toMs - span.downMs), toMs: span.toMs });
    }
  }
  return [...ends.values()].toSorted((left, right) => left.fromMs - right.fromMs);
}

function axisEnd({ endedBy }: OutlinedHistory, axis: TimeAxis, nowMs: number): number {
  return endedBy === undefined ? axis.now(nowMs) : axis.of(endedBy.entry.logId);
}

function conditionSpans(
  { spans, job }: OutlinedHistory,
  axis: TimeAxis,
  endMs: number,
  downtimes: readonly Downtime[],
): readonly ConditionStretch[] {
  const lived = isTerminal(job) ? spans.slice(0, -1) : spans;
  return lived.map((span, index) => {
    const { condition, by } = span;
    const next = spans[index + 1];
    return {
      condition,
      fromMs: axis.beginOf(span),
      toMs: next === undefined ? endMs : axis.beginOf(next),
      isOngoing: next === undefined,
      fromBy: by,
      toBy: next?.by,
      downMs: downtimes.reduce((sum, { during, ms }) => during.by === by ? sum + ms : sum, 0),
    };
  });
}

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

/** @param nearMisses The near misses of the explanation; some are not the job's own entries. */
function toMarks(
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

/** @param shown The entries of interest. */
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
