/** Puts the parts of an engine together, the ones that know nothing of others first. */

import { Commands } from "./commands.ts";
import { CorrelationIndex } from "./correlation_index.ts";
import { Creation } from "./creation.ts";
import type { AnyJobDefinition } from "./definition.ts";
import { DefinitionRegistry } from "./definition_registry.ts";
import { Deliveries } from "./deliveries.ts";
import { EndedJobs } from "./ended_jobs.ts";
import type { EngineStatus } from "./engine_status.ts";
import { EventEngine } from "./event_engine.ts";
import { Explainer } from "./explainer.ts";
import { FanOut } from "./fan_out.ts";
import { Feed } from "./feed.ts";
import { History } from "./history.ts";
import { type EngineLimits, Intake, NO_LIMITS } from "./intake.ts";
import { Lanes } from "./lanes.ts";
import { PatientRecorder } from "./patient_recorder.ts";
import type { Clock, JournalFailedError, Random } from "./ports.ts";
import { Projection } from "./projection.ts";
import { Recorder } from "./recorder.ts";
import { Replays } from "./replays.ts";
import { Scheduler } from "./scheduler.ts";
import { Supervisor } from "./supervisor.ts";
import { Unmatched } from "./unmatched.ts";
import { WorkerQueue } from "./worker_queue.ts";

export interface JobEngineOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly definitions: readonly AnyJobDefinition[];
  /** Jobs that may hold a worker at a time. */
  readonly maxRunning: number;
  /** What is taken from outside; without it there are no limits. */
  readonly limits?: EngineLimits;
  /** The journal has failed: nothing more can be recorded, and the process should end. */
  readonly onJournalFailed?: (error: JournalFailedError) => void;
  /** A defect of this program; the job concerned stays as it is. */
  readonly onDefect?: (error: unknown) => void;
}

export type EngineParts = ReturnType<typeof engineParts>;

export function engineParts(options: JobEngineOptions, status: EngineStatus) {
  const foundation = withRecording(foundationOf(options));
  const parts = { ...foundation, intake: new Intake(options.limits ?? NO_LIMITS, foundation) };
  const { ended, events, history, indexes, recorder, registry, table } = parts;
  const unmatched = new Unmatched({ ...indexes, ended }, registry, table);
  return {
    ...parts,
    creation: new Creation(parts),
    deliveries: new Deliveries({ ...parts, unmatched }),
    replays: new Replays(history, indexes.facts, parts.clock, () => events.journal.head.logId),
    explainer: new Explainer({
      ...parts,
      pastEvents: indexes.facts,
      draining: () => status.draining,
      full: () => recorder.full,
    }),
    supervisor: supervisorOf(parts, options, status),
  };
}

function foundationOf({ clock, random, definitions, maxRunning }: JobEngineOptions) {
  const projection = new Projection();
  const { table, eventIds, facts } = projection;
  return {
    clock,
    random,
    projection,
    table,
    ended: new EndedJobs(),
    indexes: { started: new CorrelationIndex(), unstarted: new CorrelationIndex(), facts },
    events: new EventEngine(clock, random, eventIds),
    registry: new DefinitionRegistry(definitions),
    lanes: new Lanes(),
    scheduler: new Scheduler(clock),
    workers: new WorkerQueue(maxRunning),
    feed: new Feed(clock),
  };
}

/** With the parts that record, and read what was recorded. */
function withRecording(parts: ReturnType<typeof foundationOf>) {
  const { clock, events, indexes, lanes, registry, table } = parts;
  const recorder = new Recorder(clock, events, table, indexes);
  return {
    ...parts,
    recorder,
    commands: new Commands(table, lanes, recorder),
    history: new History(events, table),
    fanOut: new FanOut(indexes.started, registry, table),
  };
}

function supervisorOf(
  parts: ReturnType<typeof withRecording>,
  { onDefect = () => {} }: JobEngineOptions,
  status: EngineStatus,
): Supervisor {
  const { clock, random, scheduler, workers, history, registry, table } = parts;
  const patient = new PatientRecorder({ ...parts, onDefect });
  const supervisor: Supervisor = new Supervisor(
    {
      clock,
      random,
      scheduler,
      workers,
      job: (jobId) => table.existing(jobId),
      command: (jobId, command) => patient.command(jobId, command),
      record: (drafts, facts) => patient.record(drafts, facts),
      recordLatest: (make) => patient.recordLatest(make),
      entriesAt: (logIds) => patient.read(() => history.at(logIds)),
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
