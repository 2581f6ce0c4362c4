/** How long a job was in each condition. */

import type { Condition } from "../core/condition.ts";
import type { Timing } from "./explanation.ts";
import type { OutlinedHistory } from "./outlined_history.ts";
import { type ConditionSpan, lengthMs } from "./condition_spans.ts";
import type { Downtime } from "./downtimes.ts";
import type { HeldUp, HoldUp } from "./hold_ups.ts";

/**
 * @param downtimes While the process was down the job did nothing, even if its entries suggest
 * otherwise.
 */
export function jobTiming(
  outlined: OutlinedHistory,
  downtimes: readonly Downtime[] = [],
  heldUp?: HeldUp,
): Timing {
  const { spans, passedMs } = outlined;
  const ended = downtimes.filter(({ during }) => during.to !== undefined);
  const down = (condition: Condition) =>
    sum(ended.filter(({ during }) => during.condition === condition));
  const total = (condition: Condition) =>
    spent(spans, condition) + (passedMs.get(condition) ?? 0) - down(condition);
  const first = spans[0]?.from ?? outlined.created.receivedAt;
  const since = spans.at(-1)?.from ?? first;
  return {
    scheduledMs: total("scheduled") + total("created"),
    queuedMs: total("queued"),
    ...heldUpMs("queuedPausedMs", "pause", heldUp),
    ...heldUpMs("queuedLimitedMs", "limit", heldUp),
    executingMs: total("executing"),
    waitingMs: total("waiting"),
    sleepingMs: total("sleeping"),
    backingOffMs: total("backingOff"),
    suspendedMs: total("suspended"),
    parkedMs: total("parked"),
    compensatingMs: total("compensating"),
    downMs: sum(ended),
    totalMs: lengthMs(first, since),
    since,
  };
}

/** The part of the queued time that is known to have had this reason. */
function heldUpMs(
  name: "queuedPausedMs" | "queuedLimitedMs",
  reason: HoldUp["kind"],
  { all }: HeldUp = { all: [], isAll: true },
): Partial<Timing> {
  const ms = all.reduce((total, { kind, ms }) => kind === reason ? total + ms : total, 0);
  return ms === 0 ? {} : { [name]: ms };
}

function sum(downtimes: readonly Downtime[]): number {
  return downtimes.reduce((total, { ms }) => total + ms, 0);
}

function spent(spans: readonly ConditionSpan[], condition: Condition): number {
  return spans.reduce((sum, span) => {
    const ended = span.condition === condition && span.to !== undefined;
    return ended ? sum + lengthMs(span.from, span.to ?? span.from) : sum;
  }, 0);
}
