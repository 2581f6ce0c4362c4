/**
 * The life of a job as spans of time: its conditions, the attempts of each task, and the arrival of
 * events. Pure: the same entries and the same present give the same timeline.
 */

import type { Condition } from "../../core/condition.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import type { OutlinedHistory } from "../../explain/outlined_history.ts";
import type { Downtime } from "../../explain/downtimes.ts";
import type { LogId } from "../../core/ids.ts";
import { isTerminal } from "../../core/job_state.ts";
import { type Lane, toLanes } from "./lanes.ts";
import type { Extent } from "./legible.ts";
import { type Mark, toMarks } from "./marks.ts";
import { TimeAxis } from "./time_axis.ts";

/** A span in one condition, before the job has ended. */
export interface ConditionStretch {
  readonly condition: Condition;
  /** Milliseconds from the creation of the job. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Whether it has not ended: `toMs` is then now. */
  readonly isOngoing: boolean;
  /** The entry that began the condition. */
  readonly fromBy: LogId;
  /** The entry that ended the condition; `undefined` while it has not ended. */
  readonly toBy: LogId | undefined;
  /** How long the process may have been down in it after a crash; 0 without a crash. */
  readonly downMs: number;
}

export interface Timeline {
  /** When the job was created (RFC 3339), which is 0 on the axis. */
  readonly createdAt: string;
  /** From the creation to the end or to now; if an attempt ran longer, to its end. */
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

export function buildTimeline(
  outlined: OutlinedHistory,
  { nowMs, nearMisses = [], downtimes = [] }: TimelineOptions,
): Timeline {
  const axis = new TimeAxis(outlined);
  const endMs = axisEnd(outlined, axis, nowMs);
  const lanes = toLanes(outlined, axis, endMs, downtimes);
  const ends = lanes.flatMap(({ spans }) => spans.at(-1)?.toMs ?? []);
  const totalMs = ends.reduce((latest, end) => Math.max(latest, end), endMs);
  return {
    createdAt: outlined.created.receivedAt,
    totalMs,
    conditions: conditionSpans(outlined, axis, endMs, downtimes),
    lanes,
    downs: downStretches(lanes),
    marks: toMarks(outlined, axis, nearMisses)
      .map((mark) => ({ ...mark, atMs: Math.min(mark.atMs, totalMs) })),
    wentBackAt: axis.wentBackAt,
  };
}

/** The time before each restart that interrupted attempts; equal for all attempts of a restart. */
function downStretches(lanes: readonly Lane[]): readonly Extent[] {
  const ends = new Map<number, Extent>();
  for (const span of lanes.flatMap(({ spans }) => spans)) {
    if (span.kind !== "attempt" || span.downMs === 0) continue;
    ends.set(span.toMs, { fromMs: Math.max(0, span.toMs - span.downMs), toMs: span.toMs });
  }
  return [...ends.values()].toSorted((left, right) => left.fromMs - right.fromMs);
}

/** The end of the job, or now. */
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
