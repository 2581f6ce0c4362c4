/** New jobs: from a request, once for each idempotency key, and from a failed job. */

import { correlatedAttributes } from "../../core/correlated_fact.ts";
import { decide } from "../../core/decide.ts";
import type { Rejection } from "../../core/decision.ts";
import {
  type FactEntry,
  isCorrelated,
  isFromOutside,
  type JobEventDraft,
  type JobEventLogEntry,
} from "../../core/event.ts";
import type { JobCreatedAttributes } from "../../core/framework_events.ts";
import { type JobId, type LogId, newId } from "../../core/ids.ts";
import { foldAll } from "../../core/job_fold.ts";
import { MAIN_EXPECTATION_ID } from "../../core/job_plan.ts";
import type { JobState } from "../../core/job_state.ts";
import { equalJson, type JsonValue } from "../../core/json.ts";
import type { DefinitionRegistry } from "../definition_registry.ts";
import { correlatedEventId } from "./derived_ids.ts";
import type { Pacer } from "../events/pacer.ts";
import type { History } from "../queries/history.ts";
import { JobDescriptions } from "./job_descriptions.ts";
import { createdIn } from "../views/job_traces.ts";
import { CreationGroup, type NewJob, type ReadyJob } from "./creation_group.ts";
import type { Intake } from "./intake.ts";
import type { JobTable } from "./job_table.ts";
import { type Clock, JournalFailedError, type Random } from "../ports.ts";
import type { Protection } from "../secrets/protection.ts";
import {
  type Created,
  type CreateRequest,
  type Outcome,
  type RetryRequest,
  unknownJob,
} from "../requests.ts";
import { isSealed, isToldElsewhere, type Sealing } from "../secrets/sealing.ts";
import type { Writer } from "./writer.ts";

export interface CreationParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly registry: DefinitionRegistry;
  readonly table: JobTable;
  readonly history: History;
  readonly writer: Writer;
  readonly sealing: Sealing;
  readonly intake: Intake;
  readonly pacer: Pacer;
}

export class Creation {
  readonly #parts: CreationParts;
  readonly #descriptions: JobDescriptions;
  /** Ids and keys of jobs whose inputs are being sealed: nobody else may take them meanwhile. */
  readonly #reserved = new Map<string, Promise<unknown>>();

  constructor(parts: CreationParts) {
    this.#parts = parts;
    this.#descriptions = new JobDescriptions(parts.registry);
  }

  /**
   * Creates a job. Rejects with `JournalFullError`, `JournalFailedError` or
   * `OverCapacityError`.
   */
  create(request: CreateRequest): Promise<Outcome<Created>> {
    return this.#createIn(new CreationGroup(this.#parts, 0), request);
  }

  /**
   * Creates many jobs, each as `create` does, in one batch but for those that have to wait for
   * another request.
   */
  async createAll(
    requests: readonly CreateRequest[],
  ): Promise<readonly PromiseSettledResult<Outcome<Created>>[]> {
    const group = new CreationGroup(this.#parts, requests.length);
    const share = { spentMs: 0 };
    const created: Promise<Outcome<Created>>[] = [];
    for (const request of requests) {
      const begun = this.#parts.pacer.do(share, () => {
        const outcome = this.#createIn(group, request);
        outcome.catch(() => {});
        created.push(outcome);
      });
      if (begun instanceof Promise) await begun;
    }
    return await Promise.allSettled(created);
  }

  #createIn(group: CreationGroup, request: CreateRequest): Promise<Outcome<Created>> {
    try {
      return this.#create(group, request);
    } catch (error) {
      group.known();
      return Promise.reject(error);
    }
  }

  #create(group: CreationGroup, request: CreateRequest): Promise<Outcome<Created>> {
    const { idempotency } = request;
    const reserved = this.#reserved.size === 0 ? undefined : this.#reservedFor(request);
    if (reserved !== undefined) return later(group, reserved.then(() => this.create(request)));
    const jobId = idempotency && this.#parts.table.jobOfKey(idempotency.key);
    return idempotency === undefined || jobId === undefined
      ? this.#createNew(group, request)
      : later(group, this.#createdBefore(jobId, request, idempotency));
  }

  /** Creates a job from a failed one. Rejects as `create` does. */
  async retry(jobId: JobId, request: RetryRequest): Promise<Outcome<JobState>> {
    const { table, sealing, writer } = this.#parts;
    const pending = table.pending(jobId);
    if (pending === undefined) return unknownJob(jobId);
    const again = () => this.retry(jobId, request);
    // What it takes over is read from the journal, so it has to be there.
    if (!(await writer.isDurable(pending.head.lastLogId))) return await again();
    const job = table.existing(jobId);
    const newJobId = this.#newJobId();
    // A retry that is refused anyway must neither need the key nor reveal anything of the input.
    const refusal = this.#refusalOf(job, newJobId, request);
    if (refusal !== undefined) {
      return await writer.resting<Outcome<JobState>>(
        pending.head.lastLogId,
        rejected(refusal),
        again,
      );
    }
    if (!isSealed(job)) return await this.#retryAs(newJobId, job, job.input, request);
    const opened = await sealing.open(job);
    return opened.ok
      ? await this.#retryAs(newJobId, job, opened.input, request)
      : rejected({ message: `Cannot retry job ${job.jobId}: ${opened.reason}`, allowedIn: [] });
  }

  #refusalOf(
    job: JobState,
    newJobId: JobId,
    { unlessRetriedAfter = Infinity, ...request }: RetryRequest,
  ): Rejection | undefined {
    if (this.#retriedAt(job) > unlessRetriedAfter) return retriedAlready(job);
    const about = { newJobId, attributes: job, facts: [] };
    const decision = decide(job, { kind: "retry", ...about, ...request });
    return decision.accepted ? undefined : decision.rejection;
  }

  async #retryAs(
    newJobId: JobId,
    retried: JobState,
    input: JsonValue | undefined,
    { unlessRetriedAfter = Infinity, ...request }: RetryRequest,
  ): Promise<Outcome<JobState>> {
    const { history, table, writer } = this.#parts;
    const { attributes, protection } = this.#descriptions.ofRetry(retried, input);
    // What comes without a trace carries on that of the job.
    const trace = request.origin?.traceId === undefined
      ? await createdIn(retried, (logIds) => history.at(logIds))
      : {};
    const origin = { ...request.origin, ...trace };
    const record = async (attributes: JobCreatedAttributes): Promise<Outcome<JobState>> => {
      const { job, facts } = await this.#settled(retried, newJobId);
      const about = { newJobId, attributes, facts };
      // Others may have retried it meanwhile.
      const retriedAt = this.#retriedAt(job);
      if (retriedAt > unlessRetriedAfter) {
        const refusal = rejected(retriedAlready(job));
        return await writer.resting<Outcome<JobState>>(
          retriedAt,
          refusal,
          () => record(attributes),
        );
      }
      const decision = decide(job, { kind: "retry", ...about, ...request, origin });
      if (!decision.accepted) return rejected(decision.rejection);
      this.#parts.intake.requireRoom({ jobs: 1, starts: job.type === undefined ? 0 : 1 });
      const { lastLogId } = writer.append(decision.events);
      // As it was created, whatever becomes of it.
      const value = table.pending(newJobId)?.whole as JobState;
      return await writer.settled(lastLogId, { ok: true, value });
    };
    return await this.#sealedFor(newJobId, attributes, protection, record);
  }

  /** The job as it is, with the facts that count for it: one that is parked goes on getting some. */
  async #settled(before: JobState, newJobId: JobId) {
    for (;;) {
      const pending = this.#parts.table.pending(before.jobId);
      const job = pending?.whole ?? before;
      if (!(await this.#parts.writer.isDurable(job.lastLogId))) continue;
      const facts = await this.#factsFor(job, newJobId);
      const last = this.#parts.table.pending(before.jobId)?.head.lastLogId ?? job.lastLogId;
      if (last === job.lastLogId) return { job, facts };
    }
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
    const { table } = this.#parts;
    return table.pending(jobId)?.onItsWay("job.JobRetried")?.logId ?? table.retriedAt(jobId) ?? 0;
  }

  #newJobId(): JobId {
    return newId.job(this.#parts.random.ulid());
  }

  #reservedFor({ jobId, idempotency }: CreateRequest): Promise<unknown> | undefined {
    return (idempotency && this.#reserved.get(`key ${idempotency.key}`)) ??
      (jobId && this.#reserved.get(jobId));
  }

  async #createdBefore(
    jobId: JobId,
    request: CreateRequest,
    { key, digest }: { readonly key: string; readonly digest: string },
  ): Promise<Outcome<Created>> {
    const { table, writer } = this.#parts;
    const isThere = await writer.isDurable(table.pending(jobId)?.head.lastLogId ?? 0);
    if (!isThere) return await this.create(request);
    const before = table.existing(jobId);
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
    return foldAll(isStartOfCreation(created, started) ? [created, started] : [created]);
  }

  #createNew(group: CreationGroup, request: CreateRequest): Promise<Outcome<Created>> {
    const described = this.#descriptions.of(request);
    if (!described.ok) return later(group, Promise.resolve(described));
    const jobId = request.jobId ?? this.#newJobId();
    const existing = this.#existing(request);
    if (existing !== undefined) return later(group, existing);
    const { attributes, protection } = described.value;
    if (protection !== undefined) {
      return this.#createSealed(group, jobId, attributes, protection, request);
    }
    return later(group, group.arrive(this.#ready(jobId, attributes, request)));
  }

  /** The refusal of a job whose id is taken; one that is made here is new. */
  #existing(request: CreateRequest): Promise<Outcome<Created>> | undefined {
    const { jobId } = request;
    const existing = jobId && this.#parts.table.pending(jobId);
    if (jobId === undefined || existing === undefined) return undefined;
    const exists: Outcome<Created> = { ok: false, problem: { kind: "jobExists", jobId } };
    const again = () => this.create(request);
    return this.#parts.writer.resting(existing.head.lastLogId, exists, again);
  }

  #createSealed(
    group: CreationGroup,
    jobId: JobId,
    attributes: JobCreatedAttributes,
    protection: Protection,
    request: CreateRequest,
  ): Promise<Outcome<Created>> {
    const names = [jobId, ...(request.idempotency ? [`key ${request.idempotency.key}`] : [])];
    const record = (sealed: JobCreatedAttributes) => {
      const recorded = group.arrive(this.#ready(jobId, sealed, request));
      known();
      return recorded;
    };
    let isKnown = false;
    const known = () => {
      if (!isKnown) group.known();
      isKnown = true;
    };
    const created = this.#sealedFor(jobId, attributes, protection, record);
    const ended = created.catch(() => {}).then(() => {
      known();
      for (const name of names) this.#reserved.delete(name);
    });
    for (const name of names) this.#reserved.set(name, ended);
    return created;
  }

  #ready(jobId: JobId, attributes: JobCreatedAttributes, request: CreateRequest): ReadyJob {
    return {
      chosenId: request.jobId,
      decide: () => this.#decided(jobId, attributes, request),
      again: () => this.create(request),
    };
  }

  #decided(
    jobId: JobId,
    attributes: JobCreatedAttributes,
    request: CreateRequest,
  ): Outcome<NewJob> {
    const start = this.#startsAtOnce(request);
    const { origin } = request;
    const decision = decide(undefined, { kind: "create", jobId, attributes, start, origin });
    if (!decision.accepted) return rejected(decision.rejection);
    const starts = start && attributes.type !== undefined ? 1 : 0;
    return { ok: true, value: { drafts: decision.events, starts } };
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
    return entries.filter(isFromOutside).map((entry) => carriedOver(entry, newJobId));
  }
}

/** What is not recorded with the group, or has arrived in it. */
function later<Value>(group: CreationGroup, outcome: Promise<Value>): Promise<Value> {
  group.known();
  return outcome;
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

function carriedOver(entry: JobEventLogEntry, jobId: JobId): JobEventDraft {
  const attributes = isCorrelated(entry)
    ? entry.attributes
    : correlatedAttributes(entry as FactEntry);
  return {
    stratum: "framework",
    eventType: "job.EventCorrelated",
    eventId: correlatedEventId(attributes.eventId, jobId),
    jobId,
    causedBy: entry.logId,
    attributes,
  };
}
