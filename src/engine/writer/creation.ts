/** Creates jobs from requests, at most once for each idempotency key. */

import { decide } from "../../core/decide.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import type { JobCreatedAttributes } from "../../core/framework_events.ts";
import { type JobId, newId } from "../../core/ids.ts";
import { foldAll } from "../../core/job_fold.ts";
import type { JobState } from "../../core/job_state.ts";
import { equalJson } from "../../core/json.ts";
import type { DefinitionRegistry } from "../definition_registry.ts";
import type { Pacer } from "../events/pacer.ts";
import type { JobEntryReader } from "../queries/entry_pages.ts";
import { JobDescriptions } from "./job_descriptions.ts";
import { CreationGroup, type NewJob, type ReadyJob } from "./creation_group.ts";
import type { Intake } from "./intake.ts";
import type { JobTable } from "./job_table.ts";
import type { Clock, Random } from "../ports.ts";
import type { Protection } from "../secrets/protection.ts";
import { type Created, type CreateRequest, type Outcome, rejected } from "../requests.ts";
import { isSealed, type Sealing } from "../secrets/sealing.ts";
import type { Writer } from "./writer.ts";

export interface CreationParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly registry: DefinitionRegistry;
  readonly table: JobTable;
  readonly history: JobEntryReader;
  readonly writer: Writer;
  readonly sealing: Sealing;
  readonly intake: Intake;
  readonly pacer: Pacer;
}

export class Creation {
  readonly #parts: CreationParts;
  readonly #descriptions: JobDescriptions;
  /** Ids and keys of jobs whose inputs are being sealed, so that no other request takes them. */
  readonly #reserved = new Map<string, Promise<unknown>>();

  constructor(parts: CreationParts) {
    this.#parts = parts;
    this.#descriptions = new JobDescriptions(parts.registry);
  }

  /** Rejects with `JournalFullError`, `JournalFailedError` or `OverCapacityError`. */
  create(request: CreateRequest): Promise<Outcome<Created>> {
    return this.#createIn(CreationGroup.ofOne(this.#parts), request);
  }

  /**
   * Creates many jobs in one batch, each as `create` does. A job that has to wait for another
   * request is recorded later, on its own.
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

  /** The group waits for the job while it is checked. */
  #createIn(group: CreationGroup, request: CreateRequest): Promise<Outcome<Created>> {
    try {
      return this.#create(group, request);
    } catch (error) {
      return Promise.reject(error);
    } finally {
      group.leave();
    }
  }

  #create(group: CreationGroup, request: CreateRequest): Promise<Outcome<Created>> {
    const { idempotency } = request;
    const reserved = this.#reserved.size === 0 ? undefined : this.#reservedFor(request);
    if (reserved !== undefined) return reserved.then(() => this.create(request));
    const jobId = idempotency && this.#parts.table.jobOfKey(idempotency.key);
    return idempotency === undefined || jobId === undefined
      ? this.#createNew(group, request)
      : this.#createdBefore(jobId, request, idempotency);
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
    const isDurable = await writer.isDurable(table.pending(jobId)?.head.lastLogId ?? 0);
    if (!isDurable) return await this.create(request);
    const before = table.existing(jobId);
    if (!(await this.#isRepeat(before, digest, request))) {
      return { ok: false, problem: { kind: "keyReused", key, jobId } };
    }
    return { ok: true, value: { job: await this.#asCreated(before), replayed: true } };
  }

  /** Whether the request repeats the one that created the job. A removed input is not compared. */
  async #isRepeat(job: JobState, digest: string, request: CreateRequest): Promise<boolean> {
    if (!isSealed(job)) return job.idempotency?.digest === digest;
    return await this.#parts.sealing.cameWith(job, digest) ?? hasSameFields(job, request);
  }

  /** The job as the first response showed it: created, and started if it started at once. */
  async #asCreated(job: JobState): Promise<JobState> {
    const [created, started] = await this.#parts.history.of(job.jobId, 0, 2);
    if (created === undefined) return job;
    return foldAll(isStartOfCreation(created, started) ? [created, started] : [created]);
  }

  #createNew(group: CreationGroup, request: CreateRequest): Promise<Outcome<Created>> {
    const described = this.#descriptions.of(request);
    if (!described.ok) return Promise.resolve(described);
    const jobId = request.jobId ?? newId.job(this.#parts.random.ulid());
    const existing = this.#existing(request);
    if (existing !== undefined) return existing;
    const { attributes, protection } = described.value;
    if (protection !== undefined) {
      return this.#createSealed(group, jobId, attributes, protection, request);
    }
    return group.add(this.#ready(jobId, attributes, request));
  }

  /** The refusal if the caller's id is taken. A generated id is always new. */
  #existing(request: CreateRequest): Promise<Outcome<Created>> | undefined {
    const { jobId } = request;
    const existing = jobId && this.#parts.table.pending(jobId);
    if (jobId === undefined || existing === undefined) return undefined;
    const exists: Outcome<Created> = { ok: false, problem: { kind: "jobExists", jobId } };
    const again = () => this.create(request);
    return this.#parts.writer.onceDurable(existing.head.lastLogId, exists, again);
  }

  #createSealed(
    group: CreationGroup,
    jobId: JobId,
    attributes: JobCreatedAttributes,
    protection: Protection,
    request: CreateRequest,
  ): Promise<Outcome<Created>> {
    const names = [jobId, ...(request.idempotency ? [`key ${request.idempotency.key}`] : [])];
    const leave = group.expect();
    const record = (sealed: JobCreatedAttributes) => {
      const recorded = group.add(this.#ready(jobId, sealed, request));
      leave();
      return recorded;
    };
    const created = this.#parts.sealing.recorded(jobId, attributes, protection, record);
    const ended = created.catch(() => {}).then(() => {
      leave();
      for (const name of names) this.#reserved.delete(name);
    });
    for (const name of names) this.#reserved.set(name, ended);
    return created;
  }

  #ready(jobId: JobId, attributes: JobCreatedAttributes, request: CreateRequest): ReadyJob {
    return {
      chosenId: request.jobId,
      key: request.idempotency?.key,
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
}

function hasSameFields(job: JobState, request: CreateRequest): boolean {
  return "type" in request && request.type === job.type &&
    (request.priority ?? 0) === job.priority &&
    equalJson({ ...request.labels }, { ...job.labels }) &&
    (request.jobId === undefined || request.jobId === job.jobId);
}

function isStartOfCreation(
  created: JobEventLogEntry,
  started: JobEventLogEntry | undefined,
): started is JobEventLogEntry {
  return started?.eventType === "job.JobStarted" &&
    started.logId === created.logId + 1 && started.receivedAt === created.receivedAt;
}
