/** New jobs: from a request, once for each idempotency key, and from a failed job. */

import { decide } from "../core/decide.ts";
import type { EventDraft, FrameworkEntry, JobEventDraft, JobEventLogEntry } from "../core/event.ts";
import type { EventType } from "../core/event_type.ts";
import type { JobCreatedAttributes } from "../core/framework_events.ts";
import type { JobId, LogId } from "../core/ids.ts";
import { type JobPlan, MAIN_EXPECTATION_ID } from "../core/job_plan.ts";
import type { JobState } from "../core/job_state.ts";
import type { JsonValue } from "../core/json.ts";
import { matchableOf, projectAll } from "../core/projector.ts";
import type { AnyJobDefinition } from "./definition.ts";
import { type DefinitionRegistry, parseInput, planOf } from "./definition_registry.ts";
import { correlatedEventId } from "./derived_ids.ts";
import { errorFact } from "./error_fact.ts";
import type { History } from "./history.ts";
import type { Added, Intake } from "./intake.ts";
import type { JobTable } from "./job_table.ts";
import type { Lanes } from "./lanes.ts";
import type { Clock, Random } from "./ports.ts";
import type { Recorder } from "./recorder.ts";
import type { Created, CreateRequest, Outcome, RetryRequest } from "./requests.ts";

export interface CreationParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly registry: DefinitionRegistry;
  readonly table: JobTable;
  readonly history: History;
  readonly recorder: Recorder;
  readonly lanes: Lanes;
  readonly intake: Intake;
}

export class Creation {
  readonly #parts: CreationParts;

  constructor(parts: CreationParts) {
    this.#parts = parts;
  }

  /**
   * Creates a job. Rejects with `JournalFullError`, `JournalFailedError` or
   * `OverCapacityError`.
   */
  create(request: CreateRequest): Promise<Outcome<Created>> {
    const { idempotency } = request;
    if (idempotency === undefined) return this.#createInLane(request);
    const lane = `key ${idempotency.key}`;
    return this.#parts.lanes.run(lane, () => this.#createOnce(request, idempotency));
  }

  /** Two requests for one id are decided one after the other; an id made here is new. */
  #createInLane(request: CreateRequest): Promise<Outcome<Created>> {
    return request.jobId === undefined
      ? this.#createNew(request)
      : this.#parts.lanes.run(request.jobId, () => this.#createNew(request));
  }

  /** Creates a job from a failed one; runs in the lane of the failed job. */
  async retry(job: JobState, request: RetryRequest): Promise<Outcome<JobState>> {
    const newJobId = this.#newJobId();
    const attributes = this.#attributesForRetry(job);
    const facts = await this.#factsFor(job, newJobId);
    const decision = decide(job, { kind: "retry", newJobId, attributes, facts, ...request });
    if (!decision.accepted) return rejected(decision.rejection);
    const added = { jobs: 1, starts: job.type === undefined ? 0 : 1 };
    await this.#record(decision.events, added);
    return { ok: true, value: this.#parts.table.job(newJobId) as JobState };
  }

  #newJobId(): JobId {
    return `job_${this.#parts.random.ulid()}` as JobId;
  }

  async #createOnce(
    request: CreateRequest,
    { key, digest }: { readonly key: string; readonly digest: string },
  ): Promise<Outcome<Created>> {
    const jobId = this.#parts.table.jobOfKey(key);
    const before = jobId === undefined ? undefined : this.#parts.table.job(jobId);
    if (jobId === undefined || before === undefined) return await this.#createInLane(request);
    if (before.idempotency?.digest !== digest) {
      return { ok: false, problem: { kind: "keyReused", key, jobId } };
    }
    return { ok: true, value: { job: await this.#asCreated(before), replayed: true } };
  }

  /** The job as the first answer showed it: after its creation, and its start if at once. */
  async #asCreated(job: JobState): Promise<JobState> {
    const [created, started] = await this.#parts.history.of(job.jobId, 0, 2);
    if (created === undefined) return job;
    return isStartOfCreation(created, started)
      ? projectAll([created, started])
      : projectAll([created]);
  }

  async #createNew(request: CreateRequest): Promise<Outcome<Created>> {
    const described = this.#describe(request);
    if (!described.ok) return described;
    const jobId = request.jobId ?? this.#newJobId();
    const start = this.#startsAtOnce(request);
    const command = { kind: "create", jobId, attributes: described.value, start } as const;
    // An id made here is new.
    const existing = request.jobId && this.#parts.table.job(request.jobId);
    if (existing !== undefined) return { ok: false, problem: { kind: "jobExists", jobId } };
    const decision = decide(existing, command);
    if (!decision.accepted) return rejected(decision.rejection);
    const added = { jobs: 1, starts: start && "type" in request ? 1 : 0 };
    const applied = await this.#record(decision.events, added);
    return { ok: true, value: { job: applied.at(-1)?.job as JobState, replayed: false } };
  }

  async #record(drafts: readonly EventDraft[], added: Added) {
    const leave = this.#parts.intake.enter(added);
    try {
      return await this.#parts.recorder.record(drafts).applied;
    } finally {
      leave();
    }
  }

  #startsAtOnce(request: CreateRequest): boolean {
    if (request.startAt === undefined) return request.start ?? true;
    return Date.parse(request.startAt) <= this.#parts.clock.now();
  }

  #describe(request: CreateRequest): Outcome<JobCreatedAttributes> {
    const { priority, labels, startAt, idempotency } = request;
    const common = {
      priority: priority ?? 0,
      labels: labels ?? {},
      ...(startAt === undefined ? {} : { startAt }),
      ...(idempotency === undefined ? {} : { idempotency }),
    };
    if ("plan" in request) return { ok: true, value: { plan: request.plan, ...common } };
    const described = this.#describeCode(request.type, request.input);
    return described.ok ? { ok: true, value: { ...described.value, ...common } } : described;
  }

  #describeCode(type: string, input: JsonValue | undefined): Outcome<CodeAttributes> {
    const definition = this.#parts.registry.get(type);
    if (definition === undefined) {
      return {
        ok: false,
        problem: { kind: "unknownType", type, known: this.#parts.registry.types },
      };
    }
    const parsed = parseInput(definition, input);
    if (!parsed.ok) return { ok: false, problem: { kind: "invalidInput", issues: parsed.issues } };
    const plan = this.#planFor(definition, parsed.value);
    if (!plan.ok) return plan;
    const attributes = { type, definitionVersion: definition.version, plan: plan.value };
    return {
      ok: true,
      value: input === undefined ? attributes : { ...attributes, input },
    };
  }

  /** A definition that cannot make a plan of an input refuses it, whatever its schema says. */
  #planFor(definition: AnyJobDefinition, input: unknown): Outcome<JobPlan> {
    try {
      return { ok: true, value: planOf(definition, input) };
    } catch (error) {
      const detail = `${definition.type} cannot make a plan of it: ${errorFact(error).message}`;
      return { ok: false, problem: { kind: "invalidInput", issues: [{ pointer: "", detail }] } };
    }
  }

  /** The same job again, as today's definition describes it. */
  #attributesForRetry(job: JobState): JobCreatedAttributes {
    const common = { priority: job.priority, labels: job.labels };
    const described = job.type === undefined ? undefined : this.#describeCode(job.type, job.input);
    if (described?.ok) return { ...described.value, ...common };
    return {
      ...(job.type === undefined ? {} : { type: job.type }),
      ...(job.definitionVersion === undefined ? {} : { definitionVersion: job.definitionVersion }),
      ...(job.input === undefined ? {} : { input: job.input }),
      plan: job.plan,
      ...common,
    };
  }

  /** Events from outside that counted for a job: they happened, and count again. */
  async #factsFor(job: JobState, newJobId: JobId): Promise<readonly JobEventDraft[]> {
    const counted = job.expected.flatMap((progress, index) =>
      job.plan.expected[index]?.id === MAIN_EXPECTATION_ID ? [] : progress.by
    );
    const unique: LogId[] = [...new Set(counted)].toSorted((left, right) => left - right);
    const entries = await this.#parts.history.at(unique);
    return entries.filter(isFactFromOutside).map((entry) => carriedOver(entry, newJobId));
  }
}

type CodeAttributes = Pick<JobCreatedAttributes, "type" | "definitionVersion" | "plan" | "input">;

function rejected(rejection: { message: string; allowedIn: readonly JobState["state"][] }) {
  return { ok: false, problem: { kind: "rejected", rejection } } as const;
}

function isStartOfCreation(
  created: JobEventLogEntry,
  started: JobEventLogEntry | undefined,
): started is JobEventLogEntry {
  return started?.eventType === "job.JobStarted" &&
    started.logId === created.logId + 1 && started.receivedAt === created.receivedAt;
}

function isFactFromOutside(entry: JobEventLogEntry): boolean {
  return entry.stratum !== "framework" || entry.eventType === "job.EventCorrelated";
}

function carriedOver(entry: JobEventLogEntry, jobId: JobId): JobEventDraft {
  const original = entry.eventType === "job.EventCorrelated"
    ? (entry as FrameworkEntry<"job.EventCorrelated">).attributes
    : undefined;
  const { eventId, occurredAt } = original ?? entry;
  const event = matchableOf(entry);
  return {
    stratum: "framework",
    eventType: "job.EventCorrelated",
    eventId: correlatedEventId(eventId, jobId),
    jobId,
    causedBy: entry.logId,
    attributes: {
      eventId,
      eventType: event.eventType as EventType,
      occurredAt,
      attributes: event.attributes,
      ...(event.taskId === undefined ? {} : { taskId: event.taskId }),
    },
  };
}
