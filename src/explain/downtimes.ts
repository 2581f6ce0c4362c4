/**
 * Times when no process was running, as far as the journal shows: from the last entry before a
 * `journal.Recovered` or a `journal.WriterOpened` to that entry. It is not on record when in
 * between the process died, so each time is an upper bound.
 */

import type { JobEventLogEntry } from "../core/event.ts";
import { isUncleanEnd } from "../core/framework_events.ts";
import type { LogId } from "../core/ids.ts";
import type { Attempt } from "./attempts_noted.ts";
import { type ConditionSpan, lengthMs } from "./condition_spans.ts";
import type { Causes } from "./evidence.ts";
import type { OutlinedHistory } from "./outlined_history.ts";

/** The types of entries with which a process begins. */
const RESTARTS: ReadonlySet<string> = new Set(["journal.Recovered", "journal.WriterOpened"]);

export interface Downtime {
  /** The `journal.Recovered` or `journal.WriterOpened` entry. */
  readonly restart: LogId;
  /** What the job was doing, by its entries. */
  readonly during: ConditionSpan;
  readonly ms: number;
}

/** The restarts after crashes that cut attempts of the job short. */
export function crashRestarts({ attempts, compensations }: OutlinedHistory): readonly LogId[] {
  const all = [...attempts.values(), ...compensations.values()].flat();
  return [...new Set(all.flatMap((attempt) => restartAfter(attempt) ?? []))];
}

/** The restart after a crash that cut an attempt short, if one did. */
export function restartAfter({ ended }: Attempt): LogId | undefined {
  if (ended === undefined) return undefined;
  const isCrash = ended.kind === "interrupted"
    ? isUncleanEnd(ended.reason)
    : ended.kind === "failed" && ended.error.name === "CrashLoop";
  return isCrash ? ended.entry.causedBy : undefined;
}

/** @param causes The entries that `wantedCauses` names. */
export function findDowntimes(
  outlined: OutlinedHistory,
  causes: Causes,
): readonly Downtime[] {
  return crashRestarts(outlined).flatMap((restart) => {
    const recovered = causes.get(restart);
    const last = outlined.entries.get(restart - 1) ?? causes.get(restart - 1);
    const during = outlined.spans.findLast(({ by }) => by < restart);
    if (recovered === undefined || !RESTARTS.has(recovered.eventType)) return [];
    if (last === undefined || during === undefined) return [];
    const ms = lengthWithin(during, last, recovered);
    return ms === 0 ? [] : [{ restart, during, ms }];
  });
}

/** Times sort as text, since all are in UTC and equally long. */
function lengthWithin(
  { from, to }: ConditionSpan,
  last: JobEventLogEntry,
  recovered: JobEventLogEntry,
): number {
  const begin = last.receivedAt > from ? last.receivedAt : from;
  const end = to !== undefined && to < recovered.receivedAt ? to : recovered.receivedAt;
  return lengthMs(begin, end);
}
