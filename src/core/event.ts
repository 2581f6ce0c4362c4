/** Events, and events as recorded. */

import type {
  EventCorrelatedAttributes,
  EventReferences,
  FrameworkAttributes,
  FrameworkEventType,
  JobEventType,
  JournalEventType,
} from "./framework_events.ts";
import type { EventId, EventType, LogId } from "./ids.ts";
import type { JsonObject } from "./json.ts";

/**
 * Which layer an event belongs to: `framework` (execution facts, lifecycle),
 * `domain` (business facts), `coordination` (reserved; recorded, never interpreted).
 */
export const STRATA = ["framework", "domain", "coordination"] as const;
export type Stratum = typeof STRATA[number];

/** Framework facts that hold many jobs at once, or let them go: they name no job. */
export const PAUSE_FACTS: readonly string[] = ["job.PauseBegan", "job.PauseEnded"];
export const LIMIT_FACTS: readonly string[] = ["job.LimitsChanged", "job.LimitsRestored"];

/** What happened to the whole process. */
export type ProcessEntry =
  | FrameworkEntry<"journal.Sealed">
  | FrameworkEntry<"journal.Recovered">
  | FrameworkEntry<"journal.LoopBlocked">
  | FrameworkEntry<"journal.ClockSet">
  | FrameworkEntry<"journal.ErrorUncaught">;
/** Those that may concern any job that was under way. */
export const PROCESS_FACTS: readonly ProcessEntry["eventType"][] = [
  "journal.LoopBlocked",
  "journal.ClockSet",
];
/** A stop, and a start that found a crash. */
export const PROCESS_ENDS: readonly ProcessEntry["eventType"][] = [
  "journal.Sealed",
  "journal.Recovered",
];

export interface Recorded extends EventReferences {
  /** Position in the journal, and the order of interpretation. */
  readonly logId: LogId;
  readonly eventId: EventId;
  /** RFC 3339, as given by the sender; for reference only. */
  readonly occurredAt: string;
  /** RFC 3339, when Daybook received it. */
  readonly receivedAt: string;
}

export interface FrameworkEntry<Type extends FrameworkEventType> extends Recorded {
  readonly stratum: "framework";
  readonly eventType: Type;
  readonly attributes: FrameworkAttributes[Type];
}

export interface FactEntry extends Recorded {
  readonly stratum: "domain" | "coordination";
  readonly eventType: EventType;
  readonly attributes: JsonObject;
}

export type JobEntry = { [Type in JobEventType]: FrameworkEntry<Type> }[JobEventType];
export type JournalEntry = { [Type in JournalEventType]: FrameworkEntry<Type> }[JournalEventType];

export type TaskEntry = Extract<
  JobEntry,
  { eventType: `job.Task${string}` | `job.Timer${string}` | "job.CompensationStarted" }
>;

export type JobEventLogEntry = JobEntry | JournalEntry | FactEntry;

/** Whether an entry is a fact of the framework of this type. */
export function isOfType<Type extends FrameworkEventType>(
  entry: JobEventLogEntry | undefined,
  type: Type,
): entry is JobEventLogEntry & FrameworkEntry<Type> {
  return entry?.eventType === type;
}

/** Whether entries of a type start an attempt, of a task or of its compensation. */
export function isAttemptStart(eventType: string): boolean {
  return eventType === "job.TaskStarted" || eventType === "job.CompensationStarted";
}

/** Whether an entry stands for an event without a job id. */
export function isCorrelated(
  entry: JobEventLogEntry,
): entry is FrameworkEntry<"job.EventCorrelated"> {
  return entry.eventType === "job.EventCorrelated";
}

/** Whether an entry stands for an event that was refused because its id was on record. */
export function isRefused(
  entry: JobEventLogEntry,
): entry is FrameworkEntry<"journal.EventRefused"> {
  return entry.eventType === "journal.EventRefused";
}

export function isFromOutside(entry: JobEventLogEntry): boolean {
  return entry.stratum !== "framework" || isCorrelated(entry);
}

export function isProcessEntry(entry: JobEventLogEntry): entry is ProcessEntry {
  const isAnyOf = (types: readonly string[]) => types.includes(entry.eventType);
  return isAnyOf(PROCESS_FACTS) || isAnyOf(PROCESS_ENDS) ||
    isOfType(entry, "journal.ErrorUncaught");
}

/** A cause: an entry, or the index of a draft in the same group. */
export type Cause = LogId | { readonly draft: number };

/** An event before it has a position. Missing members are filled in when it is recorded. */
interface DraftOf<Entry extends JobEventLogEntry> extends Omit<EventReferences, "causedBy"> {
  readonly stratum: Entry["stratum"];
  readonly eventType: Entry["eventType"];
  readonly attributes: Entry["attributes"];
  readonly eventId?: EventId;
  readonly occurredAt?: string;
  readonly causedBy?: Cause;
}

type Distributed<Entry> = Entry extends JobEventLogEntry ? DraftOf<Entry> : never;

export type JobEventDraft = Distributed<JobEntry>;
export type JournalEventDraft = Distributed<JournalEntry>;
export type FactDraft = DraftOf<FactEntry>;
export type EventDraft = JobEventDraft | JournalEventDraft | FactDraft;

/** Types of the framework's events without their namespace, since they are the most frequent. */
export function shortType(eventType: string): string {
  return eventType.replace(/^job\./, "");
}

type CorrelatedFact = Pick<
  FactEntry,
  "eventId" | "eventType" | "occurredAt" | "taskId" | "attributes"
>;

/** The event that a `job.EventCorrelated` entry stands for. */
export function correlatedAttributes(fact: CorrelatedFact): EventCorrelatedAttributes {
  const { eventId, eventType, occurredAt, taskId, attributes } = fact;
  return {
    eventId,
    eventType,
    occurredAt,
    attributes,
    ...(taskId === undefined ? {} : { taskId }),
  };
}
