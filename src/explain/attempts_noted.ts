/** The attempts of tasks and compensations, derived from the entries that begin and end them. */

import type { FrameworkEntry, JobEventLogEntry } from "../core/event.ts";
import type { ErrorFact, FailureKind, InterruptionReason } from "../core/framework_events.ts";
import type { TaskId } from "../core/ids.ts";

export type AttemptEnd =
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
  | { readonly kind: "interrupted"; readonly reason: InterruptionReason };

export interface Attempt {
  readonly attempt: number;
  /** Its number: one more than the number of attempts that had failed. */
  readonly nth: number;
  readonly maxAttempts: number | undefined;
  /** `undefined` when only its end is on record. */
  readonly started: JobEventLogEntry | undefined;
  ended: { readonly entry: JobEventLogEntry; readonly end: AttemptEnd } | undefined;
  /** How many earlier unsuccessful attempts were not kept. */
  badBefore?: number;
}

/** For each task, the latest ones. */
const ATTEMPTS_MAX = 200;

export class AttemptsNoted {
  readonly of = new Map<TaskId, Attempt[]>();

  begin(
    entry: FrameworkEntry<"job.TaskStarted"> | FrameworkEntry<"job.CompensationStarted">,
  ): void {
    const { attempt, maxAttempts } = entry.attributes;
    const list = this.#listOf(entry);
    const nth = nextNth(list);
    add(list, { attempt, nth, maxAttempts, started: entry, ended: undefined });
  }

  end(entry: JobEventLogEntry, end: AttemptEnd): void {
    const list = this.#listOf(entry);
    const last = list.at(-1);
    const ended = { entry: withoutResult(entry), end };
    if (last !== undefined && last.ended === undefined) {
      last.ended = ended;
      return;
    }
    const { attempt } = entry.attributes as { readonly attempt: number };
    const maxAttempts = end.kind === "failed" ? end.maxAttempts : undefined;
    add(list, { attempt, nth: nextNth(list), maxAttempts, started: undefined, ended });
  }

  #listOf(entry: JobEventLogEntry): Attempt[] {
    const taskId = entry.taskId ?? "main" as TaskId;
    let list = this.of.get(taskId);
    if (list === undefined) this.of.set(taskId, list = []);
    return list;
  }
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
  return ended !== undefined && ended.end.kind !== "completed";
}

function nextNth(attempts: readonly Attempt[]): number {
  const last = attempts.at(-1);
  if (last === undefined) return 1;
  return last.ended?.end.kind === "failed" ? last.nth + 1 : last.nth;
}

/** The maximum number of attempts, from any entry of the task that states it. */
export function findMaxAttempts(attempts: readonly Attempt[]): number | undefined {
  const last = attempts.at(-1);
  if (last?.maxAttempts !== undefined) return last.maxAttempts;
  return last?.ended?.end.kind === "failed" ? last.ended.end.maxAttempts : undefined;
}

export function failedEnd(
  attributes: FrameworkEntry<"job.TaskFailed">["attributes"],
): AttemptEnd {
  const { error, maxAttempts, timedOutMs } = attributes;
  const timedOut = timedOutMs === undefined ? {} : { timedOutMs };
  return "retryAt" in attributes
    ? { kind: "failed", error, maxAttempts, ...timedOut, retryAt: attributes.retryAt }
    : { kind: "failed", error, maxAttempts, ...timedOut, failureKind: attributes.kind };
}

/** Drops results, since they may be large and the attempts of all tasks are kept. */
function withoutResult(entry: JobEventLogEntry): JobEventLogEntry {
  if (entry.eventType !== "job.TaskCompleted") return entry;
  const { result: _, ...attributes } = (entry as FrameworkEntry<"job.TaskCompleted">).attributes;
  return { ...entry, attributes } as JobEventLogEntry;
}
