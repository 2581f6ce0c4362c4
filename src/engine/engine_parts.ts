/** Puts the parts of an engine together, the ones that know nothing of others first. */

import type { EventDraft } from "../core/event.ts";
import type { LogId } from "../core/ids.ts";
import { Attention } from "./attention.ts";
import { Commands } from "./commands.ts";
import { CARRIED_TRACES } from "./carried_trace.ts";
import { CorrelationIndex } from "./correlation_index.ts";
import { Creation } from "./creation.ts";
import type { AnyJobDefinition } from "./definition.ts";
import { DefinitionRegistry } from "./definition_registry.ts";
import { Deliveries } from "./deliveries.ts";
import { DeliveryGate } from "./delivery_gate.ts";
import { EndedJobs } from "./ended_jobs.ts";
import type { EngineStatus } from "./engine_status.ts";
import { EventEngine } from "./event_engine.ts";
import { Explainer } from "./explainer.ts";
import { FanOut } from "./fan_out.ts";
import { Feed } from "./feed.ts";
import { History } from "./history.ts";
import { InputRemovals } from "./input_removals.ts";
import { type EngineLimits, Intake, NO_LIMITS } from "./intake.ts";
import { JobCensus } from "./job_census.ts";
import { JobTraces } from "./job_traces.ts";
import { Lanes } from "./lanes.ts";
import { LiveSecrets } from "./live_secrets.ts";
import { Pacer } from "./pacer.ts";
import { PatientRecorder } from "./patient_recorder.ts";
import type { Clock, JobWatch, JournalFailedError, KeyStore, Random, Tracing } from "./ports.ts";
import { Projection } from "./projection.ts";
import { protectionOf } from "./protection.ts";
import { Reaches } from "./reach.ts";
import { Recorder } from "./recorder.ts";
import { Replays } from "./replays.ts";
import { Scheduler } from "./scheduler.ts";
import { Sealing } from "./sealing.ts";
import { Supervisor } from "./supervisor.ts";
import { Unmatched } from "./unmatched.ts";
import { WorkerQueue } from "./worker_queue.ts";

export interface JobEngineOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly definitions: readonly AnyJobDefinition[];
  /** Needed when a definition has secrets, or a retention. */
  readonly keys?: KeyStore;
  /** Jobs that may hold a worker at a time. */
  readonly maxRunning: number;
  /** What is taken from outside; without it there are no limits. */
  readonly limits?: EngineLimits;
  /** Counts what jobs do; nobody, when absent. */
  readonly watch?: JobWatch;
  /** Collects spans; when absent, traces that come in are only carried on. */
  readonly tracing?: Tracing | undefined;
  /** The journal has failed: nothing more can be recorded, and the process should end. */
  readonly onJournalFailed?: (error: JournalFailedError) => void;
  /** A defect of this program; the job concerned stays as it is. */
  readonly onDefect?: (error: unknown) => void;
}

export type EngineParts = ReturnType<typeof engineParts>;

export function engineParts(options: JobEngineOptions, status: EngineStatus) {
  const { limits = NO_LIMITS } = options;
  const foundation = withRecording(foundationOf(options));
  const parts = { ...foundation, intake: new Intake(limits, foundation) };
  const { ended, events, history, indexes, registry, table } = parts;
  const unmatched = new Unmatched({ ...indexes, ended }, registry, table);
  const pacer = new Pacer(parts.clock);
  return {
    ...parts,
    creation: new Creation(parts),
    deliveries: new Deliveries({
      ...parts,
      unmatched,
      limits,
      index: indexes.started,
      reaches: new Reaches(table, limits),
      gate: new DeliveryGate(),
      pacer,
    }),
    replays: new Replays(history, indexes.facts, pacer, () => events.journal.head.logId),
    explainer: new Explainer({
      ...parts,
      pacer,
      pastEvents: indexes.facts,
      draining: () => status.draining,
      full: (urgency) => events.journal.full(urgency),
    }),
    ...withPatience(parts, options, status),
  };
}

function foundationOf(options: JobEngineOptions) {
  const { clock, random, definitions, maxRunning, keys, watch, onDefect = () => {} } = options;
  const registry = new DefinitionRegistry(definitions);
  if (keys === undefined) requireNoProtection(registry);
  const projection = new Projection();
  const { table, eventIds, facts } = projection;
  return {
    clock,
    random,
    projection,
    table,
    ended: new EndedJobs(),
    census: new JobCensus(watch, onDefect),
    attention: new Attention(table, registry),
    traces: new JobTraces(table),
    indexes: { started: new CorrelationIndex(), unstarted: new CorrelationIndex(), facts },
    events: new EventEngine(clock, random, eventIds),
    registry,
    keys: keys ?? NO_KEYS,
    sealing: new Sealing(keys ?? NO_KEYS),
    liveSecrets: new LiveSecrets(),
    lanes: new Lanes(),
    scheduler: new Scheduler(clock),
    workers: new WorkerQueue(maxRunning),
    feed: new Feed(clock),
  };
}

/** With the parts that record, and read what was recorded. */
function withRecording(parts: ReturnType<typeof foundationOf>) {
  const { events, indexes, lanes, registry, table } = parts;
  const recorder = new Recorder(events, table, indexes);
  return {
    ...parts,
    recorder,
    commands: new Commands(table, lanes, recorder),
    history: new History(events, table),
    fanOut: new FanOut(indexes.started, registry, table),
  };
}

/** With what goes on by itself, and waits out a full disk. */
function withPatience(
  parts: ReturnType<typeof withRecording>,
  { onDefect = () => {}, tracing = CARRIED_TRACES }: JobEngineOptions,
  status: EngineStatus,
) {
  const patient = new PatientRecorder({ ...parts, onDefect });
  const record = (drafts: readonly EventDraft[]) => patient.record(drafts);
  return {
    tracing,
    supervisor: supervisorOf({ ...parts, tracing }, patient, onDefect, status),
    inputRemovals: new InputRemovals({ ...parts, record, onDefect }),
  };
}

/** Sealed inputs may be on record all the same: without keys they cannot be opened. */
const NO_KEYS: KeyStore = {
  create: () => Promise.reject(new TypeError("Cannot seal an input: there is no store of keys")),
  read: () => Promise.resolve(undefined),
  remove: () => Promise.resolve(),
  keepOnly: () => Promise.resolve(new Set()),
};

/** @throws {TypeError} naming a definition that could create no job. */
function requireNoProtection(registry: DefinitionRegistry): void {
  const needy = registry.types.find((type) => {
    const definition = registry.get(type);
    return definition !== undefined && protectionOf(definition) !== undefined;
  });
  if (needy === undefined) return;
  throw new TypeError(`Cannot seal the inputs of ${needy}: there is no store of keys`);
}

function supervisorOf(
  parts: ReturnType<typeof withRecording> & { readonly tracing: Tracing },
  patient: PatientRecorder,
  onDefect: (error: unknown) => void,
  status: EngineStatus,
): Supervisor {
  const { clock, random, scheduler, workers, history, registry, table } = parts;
  const { liveSecrets, sealing, traces, tracing } = parts;
  const entriesAt = (logIds: readonly LogId[]) => patient.read(() => history.at(logIds));
  const supervisor: Supervisor = new Supervisor(
    {
      clock,
      random,
      scheduler,
      workers,
      job: (jobId) => table.existing(jobId),
      command: (jobId, command, urgency) => patient.command(jobId, command, urgency),
      record: (drafts, facts) => patient.record(drafts, facts),
      recordLatest: (make) => patient.recordLatest(make),
      openInput: (job) => patient.read(() => sealing.open(job)),
      liveSecrets,
      tracing,
      traceOf: (job) => traces.of(job, entriesAt),
      entriesAt,
      get draining() {
        return status.draining;
      },
      ended: (jobId) => supervisor.ended(jobId),
      onDefect,
    },
    registry,
    table,
  );
  return supervisor;
}
