/**
 * A timeline as rows of bars and marks. Positions are percentages of the width, so that it fits any
 * screen and its text is never stretched. Its size is bounded, however long the job is.
 */

import { attemptNumber } from "../../explain/words/phrases.ts";
import { type Condition, conditionText } from "../../core/condition.ts";
import { counted } from "../../core/counted.ts";
import { MAIN_TASK } from "../../core/ids.ts";
import { shortText } from "../../core/shown_value.ts";
import {
  legible,
  type Piece,
  type ScaleName,
  type Tick,
  type TimeScale,
  timeScale,
  WIDTH,
} from "./time_scale.ts";
import type { AttemptOutcome, AttemptSpan, Extent, Lane, LaneSpan } from "../timeline/lanes.ts";
import type { ConditionStretch, Mark, MarkKind, Timeline } from "../timeline/timeline.ts";
import { durationText } from "../../core/duration.ts";
import type { Work } from "../../core/work.ts";

/** What a bar represents, which determines its appearance. */
export type BarKind = Condition | AttemptOutcome | "backoff" | "sleep";

export interface Bar {
  readonly kind: BarKind;
  readonly x: string;
  readonly width: string;
  readonly title: string;
  readonly isOngoing: boolean;
  /** How many spans this bar represents. */
  readonly count: number;
}

export interface Row {
  readonly label: string;
  readonly note: string;
  /** Continues the note where there is room: how long the process was down in the last span. */
  readonly down: string;
  readonly bars: readonly Bar[];
  /** The ends of failed attempts, even of those that a bar merges with others. */
  readonly failures: readonly DrawnFailure[];
  /** Labels of the bars that are wide enough for one. */
  readonly words: readonly { readonly x: string; readonly text: string }[];
}

interface DrawnFailure {
  readonly x: string;
  readonly title: string;
}

export interface DrawnMark {
  readonly kind: MarkKind;
  readonly x: string;
  readonly title: string;
  /** How many events this mark represents. */
  readonly count: number;
}

export interface Drawing {
  /** The lanes of tasks that are drawn. */
  readonly shown: readonly Lane[];
  readonly ticks: readonly (Tick & { readonly x: string })[];
  readonly job: Row;
  readonly lanes: readonly Row[];
  readonly marks: readonly DrawnMark[];
  /** Drawn over all bars: times when the process was down, which the bars do not show. */
  readonly downs: readonly Omit<Bar, "kind">[];
  /** The total number of lanes, of which one page is drawn. */
  readonly lanesTotal: number;
  /** Spans and marks that are merged with others because they are too narrow by themselves. */
  readonly merged: number;
}

/** Lanes on one page. */
export const LANES_MAX = 16;
/** The approximate number of bars in the whole drawing. */
const BARS_MAX = 1_000;
/** Anything narrower would be invisible. */
const WIDTH_MIN = 2.5;
/** A mark is wider than the narrowest bar. */
const MARK_UNITS = 2;
const LABEL_LENGTH_MAX = 32;

/**
 * Work with a pause between the parts, for a job with thousands of tasks.
 *
 * @param page The page of tasks, from 1.
 */
export function* drawingTimeline(
  timeline: Timeline,
  scaleName: ScaleName,
  page: number,
): Work<Drawing> {
  const shown = shownLanes(timeline, page);
  yield;
  const scale = timeScale(timeline, scaleName);
  yield;
  const unit = WIDTH / unitsOf(shown.length);
  const job = jobRow(timeline.conditions, unit, scale);
  const rows = shown.map((lane) => laneRow(lane, unit, scale));
  yield;
  const marks = marksRow(timeline.marks, unit, scale);
  const drawn = [...[job, ...rows].flatMap((row) => row.bars), ...marks];
  return {
    shown,
    ticks: scale.ticks.map(({ at, ...tick }) => ({ ...tick, x: percent(at) })),
    job,
    lanes: rows,
    marks,
    downs: toPieces(timeline.downs, unit, scale).map((piece) => ({
      ...placed(piece),
      title: barTitle(piece, "the longest time the process can have been down"),
      isOngoing: false,
    })),
    lanesTotal: timeline.lanes.filter(isTask).length,
    merged: drawn.reduce((sum, { count }) => count > 1 ? sum + count : sum, 0),
  };
}

/** `run` stays open as long as the job, so its attempt is not drawn: it would hide the waits. */
function isTask({ taskId, phase }: Lane): boolean {
  return taskId !== MAIN_TASK || phase === "compensation";
}

/** The number of units in the width: fewer if more rows share the bars. */
function unitsOf(lanes: number): number {
  return Math.min(400, Math.max(24, Math.floor(BARS_MAX / (lanes + 1) / 2)));
}

/** A row of few bars needs no share of `BARS_MAX`: only invisible bars are merged. */
function barUnit({ length }: readonly Extent[], unit: number): number {
  return length <= 2 * WIDTH / unit ? WIDTH_MIN : unit;
}

/** A position as a percentage of the width. */
function percent(at: number): string {
  return `${Number((at / WIDTH * 100).toFixed(2))}%`;
}

/** Of many lanes, the most relevant first: running, failed, or slow. */
function shownLanes({ lanes: all }: Timeline, page: number): readonly Lane[] {
  const lanes = all.filter(isTask);
  if (lanes.length <= LANES_MAX) return lanes;
  const ranked = lanes.map((lane) => ({ lane, urgency: urgencyOf(lane), length: lengthOf(lane) }))
    .sort((left, right) => right.urgency - left.urgency || right.length - left.length)
    .slice((page - 1) * LANES_MAX, page * LANES_MAX);
  const chosen = new Set(ranked.map(({ lane }) => lane));
  return lanes.filter((lane) => chosen.has(lane));
}

function urgencyOf({ spans }: Lane): number {
  if (spans.at(-1)?.isOngoing === true) return 2;
  const isBad = spans.some((span) => span.kind === "attempt" && BAD.has(span.outcome));
  return isBad ? 1 : 0;
}

const BAD: ReadonlySet<AttemptOutcome> = new Set(["failed", "interrupted", "abandoned"]);

function lengthOf({ spans }: Lane): number {
  return (spans.at(-1)?.toMs ?? 0) - (spans[0]?.fromMs ?? 0);
}

function jobRow(conditions: readonly ConditionStretch[], unit: number, scale: TimeScale): Row {
  const pieces = toPieces(conditions, barUnit(conditions, unit), scale);
  const bars = pieces.map((piece) => {
    const { condition, isOngoing } = piece.longest.span;
    const title = barTitle(piece, conditionText(condition)) + downText(piece.longest.span);
    return { ...placed(piece), kind: condition, title, isOngoing };
  });
  return { label: "The job", note: "", down: "", bars, failures: [], words: wordsFor(pieces) };
}

function laneRow({ taskId, phase, spans }: Lane, unit: number, scale: TimeScale): Row {
  const bars = toPieces(spans, barUnit(spans, unit), scale).map((piece) => {
    const { span } = piece.longest;
    const title = barTitle(piece, spanText(span)) + downText(span);
    return { ...placed(piece), kind: kindOf(span), title, isOngoing: span.isOngoing };
  });
  const last = spans.at(-1);
  return {
    label: laneLabel(taskId, phase),
    note: laneNote(spans),
    down: last === undefined ? "" : downText(last),
    bars,
    failures: failuresIn(spans, unit, scale),
    words: [],
  };
}

function failuresIn(
  spans: readonly LaneSpan[],
  unit: number,
  scale: TimeScale,
): readonly DrawnFailure[] {
  const ends = spans.flatMap((span) =>
    span.kind === "attempt" && span.outcome === "failed" ? { span, ...atEnd(span) } : []
  );
  return toPieces(ends, unit, scale).map(({ fromMs, count, longest: { span: { span } } }) => ({
    x: percent(fromMs),
    title: count === 1
      ? `attempt ${attemptNumberOf(span)} failed after ${durationText(span.toMs - span.fromMs)}`
      : counted(count, "failed attempt"),
  }));
}

function atEnd({ toMs }: Extent): Extent {
  return { fromMs: toMs, toMs };
}

/** Wide enough for a label even on a phone. */
const WORDS_WIDTH_MIN = 0.3 * WIDTH;

function wordsFor(pieces: readonly Piece<Placed<ConditionStretch>>[]): Row["words"] {
  return pieces
    .filter(({ fromMs, toMs, count }) => count === 1 && toMs - fromMs >= WORDS_WIDTH_MIN)
    .map(({ fromMs, longest: { span } }) => ({
      x: percent(fromMs),
      text: `${conditionText(span.condition)} ${durationText(span.toMs - span.fromMs)}` +
        downText(span),
    }));
}

/** A span, positioned by the scale. */
interface Placed<Span> extends Extent {
  readonly span: Span;
}

function toPieces<Span extends Extent>(
  spans: readonly Span[],
  unit: number,
  scale: TimeScale,
): readonly Piece<Placed<Span>>[] {
  const there = spans.map((span) => {
    const fromMs = scale.at(span.fromMs);
    return { span, fromMs, toMs: Math.max(fromMs, scale.at(span.toMs)) };
  });
  return legible(there, unit);
}

function placed({ fromMs, toMs, count }: Piece<Placed<unknown>>) {
  return {
    x: percent(Math.min(WIDTH - WIDTH_MIN, fromMs)),
    width: percent(Math.max(WIDTH_MIN, toMs - fromMs)),
    count,
  };
}

function barTitle({ count, first, last }: Piece<Placed<Extent>>, what: string): string {
  const length = durationText(last.span.toMs - first.span.fromMs);
  if (count === 1) return `${what}, ${length}`;
  return `${count} spans in ${length}, the longest: ${what}`;
}

function kindOf(span: LaneSpan): BarKind {
  return span.kind === "attempt" ? span.outcome : span.kind;
}

function laneLabel(taskId: string, phase: Lane["phase"]): string {
  const name = shortText(taskId, LABEL_LENGTH_MAX);
  return phase === "run" ? name : `undo ${name}`;
}

/** The number of attempts, and how the last one ended. */
function laneNote(spans: readonly LaneSpan[]): string {
  const attempts = spans.filter((span) => span.kind === "attempt");
  const last = spans.at(-1);
  const lengthMs = (last?.toMs ?? 0) - (spans[0]?.fromMs ?? 0);
  const state = last === undefined ? "" : `${spanText(last)}, ${durationText(lengthMs)}`;
  return attempts.length < 2 ? state : `${counted(attempts.length, "attempt")}, ${state}`;
}

function spanText(span: LaneSpan): string {
  if (span.kind === "sleep") return span.isOngoing ? "sleeping" : "slept";
  if (span.kind === "backoff") return span.isOngoing ? "backing off" : "backed off";
  return OUTCOME_WORDS[span.outcome];
}

/** For a span in which the process may have been down. */
function downText(span: ConditionStretch | LaneSpan): string {
  const downMs = "downMs" in span ? span.downMs : 0;
  return downMs === 0 ? "" : `, down for at most ${durationText(downMs)} of it`;
}

export const OUTCOME_WORDS: Readonly<Record<AttemptOutcome, string>> = {
  running: "running",
  completed: "completed",
  failed: "failed",
  interrupted: "cut short",
  abandoned: "abandoned",
  reused: "reused",
  continued: "rested, then continued",
  unended: "no end on record",
};

/** `2 of 4`, or `2` if the limit is not on record, or does not count the attempt. */
export function attemptNumberOf({ attempt, nth, maxAttempts, outcome }: AttemptSpan): string {
  return attemptNumber(attempt, nth - 1, outcome === "interrupted" ? undefined : maxAttempts);
}

export const MARK_WORDS: Readonly<Record<MarkKind, string>> = {
  matched: "counted",
  surplus: "surplus",
  error: "error",
  nearMiss: "near miss",
  recorded: "did nothing",
};

function marksRow(marks: readonly Mark[], unit: number, scale: TimeScale): readonly DrawnMark[] {
  return [...Map.groupBy(marks, ({ kind }) => kind)].flatMap(([kind, ofKind]) => {
    const extents = ofKind.map((mark) => ({ ...mark, fromMs: mark.atMs, toMs: mark.atMs }));
    return toPieces(extents, MARK_UNITS * unit, scale).map((piece) => ({
      kind,
      x: percent(piece.fromMs),
      count: piece.count,
      title: markTitle(kind, piece.longest.span, piece.count),
    }));
  });
}

function markTitle(kind: MarkKind, { eventType, logId }: Mark, count: number): string {
  return count === 1
    ? `${eventType}: ${MARK_WORDS[kind]}, entry ${logId}`
    : `${count} events: ${MARK_WORDS[kind]}`;
}
