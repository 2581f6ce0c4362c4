/** Gathers a job's entries for its outline, oldest first. Of very many entries it keeps some. */

import type { Condition } from "../core/condition.ts";
import {
  type FrameworkEntry,
  isCorrelated,
  isFromOutside,
  type JobEventLogEntry,
} from "../core/event.ts";
import type { LogId, TaskId } from "../core/ids.ts";
import { type Applied, JobFold } from "../core/job_fold.ts";
import type { JobState } from "../core/job_state.ts";
import type { RuleName } from "../core/rules.ts";
import { type Attempt, AttemptsNoted, failedEnd } from "./attempts_noted.ts";
import { type ConditionSpan, ConditionSpans } from "./condition_spans.ts";
import { KeptEntries, type KeptEntry } from "./kept_entries.ts";
import { isOwnEvent } from "./open_expectations.ts";

/** Entries of a state that are counted instead of looked at one by one. */
interface PassedEntries {
  readonly count: number;
  /** The first and the last of them; some between may have been looked at. */
  readonly from: LogId;
  readonly to: LogId;
}

/** What is known of all entries, whether they were kept or not. */
export interface Noted {
  readonly job: JobState;
  readonly kept: readonly KeptEntry[];
  readonly passed: PassedEntries | undefined;
  /** Positions of all entries, and of the causes of those that stand for an event. */
  readonly logIds: readonly LogId[];
  readonly causes: readonly LogId[];
  readonly spans: readonly ConditionSpan[];
  /** By condition, the length of the spans that were not kept. */
  readonly passedMs: ReadonlyMap<Condition, number>;
  readonly attempts: ReadonlyMap<TaskId, readonly Attempt[]>;
  readonly compensations: ReadonlyMap<TaskId, readonly Attempt[]>;
  /** The entry that moved the job out of Running with an error, and the one that ended it. */
  readonly failedBy: { readonly entry: JobEventLogEntry; readonly rule: RuleName } | undefined;
  readonly endedBy: { readonly entry: JobEventLogEntry; readonly rule: RuleName } | undefined;
  readonly conditionSince: JobEventLogEntry;
  readonly created: FrameworkEntry<"job.JobCreated">;
  readonly started: FrameworkEntry<"job.JobStarted"> | undefined;
  readonly suspended: FrameworkEntry<"job.JobSuspended"> | undefined;
  readonly resumed: FrameworkEntry<"job.JobResumed"> | undefined;
  readonly parked: FrameworkEntry<"job.JobParked"> | undefined;
  readonly waiting: FrameworkEntry<"job.TaskWaiting"> | undefined;
  /** The latest. */
  readonly retried: readonly FrameworkEntry<"job.JobRetried">[];
  readonly inputRemoved: FrameworkEntry<"job.InputRemoved"> | undefined;
}

const RETRIES_MAX = 100;

type Facts = Pick<
  Noted,
  | "started"
  | "suspended"
  | "resumed"
  | "parked"
  | "waiting"
  | "inputRemoved"
  | "failedBy"
  | "endedBy"
>;

export class OutlineGathering {
  readonly #fold = new JobFold();
  readonly #kept = new KeptEntries();
  readonly #logIds: LogId[] = [];
  readonly #causes: LogId[] = [];
  readonly #spans = new ConditionSpans();
  readonly #attempts = new AttemptsNoted();
  readonly #compensations = new AttemptsNoted();
  readonly #facts: { -readonly [Name in keyof Facts]: Facts[Name] } = {
    started: undefined,
    suspended: undefined,
    resumed: undefined,
    parked: undefined,
    waiting: undefined,
    inputRemoved: undefined,
    failedBy: undefined,
    endedBy: undefined,
  };
  #retried: FrameworkEntry<"job.JobRetried">[] = [];
  #created: JobEventLogEntry | undefined;
  #conditionSince: JobEventLogEntry | undefined;
  #ownTypes: ReadonlySet<string> | undefined;

  /** @throws {TypeError} when the first is not `job.JobCreated`. */
  add(entry: JobEventLogEntry): void {
    const folded = this.#fold.apply(entry);
    this.#created ??= entry;
    this.#logIds.push(entry.logId);
    const dueAt = folded.condition === "backingOff" ? dueAtOf(folded.job) : undefined;
    if (this.#spans.note(entry, folded.condition, dueAt)) this.#conditionSince = entry;
    this.#noteEnds(entry, folded);
    const kind = this.#kindOf(entry, folded);
    if (kind !== "fact") this.#noteFrameworkFact(entry);
    if (isCorrelated(entry) && entry.causedBy !== undefined) {
      this.#causes.push(entry.causedBy);
    }
    this.#kept.add({ entry, kind, counted: kind !== "other" && hasCounted(folded) });
  }

  /** @throws {TypeError} when there are no entries. */
  noted(): Noted {
    const { job } = this.#fold;
    const [created, conditionSince] = [this.#created, this.#conditionSince];
    if (job === undefined || created === undefined || conditionSince === undefined) {
      throw new TypeError("Cannot explain a job: it has no entries");
    }
    const kept = this.#kept.all;
    return {
      job,
      kept,
      passed: this.#passed(kept),
      logIds: ascending(this.#logIds),
      causes: ascending(this.#causes),
      spans: this.#spans.all,
      passedMs: this.#spans.passedMs,
      attempts: this.#attempts.of,
      compensations: this.#compensations.of,
      created: created as Noted["created"],
      conditionSince,
      retried: this.#retried,
      ...this.#facts,
    };
  }

  #passed(kept: readonly KeptEntry[]): PassedEntries | undefined {
    const count = this.#kept.passed;
    if (count === 0) return undefined;
    const known = new Set(kept.map(({ entry }) => entry.logId));
    const passed = (logId: LogId) => !known.has(logId);
    const [from, to] = [this.#logIds.find(passed), this.#logIds.findLast(passed)];
    return { count, from: from ?? 0, to: to ?? 0 };
  }

  #noteEnds(entry: JobEventLogEntry, { before, job, rule }: Applied): void {
    const isFailure = rule === "running/error-failed" || rule === "running/left-in-place" ||
      rule === "running/error-compensating";
    if (isFailure) {
      this.#facts.failedBy = { entry, rule };
    }
    const hasEnded = job.state === "Done" || job.state === "Failed";
    if (hasEnded && before?.state !== job.state) this.#facts.endedBy = { entry, rule };
  }

  #kindOf(entry: JobEventLogEntry, { job }: Applied): KeptEntry["kind"] {
    if (isFromOutside(entry)) return "fact";
    this.#ownTypes ??= new Set(
      job.plan.expected.filter(isOwnEvent).map(({ matcher }) => matcher.eventType),
    );
    return this.#ownTypes.has(entry.eventType) ? "ownFact" : "other";
  }

  #noteFrameworkFact(entry: JobEventLogEntry): void {
    if (entry.stratum !== "framework") return;
    switch (entry.eventType) {
      case "job.JobStarted":
        this.#facts.started ??= entry;
        break;
      case "job.JobSuspended":
        this.#facts.suspended = entry;
        break;
      case "job.JobResumed":
        this.#facts.resumed = entry;
        break;
      case "job.JobParked":
        this.#facts.parked = entry;
        break;
      case "job.JobRetried":
        this.#retried = [...this.#retried, entry].slice(-RETRIES_MAX);
        break;
      case "job.TaskWaiting":
        this.#facts.waiting = entry;
        break;
      case "job.InputRemoved":
        this.#facts.inputRemoved = entry;
        break;
      default:
        this.#noteAttempt(entry);
    }
  }

  #noteAttempt(entry: JobEventLogEntry): void {
    if (entry.stratum !== "framework") return;
    switch (entry.eventType) {
      case "job.TaskStarted":
        return this.#attempts.begin(entry);
      case "job.CompensationStarted":
        return this.#compensations.begin(entry);
      case "job.TaskCompleted":
        return this.#attempts.end(entry, { kind: "completed" });
      case "job.TaskCompensated":
        return this.#compensations.end(entry, { kind: "completed" });
      case "job.TaskFailed":
        return this.#attempts.end(entry, failedEnd(entry.attributes));
      case "job.TaskCompensationFailed":
        return this.#compensations.end(entry, failedEnd(entry.attributes));
      case "job.TaskInterrupted": {
        const { phase, reason } = entry.attributes;
        const attempts = phase === "run" ? this.#attempts : this.#compensations;
        return attempts.end(entry, { kind: "interrupted", reason });
      }
      default:
    }
  }
}

/** When the first backoff ends. */
function dueAtOf({ tasks }: JobState): string | undefined {
  return tasks.flatMap((task) => task.status === "backingOff" ? [task.retryAt] : [])
    .toSorted()[0];
}

/** Whether it counted for an expectation, or moved the job. */
function hasCounted({ before, job, matched }: Applied): boolean {
  return matched.length > 0 || before?.state !== job.state;
}

function ascending(logIds: readonly LogId[]): readonly LogId[] {
  const isInOrder = logIds.every((logId, index) =>
    index === 0 || (logIds[index - 1] ?? 0) <= logId
  );
  return isInOrder ? logIds : logIds.toSorted((left, right) => left - right);
}
