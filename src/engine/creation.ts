/** New jobs: from a request, once for each idempotency key, and from a failed job. */

import { decide, type Rejection } from "../core/decide.ts";
import type { EventDraft, FrameworkEntry, JobEventDraft, JobEventLogEntry } from "../core/event.ts";
import type { EventType } from "../core/event_type.ts";
import type { JobCreatedAttributes } from "../core/framework_events.ts";
import type { JobId, LogId } from "../core/ids.ts";
import { MAIN_EXPECTATION_ID } from "../core/job_plan.ts";
import type { JobState } from "../core/job_state.ts";
import { equalJson, type JsonValue } from "../core/json.ts";
import { matchableOf, projectAll } from "../core/projector.ts";
import type { TraceIds } from "../core/trace_ids.ts";
import type { DefinitionRegistry } from "./definition_registry.ts";
import { correlatedEventId } from "./derived_ids.ts";
import type { History } from "./history.ts";
import { JobDescriptions } from "./job_descriptions.ts";
import { createdIn } from "./job_traces.ts";
import type { Added, Intake } from "./intake.ts";
import type { Applied, JobTable } from "./job_table.ts";
import type { Lanes } from "./lanes.ts";
import { type Clock, JournalFailedError, type Random } from "./ports.ts";
import type { Protection } from "./protection.ts";
import type { Recorder } from "./recorder.ts";
import type { Created, CreateRequest, Outcome, RetryRequest } from "./requests.ts";
import { isSealed, isToldElsewhere, type Sealing } from "./sealing.ts";

export interface CreationParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly registry: DefinitionRegistry;
  readonly table: JobTable;
  readonly history: History;
  readonly recorder: Recorder;
  readonly lanes: Lanes;
  readonly sealing: Sealing;
  readonly intake: Intake;
}

export class Creation {
  readonly #parts: CreationParts;
  readonly #descriptions: JobDescriptions;

  constructor(parts: CreationParts) {
    this.#parts = parts;
    this.#descriptions = new JobDescriptions(parts.registry);
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
  async retry(
    job: JobState,
    { unlessRetriedAfter = Infinity, ...request }: RetryRequest,
  ): Promise<Outcome<JobState>> {
    if (this.#retriedAt(job) > unlessRetriedAfter) return rejected(retriedAlready(job));
    const newJobId = this.#newJobId();
    // What is refused anyway needs no key, and is told nothing of the input.
    const refused = decide(job, {
      kind: "retry",
      newJobId,
      attributes: job,
      facts: [],
      ...request,
    });
    if (!refused.accepted) return rejected(refused.rejection);
    if (!isSealed(job)) return await this.#retryAs(newJobId, job, job.input, request);
    const opened = await this.#parts.sealing.open(job);
    return opened.ok
      ? await this.#retryAs(newJobId, job, opened.input, request)
      : rejected({ message: `Cannot retry job ${job.jobId}: ${opened.reason}`, allowedIn: [] });
  }

  async #retryAs(
    newJobId: JobId,
    job: JobState,
    input: JsonValue | undefined,
    request: RetryRequest,
  ): Promise<Outcome<JobState>> {
    const { attributes, protection } = this.#descriptions.ofRetry(job, input);
    const facts = await this.#factsFor(job, newJobId);
    // What comes without a trace carries on that of the job.
    const trace = request.trace ?? await createdIn(job, (logIds) => this.#parts.history.at(logIds));
    return await this.#sealedFor(newJobId, attributes, protection, async (attributes) => {
      const about = { newJobId, attributes, facts };
      const command = { kind: "retry", ...about, ...request, trace } as const;
      const decision = decide(job, command);
      if (!decision.accepted) return rejected(decision.rejection);
      const added = { jobs: 1, starts: job.type === undefined ? 0 : 1 };
      const applied = await this.#admitted(decision.events, added);
      // As it was created, whatever has become of it since.
      const created = applied.findLast((step) => step?.job.jobId === newJobId);
      return { ok: true, value: created?.job as JobState };
    });
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

  /** Where the newest retry of a job was created; 0 when there is none. */
  #retriedAt({ jobId }: JobState): LogId {
    const retry = this.#parts.table.retryOf(jobId);
    return retry === undefined ? 0 : this.#parts.table.existing(retry).firstLogId;
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
    if (!(await this.#cameWith(before, digest, request))) {
      return { ok: false, problem: { kind: "keyReused", key, jobId } };
    }
    return { ok: true, value: { job: await this.#asCreated(before), replayed: true } };
  }

  /** An input that was removed is known to nobody: then all else of the request decides. */
  async #cameWith(job: JobState, digest: string, request: CreateRequest): Promise<boolean> {
    if (!isSealed(job)) return job.idempotency?.digest === digest;
    return await this.#parts.sealing.cameWith(job, digest) ?? asksForTheSame(job, request);
  }

  /** The job as the first answer showed it: after its creation, and its start if at once. */
  async #asCreated(job: JobState): Promise<JobState> {
    const [created, started] = await this.#parts.history.of(job.jobId, 0, 2);
    if (created === undefined) return job;
    return isStartOfCreation(created, started)
      ? projectAll([created, started])
      : projectAll([created]);
  }

  #createNew(request: CreateRequest): Promise<Outcome<Created>> {
    const described = this.#descriptions.of(request);
    if (!described.ok) return Promise.resolve(described);
    const jobId = request.jobId ?? this.#newJobId();
    // An id made here is new.
    const existing = request.jobId && this.#parts.table.job(request.jobId);
    if (existing !== undefined) {
      return Promise.resolve({ ok: false, problem: { kind: "jobExists", jobId } });
    }
    const { attributes, protection } = described.value;
    const how = { start: this.#startsAtOnce(request), trace: request.trace };
    if (protection === undefined) return this.#record(jobId, attributes, how);
    const record = (attributes: JobCreatedAttributes) => this.#record(jobId, attributes, how);
    return this.#sealedFor(jobId, attributes, protection, record);
  }

  async #record(
    jobId: JobId,
    attributes: JobCreatedAttributes,
    { start, trace }: { readonly start: boolean; readonly trace: TraceIds | undefined },
  ): Promise<Outcome<Created>> {
    const decision = decide(undefined, { kind: "create", jobId, attributes, start, trace });
    if (!decision.accepted) return rejected(decision.rejection);
    const added = { jobs: 1, starts: start && attributes.type !== undefined ? 1 : 0 };
    const applied = await this.#admitted(decision.events, added);
    return { ok: true, value: { job: applied.at(-1)?.job as JobState, replayed: false } };
  }

  /** Records what is taken from outside, as far as the limits allow. */
  #admitted(
    drafts: readonly EventDraft[],
    added: Added,
  ): Promise<readonly (Applied | undefined)[]> {
    const leave = this.#parts.intake.enter(added);
    try {
      const { applied } = this.#parts.recorder.record(drafts);
      return leave === undefined ? applied : applied.finally(leave);
    } catch (error) {
      leave?.();
      throw error;
    }
  }

  #startsAtOnce(request: CreateRequest): boolean {
    if (request.startAt === undefined) return request.start ?? true;
    return Date.parse(request.startAt) <= this.#parts.clock.now();
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

function asksForTheSame(job: JobState, request: CreateRequest): boolean {
  return "type" in request && request.type === job.type &&
    (request.priority ?? 0) === job.priority &&
    equalJson({ ...request.labels }, { ...job.labels }) &&
    (request.jobId === undefined || request.jobId === job.jobId);
}

function toldElsewhere(): Outcome<never> {
  const detail = "has a secret that is in the plan, a label or an id as well, where it would " +
    "be recorded in clear";
  return { ok: false, problem: { kind: "invalidInput", issues: [{ pointer: "", detail }] } };
}

function retriedAlready({ jobId }: JobState): Rejection {
  return { message: `Cannot retry job ${jobId}: there is a retry of it already`, allowedIn: [] };
}

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
