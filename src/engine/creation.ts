/** New jobs: from a request, once for each idempotency key, and from a failed job. */

import { decide } from "../core/decide.ts";
import type { FrameworkEntry, JobEventDraft, JobEventLogEntry } from "../core/event.ts";
import type { EventType } from "../core/event_type.ts";
import type { JobCreatedAttributes } from "../core/framework_events.ts";
import type { JobId, LogId } from "../core/ids.ts";
import { type JobPlan, MAIN_EXPECTATION_ID } from "../core/job_plan.ts";
import type { JobState } from "../core/job_state.ts";
import type { JsonValue } from "../core/json.ts";
import type { SealedInput } from "../core/sealed_input.ts";
import { matchableOf, projectAll } from "../core/projector.ts";
import type { AnyJobDefinition } from "./definition.ts";
import { type DefinitionRegistry, parseInput, planOf } from "./definition_registry.ts";
import { correlatedEventId } from "./derived_ids.ts";
import { errorFact } from "./error_fact.ts";
import type { History } from "./history.ts";
import type { JobTable } from "./job_table.ts";
import type { Lanes } from "./lanes.ts";
import { type Clock, JournalFailedError, type Random } from "./ports.ts";
import { type Protection, protectionOf } from "./protection.ts";
import type { Recorder } from "./recorder.ts";
import type { Created, CreateRequest, InputIssue, Outcome, RetryRequest } from "./requests.ts";
import { guardOf, isSealed, isToldElsewhere, type Sealing } from "./sealing.ts";

export interface CreationParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly registry: DefinitionRegistry;
  readonly table: JobTable;
  readonly history: History;
  readonly recorder: Recorder;
  readonly lanes: Lanes;
  readonly sealing: Sealing;
}

export class Creation {
  readonly #parts: CreationParts;

  constructor(parts: CreationParts) {
    this.#parts = parts;
  }

  /** Creates a job; rejects with `JournalFullError` or `JournalFailedError`. */
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
    if (!isSealed(job)) return await this.#retryWith(job, job.input, request);
    // Nothing is said of the input of a job that cannot be retried anyway.
    if (job.state !== "Failed") return await this.#retryWith(job, undefined, request);
    const opened = await this.#parts.sealing.open(job);
    return opened.ok
      ? await this.#retryWith(job, opened.input, request)
      : rejected({ message: `Cannot retry job ${job.jobId}: ${opened.reason}`, allowedIn: [] });
  }

  async #retryWith(
    job: JobState,
    input: JsonValue | undefined,
    request: RetryRequest,
  ): Promise<Outcome<JobState>> {
    const newJobId = this.#newJobId();
    const { attributes, protection } = this.#describeRetry(job, input);
    const facts = await this.#factsFor(job, newJobId);
    const decideWith = (attributes: JobCreatedAttributes) =>
      decide(job, { kind: "retry", newJobId, attributes, facts, ...request });
    const record = async (attributes: JobCreatedAttributes) => {
      const decision = decideWith(attributes);
      if (!decision.accepted) return rejected(decision.rejection);
      await this.#parts.recorder.record(decision.events).applied;
      return { ok: true, value: this.#parts.table.job(newJobId) as JobState } as const;
    };
    return await this.#sealedFor(newJobId, attributes, protection, record);
  }

  /** Seals what needs it before it is recorded, and takes the key back when it is not. */
  async #sealedFor<Value>(
    jobId: JobId,
    attributes: JobCreatedAttributes,
    protection: Protection | undefined,
    record: (attributes: JobCreatedAttributes) => Promise<Outcome<Value>>,
  ): Promise<Outcome<Value>> {
    if (protection === undefined) return await record(attributes);
    if (isToldElsewhere(attributes, jobId, protection)) return toldElsewhere();
    const { sealing } = this.#parts;
    const sealed = await sealing.seal(jobId, attributes, protection);
    try {
      const outcome = await record(sealed);
      if (!outcome.ok) await sealing.discard(jobId);
      return outcome;
    } catch (error) {
      // When the journal has failed, nobody knows whether the job is on disk: the start tells.
      if (!(error instanceof JournalFailedError)) await sealing.discard(jobId);
      throw error;
    }
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
    if (!(await this.#cameWith(before, digest))) {
      return { ok: false, problem: { kind: "keyReused", key, jobId } };
    }
    return { ok: true, value: { job: await this.#asCreated(before), replayed: true } };
  }

  /** A body that came with an input that was removed is known to nobody: then the key decides. */
  async #cameWith(job: JobState, digest: string): Promise<boolean> {
    if (!isSealed(job)) return job.idempotency?.digest === digest;
    return await this.#parts.sealing.cameWith(job, digest) ?? true;
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
    // An id made here is new.
    const existing = request.jobId && this.#parts.table.job(request.jobId);
    if (existing !== undefined) return { ok: false, problem: { kind: "jobExists", jobId } };
    const { attributes, protection } = described.value;
    const start = this.#startsAtOnce(request);
    const record = (attributes: JobCreatedAttributes) => this.#record(jobId, attributes, start);
    return protection === undefined
      ? await record(attributes)
      : await this.#sealedFor(jobId, attributes, protection, record);
  }

  async #record(
    jobId: JobId,
    attributes: JobCreatedAttributes,
    start: boolean,
  ): Promise<Outcome<Created>> {
    const decision = decide(undefined, { kind: "create", jobId, attributes, start });
    if (!decision.accepted) return rejected(decision.rejection);
    const applied = await this.#parts.recorder.record(decision.events).applied;
    return { ok: true, value: { job: applied.at(-1)?.job as JobState, replayed: false } };
  }

  #startsAtOnce(request: CreateRequest): boolean {
    if (request.startAt === undefined) return request.start ?? true;
    return Date.parse(request.startAt) <= this.#parts.clock.now();
  }

  #describe(request: CreateRequest): Outcome<Described> {
    const { priority, labels, startAt, idempotency } = request;
    const common = {
      priority: priority ?? 0,
      labels: labels ?? {},
      ...(startAt === undefined ? {} : { startAt }),
      ...(idempotency === undefined ? {} : { idempotency }),
    };
    if ("plan" in request) return described({ plan: request.plan, ...common }, undefined);
    const code = this.#describeCode(request.type, request.input);
    if (!code.ok) return code;
    return described({ ...code.value, ...common }, this.#protectionOf(request.type));
  }

  #protectionOf(type: string | undefined): Protection | undefined {
    const definition = this.#parts.registry.get(type);
    return definition && protectionOf(definition);
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
    const { secrets = [] } = definition;
    if (!parsed.ok) return invalidInput(parsed.issues, input, secrets);
    const plan = this.#planFor(definition, parsed.value);
    if (!plan.ok) {
      return plan.problem.kind === "invalidInput"
        ? invalidInput(plan.problem.issues, input, secrets)
        : plan;
    }
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
  #describeRetry(job: JobState, input: JsonValue | undefined): Described {
    const common = { priority: job.priority, labels: job.labels };
    const code = job.type === undefined ? undefined : this.#describeCode(job.type, input);
    const attributes = {
      ...(job.type === undefined ? {} : { type: job.type }),
      ...(job.definitionVersion === undefined ? {} : { definitionVersion: job.definitionVersion }),
      ...(input === undefined ? {} : { input }),
      plan: job.plan,
      ...(code?.ok ? code.value : {}),
      ...common,
    };
    return { attributes, protection: stricter(this.#protectionOf(job.type), job.sealed) };
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

/** What is to be recorded, and what of it not in clear. */
interface Described {
  readonly attributes: JobCreatedAttributes;
  readonly protection: Protection | undefined;
}

function described(
  attributes: JobCreatedAttributes,
  protection: Protection | undefined,
): Outcome<Described> {
  return { ok: true, value: { attributes, protection } };
}

/** A definition that protects less today, or is gone, does not uncover what was sealed. */
function stricter(
  today: Protection | undefined,
  recorded: SealedInput | undefined,
): Protection | undefined {
  if (recorded === undefined) return today;
  return {
    secrets: [...new Set([...recorded.secrets, ...today?.secrets ?? []])],
    retention: today === undefined || today.retention === "keep"
      ? recorded.retention
      : today.retention,
  };
}

/** A schema may quote what it refuses. */
function invalidInput(
  issues: readonly InputIssue[],
  input: JsonValue | undefined,
  secrets: readonly string[],
): Outcome<never> {
  const guard = guardOf(input, secrets);
  const clean = issues.map(({ pointer, detail }) => ({
    pointer: guard.redact(pointer),
    detail: guard.redact(detail),
  }));
  return { ok: false, problem: { kind: "invalidInput", issues: clean } };
}

function toldElsewhere(): Outcome<never> {
  const detail = "has a secret that is in the plan, a label or an id as well, where it would " +
    "be recorded in clear";
  return { ok: false, problem: { kind: "invalidInput", issues: [{ pointer: "", detail }] } };
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
