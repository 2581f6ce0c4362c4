/**
 * One job in two states: with everything appended, for decisions, and with what is durable, for
 * everybody else. Each entry is projected once.
 */

import { type Condition, deriveCondition } from "../../core/condition.ts";
import type { ErrorFingerprint } from "../../core/error_fingerprint.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import type { ErrorFact } from "../../core/framework_events.ts";
import type { LogId, TaskId } from "../../core/ids.ts";
import { type Applied, JobFold } from "../../core/job_fold.ts";
import { isTerminal, type JobState, type TaskState } from "../../core/job_state.ts";
import { type JobSummary, jobSummary } from "../../core/job_summary.ts";
import { sizeAdded, sizeOfJob } from "./job_size.ts";
import { extended, NO_TRAIL, type Trail } from "./trail.ts";

/** A job with everything appended. */
export interface PendingJob {
  /** With all its tasks, which costs a copy of them. */
  readonly whole: JobState;
  /** Its `tasks` are incomplete and must not be read. */
  readonly head: JobState;
  /** The same, as of what is durable. */
  readonly shownHead: JobState;
  /** The condition of `whole`, without its cost. */
  readonly conditionNow: Condition;
  /** Only these of its tasks may be read. */
  withOnly(taskIds: readonly TaskId[]): JobState;
  task(taskId: TaskId): TaskState | undefined;
  onItsWay(eventType: JobEventLogEntry["eventType"]): JobEventLogEntry | undefined;
}

const NONE: readonly Applied[] = [];

export class JobRecord implements PendingJob {
  /** Absent until something is appended to a job from a snapshot, and after the job has ended. */
  #fold: JobFold | undefined;
  /** Oldest first. */
  #inFlight: Applied[] = NONE as Applied[];
  /** As of what is durable; made when needed. */
  #shown: JobState | undefined;
  #isVisible: boolean;
  #lastLogId: LogId;
  #firstLogId: LogId;
  /** Computed when needed. */
  #size: number | undefined;
  #trail: Trail;
  /** As of what is durable. */
  condition: Condition;
  fingerprint?: { readonly of: ErrorFact; readonly text: ErrorFingerprint | undefined };

  /**
   * @param job From a snapshot or the index; absent for one that is about to be created.
   * @param trail Of that job; new entries are added to it.
   */
  constructor(job?: JobState, trail: Trail = NO_TRAIL) {
    this.#shown = job;
    this.#trail = trail;
    this.#isVisible = job !== undefined;
    this.#firstLogId = job?.firstLogId ?? 0;
    this.#lastLogId = job?.lastLogId ?? 0;
    this.#size = job === undefined ? 0 : undefined;
    this.condition = job === undefined ? "created" : deriveCondition(job);
  }

  get isVisible(): boolean {
    return this.#isVisible;
  }

  get firstLogId(): LogId {
    return this.#firstLogId;
  }

  get lastLogId(): LogId {
    return this.#lastLogId;
  }

  get trail(): Trail {
    return this.#trail;
  }

  /** Its size with everything appended until it ended, as the length of its text. */
  get size(): number {
    return this.#size ??= sizeOfJob(this.whole);
  }

  /** As of what is durable. */
  get job(): JobState {
    return this.#shown ??= this.#pending.jobBefore(this.#inFlight) as JobState;
  }

  get summary(): JobSummary {
    return jobSummary(this.job);
  }

  /** The same; its `tasks` must not be read. */
  get shownHead(): JobState {
    return this.#inFlight[0]?.before ?? this.head;
  }

  get whole(): JobState {
    return this.#fold === undefined ? this.job : this.#fold.job as JobState;
  }

  get head(): JobState {
    return this.#fold === undefined ? this.job : this.#fold.head as JobState;
  }

  get conditionNow(): Condition {
    return this.#fold?.condition ?? this.condition;
  }

  withOnly(taskIds: readonly TaskId[]): JobState {
    return this.#pending.withOnly(taskIds) as JobState;
  }

  task(taskId: TaskId): TaskState | undefined {
    return this.#pending.task(taskId);
  }

  onItsWay(eventType: JobEventLogEntry["eventType"]): JobEventLogEntry | undefined {
    return this.#inFlight.findLast(({ entry }) => entry.eventType === eventType)?.entry;
  }

  /** Whether the index has it, as it was before it was brought back. */
  isIndexed = false;
  /** Calls of `run` that use it. */
  holders = 0;

  /** Whether it has ended, and has no entries on their way and no holders. */
  get isSettled(): boolean {
    return this.holders === 0 && this.#isVisible && this.#inFlight.length === 0 &&
      isTerminal(this.head);
  }

  append(entry: JobEventLogEntry): Applied {
    const sizeBefore = this.size;
    const applied = this.#pending.apply(entry);
    if (this.#inFlight === NONE) this.#inFlight = [];
    this.#inFlight.push(applied);
    this.#size = sizeBefore + sizeAdded(applied);
    return applied;
  }

  /** The oldest entry on its way has become durable. */
  show(): void {
    const first = this.#inFlight.shift();
    if (first === undefined) return;
    const { job, condition, rule } = first;
    if (rule !== "any/already-applied") this.#trail = extended(this.#trail, first);
    if (!this.#isVisible) this.#firstLogId = job.firstLogId;
    this.#isVisible = true;
    this.#lastLogId = job.lastLogId;
    this.condition = condition;
    this.#shown = undefined;
    if (isTerminal(job) && this.#inFlight.length === 0) this.#settle();
  }

  /** The newest entry on its way was lost. */
  takeBack(): void {
    const last = this.#inFlight.pop();
    if (last === undefined) return;
    this.#size = this.size - sizeAdded(last);
    this.#pending.revert(last);
    const isWhole = this.#isVisible && this.#inFlight.length === 0;
    if (isWhole && isTerminal(this.head)) this.#settle();
  }

  /** Most ended jobs get no more entries. */
  #settle(): void {
    this.#shown = this.job;
    this.#trail = this.#trail.slice();
    this.#fold = undefined;
    this.#inFlight = NONE as Applied[];
  }

  get #pending(): JobFold {
    return this.#fold ??= new JobFold(this.#shown);
  }
}
