/**
 * Creates jobs from requests, at most once for each idempotency key. Each job of a request is
 * checked on its own. Once all have been checked, those that are ready are recorded in one batch.
 */

import { decide } from "../../core/decide.ts";
import type { JobEventDraft, JobEventLogEntry } from "../../core/event.ts";
import type { JobCreatedAttributes } from "../../core/framework_events.ts";
import { type JobId, newId } from "../../core/ids.ts";
import { foldAll } from "../../core/job_fold.ts";
import type { JobState } from "../../core/job_state.ts";
import { equalJson } from "../../core/json.ts";
import type { Pacer, TimeShare } from "../pacer.ts";
import type { JobEntryReader } from "./job_entries.ts";
import type { JobDescriptions } from "./job_descriptions.ts";
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
  readonly descriptions: JobDescriptions;
  readonly table: JobTable;
  readonly history: JobEntryReader;
  readonly writer: Writer;
  readonly sealing: Sealing;
  readonly intake: Intake;
  readonly pacer: Pacer;
}

type KeyedRequest = CreateRequest & Required<Pick<CreateRequest, "idempotency">>;

/** A job that has passed every check so far. */
interface ReadyJob {
  readonly kind: "ready";
  readonly request: CreateRequest;
  readonly jobId: JobId;
  readonly attributes: JobCreatedAttributes;
  /** If its input was sealed: lets other requests take its id and key. */
  readonly free?: () => void;
}

/** A job that is not recorded with the others: refused, existing, or behind another request. */
interface AnsweredRequest {
  readonly kind: "answered";
  readonly answer: Promise<Outcome<Created>>;
}

type CheckedJob = ReadyJob | AnsweredRequest;

/** The most jobs that are recorded without a pause: a few milliseconds of work. */
const SLICE_JOBS = 50;

/** The jobs that are recorded together. */
interface Batch {
  readonly drafts: JobEventDraft[];
  /** Chosen ids, and keys. Absent when none can have been taken since the jobs were checked. */
  readonly names: Set<string> | undefined;
  jobs: number;
  /** How many of the jobs have code that starts now. */
  starts: number;
}

export class Creation {
  /** Ids and keys of jobs whose inputs are being sealed, so that no other request takes them. */
  readonly #reserved = new Map<string, Promise<void>>();

  constructor(private readonly parts: CreationParts) {}

  /**
   * Rejects with `JournalFullError`, `JournalFailedError` or `OverCapacityError`.
   *
   * @param share Of the request, if it has more jobs.
   */
  create(request: CreateRequest, share?: TimeShare): Promise<Outcome<Created>> {
    try {
      const checked = this.#check(request, share);
      return checked instanceof Promise
        ? checked.then((one) => this.#record([one], true, share)[0] as Promise<Outcome<Created>>)
        : this.#record([checked], false, share)[0] as Promise<Outcome<Created>>;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Creates many jobs in one batch, each as `create` does. A job that has to wait for another
   * request is recorded later, on its own.
   */
  async createAll(
    requests: readonly CreateRequest[],
  ): Promise<readonly PromiseSettledResult<Outcome<Created>>[]> {
    const share: TimeShare = { spentMs: 0 };
    const checks: Promise<CheckedJob>[] = [];
    for (const request of requests) {
      const check = () => void checks.push(this.#checked(request, share));
      const begun = this.parts.pacer.do(share, check);
      if (begun instanceof Promise) await begun;
    }
    return await Promise.allSettled(await this.#recordAll(await Promise.all(checks), share));
  }

  /** Records many jobs in one batch, a slice at a time. */
  async #recordAll(
    checked: readonly CheckedJob[],
    share: TimeShare,
  ): Promise<readonly Promise<Outcome<Created>>[]> {
    if (checked.length <= SLICE_JOBS) return this.#record(checked, true, share);
    const { writer, clock } = this.parts;
    using _turn = await writer.gatherings.enter();
    // A job whose key another request has just taken need not wait on its own, which takes memory.
    await writer.isDurable(writer.appendedLogId);
    return await writer.inOneBatch(async () => {
      const answers: Promise<Outcome<Created>>[] = [];
      for (let at = 0; at < checked.length; at += SLICE_JOBS) {
        if (at > 0) await clock.pause();
        const slice = this.#record(checked.slice(at, at + SLICE_JOBS), true, share);
        answers.push(...slice.map(handledLater));
      }
      return answers;
    });
  }

  /** A failed check answers for its job alone. */
  async #checked(request: CreateRequest, share: TimeShare): Promise<CheckedJob> {
    try {
      return await this.#check(request, share);
    } catch (error) {
      return answered(Promise.reject(error));
    }
  }

  /** A promise when the input has to be sealed. */
  #check(request: CreateRequest, share: TimeShare | undefined): CheckedJob | Promise<CheckedJob> {
    const before = this.#answeredBefore(request, share);
    if (before !== undefined) return answered(before);
    const described = this.parts.descriptions.of(request);
    if (!described.ok) return answered(Promise.resolve(described));
    const existing = this.#existing(request);
    if (existing !== undefined) return answered(existing);
    const { attributes, protection } = described.value;
    const jobId = request.jobId ?? newId.job(this.parts.random.ulid());
    const job: ReadyJob = { kind: "ready", request, jobId, attributes };
    return protection === undefined ? job : this.#sealed(job, protection);
  }

  /** The answer to a request whose key is on record, or whose id or key is reserved. */
  #answeredBefore(
    request: CreateRequest,
    share: TimeShare | undefined,
  ): Promise<Outcome<Created>> | undefined {
    const reserved = this.#reserved.size === 0
      ? undefined
      : namesOf(request).map((name) => this.#reserved.get(name)).find((one) => one !== undefined);
    if (reserved !== undefined) return reserved.then(() => this.create(request, share));
    const { idempotency } = request;
    const jobId = idempotency && this.parts.table.jobOfKey(idempotency.key);
    return idempotency === undefined || jobId === undefined
      ? undefined
      : this.#createdBefore(jobId, { ...request, idempotency }, share);
  }

  async #createdBefore(
    jobId: JobId,
    request: KeyedRequest,
    share: TimeShare = { spentMs: 0 },
  ): Promise<Outcome<Created>> {
    const { pacer, table, writer } = this.parts;
    const isDurable = await writer.isDurable(table.pending(jobId)?.head.lastLogId ?? 0);
    if (!isDurable) return await this.create(request, share);
    // Many requests may have waited for the same batch.
    return await pacer.do(share, () => this.#replayed(jobId, request, share));
  }

  async #replayed(
    jobId: JobId,
    request: KeyedRequest,
    share: TimeShare,
  ): Promise<Outcome<Created>> {
    const { key, digest } = request.idempotency;
    const before = this.parts.table.existing(jobId);
    if (!(await this.#isRepeat(before, digest, request))) {
      return { ok: false, problem: { kind: "keyReused", key, jobId } };
    }
    return { ok: true, value: { job: await this.#asCreated(before, share), replayed: true } };
  }

  /** Whether the request repeats the one that created the job. A removed input is not compared. */
  async #isRepeat(job: JobState, digest: string, request: CreateRequest): Promise<boolean> {
    if (!isSealed(job)) return job.idempotency?.digest === digest;
    return await this.parts.sealing.cameWith(job, digest) ?? hasSameFields(job, request);
  }

  /** The job as the first response showed it: created, and started if it started at once. */
  async #asCreated(job: JobState, share: TimeShare): Promise<JobState> {
    const [created, started] = await this.parts.history.of(job.jobId, 0, 2);
    if (created === undefined) return job;
    const entries = isStartOfCreation(created, started) ? [created, started] : [created];
    return await this.parts.pacer.do(share, () => foldAll(entries));
  }

  /** The refusal if the caller's id is taken. A generated id is always new. */
  #existing(request: CreateRequest): Promise<Outcome<Created>> | undefined {
    const { jobId } = request;
    const existing = jobId && this.parts.table.pending(jobId);
    if (jobId === undefined || existing === undefined) return undefined;
    const exists: Outcome<Created> = { ok: false, problem: { kind: "jobExists", jobId } };
    const again = () => this.create(request);
    return this.parts.writer.onceDurable(existing.head.lastLogId, exists, again);
  }

  /** The job with a sealed input. Its id and key are reserved until it has been answered. */
  async #sealed(job: ReadyJob, protection: Protection): Promise<CheckedJob> {
    const free = this.#reserve(namesOf(job.request));
    try {
      const sealed = await this.parts.sealing.seal(job.jobId, job.attributes, protection);
      if (sealed.ok) return { ...job, attributes: sealed.value, free };
      free();
      return answered(Promise.resolve(sealed));
    } catch (error) {
      free();
      throw error;
    }
  }

  #reserve(names: readonly string[]): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const name of names) this.#reserved.set(name, promise);
    return () => {
      for (const name of names) this.#reserved.delete(name);
      resolve();
    };
  }

  /** Records the jobs that are ready, and answers for all. */
  #record(
    checked: readonly CheckedJob[],
    isLate: boolean,
    share: TimeShare | undefined,
  ): readonly Promise<Outcome<Created>>[] {
    const batch: Batch = { drafts: [], names: isLate ? new Set() : undefined, jobs: 0, starts: 0 };
    const taken = checked.map((job) => job.kind === "ready" ? this.#take(job, batch) : job.answer);
    const recorded = this.#appended(batch.drafts);
    return checked.map((job, at) => {
      if (job.kind === "answered") return job.answer;
      const result = taken[at];
      const answer = typeof result === "number" ? recorded(result) : result;
      return answer === undefined ? this.#again(job, share) : this.#settled(job, answer);
    });
  }

  /**
   * Adds a job to a batch.
   *
   * @returns The index of its last draft, or its refusal; `undefined` when another job has its id or
   * key now.
   */
  #take(
    { request, jobId, attributes }: ReadyJob,
    batch: Batch,
  ): number | Promise<Outcome<Created>> | undefined {
    try {
      const { names } = batch;
      if (names !== undefined && this.#isTaken(request, names)) return undefined;
      const start = this.#startsAtOnce(request);
      const { origin } = request;
      const decision = decide(undefined, { kind: "create", jobId, attributes, start, origin });
      if (!decision.accepted) return Promise.resolve(rejected(decision.rejection));
      const starts = batch.starts + (start && attributes.type !== undefined ? 1 : 0);
      this.parts.intake.requireRoom({ jobs: batch.jobs + 1, starts });
      batch.jobs++;
      batch.starts = starts;
      if (names !== undefined) { for (const name of namesOf(request)) names.add(name); }
      return batch.drafts.push(...decision.events) - 1;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Whether a job of the batch, or one recorded since the check, has the id or the key. */
  #isTaken(request: CreateRequest, names: ReadonlySet<string>): boolean {
    const { jobId, idempotency } = request;
    const { table } = this.parts;
    return namesOf(request).some((name) => names.has(name)) ||
      jobId !== undefined && table.pending(jobId) !== undefined ||
      idempotency !== undefined && table.jobOfKey(idempotency.key) !== undefined;
  }

  /** Returns the answer for the job with a last draft, once the batch is durable. */
  #appended(drafts: readonly JobEventDraft[]): (last: number) => Promise<Outcome<Created>> {
    const { writer } = this.parts;
    try {
      const { steps, lastLogId } = writer.append(drafts);
      return (last) => {
        // The job as created, not as it is once the batch is durable.
        const job = steps[last]?.job as JobState;
        return writer.whenDurable(lastLogId, { ok: true, value: { job, replayed: false } });
      };
    } catch (error) {
      return () => Promise.reject(error);
    }
  }

  /** A key that was created in vain is deleted before others may take the id. */
  #settled(
    { jobId, free }: ReadyJob,
    answer: Promise<Outcome<Created>>,
  ): Promise<Outcome<Created>> {
    return free === undefined ? answer : this.parts.sealing.keptIf(jobId, answer).finally(free);
  }

  async #again(
    { jobId, request, free }: ReadyJob,
    share: TimeShare | undefined,
  ): Promise<Outcome<Created>> {
    if (free !== undefined) await this.parts.sealing.discard(jobId).finally(free);
    return await this.create(request, share);
  }

  #startsAtOnce(request: CreateRequest): boolean {
    if (request.startAt === undefined) return request.start ?? true;
    return Date.parse(request.startAt) <= this.parts.clock.now();
  }
}

function answered(answer: Promise<Outcome<Created>>): AnsweredRequest {
  return { kind: "answered", answer: handledLater(answer) };
}

/** Others may still have to be checked or recorded before it is awaited. */
function handledLater<Value>(answer: Promise<Value>): Promise<Value> {
  answer.catch(() => {});
  return answer;
}

const NONE: readonly string[] = [];

/** What only one job may have: a chosen id, and an idempotency key. */
function namesOf({ jobId, idempotency }: CreateRequest): readonly string[] {
  if (idempotency === undefined) return jobId === undefined ? NONE : [jobId];
  const key = `key ${idempotency.key}`;
  return jobId === undefined ? [key] : [jobId, key];
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
