/**
 * Positions of other entries that an entry refers to. They are valid in one journal only, so all of
 * them change when an entry moves to another.
 */

import type { FrameworkEntry, JobEventLogEntry } from "./event.ts";
import type { FrameworkAttributes, FrameworkEventType } from "./framework_events.ts";
import type { LogId } from "./ids.ts";
import type { JsonObject } from "./json.ts";
import { quotedEntry, requoted } from "./quotation.ts";

/** The attributes of each framework fact that are positions. A missing row does not compile. */
const POSITIONS: {
  readonly [Type in FrameworkEventType]: readonly (keyof FrameworkAttributes[Type] & string)[];
} = {
  "job.JobCreated": [],
  "job.JobStarted": [],
  "job.JobSuspended": [],
  "job.JobResumed": [],
  "job.JobWoken": [],
  "job.JobParked": ["disagreesWith"],
  "job.JobCancelled": [],
  "job.JobRetried": [],
  "job.EventCorrelated": [],
  "job.TaskStarted": [],
  "job.TaskWaiting": ["seen"],
  "job.TimerSet": [],
  "job.DeadlinePassed": ["reusedFrom"],
  "job.TimerElapsed": ["reusedFrom"],
  "job.TaskCompleted": ["reusedFrom"],
  "job.TaskFailed": [],
  "job.TaskInterrupted": [],
  "job.TaskProgressed": [],
  "job.CompensationStarted": [],
  "job.TaskCompensated": [],
  "job.TaskCompensationFailed": [],
  "job.CompensationEnded": [],
  "job.RecoveryRequired": [],
  "job.InputRemoved": [],
  // Its `failures` are positions of this journal, which the entry never leaves.
  "job.PauseBegan": [],
  "job.PauseEnded": [],
  "job.LimitsChanged": [],
  "job.LimitsRestored": [],
  "journal.SegmentOpened": [],
  "journal.Sealed": [],
  "journal.Recovered": [],
  "journal.WriterOpened": [],
  "journal.LoopBlocked": [],
  "journal.ClockSet": [],
  // A fact about one journal, which it never leaves.
  "journal.Repaired": [],
  // `from` is a position in the other journal, and stays.
  "journal.Imported": [],
  "journal.EventRefused": [],
  // `quotation.ts` handles the references of the quoted entry.
  "journal.EntryQuoted": [],
};

/** The positions that an entry refers to, without its own. */
export function logReferences(entry: JobEventLogEntry): readonly LogId[] {
  if (entry.eventType === "journal.EntryQuoted") return logReferences(quotedEntry(entry));
  const attributes = entry.attributes as JsonObject;
  return [entry.causedBy, ...positionNames(entry).map((name) => attributes[name])]
    .filter((value) => value !== undefined) as LogId[];
}

/** The same entry with each of these positions replaced. */
export function withReferences(
  entry: JobEventLogEntry,
  moved: (logId: LogId) => LogId,
): JobEventLogEntry {
  if (entry.eventType === "journal.EntryQuoted") {
    const quotation = entry as FrameworkEntry<"journal.EntryQuoted">;
    return requoted(quotation, withReferences(quotedEntry(entry), moved));
  }
  const attributes = entry.attributes as JsonObject;
  const names = positionNames(entry).filter((name) => attributes[name] !== undefined);
  const positions = names.map((name) => [name, moved(attributes[name] as LogId)] as const);
  const changed = {
    ...entry,
    ...(entry.causedBy === undefined ? {} : { causedBy: moved(entry.causedBy) }),
    ...(names.length === 0
      ? {}
      : { attributes: { ...attributes, ...Object.fromEntries(positions) } }),
  };
  return changed as JobEventLogEntry;
}

function positionNames({ stratum, eventType }: JobEventLogEntry): readonly string[] {
  return stratum === "framework" ? POSITIONS[eventType as FrameworkEventType] : [];
}
