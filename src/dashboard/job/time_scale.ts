/**
 * From the entries of a job to places in a drawing. To scale, a place goes by the time. In
 * steps, the time between two entries has a width that grows slowly with its length: so that
 * a job which did all within a second and then waits for a day shows what it did.
 */

import type { LogId } from "../../core/ids.ts";
import type { Timeline } from "../timeline/timeline.ts";
import { durationText } from "../../core/duration.ts";
import { type Tick, ticksOf } from "./ticks.ts";

export const SCALES = ["steps", "time"] as const;
export type ScaleName = (typeof SCALES)[number];

/** Places are from 0 to this. */
export const WIDTH = 1_000;

export interface TimeScale {
  /** @param logId The entry that is meant; `undefined` is now. */
  at(logId: LogId | undefined, ms: number): number;
  readonly ticks: readonly PlacedTick[];
}

type PlacedTick = Tick & { readonly at: number };

export function timeScale(timeline: Timeline, name: ScaleName): TimeScale {
  return name === "time" ? trueScale(timeline) : stepScale(timeline);
}

function trueScale({ totalMs }: Timeline): TimeScale {
  const at = (ms: number) => ms / Math.max(1, totalMs) * WIDTH;
  return {
    at: (_logId, ms) => at(ms),
    ticks: ticksOf(totalMs).map((tick) => ({ ...tick, at: at(tick.atMs) })),
  };
}

/** An entry, and where it is. */
interface Knot {
  readonly ms: number;
  readonly at: number;
}

function stepScale(timeline: Timeline): TimeScale {
  const instants = instantsOf(timeline);
  const times = instants.map(([, ms]) => ms);
  const knots = knotsOf(goesOn(timeline) ? [...times, timeline.totalMs] : times);
  const places = new Map(instants.map(([logId], index) => [logId, knots[index]?.at ?? 0]));
  return {
    at: (logId) => logId === undefined ? WIDTH : places.get(logId) ?? 0,
    ticks: stepTicks(knots),
  };
}

/** Whether it ends now, and not where an entry says. */
function goesOn({ conditions, lanes }: Timeline): boolean {
  return [conditions, ...lanes.map(({ spans }) => spans)].some((spans) => spans.at(-1)?.goesOn);
}

/** All entries where something began, ended or came, in order, each once. */
function instantsOf(timeline: Timeline): readonly (readonly [LogId, ms: number])[] {
  const spans = [...timeline.conditions, ...timeline.lanes.flatMap((lane) => lane.spans)];
  const instants = new Map<LogId, number>();
  for (const { fromBy, fromMs, toBy, toMs } of spans) {
    instants.set(fromBy, fromMs);
    if (toBy !== undefined) instants.set(toBy, toMs);
  }
  for (const { logId, atMs } of timeline.marks) instants.set(logId, atMs);
  return [...instants].toSorted(([left], [right]) => left - right);
}

/** The last is at the end. */
function knotsOf(times: readonly number[]): readonly Knot[] {
  const weights = times.slice(1)
    .map((ms, index) => Math.log2(2 + Math.max(0, ms - (times[index] ?? 0))));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  let reached = 0;
  return times.map((ms, index) => {
    if (index > 0) reached += weights[index - 1] ?? 0;
    return { ms, at: sum === 0 ? 0 : reached / sum * WIDTH };
  });
}

const TICKS = 5;

/** Some entries, about as far from each other, and their times, each once. */
function stepTicks(knots: readonly Knot[]): readonly PlacedTick[] {
  const wanted = Array.from({ length: TICKS }, (_, index) => index / TICKS * WIDTH);
  const chosen = wanted.flatMap((place) => knots.find(({ at }) => at >= place) ?? []);
  const ticks = chosen
    .filter(({ at }) => at < 0.92 * WIDTH)
    .map(({ ms, at }) => ({ atMs: ms, at, text: ms === 0 ? "0" : durationText(ms) }));
  return ticks.filter(({ text }, index) => text !== ticks[index - 1]?.text);
}
