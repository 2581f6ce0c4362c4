/**
 * One job in two states, each with its steps or, without copying them, as a `JobHead`. Decisions use
 * the state with every appended entry: `whole`, `head`, `conditionNow`. Readers use the one with
 * durable entries only: `job`, `shownHead`, `condition`. Each entry is projected once.
 */

import { type Condition, deriveCondition } from "../../core/condition.ts";
import type { ErrorFingerprint } from "../../core/error_fingerprint.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import type { ErrorFact } from "../../core/framework_events.ts";
import type { LogId, TaskId } from "../../core/ids.ts";
import { type Applied, JobFold } from "../../core/job_fold.ts";
import { MAIN_ONLY_PLAN } from "../../core/job_plan.ts";
import {
  isTerminal,
  type JobHead,
  type JobState,
  type TaskState,
  type TimedWait,
} from "../../core/job_state.ts";
import { type JobSummary, jobSummary } from "../../core/job_summary.ts";
import { withItem } from "../../core/short_list.ts";
import { type JsonObject, valueSize } from "../../core/json.ts";
import { extended, NO_TRAIL, type Trail } from "./trail.ts";

/** A job with every appended entry, durable or not. */
export type PendingJob = Pick<
  JobRecord,
  | "whole"
  | "head"
  | "shownHead"
  | "conditionNow"
  | "withOnly"
  | "task"
  | "wait"
  | "inFlight"
  | "hiddenFrom"
>;

const NONE: readonly Applied[] = [];
/** So many entries in flight that moving them costs nothing. */
const FEW = 64;

export class JobRecord {
  /** Absent after the job has ended, and for a job from a snapshot until an entry is appended. */
  #fold: JobFold | undefined;
  /** Entries that are not durable yet, oldest first, behind `#outOfFlight` that are. */
  #inFlight: Applied[] = NONE as Applied[];
  /** Removing each at once would move all others each time, of which there may be thousands. */
  #outOfFlight = 0;
  /** From durable entries only; computed when needed. */
  #shown: JobState | undefined;
  #isVisible: boolean;
  #firstLogId: LogId;
  /** Computed when needed. */
  #size: number | undefined;
  #trail: Trail;
  /** From durable entries only. */
  condition: Condition;
  fingerprint?: { readonly of: ErrorFact; readonly text: ErrorFingerprint | undefined };

  /**
   * @param job From a snapshot or the index; absent for a job that is about to be created.
   * @param trail The trail of that job, which grows with new entries.
   */
  constructor(job?: JobState, trail: Trail = NO_TRAIL) {
    this.#shown = job;
    this.#trail = trail;
    this.#isVisible = job !== undefined;
    this.#firstLogId = job?.firstLogId ?? 0;
    this.#size = job === undefined ? 0 : undefined;
    this.condition = job === undefined ? "created" : deriveCondition(job);
  }

  get isVisible(): boolean {
    return this.#isVisible;
  }

  get firstLogId(): LogId {
    return this.#firstLogId;
  }

  get type(): string | null {
    return this.shownHead.type ?? null;
  }

  get trail(): Trail {
    return this.#trail;
  }

  /**
   * The length, as text, of its plan, input, labels and task results, with every entry appended
   * until it ended. The total size of unfinished jobs has a limit.
   */
  get size(): number {
    return this.#size ??= sizeOfJob(this.whole);
  }

  /** From durable entries only. */
  get job(): JobState {
    return this.#shown ??= this.#pending.jobBefore(this.#inFlightOnly) as JobState;
  }

  get summary(): JobSummary {
    return jobSummary(this.job);
  }

  /** Like `head`, from durable entries only. */
  get shownHead(): JobHead {
    return this.#inFlight[this.#outOfFlight]?.before ?? this.head;
  }

  /** With all its tasks and timed waits, which are copied. */
  get whole(): JobState {
    return this.#fold === undefined ? this.job : this.#fold.job as JobState;
  }

  get head(): JobHead {
    return this.#fold === undefined ? this.job : this.#fold.head as JobHead;
  }

  /** The condition of `whole`, without copying the steps. */
  get conditionNow(): Condition {
    return this.#fold?.condition ?? this.condition;
  }

  /** The job with these steps; no others may be read. Waits are named by `waitKey`. */
  withOnly(taskIds: readonly TaskId[], waits?: readonly string[]): JobState {
    return this.#pending.withOnly(taskIds, waits) as JobState;
  }

  task(taskId: TaskId): TaskState | undefined {
    return this.#pending.task(taskId);
  }

  wait(expectation: string, wait: number): TimedWait | undefined {
    return this.#pending.wait(expectation, wait);
  }

  /** The position of its oldest entry that is not visible yet; `Infinity` if all are. */
  get hiddenFrom(): LogId {
    return this.#inFlight[this.#outOfFlight]?.entry.logId ?? Infinity;
  }

  /** The newest entry of a type that is not durable yet. */
  inFlight(eventType: JobEventLogEntry["eventType"]): JobEventLogEntry | undefined {
    return this.#inFlight.findLast(({ entry }, index) =>
      index >= this.#outOfFlight && entry.eventType === eventType
    )?.entry;
  }

  /** Whether the index has a row of the job, perhaps as it was before later entries. */
  isIndexed = false;
  /** The number of `run` calls that use the job. */
  holders = 0;

  /** Whether the job has ended, and has no entries in flight and no holders. */
  get isSettled(): boolean {
    return this.holders === 0 && this.#isVisible && !this.#isInFlight &&
      isTerminal(this.head);
  }

  append(entry: JobEventLogEntry): Applied {
    const applied = this.#project(entry);
    this.#inFlight = withItem(this.#inFlight, applied);
    return applied;
  }

  /** The oldest entry in flight has become durable. */
  show(): void {
    const first = this.#inFlight[this.#outOfFlight];
    if (first === undefined) return;
    this.#outOfFlight++;
    const { length } = this.#inFlight;
    if (this.#outOfFlight === length) {
      // An array of its own, even if empty, would be a sixteenth of what a waiting job takes.
      this.#inFlight = NONE as Applied[];
      this.#outOfFlight = 0;
    } else if (length <= FEW || 2 * this.#outOfFlight >= length) {
      if (this.#outOfFlight === 1) this.#inFlight.shift();
      else this.#inFlight.splice(0, this.#outOfFlight);
      this.#outOfFlight = 0;
    }
    this.#show(first);
  }

  get #inFlightOnly(): readonly Applied[] {
    return this.#outOfFlight === 0 ? this.#inFlight : this.#inFlight.slice(this.#outOfFlight);
  }

  get #isInFlight(): boolean {
    return this.#inFlight.length > this.#outOfFlight;
  }

  /** Like `append` and `show`, for an entry that is durable already. No other may be in flight. */
  apply(entry: JobEventLogEntry): Applied {
    const applied = this.#project(entry);
    this.#show(applied);
    return applied;
  }

  /** The newest entry in flight was lost. */
  revert(): void {
    if (!this.#isInFlight) return;
    const last = this.#inFlight.pop() as Applied;
    this.#size = this.size - sizeAdded(last);
    this.#pending.revert(last);
    const isWhole = this.#isVisible && !this.#isInFlight;
    if (isWhole && isTerminal(this.head)) this.#settle();
  }

  #project(entry: JobEventLogEntry): Applied {
    const sizeBefore = this.size;
    const applied = this.#pending.apply(entry);
    this.#size = sizeBefore + sizeAdded(applied);
    return applied;
  }

  #show(applied: Applied): void {
    const { job, condition, rule } = applied;
    if (rule !== "any/already-applied") this.#trail = extended(this.#trail, applied);
    if (!this.#isVisible) this.#firstLogId = job.firstLogId;
    this.#isVisible = true;
    this.condition = condition;
    this.#shown = undefined;
    if (isTerminal(job) && !this.#isInFlight) this.#settle();
  }

  /** Frees memory: most ended jobs get no more entries. */
  #settle(): void {
    this.#shown = this.job;
    this.#trail = this.#trail.slice();
    this.#fold = undefined;
    this.#inFlight = NONE as Applied[];
    this.#outOfFlight = 0;
  }

  get #pending(): JobFold {
    return this.#fold ??= new JobFold(this.#shown);
  }
}

/** Walks the whole job; `sizeAdded` is cheaper for each further entry. */
function sizeOfJob(job: JobState): number {
  return job.tasks.reduce(
    (sum, task) => sum + (task.status === "completed" ? valueSize(task.result) : 0),
    sizeOfCreation(job),
  );
}

/** The size that an entry adds. The cost depends on the entry, not on the job. */
function sizeAdded({ entry, before, job, rule }: Applied): number {
  if (before === undefined) return sizeOfCreation(job);
  if (entry.stratum !== "framework" || entry.eventType !== "job.TaskCompleted") return 0;
  if (isTerminal(before) || rule === "any/already-applied") return 0;
  return valueSize(entry.attributes.result);
}

/** The plan that most jobs with code share does not count. */
function sizeOfCreation({ plan, input, labels }: JobState): number {
  const planSize = plan === MAIN_ONLY_PLAN ? 0 : valueSize(plan as unknown as JsonObject);
  return planSize + valueSize(input) + valueSize(labels);
}
