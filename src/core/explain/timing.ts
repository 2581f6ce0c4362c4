/** How long a job was in each condition. */

import type { Condition } from "../condition.ts";
import type { Timing } from "../explanation.ts";
import type { Annals } from "./annals.ts";
import { type ConditionSpan, lengthMs } from "./condition_spans.ts";

export function timingOf(annals: Annals): Timing {
  const { spans, passedMs } = annals;
  const total = (condition: Condition) => spent(spans, condition) + (passedMs.get(condition) ?? 0);
  const first = spans[0]?.from ?? annals.created.receivedAt;
  const since = spans.at(-1)?.from ?? first;
  return {
    scheduledMs: total("scheduled") + total("created"),
    queuedMs: total("queued"),
    executingMs: total("executing"),
    waitingMs: total("waiting"),
    backingOffMs: total("backingOff"),
    suspendedMs: total("suspended"),
    compensatingMs: total("compensating"),
    totalMs: lengthMs(first, since),
    since,
  };
}

function spent(spans: readonly ConditionSpan[], condition: Condition): number {
  return spans.reduce((sum, span) => {
    const ended = span.condition === condition && span.to !== undefined;
    return ended ? sum + lengthMs(span.from, span.to ?? span.from) : sum;
  }, 0);
}
