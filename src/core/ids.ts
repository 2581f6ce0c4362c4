/**
 * Identifiers, and names of events. Each kind has its own type, so that a task id cannot be passed
 * for a job id. Constructors reject text outside the alphabet, so that an id is safe in a line of
 * the journal, in a URL and in a terminal.
 */

declare const brand: unique symbol;

type Branded<Base, Name extends string> = Base & { readonly [brand]: Name };

export type JobId = Branded<string, "JobId">;
export type EventId = Branded<string, "EventId">;
export type ExecutionId = Branded<string, "ExecutionId">;
/** A name chosen in code, unique within a job. */
export type TaskId = Branded<string, "TaskId">;

/** A position in the journal: 1, 2, 3, ... without gaps. */
export type LogId = number;

/**
 * The form of any id, including callers' ids. `.` and `..` are excluded, since programs that read a
 * URL resolve them.
 */
export const ID_PATTERN = /^(?!\.{1,2}$)[A-Za-z0-9._:~-]{1,128}$/;

/** The rule in words, for error messages. */
export const ID_RULE = "1 to 128 characters of A-Z a-z 0-9 . _ : ~ -";

/**
 * How ids of entries and jobs begin that Daybook derives from other ids. Senders may not choose
 * such an id: it would take the place of the entry or job that it stands for.
 */
export const DERIVED = { event: "evt~", job: "job~" } as const;

/** The root task of a job with code: its `run`. */
export const MAIN_TASK = "main" as TaskId;

export const newId = {
  job: (ulid: string) => `job_${ulid}` as JobId,
  event: (ulid: string) => `evt_${ulid}` as EventId,
  execution: (ulid: string) => `exe_${ulid}` as ExecutionId,
  pause: (ulid: string) => `pau_${ulid}`,
  writer: (ulid: string) => `wri_${ulid}`,
};

const EXECUTION = "exe_";
const EVENT = "evt_";

/** An attempt and the entry that starts it have one id, with two prefixes. */
export function executionOfStart(start: EventId): ExecutionId {
  return EXECUTION + start.slice(EVENT.length) as ExecutionId;
}

/** The id of the entry that starts an attempt. */
export function startOfExecution(execution: ExecutionId): EventId {
  return EVENT + execution.slice(EXECUTION.length) as EventId;
}

/** @throws {TypeError} when the text is not a legal id. */
export function jobId(text: string): JobId {
  return checked(text, "job id") as JobId;
}

/** @throws {TypeError} when the text is not a legal id. */
export function eventId(text: string): EventId {
  return checked(text, "event id") as EventId;
}

/** @throws {TypeError} when the text is not a legal id. */
export function executionId(text: string): ExecutionId {
  return checked(text, "execution id") as ExecutionId;
}

/** @throws {TypeError} when the text is not a legal id. */
export function taskId(text: string): TaskId {
  return checked(text, "task id") as TaskId;
}

/**
 * The id of a sleep, which is a step like a task.
 *
 * @throws {TypeError} when the text is not a legal id.
 */
export function sleepId(text: string): TaskId {
  return checked(text, "sleep id") as TaskId;
}

function checked(text: string, what: string): string {
  // Code without types may pass anything, and a pattern converts what it tests.
  if (typeof text === "string" && ID_PATTERN.test(text)) return text;
  throw unusable(text, `a ${what}`, ID_RULE);
}

function unusable(text: string, what: string, rule: string): TypeError {
  return new TypeError(`Cannot use ${JSON.stringify(text)} as ${what}: it must be ${rule}`);
}

/** A defined, past-tense, dot-namespaced name: `ec.shipment.ShipmentCompleted`. */
export type EventType = Branded<string, "EventType">;

export const EVENT_TYPE_MAX_LENGTH = 200;
export const EVENT_TYPE_PATTERN = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;

/** The rule, for error messages. */
export const EVENT_TYPE_RULE = "parts of A-Z a-z 0-9 _ - joined by dots, at most 200 characters";

/** Namespaces that only the framework may write. */
const RESERVED_NAMESPACES: readonly string[] = ["job.", "journal."];

export function isEventType(text: string): text is EventType {
  return typeof text === "string" && text.length <= EVENT_TYPE_MAX_LENGTH &&
    EVENT_TYPE_PATTERN.test(text);
}

/** @throws {TypeError} when the text is not a legal event type. */
export function eventType(text: string): EventType {
  if (isEventType(text)) return text;
  throw unusable(text, "an event type", EVENT_TYPE_RULE);
}

export function isReserved(text: string): boolean {
  return RESERVED_NAMESPACES.some((namespace) => text.startsWith(namespace));
}
