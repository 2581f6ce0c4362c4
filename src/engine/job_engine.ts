/**
 * The engine: passes each command, event and read to the part that does the work. Only `JobEngine`
 * interprets events for jobs.
 */

import type { Silence } from "../core/silence.ts";
import type { EventDraft, JobEventLogEntry } from "../core/event.ts";
import type { JobId, LogId } from "../core/ids.ts";
import { hasCode, type JobHead, type JobState } from "../core/job_state.ts";
import { SHUTDOWN_GRACE_MS } from "./run/attempts/attempt.ts";
import { engineConsumer } from "./engine_consumer.ts";
import { EngineParts, type JobEngineOptions } from "./engine_parts.ts";
import type { Explanations } from "./queries/explanations.ts";
import type { JobEntryReader } from "./writer/job_entries.ts";
import type { JobLists } from "./queries/job_lists.ts";
import type { Attention } from "./views/attention.ts";
import type { LimitsInForce } from "./queries/limits_in_force.ts";
import type { ProcessFacts } from "./writer/process_facts.ts";
import { restartBy } from "./run/recovery/restart.ts";
import type { PauseControls } from "./run/queue/pause_controls.ts";
import type { IndexInfo } from "./job_index.ts";
import type { Past } from "./views/view.ts";
import type { EntryLocation, Journal, JournalConsumer, JournalInfo } from "./ports.ts";
import {
  type Census,
  type ControlRequest,
  type Created,
  type CreateRequest,
  type DefinitionInfo,
  type EntryOfJob,
  type IncomingEvent,
  type Outcome,
  type Receipt,
  rejected,
  type RetryRequest,
  type ShownInput,
  type Transition,
  unknownJob,
  withOrigin,
} from "./requests.ts";
import { loadInTurns, within } from "./turns.ts";

/** How long a stop waits until aborted attempts have ended, and their outcomes are durable. */
const INTERRUPT_MAX_MS = SHUTDOWN_GRACE_MS + 1_000;

/** Parts of `Explanations` that take about equally long to load. */
const EXPLANATION_MODULES = [
  () => import("../explain/open/waiting.ts"),
  () => import("../explain/ended/because_ended.ts"),
  () => import("../explain/replay/what_if.ts"),
  () => import("../explain/explain.ts"),
];

/**
 * Every write resolves only when its entries are on disk, and rejects with `JournalFullError`,
 * `JournalFailedError` or, before anything is recorded, `OverCapacityError`. Every read shows
 * durable entries only.
 */
export class JobEngine {
  readonly #parts: EngineParts;
  #explanations: Promise<Explanations> | undefined;

  /** Interprets the journal's entries; passed to the journal when it is opened. */
  readonly consumer: JournalConsumer;
  /** Pages, counts and failures of many jobs. */
  readonly lists: JobLists;
  /** The jobs that a person may have to look at. */
  readonly attention: Attention;
  readonly pauses: PauseControls;
  /** The limits of types, and their use. */
  readonly limits: LimitsInForce;
  readonly history: JobEntryReader;
  /** What happens to the whole process. */
  readonly processFacts: ProcessFacts;

  constructor(options: JobEngineOptions) {
    this.#parts = new EngineParts(options);
    this.lists = this.#parts.lists;
    this.attention = this.#parts.attention;
    this.pauses = this.#parts.pauseControls;
    this.limits = this.#parts.limitsInForce;
    this.history = this.#parts.history;
    this.processFacts = this.#parts.processFacts;
    this.consumer = engineConsumer(this.#parts, options.onJournalFailed);
  }

  /** Opens a journal that no other process uses, leads, and works. */
  async start(journal: Journal, restart?: LogId, hold = false): Promise<readonly EventDraft[]> {
    await this.open(journal);
    const cutShort = await this.lead(restart, hold);
    this.work();
    return cutShort;
  }

  /**
   * Prepares reads from an open journal, up to its end, and files waiting jobs. Nothing is run,
   * timed or recorded, since another process may lead.
   */
  async open(journal: Journal): Promise<void> {
    const { events, pastEvents, projection, table, views, writer } = this.#parts;
    projection.begin();
    table.index?.made();
    events.open(journal);
    writer.open(journal.head.logId);
    pastEvents.durable(this.headLogId);
    for (const view of views) await view.restore?.(this.#past);
  }

  /**
   * Records from now on, and queues what a stop left unfinished.
   *
   * @param restart After an unclean stop, the `journal.Recovered` entry; in a shared journal, the
   * `journal.WriterOpened` entry of this process.
   * @param hold Begins with a pause of everything, unless there is one already.
   * @returns What was recorded of the attempts that a crash or a takeover cut short.
   */
  async lead(restart: LogId | undefined, hold = false): Promise<readonly EventDraft[]> {
    const { duties, supervisor, table } = this.#parts;
    this.#parts.leads = true;
    const last = restart === undefined ? this.headLogId : restart - 1;
    const [before] = last === 0 ? [] : await this.history.at([last]);
    const [opening] = restart === undefined ? [] : await this.history.at([restart]);
    // Machines that share a journal need not agree on the time.
    if (opening?.eventType !== "journal.WriterOpened") this.processFacts.begin(before?.receivedAt);
    for (const duty of duties) await duty.restore?.(this.#past);
    await this.pauses.start(hold);
    const cutShort = await supervisor.recover(opening && restartBy(opening));
    table.isStarting = false;
    return cutShort;
  }

  /** What looks back. Loaded when it is first asked for: no start needs it. */
  explanations(): Promise<Explanations> {
    return this.#explanations ??= this.#loadExplanations().catch((error) => {
      this.#explanations = undefined;
      throw error;
    });
  }

  async #loadExplanations(): Promise<Explanations> {
    await loadInTurns(EXPLANATION_MODULES, this.#parts.clock);
    const { Explanations } = await import("./queries/explanations.ts");
    return new Explanations(this.#parts);
  }

  /** Runs the jobs from now on, and checks parked and waiting ones against their code. */
  work(): void {
    this.#parts.supervisor.work();
  }

  get #past(): Past {
    const { projection: { isWhole }, table } = this.#parts;
    const entriesAt = (logIds: readonly LogId[]) => this.history.at(logIds);
    return { table, headLogId: this.headLogId, isWhole, entriesAt };
  }

  /** The text without the secrets of running jobs. */
  redact(text: string): string {
    return this.#parts.liveSecrets.redact(text);
  }

  get failed(): boolean {
    return this.#parts.failed;
  }

  /** Absent while what keeps the entries answers in time. */
  get silence(): Silence | undefined {
    return this.#parts.silence;
  }

  /** The disk has no room for anything new. Reads and running jobs continue. */
  get full(): boolean {
    return this.#parts.events.journal.full("ordinary");
  }

  /** Whether this process runs the jobs. Otherwise it follows the process that does. */
  get leads(): boolean {
    return this.#parts.leads;
  }

  get draining(): boolean {
    return this.#parts.draining;
  }

  /** The last position that is visible. The head of the journal may be ahead by a part of a batch. */
  get headLogId(): LogId {
    return this.#parts.writer.durableLogId;
  }

  /** Resolves when no job is being checked against its code. */
  tried(): Promise<void> {
    return this.#parts.supervisor.tried();
  }

  /** Rejects with `JournalFullError`, `JournalFailedError` or `OverCapacityError`. */
  create(request: CreateRequest): Promise<Outcome<Created>> {
    return this.#parts.creation.create(this.#traced(request));
  }

  /** Creates many jobs in one batch, each as `create` does. */
  createAll(
    requests: readonly CreateRequest[],
  ): Promise<readonly PromiseSettledResult<Outcome<Created>>[]> {
    return this.#parts.creation.createAll(requests.map((request) => this.#traced(request)));
  }

  /** Starts, cancels, suspends or resumes a job. Rejects as `create` does. */
  async control(jobId: JobId, request: ControlRequest): Promise<Outcome<JobState>> {
    const job = this.#parts.table.job(jobId);
    if (job === undefined) return unknownJob(jobId);
    const starts = request.kind === "start" && hasCode(job) ? 1 : 0;
    const admit = () => this.#parts.intake.requireRoom({ jobs: 0, starts });
    const refusal = await this.#parts.commands.execute(jobId, this.#traced(request), admit);
    return refusal === undefined
      ? { ok: true, value: this.#parts.table.existing(jobId) }
      : rejected(refusal);
  }

  /** Creates a new job from a failed or parked one, which then ends. Rejects as `create` does. */
  retry(jobId: JobId, request: RetryRequest): Promise<Outcome<JobState>> {
    return this.#parts.retries.retry(jobId, this.#traced(request));
  }

  /** The job, if a retry of it would be accepted; records nothing. */
  async retriable(jobId: JobId, request: RetryRequest): Promise<Outcome<JobState>> {
    const ready = await this.#parts.retries.ready(jobId, request);
    return ready.ok ? { ok: true, value: ready.value.job } : ready;
  }

  /** Records events from outside; one receipt for each. Rejects as `create` does. */
  deliver(events: readonly IncomingEvent[]): Promise<readonly Receipt[]> {
    const trace = this.#parts.tracing.active();
    return this.#parts.deliveries.deliver(
      trace === undefined ? events : events.map((event) => withOrigin(event, trace)),
    );
  }

  /** Gives a request without a trace the trace of its caller. */
  #traced<Request extends ControlRequest | RetryRequest | CreateRequest>(
    request: Request,
  ): Request {
    if (request.origin?.traceId !== undefined) return request;
    const trace = this.#parts.tracing.active();
    return trace === undefined ? request : { ...request, origin: { ...request.origin, ...trace } };
  }

  job(jobId: JobId): JobState | undefined {
    return this.#parts.table.job(jobId);
  }

  /** The input of a job, with marks for secrets, even if the journal holds none of it in clear. */
  async input(jobId: JobId): Promise<Outcome<ShownInput>> {
    const job = this.#parts.table.job(jobId);
    return job === undefined ? unknownJob(jobId) : await this.#parts.sealing.show(job);
  }

  /** Where the lines of entries are; positions in ascending order. */
  readonly locate = (logIds: readonly LogId[]): Promise<readonly EntryLocation[]> =>
    this.#parts.events.journal.locate(logIds);

  /** The visible entries after a position, oldest first, at most `limit`. */
  entries(after: LogId, limit: number): Promise<readonly JobEventLogEntry[]> {
    const visible = Math.max(0, this.headLogId - after);
    return this.#parts.events.journal.read(after, Math.min(limit, visible));
  }

  /** How an entry changed its job's state or condition; `undefined` when it did not. */
  transitionAt(entry: EntryOfJob): Transition | undefined {
    return this.#parts.table.trails.transitionAt(entry);
  }

  /**
   * Resolves when there are entries after a position, after a time in milliseconds, or on the
   * signal.
   */
  async changed(after: LogId, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    if (this.headLogId <= after && !this.#parts.draining) {
      await this.#parts.waitingCallers.untilMore(timeoutMs, signal);
    }
  }

  /** The job once it meets a condition, or as it is after a time in milliseconds or on the signal. */
  waitFor(
    jobId: JobId,
    wanted: (job: JobHead) => boolean,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<JobState> {
    const { table, waitingCallers } = this.#parts;
    const head = table.head(jobId);
    const isOver = head === undefined || wanted(head);
    const over = isOver
      ? Promise.resolve()
      : waitingCallers.until(jobId, wanted, timeoutMs, signal);
    return over.then(() => table.existing(jobId));
  }

  definitions(): readonly DefinitionInfo[] {
    return this.#parts.registry.info();
  }

  /** Describes the journal, with the number of indexed jobs and of those about to be indexed. */
  async journalInfo(): Promise<JournalInfo & { readonly index: IndexInfo }> {
    const { clock, events, table } = this.#parts;
    const journal = await events.journal.info();
    // Then the jobs in the lists are those up to its head, at least.
    while (this.headLogId < journal.head.logId && !this.failed) await clock.pause();
    const index = { jobs: table.indexed, waiting: table.leaving };
    return { ...journal, index };
  }

  /** What the start found that a person should know. */
  get found() {
    const { attention, inputRemovals, suspects } = this.#parts;
    return {
      parked: attention.parked,
      /** The tasks that run alone, since the process ended twice while they were open. */
      alone: suspects.all,
      /** Unfinished jobs whose sealed input could not be opened. */
      keyless: inputRemovals.keyless,
    };
  }

  /** How many jobs there are of each kind; costs nothing, however many there are. */
  census(): Census {
    const { census, clock, table, workers, threadWorkers } = this.#parts;
    return {
      jobs: table.size,
      states: census.states,
      conditions: census.conditions,
      oldestQueued: census.oldestQueued(clock.now()),
      busyWorkers: workers.busy + threadWorkers.busy,
      maxWorkers: workers.max + threadWorkers.max,
    };
  }

  /** Current activity, in numbers. */
  get activity() {
    const { oldestQueued, ...census } = this.census();
    return {
      ...census,
      queued: this.#parts.workers.waiting + this.#parts.threadWorkers.waiting,
      oldestQueuedMs: oldestQueued?.queuedMs ?? 0,
      paused: this.pauses.figures,
      pendingBytes: this.#parts.events.journal.pendingBytes,
      unfinishedBytes: this.#parts.table.unfinishedBytes,
      listening: this.#parts.waitingCallers.size,
      filed: this.#parts.filed.started.size,
      indexed: this.#parts.table.indexed,
      leaving: this.#parts.table.leaving,
    };
  }

  /**
   * Begins nothing new, lets running attempts end, then aborts those that take longer. After that,
   * callers that wait for jobs are answered. The journal stays open, for its owner to close.
   *
   * @param drainMs How long running attempts may continue, in milliseconds.
   */
  async stop(drainMs: number): Promise<void> {
    const { clock, supervisor, waitingCallers, writer } = this.#parts;
    this.#parts.draining = true;
    this.#parts.workers.stop();
    this.#parts.threadWorkers.stop();
    waitingCallers.wake();
    await within(clock, drainMs, supervisor.idle());
    supervisor.interrupt();
    // Bounded: a full disk can record no outcome, and a database that does not answer stores none.
    // Recovery records it later.
    const recorded = supervisor.idle().then(() => writer.settled());
    await within(clock, INTERRUPT_MAX_MS, recorded);
    // What ran may have ended the jobs that callers wait for.
    waitingCallers.close();
    this.#parts.scheduler.stop();
    this.#parts.diskRetries.stop();
    this.#parts.slots.stop();
    this.#parts.threadSlots.stop();
    supervisor.recordShutdown();
  }
}
