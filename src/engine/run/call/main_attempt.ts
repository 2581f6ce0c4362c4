/** The entries about a call of `run` itself, which is an attempt of the task `main`. */

import { decide } from "../../../core/decide.ts";
import type { JobEventDraft } from "../../../core/event.ts";
import type { ErrorFact, InterruptionReason } from "../../../core/framework_events.ts";
import { type LogId, MAIN_TASK, newId } from "../../../core/ids.ts";
import type { JsonValue } from "../../../core/json.ts";
import type { JobState } from "../../../core/job_state.ts";
import type { SpanEnd } from "../../watches.ts";
import type { RunOfAttempts, Started } from "../attempts/attempts.ts";
import { recordOrRetry } from "../../writer/disk_retries.ts";
import type { RunContext } from "./run_context.ts";

/** No entry of this call has been appended. */
const NOT_STARTED = { attempt: 0, startedBy: 0 };

type MainEventType =
  | "job.TaskCompleted"
  | "job.TaskFailed"
  | "job.TaskInterrupted"
  | "job.TaskWaiting";

export class MainAttempt {
  #started = NOT_STARTED;

  constructor(private readonly run: RunOfAttempts) {}

  get isOnRecord(): boolean {
    return this.#started !== NOT_STARTED;
  }

  get isDurable(): boolean {
    return this.#started.startedBy <= this.run.services.writer.durableLogId;
  }

  /** Whether the record shows the attempt as running. */
  get isUnderWay(): boolean {
    const { head } = this.run.job;
    return head.state === "Running" && this.run.job.task(MAIN_TASK)?.status === "running";
  }

  /**
   * Records the start of the attempt, unless it is on record. A full disk has no room for this
   * entry: its reserve is for jobs that have begun.
   */
  start(): Started {
    const { services, job, trace } = this.run;
    const { state } = job.head;
    // A call that only compensates tasks is not an attempt.
    if (this.isOnRecord || state === "Compensating") return "started";
    if (state !== "Running" || services.draining) return "refused";
    const receivedAt = services.events.now();
    const executionId = newId.execution(services.random.ulid());
    const span = trace.start("run", MAIN_TASK, executionId);
    const attempts = [{ taskId: MAIN_TASK, executionId, compensable: false, trace: span }];
    const decision = decide(job.withOnly([MAIN_TASK]), { kind: "startAttempts", attempts });
    const written = decision.accepted
      ? services.writer.tryAppend(decision.events, "ordinary", { receivedAt })
      : "refused";
    if (typeof written === "string") {
      trace.drop(executionId);
      return written;
    }
    const attempt = job.task(MAIN_TASK)?.attempts ?? 1;
    this.#started = { attempt, startedBy: written.firstLogId };
    trace.began(executionId, attempt);
    return "started";
  }

  lost(durableLogId: LogId): void {
    if (this.#started.startedBy <= durableLogId) return;
    this.#started = NOT_STARTED;
    this.run.trace.dropRun();
  }

  /**
   * Records what `run` returned.
   *
   * @param ctx What it asked for.
   * @returns The position of the entry; 0 when it was not recorded.
   */
  complete(output: JsonValue | undefined, ctx: RunContext): LogId {
    const notAwaited = waitsNotAwaited(this.run.job.whole, ctx);
    const draft = this.#draft("job.TaskCompleted", {
      attempt: this.#started.attempt,
      ...(output === undefined ? {} : { result: output }),
      ...(notAwaited.length === 0 ? {} : { notAwaited }),
    });
    return this.#end(draft, { kind: "completed" }, () => this.run.advanceSoon());
  }

  /**
   * Records the error that `run` threw, unless its job no longer runs.
   *
   * @param again Called when a full disk may have room.
   * @returns As for `complete`.
   */
  fail(error: ErrorFact, kind: "poison" | "error", again: () => void): LogId {
    if (this.run.job.head.state !== "Running") return 0;
    const attempt = Math.max(1, this.#started.attempt);
    const attributes = { attempt, maxAttempts: attempt, error, final: true, kind } as const;
    return this.#end(this.#draft("job.TaskFailed", attributes), { kind: "failed", error }, again);
  }

  #end(draft: JobEventDraft, end: SpanEnd, again: () => void): LogId {
    const { services, trace } = this.run;
    const written = recordOrRetry(services, [draft], again);
    if (written === undefined) return 0;
    trace.endRun(end);
    return written.lastLogId;
  }

  interrupted(reason: InterruptionReason): JobEventDraft {
    const { attempt } = this.#started;
    return this.#draft("job.TaskInterrupted", { attempt, phase: "run", reason });
  }

  /** `undefined` when the record already says that `run` waits for these, having seen as much. */
  waiting(expectations: readonly string[], seen: LogId): JobEventDraft | undefined {
    const main = this.run.job.task(MAIN_TASK);
    const isOnRecord = main?.status === "waiting" && main.seen >= seen &&
      sameNames(main.expectations, expectations);
    return isOnRecord ? undefined : this.#draft("job.TaskWaiting", { expectations, seen });
  }

  #draft<Type extends MainEventType>(
    eventType: Type,
    attributes: Extract<JobEventDraft, { eventType: Type }>["attributes"],
  ): JobEventDraft {
    const { jobId, trace: { ids } } = this.run;
    const draft = { stratum: "framework", eventType, jobId, taskId: MAIN_TASK, attributes };
    return (ids === undefined ? draft : { ...draft, ...ids }) as JobEventDraft;
  }
}

const NONE: readonly string[] = [];

/** The expectations of reused waits for which `run` has not asked. */
function waitsNotAwaited({ waits }: JobState, ctx: RunContext): readonly string[] {
  if (waits === undefined) return NONE;
  const names = waits.filter(({ expectation, reusedFrom }) =>
    reusedFrom !== undefined && ctx.withinsOf(expectation).length === 0
  ).map(({ expectation }) => expectation);
  return [...new Set(names)];
}

function sameNames(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((name) => right.includes(name));
}
