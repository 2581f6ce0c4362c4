/**
 * A timeline as rows of bars and marks, with places in percent of the width: so that it fits
 * any screen, and its text is never stretched. Bounded, however long the job is.
 */

import type { Condition } from "../../../core/condition.ts";
import { counted } from "../../../core/counted.ts";
import { legible, type Piece } from "../../../core/timeline/legible.ts";
import type { AttemptOutcome, AttemptSpan, Lane, LaneSpan } from "../../../core/timeline/lanes.ts";
import type { Mark, MarkKind } from "../../../core/timeline/marks.ts";
import type { ConditionStretch, Timeline } from "../../../core/timeline/timeline.ts";
import { conditionText } from "../parts/condition_mark.tsx";
import { cutText } from "../parts/text.tsx";
import { durationText } from "../parts/time.tsx";
import { type Tick, ticksOf } from "./ticks.ts";

/** What a bar stands for; its look goes by that. */
export type BarKind = Condition | AttemptOutcome | "backoff";

export interface Bar {
  readonly kind: BarKind;
  readonly x: string;
  readonly width: string;
  readonly title: string;
  readonly goesOn: boolean;
  /** How many are drawn as this one. */
  readonly count: number;
}

export interface Row {
  readonly label: string;
  readonly note: string;
  readonly bars: readonly Bar[];
}

export interface DrawnMark {
  readonly kind: MarkKind;
  readonly x: string;
  readonly title: string;
}

export interface Drawing {
  readonly ticks: readonly (Tick & { readonly x: string })[];
  readonly job: Row;
  readonly lanes: readonly Row[];
  readonly marks: readonly DrawnMark[];
  /** Lanes for which there is no room. */
  readonly lanesHidden: number;
  /** Spans and marks that are drawn together with others, being too narrow by themselves. */
  readonly merged: number;
}

const LANES_MAX = 16;
/** Bars in the whole drawing, about. */
const BARS_MAX = 1_000;
/** Nothing is drawn narrower: it could not be seen. */
const WIDTH_MIN_PERCENT = 0.25;
const LABEL_LENGTH_MAX = 32;

export function drawingOf(timeline: Timeline): Drawing {
  const { totalMs, lanes, conditions, marks } = timeline;
  const shown = shownLanes(lanes);
  const unitMs = Math.max(totalMs, 1) / unitsOf(shown.length);
  const scale = new Scale(totalMs);
  const job = jobRow(conditions, unitMs, scale);
  const rows = shown.map((lane) => laneRow(lane, unitMs, scale));
  const drawnMarks = marksRow(marks, unitMs, scale);
  const bars = [job, ...rows].flatMap((row) => row.bars);
  const merged = bars.reduce((sum, { count }) => count > 1 ? sum + count : sum, 0);
  return {
    ticks: ticksOf(totalMs).map((tick) => ({ ...tick, x: scale.x(tick.atMs) })),
    job,
    lanes: rows,
    marks: drawnMarks.marks,
    lanesHidden: lanes.length - shown.length,
    merged: merged + drawnMarks.merged,
  };
}

/** How many units the width has: fewer, the more rows share the bars. */
function unitsOf(lanes: number): number {
  return Math.min(400, Math.max(24, Math.floor(BARS_MAX / (lanes + 1) / 2)));
}

class Scale {
  readonly #totalMs: number;

  constructor(totalMs: number) {
    this.#totalMs = Math.max(totalMs, 1);
  }

  x(atMs: number): string {
    return percent(Math.min(100 - WIDTH_MIN_PERCENT, this.#share(atMs)));
  }

  width(fromMs: number, toMs: number): string {
    return percent(Math.max(WIDTH_MIN_PERCENT, this.#share(toMs - fromMs)));
  }

  #share(ms: number): number {
    return ms / this.#totalMs * 100;
  }
}

function percent(share: number): string {
  return `${Number(share.toFixed(3))}%`;
}

/** Of many, those which tell most: what goes on, what ended badly, what took long. */
function shownLanes(lanes: readonly Lane[]): readonly Lane[] {
  if (lanes.length <= LANES_MAX) return lanes;
  const chosen = lanes
    .toSorted((left, right) =>
      urgencyOf(right) - urgencyOf(left) || lengthOf(right) - lengthOf(left)
    )
    .slice(0, LANES_MAX);
  return lanes.filter((lane) => chosen.includes(lane));
}

function urgencyOf({ spans }: Lane): number {
  if (spans.at(-1)?.goesOn === true) return 2;
  const isBad = spans.some((span) => span.kind === "attempt" && BAD.has(span.outcome));
  return isBad ? 1 : 0;
}

const BAD: ReadonlySet<AttemptOutcome> = new Set(["failed", "interrupted", "abandoned"]);

function lengthOf({ spans }: Lane): number {
  return (spans.at(-1)?.toMs ?? 0) - (spans[0]?.fromMs ?? 0);
}

function jobRow(conditions: readonly ConditionStretch[], unitMs: number, scale: Scale): Row {
  const bars = legible(conditions, unitMs).map((piece) => ({
    ...placed(piece, scale),
    kind: piece.longest.condition,
    title: titleOf(piece, conditionText(piece.longest.condition)),
    goesOn: piece.longest.goesOn,
  }));
  return { label: "The job", note: "", bars };
}

function laneRow({ taskId, phase, spans }: Lane, unitMs: number, scale: Scale): Row {
  const bars = legible(spans, unitMs).map((piece) => ({
    ...placed(piece, scale),
    kind: kindOf(piece.longest),
    title: titleOf(piece, spanText(piece.longest)),
    goesOn: piece.longest.goesOn,
  }));
  return { label: laneLabel(taskId, phase), note: laneNote(spans), bars };
}

function placed({ fromMs, toMs, count }: Piece<LaneSpan | ConditionStretch>, scale: Scale) {
  return { x: scale.x(fromMs), width: scale.width(fromMs, toMs), count };
}

function titleOf(
  { fromMs, toMs, count }: Piece<LaneSpan | ConditionStretch>,
  what: string,
): string {
  const length = durationText(toMs - fromMs);
  return count === 1 ? `${what}, ${length}` : `${count} spans in ${length}, the longest: ${what}`;
}

function kindOf(span: LaneSpan): BarKind {
  return span.kind === "backoff" ? "backoff" : span.outcome;
}

function laneLabel(taskId: string, phase: Lane["phase"]): string {
  const name = taskId === "main" ? "run" : cutText(taskId, LABEL_LENGTH_MAX);
  return phase === "run" ? name : `undo ${name}`;
}

/** How many attempts, and how the last one ended. */
function laneNote(spans: readonly LaneSpan[]): string {
  const attempts = spans.filter((span) => span.kind === "attempt");
  const last = spans.at(-1);
  const state = last === undefined ? "" : spanText(last);
  return attempts.length < 2 ? state : `${counted(attempts.length, "attempt")}, ${state}`;
}

function spanText(span: LaneSpan): string {
  if (span.kind === "backoff") return span.goesOn ? "backing off" : "backed off";
  return OUTCOME_WORDS[span.outcome];
}

export const OUTCOME_WORDS: Readonly<Record<AttemptOutcome, string>> = {
  running: "running",
  completed: "completed",
  failed: "failed",
  interrupted: "cut short",
  abandoned: "abandoned",
  reused: "reused",
  unended: "no end on record",
};

/** `2 of 4`, or `2` where the limit is not on record. */
export function attemptNumber({ nth, maxAttempts }: AttemptSpan): string {
  return maxAttempts === undefined ? `${nth}` : `${nth} of ${maxAttempts}`;
}

export const MARK_WORDS: Readonly<Record<MarkKind, string>> = {
  matched: "counted",
  surplus: "surplus",
  error: "error",
  nearMiss: "near miss",
  recorded: "did nothing",
};

function marksRow(marks: readonly Mark[], unitMs: number, scale: Scale) {
  const drawn = [...Map.groupBy(marks, ({ kind }) => kind)].flatMap(([kind, ofKind]) => {
    const extents = ofKind.map((mark) => ({ ...mark, fromMs: mark.atMs, toMs: mark.atMs }));
    return legible(extents, 2 * unitMs).map((piece) => ({
      kind,
      x: scale.x(piece.fromMs),
      count: piece.count,
      title: piece.count === 1
        ? `${piece.longest.eventType}: ${MARK_WORDS[kind]}, entry ${piece.longest.logId}`
        : `${piece.count} events: ${MARK_WORDS[kind]}`,
    }));
  });
  const merged = drawn.reduce((sum, { count }) => count > 1 ? sum + count : sum, 0);
  return { marks: drawn, merged };
}
