/**
 * The parts of an engine. Each is made from those before it, and keeps those that it names.
 *
 * Bound later: the journal, which `JobEngine.open` passes to `events`; and the supervisor, which
 * listens to the writer that it needs.
 */

import type { Silence } from "../core/silence.ts";
import { Attention } from "./views/attention.ts";
import { JobReports } from "./views/job_reports.ts";
import { PauseControls } from "./run/queue/pause_controls.ts";
import { ProcessFacts } from "./writer/process_facts.ts";
import { type CodePlace, IN_PROCESS } from "./run/call/run_call.ts";
import { CARRIED_TRACES } from "./run/attempts/run_trace.ts";
import { Commands } from "./writer/commands.ts";
import { Creation } from "./writer/creation.ts";
import { Retries } from "./writer/retries.ts";
import type { AnyJobDefinition } from "./definition.ts";
import { DefinitionRegistry } from "./definition_registry.ts";
import { Deliveries } from "./events/deliveries.ts";
import { DeliveryGate } from "./events/delivery_gate.ts";
import { RecentlyEnded } from "./views/recently_ended.ts";
import { FiledJobs } from "./matching/filed_jobs.ts";
import { EventEngine } from "./writer/event_engine.ts";
import { LimitsInForce } from "./queries/limits_in_force.ts";
import { FanOut, Reaches } from "./events/fan_out.ts";
import { JobEntryReader } from "./writer/job_entries.ts";
import type { EngineLimits } from "./engine_limits.ts";
import { Intake } from "./writer/intake.ts";
import { JobDescriptions } from "./writer/job_descriptions.ts";
import { JobCensus } from "./views/job_census.ts";
import { JobTraces } from "./views/job_traces.ts";
import { WaitingCallers } from "./views/waiting_callers.ts";
import { HeldPlaces } from "./run/queue/held_places.ts";
import { LateCalls } from "./run/attempts/attempt_context.ts";
import { LiveSecrets } from "./secrets/secret_guard.ts";
import { Pacer } from "./pacer.ts";
import { DiskRetries } from "./writer/disk_retries.ts";
import type { JobIndex } from "./job_index.ts";
import type { Clock, EntriesAt, JournalFailedError, KeyStore, Random } from "./ports.ts";
import type { AttemptWatch, JobLog, JobWatch, Tracing } from "./watches.ts";
import { Projection } from "./writer/projection.ts";
import { PromptTypes, Slots } from "./run/queue/slots.ts";
import { JobLists } from "./queries/job_lists.ts";
import type { RunPool } from "./run/run_services.ts";
import { LoopTurns, Scheduler } from "./run/scheduler.ts";
import { InputRemovals } from "./run/input_removals.ts";
import { type OpenedInput, type SealedJob, Sealing } from "./secrets/sealing.ts";
import { Shares } from "./run/queue/shares.ts";
import { Supervisor } from "./run/supervisor.ts";
import { Suspects } from "./run/recovery/suspects.ts";
import { Timers } from "./run/timers.ts";
import { Unmatched } from "./events/unmatched.ts";
import type { PastEvents } from "./views/past_events.ts";
import { ReadPastEvents } from "./views/value_index.ts";
import type { View } from "./views/view.ts";
import { WorkerQueue } from "./run/queue/worker_queue.ts";
import { Writer } from "./writer/writer.ts";

export interface JobEngineOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly definitions: readonly AnyJobDefinition[];
  readonly keys: KeyStore;
  /** Runs definitions that ask for a thread; without it there must be none. */
  readonly threads?: { readonly place: CodePlace; readonly max: number } | undefined;
  /** How many jobs may run tasks at a time. */
  readonly maxRunning: number;
  /** Holds ended jobs; without it they stay in memory. */
  readonly index?: JobIndex | undefined;
  /** Finds events by their values; without it, this thread reads the journal for that. */
  readonly pastEvents?: PastEvents | undefined;
  /** Limits on requests from outside. */
  readonly limits: EngineLimits;
  /** Counts what jobs do. */
  readonly watch?: JobWatch;
  /** Receives what job code logs for people. */
  readonly jobLog?: JobLog;
  /** Is notified of attempts as they begin and end. */
  readonly attemptWatch?: AttemptWatch;
  /** Collects spans; when absent, traces of requests are only passed on. */
  readonly tracing?: Tracing | undefined;
  /**
   * Called when the journal has failed: nothing more can be recorded, and the process should end.
   */
  readonly onJournalFailed?: (error: JournalFailedError) => void;
  /** Called with a defect of this program. The job concerned stays as it is. */
  readonly onDefect?: (error: unknown) => void;
  /** Called when a job is parked, with a message for its operator. */
  readonly onParked?: (message: string) => void;
  /** The same when one fails, unless others have failed alike within the hour. */
  readonly onFailed?: (message: string) => void;
  /** Called when job code breaks a rule, with a message for its author. */
  readonly onMisuse?: (message: string) => void;
}

/** Sets the options before the parts are made from them. */
class Given {
  constructor(readonly options: JobEngineOptions) {}
}

export class EngineParts extends Given {
  readonly clock = this.options.clock;
  readonly random = this.options.random;
  readonly limits = this.options.limits;
  readonly keys = this.options.keys;
  readonly registry = new DefinitionRegistry(this.options.definitions);
  readonly tracing = this.options.tracing ?? CARRIED_TRACES;
  readonly attemptWatch = this.options.attemptWatch ?? UNWATCHED;
  readonly jobLog = this.options.jobLog ?? UNKEPT;
  readonly onDefect = this.options.onDefect ?? (() => {});
  /** How many jobs may have a thread at a time. */
  readonly threadsMax = this.registry.hasThreaded ? this.options.threads?.max ?? 0 : 0;
  /** The journal accepts nothing more. */
  failed = false;
  /** This process runs the jobs. Until then it follows another process that does. */
  leads = false;
  /** The engine is stopping, and begins nothing new. */
  draining = false;

  // What is derived from the journal.
  readonly projection = new Projection(
    this.options.index,
    (type) => this.registry.get(type)?.limits?.rate,
  );
  readonly table = this.projection.table;
  readonly pauses = this.projection.pauses;
  readonly failures = this.projection.failures;
  readonly places = this.projection.places;
  readonly starts = this.projection.starts;
  readonly limitChanges = this.projection.limitChanges;
  readonly filed = new FiledJobs();
  readonly ended = new RecentlyEnded();
  readonly census = new JobCensus(this.options.watch, this.onDefect);
  readonly attention = new Attention(this);
  readonly traces = new JobTraces(this.table);
  readonly waitingCallers = new WaitingCallers(this.clock);

  // What writes.
  readonly events = new EventEngine(this.clock, this.projection.eventIds);
  readonly writer = new Writer(this.events, this.table, this.filed, this.clock);
  readonly commands = new Commands(this.writer, this.table);
  readonly diskRetries = new DiskRetries(this);
  readonly sealing = new Sealing(this.keys);
  readonly descriptions = new JobDescriptions(this.registry);
  readonly fanOut = new FanOut(this.filed.started, this.registry, this.table);

  // What the work waits for.
  readonly turns = new LoopTurns(this.clock);
  readonly scheduler = new Scheduler(this.clock, this.onDefect);
  readonly shares = new Shares(this.clock, this.scheduler, this.registry.limits);
  readonly heldPlaces = new HeldPlaces(this);
  readonly promptTypes = new PromptTypes();
  readonly workers = this.#workers(this.options.maxRunning, this.promptTypes);
  readonly slots = new Slots(this.options.maxRunning, this);
  // Workers of their own, so that jobs that wait for a thread do not hold up others.
  readonly threadWorkers = this.#workers(this.threadsMax, NEVER_PROMPT, this.workers);
  readonly threadSlots = new Slots(this.threadsMax, {
    clock: this.clock,
    turns: this.turns,
    promptTypes: NEVER_PROMPT,
  });
  readonly suspects = new Suspects(this);
  readonly intake = new Intake(this.limits, this);
  readonly pacer = new Pacer(this.clock);

  // What reads.
  readonly history = new JobEntryReader(this.events, this.table);
  readonly pastEvents = this.options.pastEvents ??
    new ReadPastEvents(this.clock, (after, limit) => this.events.journal.read(after, limit));
  readonly lists = new JobLists(this);
  readonly unmatched = new Unmatched(
    { started: this.filed.started, unstarted: this.filed.unstarted, ended: this.ended },
    this.registry,
    this.table,
  );
  readonly limitsInForce = new LimitsInForce(this);

  // What serves requests.
  readonly creation = new Creation(this);
  readonly retries = new Retries(this);
  readonly reaches = new Reaches(this.table, this.limits);
  readonly gate = new DeliveryGate();
  readonly deliveries = new Deliveries(this);

  // What acts by itself.
  readonly inputRemovals = new InputRemovals(this);
  readonly pauseControls = new PauseControls(this);
  readonly processFacts = new ProcessFacts(this);
  readonly timers = new Timers(this);
  readonly liveSecrets = new LiveSecrets();
  readonly lateCalls = new LateCalls(this.options.onMisuse ?? (() => {}));
  // A read of the disk is repeated until it succeeds.
  readonly entriesAt: EntriesAt = (logIds) => this.diskRetries.read(() => this.history.at(logIds));
  readonly openInput = (job: SealedJob): Promise<OpenedInput> =>
    this.diskRetries.read(() => this.sealing.open(job));
  readonly runPool: RunPool = {
    code: IN_PROCESS,
    leavesCode: false,
    workers: this.workers,
    slots: this.slots,
    attemptWatch: this.attemptWatch,
  };
  readonly threadRunPool: RunPool = {
    code: this.options.threads?.place ?? IN_PROCESS,
    leavesCode: true,
    workers: this.threadWorkers,
    slots: this.threadSlots,
    // Code in a thread does not block this event loop.
    attemptWatch: UNWATCHED,
  };
  readonly supervisor: Supervisor = new Supervisor(this);

  /** They follow durable entries. */
  readonly views: readonly View[] = [
    this.ended,
    this.census,
    this.attention,
    this.traces,
    this.waitingCallers,
  ];
  /** Views that act: they follow entries only where the jobs are run. */
  readonly duties: readonly View[] = [
    this.inputRemovals,
    new JobReports(this.options),
  ];

  /** @throws {TypeError} when a definition needs a thread, and there is none. */
  constructor(options: JobEngineOptions) {
    super(options);
    if (options.threads === undefined && this.registry.hasThreaded) {
      throw new TypeError("Cannot isolate jobs in threads: no thread pool is configured");
    }
    this.writer.listener = this.supervisor;
    this.scheduler.onTime = () => this.processFacts.lookAtClock();
  }

  /** The silence of a follower's own connection holds up no job. */
  get silence(): Silence | undefined {
    return this.leads ? this.events.journal.silence : undefined;
  }

  #workers(max: number, promptTypes: PromptTypes, first?: WorkerQueue): WorkerQueue {
    return new WorkerQueue(max, promptTypes, this.onDefect, this.shares, first);
  }
}

const UNKEPT: JobLog = { write: () => {} };
const UNWATCHED: AttemptWatch = { began: () => 0, ended: () => {} };
const NEVER_PROMPT = new PromptTypes(0);
