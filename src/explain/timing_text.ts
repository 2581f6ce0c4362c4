/** Describes how a job spent its time. */

import { conditionText } from "../core/condition.ts";
import { durationText } from "../core/duration.ts";
import type { Explanation, Timing } from "./explanation.ts";
import { capital } from "./phrases.ts";

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
  ["downMs", "down for at most"],
] as const;

/** `Sleeping since 2026-...; before that: queued 2 ms, executing 1.204 s.` */
export function timingText(
  { condition, timing }: Pick<Explanation<unknown>, "condition" | "timing">,
): string {
  const spent = spentText(timing);
  if (condition === "succeeded" || condition === "failed" || condition === "cancelled") {
    const sum = `${durationText(timing.totalMs)} in all`;
    return spent === "" ? `${sum}.` : `${sum}: ${spent}.`;
  }
  const now = `${
    capital(condition === "created" ? "not started" : conditionText(condition))
  } since ${timing.since}`;
  return spent === "" ? `${now}.` : `${now}; before that: ${spent}.`;
}

/** `queued 2 ms (of it 1 ms held by a pause), executing 1.204 s`; empty when no time has passed. */
function spentText(timing: Timing): string {
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
