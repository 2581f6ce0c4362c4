/** How a job spent its time, in words. */

import type { Timing } from "./explanation.ts";

const TIMING_WORDS = [
  ["scheduledMs", "before the start"],
  ["queuedMs", "queued"],
  ["executingMs", "executing"],
  ["waitingMs", "waiting"],
  ["sleepingMs", "sleeping"],
  ["backingOffMs", "backing off"],
  ["suspendedMs", "suspended"],
  ["parkedMs", "parked"],
  ["compensatingMs", "compensating"],
  ["downMs", "down after a crash for at most"],
] as const;

/**
 * `queued 2 ms, executing 1.204 s`; empty when no time has passed.
 *
 * @param durationText How a length in milliseconds is told.
 */
export function spentText(timing: Timing, durationText: (ms: number) => string): string {
  const { queuedPausedMs: paused = 0, queuedLimitedMs: limited = 0 } = timing;
  const parts = [
    ...paused === 0 ? [] : [`${durationText(paused)} held by a pause`],
    ...limited === 0 ? [] : [`${durationText(limited)} for a place`],
  ].join(" and ");
  return TIMING_WORDS.flatMap(([name, words]) => {
    if (timing[name] === 0) return [];
    const ofIt = name === "queuedMs" && parts !== "" ? ` (of it ${parts})` : "";
    return [`${words} ${durationText(timing[name])}${ofIt}`];
  }).join(", ");
}
