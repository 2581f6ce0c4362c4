/** The attempts of tasks and compensations, derived from the entries that begin and end them. */

import type { FrameworkEntry, JobEventLogEntry } from "../core/event.ts";
import type { ErrorFact, FailureKind, InterruptionReason } from "../core/framework_events.ts";
import { MAIN_TASK, type TaskId } from "../core/ids.ts";
import { present } from "../core/json.ts";

export type AttemptEnd =
  & { readonly entry: JobEventLogEntry }
  & (
    | { readonly kind: "completed" }
    | {
      readonly kind: "failed";
      readonly error: ErrorFact;
      readonly maxAttempts: number;
      readonly retryAt?: string;
      /** If its time limit ended it: how long it had run, by a clock that nobody can set. */
      readonly timedOutMs?: number;
      readonly failureKind?: FailureKind;
    }
    | { readonly kind: "interrupted"; readonly reason: InterruptionReason }
  );

export type CutShort = Extract<AttemptEnd, { readonly kind: "interrupted" }>;

export interface Attempt {
  readonly attempt: number;
  /** Its number: one more than the number of attempts that had failed. */
  readonly nth: number;
  readonly maxAttempts: number | undefined;
  /** `undefined` when only its end is on record. */
  readonly started: JobEventLogEntry | undefined;
  ended: AttemptEnd | undefined;
  /** How many earlier unsuccessful attempts were not kept. */
  badBefore?: number;
}

/** For each task, the latest ones. */
const ATTEMPTS_MAX = 200;

type Noted = Map<TaskId, Attempt[]>;

export class AttemptsNoted {
  readonly tasks: Noted = new Map();
  readonly compensations: Noted = new Map();

  /** Notes the beginning or the end of an attempt. */
  note(entry: JobEventLogEntry): void {
    if (entry.stratum !== "framework") return;
    switch (entry.eventType) {
      case "job.TaskStarted":
        return begin(this.tasks, entry);
      case "job.CompensationStarted":
        return begin(this.compensations, entry);
      case "job.TaskCompleted":
        return end(this.tasks, { kind: "completed", entry: withoutResult(entry) });
      case "job.TaskCompensated":
        return end(this.compensations, { kind: "completed", entry });
      case "job.TaskFailed":
        return end(this.tasks, failedEnd(entry));
      case "job.TaskCompensationFailed":
        return end(this.compensations, failedEnd(entry));
      case "job.TaskInterrupted": {
        const { phase, reason } = entry.attributes;
        const noted = phase === "run" ? this.tasks : this.compensations;
        return end(noted, { kind: "interrupted", entry, reason });
      }
      default:
    }
  }
}

function begin(
  noted: Noted,
  entry: FrameworkEntry<"job.TaskStarted"> | FrameworkEntry<"job.CompensationStarted">,
): void {
  const { attempt, maxAttempts } = entry.attributes;
  const list = listOf(noted, entry);
  add(list, { attempt, nth: nextNth(list), maxAttempts, started: entry, ended: undefined });
}

function end(noted: Noted, ended: AttemptEnd): void {
  const list = listOf(noted, ended.entry);
  const last = list.at(-1);
  if (last !== undefined && last.ended === undefined) {
    last.ended = ended;
    return;
  }
  const { attempt } = ended.entry.attributes as { readonly attempt: number };
  const maxAttempts = ended.kind === "failed" ? ended.maxAttempts : undefined;
  add(list, { attempt, nth: nextNth(list), maxAttempts, started: undefined, ended });
}

function listOf(noted: Noted, { taskId = MAIN_TASK }: JobEventLogEntry): Attempt[] {
  let list = noted.get(taskId);
  if (list === undefined) noted.set(taskId, list = []);
  return list;
}

function add(list: Attempt[], attempt: Attempt): void {
  list.push(attempt);
  if (list.length <= ATTEMPTS_MAX) return;
  const oldest = list.shift();
  const [next] = list;
  if (oldest === undefined || next === undefined) return;
  next.badBefore = (oldest.badBefore ?? 0) + (endedBadly(oldest) ? 1 : 0);
}

export function endedBadly({ ended }: Attempt): boolean {
  return ended !== undefined && ended.kind !== "completed";
}

function nextNth(attempts: readonly Attempt[]): number {
  const last = attempts.at(-1);
  if (last === undefined) return 1;
  return last.ended?.kind === "failed" ? last.nth + 1 : last.nth;
}

/** The maximum number of attempts, from any entry of the task that states it. */
export function findMaxAttempts(attempts: readonly Attempt[]): number | undefined {
  const last = attempts.at(-1);
  if (last?.maxAttempts !== undefined) return last.maxAttempts;
  return last?.ended?.kind === "failed" ? last.ended.maxAttempts : undefined;
}

function failedEnd(
  entry: FrameworkEntry<"job.TaskFailed"> | FrameworkEntry<"job.TaskCompensationFailed">,
): AttemptEnd {
  const { attributes } = entry;
  const { error, maxAttempts, timedOutMs } = attributes;
  return {
    kind: "failed",
    entry,
    error,
    maxAttempts,
    ...present({ timedOutMs }),
    ..."retryAt" in attributes ? { retryAt: attributes.retryAt } : { failureKind: attributes.kind },
  };
}

/** Drops results, since they may be large and the attempts of all tasks are kept. */
function withoutResult(entry: FrameworkEntry<"job.TaskCompleted">): JobEventLogEntry {
  const { result: _, ...attributes } = entry.attributes;
  return { ...entry, attributes } as JobEventLogEntry;
}
