/**
 * Explains jobs: reads what an explanation is made from, adds how this process stands to the
 * job, and says where each citation is to be found.
 */

import { conditionOf } from "../../core/condition.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import { Annals } from "../../core/explain/annals.ts";
import type { Circumstances } from "../../core/explain/evidence.ts";
import { citedIn, citing, explain } from "../../core/explain/explain.ts";
import type { Citation, Explanation } from "../../core/explanation.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import { hasCode, type JobState } from "../../core/job_state.ts";
import type { DefinitionRegistry } from "../definition_registry.ts";
import type { EventEngine } from "../writer/event_engine.ts";
import { EvidenceSearch } from "./evidence_search.ts";
import type { History } from "./history.ts";
import type { JobTable } from "../writer/job_table.ts";
import type { PastEvents } from "../views/past_events.ts";
import type { Clock, Urgency } from "../ports.ts";
import { inSlices } from "./slices.ts";
import type { WorkerQueue } from "../run/worker_queue.ts";

/** Entries that are read at a time, so that other work goes on between. */
const PAGE_SIZE = 1_000;

export interface ExplainerParts {
  readonly table: JobTable;
  readonly history: History;
  readonly events: EventEngine;
  readonly pastEvents: PastEvents;
  readonly registry: DefinitionRegistry;
  readonly workers: WorkerQueue;
  readonly clock: Clock;
  readonly draining: () => boolean;
  readonly full: (urgency: Urgency) => boolean;
}

/** An explanation, with what it was made from. */
export interface Account {
  readonly explanation: Explanation<Citation>;
  /** The job's own entries, as far as the explanation goes. */
  readonly annals: Annals;
  /** Entries that it may cite and that are not the job's own, by position. */
  readonly strangers: ReadonlyMap<LogId, JobEventLogEntry>;
}

export class Explainer {
  readonly #parts: ExplainerParts;

  constructor(parts: ExplainerParts) {
    this.#parts = parts;
  }

  /** Explains a job as of its last durable entry; `undefined` when there is no such job. */
  async explain(jobId: JobId): Promise<Explanation<Citation> | undefined> {
    return (await this.account(jobId))?.explanation;
  }

  /** The same, with the entries that it is made from: who shows both need not read them again. */
  async account(jobId: JobId): Promise<Account | undefined> {
    const job = this.#parts.table.job(jobId);
    if (job === undefined) return undefined;
    // The job ends with these, whatever comes meanwhile: nothing later is looked at.
    const logIds = this.#parts.table.logIds(jobId, 0, Infinity);
    const circumstances = this.#circumstances(job);
    const search = new EvidenceSearch(this.#parts.pastEvents, {
      headLogId: this.#parts.events.journal.head.logId,
      readAt: (positions) => this.#read(positions),
    });
    const entries = await this.#read(logIds);
    const annals = await inSlices(this.#parts.clock, Annals.gathering(entries));
    const { strangers, ...found } = await search.run(annals);
    const bare = explain(annals, { ...found, circumstances });
    return { explanation: await this.#cited(bare, annals, strangers), annals, strangers };
  }

  #circumstances(job: JobState): Circumstances {
    const { registry, workers, draining, full } = this.#parts;
    const isKnown = registry.get(job.type) !== undefined;
    const definition = hasCode(job) ? isKnown ? "loaded" : "missing" : "none";
    const common = { definition, draining: draining(), full: full(urgencyOf(job)) } as const;
    if (job.state === "Created" || !isKnown) return common;
    // A retry that is due waits for a worker too, whatever the condition says.
    const waits = conditionOf(job) === "queued" || workers.holds(job.priority, job.startedBy);
    if (!waits) return common;
    const ahead = workers.aheadOf(job.priority, job.startedBy);
    return { ...common, queue: { ahead, busy: workers.busy, maxRunning: workers.max } };
  }

  async #read(logIds: readonly LogId[]): Promise<readonly JobEventLogEntry[]> {
    const entries: JobEventLogEntry[] = [];
    for (let at = 0; at < logIds.length; at += PAGE_SIZE) {
      entries.push(...await this.#parts.history.at(logIds.slice(at, at + PAGE_SIZE)));
    }
    return entries;
  }

  async #cited(
    explanation: Explanation<LogId>,
    annals: Annals,
    strangers: ReadonlyMap<LogId, JobEventLogEntry>,
  ): Promise<Explanation<Citation>> {
    const locations = await this.#parts.events.journal.locate(citedIn(explanation));
    const citations = new Map(locations.map((location): [LogId, Citation] => {
      const entry = annals.entries.get(location.logId) ?? strangers.get(location.logId);
      const { eventId = "", eventType = "" } = entry ?? {};
      return [location.logId, { ...location, eventId, eventType }];
    }));
    return citing(explanation, (logId) => {
      const citation = citations.get(logId);
      if (citation === undefined) {
        throw new TypeError(`Cannot cite entry ${logId}: it was not found`);
      }
      return citation;
    });
  }
}

/** What the next entry of a job is, to a disk that is full. */
function urgencyOf(job: JobState): Urgency {
  const goesOn = ["executing", "backingOff", "compensating"].includes(conditionOf(job));
  return goesOn ? "vital" : "ordinary";
}
