/** How long `run` asks to rest: checked at once, converted to a time when it is recorded. */

import type { SleepTime } from "../job_context.ts";
import { REST_MS_MAX, YEARS_MAX } from "../../core/job_plan.ts";
import { MisuseError } from "./misuse.ts";

/** In milliseconds: a duration from when it is recorded, or a time since the epoch. */
export type RestTime = { readonly ms: number } | { readonly untilMs: number };

/**
 * @param nowMs The time as `run` sees it.
 * @throws {MisuseError} when `time` is not a time, or is too far away.
 */
export function restTime(id: string, time: SleepTime, nowMs: number): RestTime {
  if (typeof time === "number") return { ms: checkedMs(`sleep ${id} of`, time) };
  if (typeof time !== "object" || time === null || !("until" in time)) {
    throw new MisuseError(`Cannot sleep ${id} for ${String(time)}: give milliseconds, or {until}`);
  }
  const until: unknown = time.until;
  const untilMs = typeof until === "string" ? Date.parse(until) : Number(until);
  if (!Number.isFinite(untilMs) || untilMs < 0) {
    throw new MisuseError(
      `Cannot sleep ${id} until ${String(until)}: give a Date, a time in RFC 3339, or ` +
        "milliseconds since the epoch",
    );
  }
  checkedMs(`sleep ${id} of`, Math.max(0, untilMs - nowMs));
  return { untilMs };
}

/**
 * @param step Begins the description of the rest, such as `sleep overnight of`.
 * @throws {MisuseError} naming the step, when `ms` is not a duration, or is too long.
 */
export function checkedMs(step: string, ms: number): number {
  if (Number.isFinite(ms) && ms >= 0 && ms <= REST_MS_MAX) return ms;
  throw new MisuseError(
    `Cannot ask for ${step} ${ms} ms: give milliseconds, from 0 to ${YEARS_MAX} years`,
  );
}

/** The time to record, in RFC 3339. */
export function restDueAt(time: RestTime, nowMs: number): string {
  return new Date("ms" in time ? nowMs + time.ms : time.untilMs).toISOString();
}
