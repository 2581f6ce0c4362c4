/** How long a job was in each condition. */

import type { Condition } from "../condition.ts";
import type { Timing } from "../explanation.ts";
import type { Annals, ConditionSpan } from "./annals.ts";

export function timingOf(annals: Annals): Timing {
  const { spans } = annals;
  const first = spans[0]?.from ?? annals.created.receivedAt;
  const since = spans.at(-1)?.from ?? first;
  return {
    scheduledMs: total(spans, "scheduled") + total(spans, "created"),
    queuedMs: total(spans, "queued"),
    executingMs: total(spans, "executing"),
    waitingMs: total(spans, "waiting"),
    backingOffMs: total(spans, "backingOff"),
    suspendedMs: total(spans, "suspended"),
    compensatingMs: total(spans, "compensating"),
    totalMs: lengthMs(first, since),
    since,
  };
}

function total(spans: readonly ConditionSpan[], condition: Condition): number {
  return spans.reduce((sum, span) => {
    const ended = span.condition === condition && span.to !== undefined;
    return ended ? sum + lengthMs(span.from, span.to ?? span.from) : sum;
  }, 0);
}

/**
 * A clock that went back must not make a length negative. `Date.parse` reads no clock: it is
 * a function of its text alone.
 */
export function lengthMs(from: string, to: string): number {
  return Math.max(0, Date.parse(to) - Date.parse(from));
}
