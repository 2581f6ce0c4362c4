/**
 * Builders of a job's entries. A `JobStory` is immutable: each method returns a longer story, so
 * that many tests can continue from one beginning. Positions ascend from 1 and times are a function
 * of the position; nothing here depends on a clock.
 */

import type { Correlation } from "../../../src/core/correlation.ts";
import type { FactEntry, JobEntry, JobEventLogEntry, Recorded } from "../../../src/core/event.ts";
import type {
  ErrorFact,
  EventReferences,
  FailureKind,
  FrameworkAttributes,
  InterruptionReason,
  JobCreatedAttributes,
  JobEventType,
  ParkReason,
} from "../../../src/core/framework_events.ts";
import {
  eventId,
  eventType,
  executionId,
  type JobId,
  jobId,
  type LogId,
  MAIN_TASK,
  taskId,
} from "../../../src/core/ids.ts";
import {
  DEFAULT_POLICY,
  type EventMatcher,
  type ExpectedEvent,
  type JobPlan,
  type JobPolicy,
  MAIN_EXPECTATION,
} from "../../../src/core/job_plan.ts";
import type { JsonObject, JsonValue } from "../../../src/core/json.ts";

export const JOB: JobId = jobId("job_1");
export const OOPS: ErrorFact = { name: "Error", message: "oops" };

const EPOCH_MS = Date.UTC(2026, 0, 1);

/** The time at which the entry at this position occurred and was received: one second apart. */
export function timeOf(logId: LogId): string {
  return new Date(EPOCH_MS + logId * 1_000).toISOString();
}

export function matcher(type: string, correlation: Correlation = "any"): EventMatcher {
  return { eventType: eventType(type), correlation };
}

type ExpectationOptions =
  & Partial<Pick<ExpectedEvent, "multiplicity" | "taskId" | "kind" | "within">>
  & {
    readonly correlation?: Correlation;
  };

/** By default, an expectation of one domain fact with any attributes. */
export function expectation(
  id: string,
  type: string,
  { correlation = "any", ...options }: ExpectationOptions = {},
): ExpectedEvent {
  return {
    id,
    kind: "DomainFact",
    matcher: matcher(type, correlation),
    multiplicity: "ExactlyOnce",
    ...options,
  };
}

export function plan(expected: readonly ExpectedEvent[], policy: Partial<JobPolicy> = {}): JobPlan {
  return { expected, policy: { ...DEFAULT_POLICY, ...policy } };
}

/** The story of a job that was created with these attributes, and no more. */
export function created(attributes: Partial<JobCreatedAttributes> = {}): JobStory {
  const defaults = { plan: plan([]), priority: 0, labels: {} };
  return new JobStory([]).framework("job.JobCreated", { ...defaults, ...attributes });
}

/** A job without code: a plan driven by outside events; created, not started. */
export function outsideJob(
  expected: readonly ExpectedEvent[],
  policy: Partial<JobPolicy> = {},
): JobStory {
  return created({ plan: plan(expected, policy) });
}

/** A job with code, whose plan has the end of `run` and the given expectations; not started. */
export function codedJob(
  expected: readonly ExpectedEvent[] = [],
  policy: Partial<JobPolicy> = {},
): JobStory {
  return created({
    type: "order.fulfil",
    definitionVersion: 1,
    plan: plan([MAIN_EXPECTATION, ...expected], policy),
  });
}

export class JobStory {
  constructor(readonly entries: readonly JobEventLogEntry[], private readonly gap = 1) {}

  /** The last position so far. */
  get logId(): LogId {
    return this.entries.reduce((highest, { logId }) => Math.max(highest, logId), 0);
  }

  /** The entry at this index, counted from the end when negative. */
  entry(index: number): JobEventLogEntry {
    const entry = this.entries.at(index);
    if (entry === undefined) throw new RangeError(`Cannot get entry ${index}: there is none`);
    return entry;
  }

  /** Leaves this many positions to other jobs before the next entry. */
  skip(positions: number): JobStory {
    return new JobStory(this.entries, this.gap + positions);
  }

  /** Delivers the entry at this index again, unchanged. */
  redelivered(index: number): JobStory {
    return this.with(this.entry(index));
  }

  framework<Type extends JobEventType>(
    type: Type,
    attributes: FrameworkAttributes[Type],
    references: EventReferences = {},
  ): JobStory {
    const entry = { ...this.stamp(references), stratum: "framework", eventType: type, attributes };
    return this.with(entry as unknown as JobEntry);
  }

  /** A business fact that names this job itself. */
  fact(type: string, attributes: JsonObject = {}, references: EventReferences = {}): JobStory {
    return this.outside("domain", type, attributes, references);
  }

  coordination(
    type: string,
    attributes: JsonObject = {},
    references: EventReferences = {},
  ): JobStory {
    return this.outside("coordination", type, attributes, references);
  }

  /** A business fact without a job id that the engine correlated with this job. */
  correlated(type: string, attributes: JsonObject = {}, task?: string): JobStory {
    return this.framework("job.EventCorrelated", {
      eventId: eventId(`evt_original_${this.nextLogId}`),
      eventType: eventType(type),
      occurredAt: timeOf(this.nextLogId),
      ...(task === undefined ? {} : { taskId: taskId(task) }),
      attributes,
    });
  }

  started(): JobStory {
    return this.framework("job.JobStarted", {});
  }

  suspended(): JobStory {
    return this.framework("job.JobSuspended", {});
  }

  resumed(): JobStory {
    return this.framework("job.JobResumed", {});
  }

  parked(reason: ParkReason = "diverged"): JobStory {
    return this.framework("job.JobParked", { reason, message: "run asks for bill instead" });
  }

  unparked(): JobStory {
    return this.framework("job.JobResumed", { of: "parked" });
  }

  /** The job is given up as it is: nothing is undone. */
  left(...tasks: readonly string[]): JobStory {
    return this.framework("job.JobCancelled", { leftInPlace: tasks.map(taskId) });
  }

  cancelled(reason?: string): JobStory {
    return this.framework("job.JobCancelled", reason === undefined ? {} : { reason });
  }

  taskStarted(task: string, attempt = 1, options: { compensable?: true } = {}): JobStory {
    return this.ofTask("job.TaskStarted", task, { attempt, ...options });
  }

  /** An attempt with a given execution id. */
  taskStartedBy(execution: string, task: string, attempt = 1): JobStory {
    return this.framework("job.TaskStarted", { attempt }, {
      taskId: taskId(task),
      executionId: executionId(execution),
    });
  }

  taskCompleted(
    task: string,
    attempt = 1,
    options: { compensable?: true; result?: JsonValue } = {},
  ): JobStory {
    return this.ofTask("job.TaskCompleted", task, { attempt, ...options });
  }

  /** A task that ran once and can be undone. */
  compensableTask(task: string): JobStory {
    return this.taskStarted(task, 1, { compensable: true })
      .taskCompleted(task, 1, { compensable: true });
  }

  taskProgressed(task: string, progress: FrameworkAttributes["job.TaskProgressed"]): JobStory {
    return this.ofTask("job.TaskProgressed", task, progress);
  }

  /** A failed attempt, with another to follow. */
  taskBackedOff(task: string, attempt = 1): JobStory {
    return this.ofTask("job.TaskFailed", task, {
      ...this.failedAttempt(attempt),
      retryAt: timeOf(900),
    });
  }

  /** A failed attempt, the last one. */
  taskFailed(task: string, attempt = 1, kind: FailureKind = "deadLetter"): JobStory {
    return this.ofTask("job.TaskFailed", task, {
      ...this.failedAttempt(attempt),
      final: true,
      kind,
    });
  }

  taskInterrupted(
    task: string,
    reason: InterruptionReason = "crash",
    phase: "run" | "compensation" = "run",
  ): JobStory {
    return this.ofTask("job.TaskInterrupted", task, { attempt: 1, phase, reason });
  }

  mainStarted(): JobStory {
    return this.taskStarted(MAIN_TASK);
  }

  mainWaiting(...expectations: string[]): JobStory {
    return this.ofTask("job.TaskWaiting", MAIN_TASK, { expectations });
  }

  timerSet(id: string): JobStory {
    return this.ofTask("job.TimerSet", id, { dueAt: timeOf(900) });
  }

  waitSet(expectation: string, wait = 1): JobStory {
    return this.framework("job.TimerSet", { dueAt: timeOf(900), expectation, wait });
  }

  /** @param wait Absent for the deadline of the plan. */
  deadlinePassed(expectation: string, wait?: number): JobStory {
    const which = wait === undefined ? {} : { wait };
    return this.framework("job.DeadlinePassed", { expectation, ...which });
  }

  timerElapsed(id: string): JobStory {
    return this.ofTask("job.TimerElapsed", id, {});
  }

  mainCompleted(result?: JsonValue): JobStory {
    return this.taskCompleted(MAIN_TASK, 1, result === undefined ? {} : { result });
  }

  compensationStarted(task: string, attempt = 1): JobStory {
    return this.ofTask("job.CompensationStarted", task, { attempt });
  }

  taskCompensated(task: string, attempt = 1): JobStory {
    return this.ofTask("job.TaskCompensated", task, { attempt });
  }

  compensationBackedOff(task: string, attempt = 1): JobStory {
    return this.ofTask("job.TaskCompensationFailed", task, {
      ...this.failedAttempt(attempt),
      retryAt: timeOf(900),
    });
  }

  compensationFailed(task: string, attempt = 1): JobStory {
    return this.ofTask("job.TaskCompensationFailed", task, {
      ...this.failedAttempt(attempt),
      final: true,
      kind: "deadLetter",
    });
  }

  compensationEnded(compensated: string[] = [], failed: string[] = []): JobStory {
    return this.framework("job.CompensationEnded", {
      compensated: compensated.map(taskId),
      failed: failed.map(taskId),
    });
  }

  private ofTask<Type extends JobEventType>(
    type: Type,
    task: string,
    attributes: FrameworkAttributes[Type],
  ): JobStory {
    return this.framework(type, attributes, { taskId: taskId(task) });
  }

  private outside(
    stratum: FactEntry["stratum"],
    type: string,
    attributes: JsonObject,
    references: EventReferences,
  ): JobStory {
    return this.with({
      ...this.stamp(references),
      stratum,
      eventType: eventType(type),
      attributes,
    });
  }

  private failedAttempt(attempt: number) {
    return { attempt, maxAttempts: 3, error: OOPS };
  }

  private get nextLogId(): LogId {
    return this.logId + this.gap;
  }

  private stamp(references: EventReferences): Recorded {
    const logId = this.nextLogId;
    return {
      logId,
      eventId: eventId(`evt_${logId}`),
      occurredAt: timeOf(logId),
      receivedAt: timeOf(logId),
      jobId: JOB,
      ...references,
    };
  }

  private with(entry: JobEventLogEntry): JobStory {
    return new JobStory([...this.entries, entry]);
  }
}
