/**
 * Maps times of a job to positions in a drawing; equal times have equal positions. The scale `time`
 * is linear. In `steps`, the width between two moments grows logarithmically with the time between
 * them, so that a job that does everything within a second and then waits for a day still shows its
 * steps. Spans that are too narrow to be visible are merged, so that any number stays legible.
 */

import { MAIN_TASK } from "../../core/ids.ts";
import type { Extent, Lane } from "../timeline/lanes.ts";
import type { Timeline } from "../timeline/timeline.ts";
import { durationText } from "../../core/duration.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const STEPS_MS: readonly number[] = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR),
  ...[1, 2, 7, 14, 30, 90, 180, 365].map((count) => count * DAY),
];

export interface Tick {
  readonly atMs: number;
  /** `0`, `30 s`, `2 h`. */
  readonly text: string;
}

const TICKS_MAX = 5;

/** From 0; none near the end, where its text would not fit. */
export function axisTicks(totalMs: number): readonly Tick[] {
  const stepMs = STEPS_MS.find((step) => totalMs / step <= TICKS_MAX) ??
    Math.ceil(totalMs / TICKS_MAX / DAY) * DAY;
  const count = Math.floor((totalMs * 0.94) / stepMs);
  return Array.from({ length: count + 1 }, (_, index) => ({
    atMs: index * stepMs,
    text: tickText(index * stepMs),
  }));
}

function tickText(ms: number): string {
  if (ms === 0) return "0";
  const [size, unit] = UNITS.find(([size]) => ms >= size && ms % size === 0) ?? [1, "ms"];
  return `${ms / size} ${unit}`;
}

const UNITS = [[DAY, "d"], [HOUR, "h"], [MINUTE, "min"], [SECOND, "s"], [1, "ms"]] as const;

export const SCALES = ["steps", "time"] as const;
export type ScaleName = (typeof SCALES)[number];

/** Positions range from 0 to `WIDTH`. */
export const WIDTH = 1_000;

export interface TimeScale {
  at(ms: number): number;
  readonly ticks: readonly PlacedTick[];
}

type PlacedTick = Tick & { readonly at: number };

export function timeScale(timeline: Timeline, name: ScaleName): TimeScale {
  return name === "time" ? trueScale(timeline) : stepScale(timeline);
}

/** To scale if tasks overlap, since `steps` would not show which ran in parallel. */
export function usualScale({ lanes }: Timeline): ScaleName {
  const tasks = lanes.filter(({ taskId, spans }) => taskId !== MAIN_TASK && spans.length > 0)
    .sort((left, right) => beginOf(left) - beginOf(right));
  const overlap = tasks.some((lane, index) =>
    beginOf(lane) < (tasks[index - 1]?.spans.at(-1)?.toMs ?? 0)
  );
  return overlap ? "time" : "steps";
}

function beginOf({ spans }: Lane): number {
  return spans[0]?.fromMs ?? 0;
}

function trueScale({ totalMs }: Timeline): TimeScale {
  const at = (ms: number) => ms / Math.max(1, totalMs) * WIDTH;
  return { at, ticks: axisTicks(totalMs).map((tick) => ({ ...tick, at: at(tick.atMs) })) };
}

/** A moment, and its position. */
interface Knot {
  readonly ms: number;
  readonly at: number;
}

function stepScale(timeline: Timeline): TimeScale {
  const knots = toKnots(distinctMoments(timeline));
  const places = new Map(knots.map(({ ms, at }) => [ms, at]));
  return { at: (ms) => places.get(ms) ?? 0, ticks: stepTicks(knots) };
}

/** The distinct moments at which something began, ended or arrived, in order. */
function distinctMoments({ conditions, lanes, marks }: Timeline): readonly number[] {
  const spans = [...conditions, ...lanes.flatMap((lane) => lane.spans)];
  const moments = new Set(spans.flatMap(({ fromMs, toMs }) => [fromMs, toMs]));
  for (const { atMs } of marks) moments.add(atMs);
  return [...moments].sort((left, right) => left - right);
}

/** The last knot is at `WIDTH`. */
function toKnots(moments: readonly number[]): readonly Knot[] {
  const weights = moments.slice(1)
    .map((ms, index) => Math.log2(2 + ms - (moments[index] ?? 0)));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  let reached = 0;
  return moments.map((ms, index) => {
    if (index > 0) reached += weights[index - 1] ?? 0;
    return { ms, at: sum === 0 ? 0 : reached / sum * WIDTH };
  });
}

const TICKS = 5;
/** A label is as wide on a phone. */
const TICK_DISTANCE_MIN = 0.16 * WIDTH;

/** Some moments at about equal distances, with distinct labels that do not overlap. */
function stepTicks(knots: readonly Knot[]): readonly PlacedTick[] {
  const wanted = Array.from({ length: TICKS }, (_, index) => index / TICKS * WIDTH);
  const chosen = wanted.flatMap((place) => knots.find(({ at }) => at >= place) ?? []);
  const ticks = chosen
    .filter(({ at }) => at < 0.92 * WIDTH)
    .map(({ ms, at }) => ({ atMs: ms, at, text: ms === 0 ? "0" : durationText(ms) }));
  return ticks.reduce<readonly PlacedTick[]>((kept, tick) => {
    const last = kept.at(-1);
    const hasRoom = last === undefined ||
      (tick.text !== last.text && tick.at - last.at >= TICK_DISTANCE_MIN);
    return hasRoom ? [...kept, tick] : kept;
  }, []);
}

/** One or more adjacent spans that are drawn as one. */
export interface Piece<Span extends Extent> extends Extent {
  readonly first: Span;
  readonly last: Span;
  /** The longest span; the first of several equally long ones. */
  readonly longest: Span;
  readonly count: number;
}

/**
 * Groups spans into pieces. A span at least as long as the unit is a piece of its own; shorter
 * adjacent spans are merged until they are as long as the unit. So there are at most about twice as
 * many pieces as units.
 *
 * @param spans In order, without overlaps.
 */
export function legible<Span extends Extent>(
  spans: readonly Span[],
  unitMs: number,
): readonly Piece<Span>[] {
  const pieces: Piece<Span>[] = [];
  for (const span of spans) {
    const last = pieces.at(-1);
    if (last !== undefined && isOneWith(last, span, unitMs)) {
      pieces[pieces.length - 1] = joined(last, span);
    } else {
      pieces.push(toPiece(span));
    }
  }
  return pieces;
}

function toPiece<Span extends Extent>(span: Span): Piece<Span> {
  const { fromMs, toMs } = span;
  return { fromMs, toMs, first: span, last: span, longest: span, count: 1 };
}

function isOneWith(piece: Piece<Extent>, span: Extent, unitMs: number): boolean {
  const isNarrow = span.toMs - span.fromMs < unitMs && piece.toMs - piece.fromMs < unitMs;
  return isNarrow && span.toMs - piece.fromMs <= 2 * unitMs;
}

function joined<Span extends Extent>(piece: Piece<Span>, span: Span): Piece<Span> {
  const { longest, first } = piece;
  const isLonger = span.toMs - span.fromMs > longest.toMs - longest.fromMs;
  return {
    fromMs: piece.fromMs,
    toMs: span.toMs,
    first,
    last: span,
    longest: isLonger ? span : longest,
    count: piece.count + 1,
  };
}
