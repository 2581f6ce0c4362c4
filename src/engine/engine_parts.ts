/**
 * Assembles the parts of an engine in layers, each from those before it: `createFoundation`, which
 * depends on nothing, `withWriting`, what serves requests, and `withWork`, which acts by itself.
 *
 * Bound later: the journal, which `JobEngine.open` passes to `events`; and the supervisor, which
 * the services of its own runs call, and which listens to the writer that it needs.
 */

import type { EventDraft } from "../core/event.ts";
import type { LogId } from "../core/ids.ts";
import { Attention } from "./views/attention.ts";
import { Breakers } from "./run/breakers.ts";
import { ProcessFacts } from "./run/process_facts.ts";
import { type CodePlace, IN_PROCESS } from "./run/run_call.ts";
import { CARRIED_TRACES } from "./run/run_trace.ts";
import { Creation } from "./writer/creation.ts";
import { Retries } from "./writer/retries.ts";
import type { AnyJobDefinition } from "./definition.ts";
import { DefinitionRegistry } from "./definition_registry.ts";
import { Deliveries } from "./events/deliveries.ts";
import { DeliveryGate } from "./events/delivery_gate.ts";
import { EndedJobs } from "./views/ended_jobs.ts";
import type { EngineStatus } from "./engine_status.ts";
import { FiledJobs } from "./writer/filed_jobs.ts";
import { EventEngine } from "./writer/event_engine.ts";
import { AboutSearch } from "./queries/about_search.ts";
import { EventExplainer } from "./queries/event_explainer.ts";
import { Explainer } from "./queries/explainer.ts";
import { LimitsInForce } from "./queries/limits_in_force.ts";
import { LimitsWhatIfs } from "./queries/limits_what_ifs.ts";
import { QueueExplainer } from "./queries/queue_explainer.ts";
import { FanOut, Reaches } from "./events/fan_out.ts";
import { Feed } from "./views/feed.ts";
import { JobEntryReader } from "./queries/entry_pages.ts";
import { InputRemovals } from "./secrets/input_removals.ts";
import { type EngineLimits, NO_LIMITS } from "./events/delivery_limits.ts";
import { Intake } from "./writer/intake.ts";
import { JobCensus } from "./views/job_census.ts";
import { JobTraces } from "./views/job_traces.ts";
import { ParkedReports } from "./views/parked_reports.ts";
import { JobWaits } from "./views/job_waits.ts";
import { HeldPlaces } from "./run/held_places.ts";
import { LateCalls } from "./run/misuse.ts";
import { LiveSecrets } from "./secrets/secret_guard.ts";
import { Pacer } from "./events/pacer.ts";
import { DiskRetries } from "./run/disk_retries.ts";
import { PauseControls } from "./run/pause_controls.ts";
import type { JobIndex } from "./job_index.ts";
import type { Clock, JournalFailedError, KeyStore, Random, Urgency } from "./ports.ts";
import type { AttemptWatch, JobLog, JobWatch, Tracing } from "./watches.ts";
import { Projection } from "./writer/projection.ts";
import { PromptTypes, Slots } from "./run/slots.ts";
import { inputProtection } from "./secrets/protection.ts";
import { JobLists } from "./queries/job_lists.ts";
import { Replays } from "./queries/replays.ts";
import type { RunServices } from "./run/run_services.ts";
import { LoopTurns, Scheduler } from "./run/scheduler.ts";
import { Sealing } from "./secrets/sealing.ts";
import { Shares } from "./run/shares.ts";
import { Supervisor } from "./run/supervisor.ts";
import { Suspects } from "./run/suspects.ts";
import { Timers } from "./run/timers.ts";
import { Unmatched } from "./events/unmatched.ts";
import type { PastEvents } from "./views/past_events.ts";
import { ReadPastEvents } from "./views/read_past_events.ts";
import type { View } from "./views/view.ts";
import { WorkerQueue } from "./run/worker_queue.ts";
import { Writer } from "./writer/writer.ts";

export interface JobEngineOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly definitions: readonly AnyJobDefinition[];
  /** Required if a definition has secrets or a retention. */
  readonly keys?: KeyStore;
  /** Runs definitions that ask for a thread; without it there must be none. */
  readonly threads?: { readonly place: CodePlace; readonly max: number } | undefined;
  /** How many jobs may run tasks at a time. */
  readonly maxRunning: number;
  /** Holds ended jobs; without it they stay in memory. */
  readonly index?: JobIndex | undefined;
  /** Finds events by their values; without it, this thread reads the journal for that. */
  readonly pastEvents?: PastEvents | undefined;
  /** Limits on requests from outside; unlimited when absent. */
  readonly limits?: EngineLimits;
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
  /** Called when job code breaks a rule, with a message for its author. */
  readonly onMisuse?: (message: string) => void;
}

export type EngineParts = ReturnType<typeof engineParts>;

export function engineParts(options: JobEngineOptions, status: EngineStatus) {
  const foundation = withWriting(createFoundation(options));
  const { limits } = foundation;
  const parts = { ...foundation, intake: new Intake(limits, foundation) };
  const { ended, events, filed, history, pastEvents, registry, table } = parts;
  const unmatched = new Unmatched(
    { started: filed.started, unstarted: filed.unstarted, ended },
    registry,
    table,
  );
  const pacer = new Pacer(parts.clock);
  const lists = new JobLists(parts);
  const standing = {
    draining: () => status.draining,
    full: (urgency: Urgency) => events.journal.full(urgency),
    // The silence of a follower's own connection holds up no job.
    silentSince: () => status.leads ? events.journal.silentSince : undefined,
  };
  const explainer = new Explainer({
    ...parts,
    ...standing,
    pacer,
    lists,
    leads: () => status.leads,
  });
  const head = () => events.journal.head.logId;
  const limitsWhatIfs = new LimitsWhatIfs({ ...parts, pacer, lists, explainer });
  const replays = new Replays({ history, pastEvents, pacer, head, limitsWhatIfs });
  const eventExplainer = new EventExplainer({ ...parts, replays, unmatched });
  const work = withWork(parts, options, status);
  return {
    ...parts,
    ...work,
    pacer,
    creation: new Creation({ ...parts, pacer }),
    retries: new Retries(parts),
    deliveries: new Deliveries({
      ...parts,
      unmatched,
      index: filed.started,
      reaches: new Reaches(table, limits),
      gate: new DeliveryGate(),
      pacer,
    }),
    replays,
    eventExplainer,
    about: new AboutSearch({ ...parts, eventExplainer }),
    lists,
    explainer,
    limitsInForce: new LimitsInForce(parts),
    queueExplainer: new QueueExplainer({
      ...parts,
      ...work,
      ...standing,
      lists,
      failed: () => status.failed,
    }),
  };
}

function createFoundation(options: JobEngineOptions) {
  const {
    clock,
    random,
    limits = NO_LIMITS,
    definitions,
    maxRunning,
    keys,
    watch,
    onDefect = () => {},
    onMisuse = () => {},
  } = options;
  const registry = new DefinitionRegistry(definitions);
  if (keys === undefined) requireNoProtection(registry);
  if (options.threads === undefined && registry.hasThreaded) {
    throw new TypeError("Cannot isolate jobs in threads: no thread pool is configured");
  }
  const projection = new Projection(options.index, (type) => registry.get(type)?.limits?.rate);
  const { table, eventIds, pauses, failures, places, starts, limitChanges } = projection;
  const events = new EventEngine(clock, random, eventIds);
  const turns = new LoopTurns(clock);
  const promptTypes = new PromptTypes();
  const neverPrompt = new PromptTypes(0);
  const scheduler = new Scheduler(clock, onDefect);
  const shares = new Shares(clock, scheduler, registry.limits);
  const threadsMax = registry.hasThreaded ? options.threads?.max ?? 0 : 0;
  // Workers of their own, so that jobs that wait for a thread do not hold up others.
  const threadWorkers = new WorkerQueue(threadsMax, neverPrompt, onDefect, shares);
  return {
    clock,
    random,
    limits,
    projection,
    table,
    ended: new EndedJobs(),
    census: new JobCensus(watch, onDefect),
    attention: new Attention(table),
    traces: new JobTraces(table),
    waits: new JobWaits(clock),
    pauses,
    failures,
    places,
    starts,
    limitChanges,
    shares,
    filed: new FiledJobs(),
    events,
    pastEvents: options.pastEvents ??
      new ReadPastEvents(clock, (after, limit) => events.journal.read(after, limit)),
    registry,
    keys: keys ?? NO_KEYS,
    sealing: new Sealing(keys ?? NO_KEYS),
    liveSecrets: new LiveSecrets(),
    lateCalls: new LateCalls(onMisuse),
    scheduler,
    workers: new WorkerQueue(maxRunning, promptTypes, onDefect, shares),
    slots: new Slots(maxRunning, { clock, turns, promptTypes }),
    threadWorkers,
    threadSlots: new Slots(threadsMax, { clock, turns, promptTypes: neverPrompt }),
    turns,
    suspects: new Suspects({ registry, table, threadWorkers }),
    diskRetries: new DiskRetries({ clock, random, onDefect }),
    feed: new Feed(clock),
  };
}

/** Adds the parts that write, and those that read what was written. */
function withWriting(parts: ReturnType<typeof createFoundation>) {
  const { events, filed, registry, table } = parts;
  const writer = new Writer(events, table, filed);
  return {
    ...parts,
    writer,
    heldPlaces: new HeldPlaces({ ...parts, writer }),
    history: new JobEntryReader(events, table),
    fanOut: new FanOut(filed.started, registry, table),
  };
}

/**
 * Adds the parts that act by themselves, and the views, which follow durable entries. A duty is a
 * view that acts: it follows entries only where the jobs are run.
 */
function withWork(
  parts: ReturnType<typeof withWriting>,
  {
    onDefect = () => {},
    onParked = () => {},
    tracing = CARRIED_TRACES,
    attemptWatch = UNWATCHED,
    jobLog = UNKEPT,
    threads,
  }: JobEngineOptions,
  status: EngineStatus,
) {
  const { attention, census, ended, diskRetries, traces, waits, writer } = parts;
  const record = (drafts: readonly EventDraft[]) =>
    diskRetries.record(() => writer.recorded(drafts, "vital"));
  const inputRemovals = new InputRemovals({ ...parts, record, onDefect });
  const supervisor = createSupervisor(
    { ...parts, tracing, attemptWatch, jobLog, threads },
    onDefect,
    status,
  );
  writer.listener = supervisor;
  const news = new ParkedReports(onParked);
  const views: readonly View[] = [ended, census, attention, traces, waits];
  const duties: readonly View[] = [inputRemovals, news];
  const pauseControls = new PauseControls({ ...parts, onDefect });
  const breakers = new Breakers({ ...parts, onDefect });
  const processFacts = new ProcessFacts(parts, status);
  parts.scheduler.onTime = () => processFacts.lookAtClock();
  return {
    tracing,
    supervisor,
    inputRemovals,
    views,
    duties,
    pauseControls,
    breakers,
    processFacts,
  };
}

const UNKEPT: JobLog = { write: () => {} };
const UNWATCHED: AttemptWatch = { began: () => 0, ended: () => {} };

/** The parts of a run that differ for jobs in threads. */
type OwnServices =
  & Pick<RunServices, "code" | "leavesCode" | "workers" | "slots">
  & Partial<Pick<RunServices, "attemptWatch">>;

/** Used without a key store: sealed inputs may be on record even then, but cannot be opened. */
const NO_KEYS: KeyStore = {
  create: () => Promise.reject(new TypeError("Cannot seal an input: there is no key store")),
  read: () => Promise.resolve(undefined),
  remove: () => Promise.resolve(),
  held: () => Promise.resolve(new Set()),
  keepOnly: () => Promise.resolve(new Set()),
};

/** @throws {TypeError} naming a definition whose jobs could not be created. */
function requireNoProtection(registry: DefinitionRegistry): void {
  const needy = registry.all.find((definition) => inputProtection(definition) !== undefined);
  if (needy === undefined) return;
  throw new TypeError(`Cannot seal the inputs of ${needy.type}: there is no key store`);
}

function createSupervisor(
  parts:
    & ReturnType<typeof withWriting>
    & Pick<RunServices, "tracing" | "attemptWatch" | "jobLog">
    & Pick<JobEngineOptions, "threads">,
  onDefect: (error: unknown) => void,
  status: EngineStatus,
): Supervisor {
  const { history, diskRetries, sealing, traces } = parts;
  const entriesAt = (logIds: readonly LogId[]) => diskRetries.read(() => history.at(logIds));
  const servicesWith = (own: OwnServices): RunServices => ({
    ...parts,
    ...own,
    entriesAt,
    openInput: (job) => diskRetries.read(() => sealing.open(job)),
    traceOf: (job) => traces.of(job, entriesAt),
    get draining() {
      return status.draining;
    },
    later: diskRetries.later,
    ended: (jobId, run) => supervisor.ended(jobId, run),
    rested: (jobId) => parts.heldPlaces.rested(jobId),
    onDefect,
  });
  const { workers, slots, threadWorkers, threadSlots, threads } = parts;
  const supervisor: Supervisor = new Supervisor({
    ...parts,
    timers: new Timers({ ...parts, onDefect }),
    services: servicesWith({ code: IN_PROCESS, leavesCode: false, workers, slots }),
    threadServices: servicesWith({
      code: threads?.place ?? IN_PROCESS,
      leavesCode: true,
      workers: threadWorkers,
      slots: threadSlots,
      // Code in a thread does not block this event loop.
      attemptWatch: UNWATCHED,
    }),
  });
  return supervisor;
}
