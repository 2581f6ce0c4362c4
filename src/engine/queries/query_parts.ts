/** The parts of the engine that queries read. Each takes out those that it needs. */

import type { ChangedLimits } from "../../core/changed_limits.ts";
import type { LogId } from "../../core/ids.ts";
import type { Pause } from "../../core/pauses.ts";
import type { Silence } from "../../core/silence.ts";
import type { DefinitionRegistry } from "../definition_registry.ts";
import type { Clock } from "../ports.ts";
import type { Pacer, TimeShare } from "../pacer.ts";
import type { Unmatched } from "../events/unmatched.ts";
import type { PauseControls } from "../run/queue/pause_controls.ts";
import type { Shares } from "../run/queue/shares.ts";
import type { WorkerQueue } from "../run/queue/worker_queue.ts";
import type { Attention } from "../views/attention.ts";
import type { JobCensus } from "../views/job_census.ts";
import type { PastEvents } from "../views/past_events.ts";
import type { EventEngine } from "../writer/event_engine.ts";
import type { JobDescriptions } from "../writer/job_descriptions.ts";
import type { JobTable } from "../writer/job_table.ts";
import type { InForce } from "../writer/in_force.ts";
import type { Places, Starts } from "../writer/places.ts";
import type { Writer } from "../writer/writer.ts";
import type { JobEntryReader } from "../writer/job_entries.ts";
import type { JobLists } from "./job_lists.ts";

export interface QueryParts {
  readonly attention: Attention;
  readonly census: JobCensus;
  readonly clock: Clock;
  readonly descriptions: JobDescriptions;
  readonly events: EventEngine;
  readonly history: JobEntryReader;
  readonly limitChanges: InForce<ChangedLimits>;
  readonly lists: JobLists;
  readonly pacer: Pacer;
  readonly pastEvents: PastEvents;
  readonly pauseControls: PauseControls;
  readonly pauses: InForce<Pause>;
  readonly places: Places;
  readonly registry: DefinitionRegistry;
  readonly shares: Shares;
  readonly starts: Starts;
  readonly table: JobTable;
  readonly threadWorkers: WorkerQueue;
  readonly unmatched: Unmatched;
  readonly workers: WorkerQueue;
  readonly writer: Writer;
  readonly draining: boolean;
  /** The journal accepts nothing more. */
  readonly failed: boolean;
  /** Whether this process runs the jobs. */
  readonly leads: boolean;
  /** Of what keeps the entries of the leader. */
  readonly silence: Silence | undefined;
}

/** What a query reads, and the time that it has used. */
export interface Query {
  readonly parts: QueryParts;
  readonly share: TimeShare;
}

/** A query about a job, now or as of a past time. */
export interface Inquiry extends Query {
  /** Later entries are not read. */
  readonly asOf: LogId;
  /** The same position for a past time: later entries do not count. Otherwise all do. */
  readonly upTo: LogId | undefined;
}
