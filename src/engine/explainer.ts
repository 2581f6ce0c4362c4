/**
 * Gathers what an explanation is made from: the job's own entries, what made them happen,
 * and events that nearly matched. Cost goes by the job's own entries; of everything else a
 * bounded number is read.
 */

import { conditionOf } from "../core/condition.ts";
import type { JobEventLogEntry } from "../core/event.ts";
import { Annals } from "../core/explain/annals.ts";
import type { Candidates, Circumstances, Evidence } from "../core/explain/evidence.ts";
import { citedIn, citing, explain, wantedCauses } from "../core/explain/explain.ts";
import type { Citation, Explanation } from "../core/explanation.ts";
import type { JobId, LogId } from "../core/ids.ts";
import { type ExpectedEvent, MAIN_EXPECTATION_ID, requiredMatches } from "../core/job_plan.ts";
import { hasCode, type JobState } from "../core/job_state.ts";
import type { DefinitionRegistry } from "./definition_registry.ts";
import type { EventEngine } from "./event_engine.ts";
import type { History } from "./history.ts";
import type { JobTable } from "./job_table.ts";
import type { PastEvents } from "./past_events.ts";
import type { WorkerQueue } from "./worker_queue.ts";

/** Events that are looked at for one expectation, and expectations that are looked at. */
const CANDIDATES_MAX = 64;
const EXPECTATIONS_MAX = 20;
/** Entries that are read at a time, so that other work goes on between. */
const PAGE_SIZE = 1_000;

export interface ExplainerParts {
  readonly table: JobTable;
  readonly history: History;
  readonly events: EventEngine;
  readonly pastEvents: PastEvents;
  readonly registry: DefinitionRegistry;
  readonly workers: WorkerQueue;
  readonly draining: () => boolean;
  readonly full: () => boolean;
}

export class Explainer {
  readonly #parts: ExplainerParts;

  constructor(parts: ExplainerParts) {
    this.#parts = parts;
  }

  /** Explains a job as of its last durable entry; `undefined` when there is no such job. */
  async explain(jobId: JobId): Promise<Explanation<Citation> | undefined> {
    const job = this.#parts.table.job(jobId);
    if (job === undefined) return undefined;
    // All that is looked up is looked up now: it goes together, whatever comes meanwhile.
    const logIds = this.#parts.table.logIds(jobId, 0, Infinity);
    const circumstances = this.#circumstances(job);
    const wanted = this.#candidatesFor(job);
    const annals = new Annals(await this.#read(logIds));
    const strangers = await this.#strangers(annals, wanted);
    const claimed = await this.#claimed([...wanted.values()].flat());
    const evidence: Evidence = {
      circumstances,
      causes: strangers,
      candidates: candidatesOf(wanted, strangers, claimed, this.#parts.pastEvents.horizon),
    };
    return await this.#cited(explain(annals, evidence), annals, strangers);
  }

  #circumstances(job: JobState): Circumstances {
    const { registry, workers, draining, full } = this.#parts;
    const isKnown = registry.get(job.type) !== undefined;
    const definition = hasCode(job) ? isKnown ? "loaded" : "missing" : "none";
    const common = { definition, draining: draining(), full: full() } as const;
    if (conditionOf(job) !== "queued" || job.state === "Created" || !isKnown) return common;
    const ahead = workers.aheadOf(job.priority, job.startedBy);
    return { ...common, queue: { ahead, busy: workers.busy, maxRunning: workers.max } };
  }

  /** For each expectation that lacks matches, positions of events that may nearly match. */
  #candidatesFor(job: JobState): ReadonlyMap<string, readonly LogId[]> {
    const open = job.plan.expected
      .filter((expected, index) => isOpen(expected, job.expected[index]?.matched ?? 0))
      .slice(0, EXPECTATIONS_MAX);
    return new Map(open.map(({ id, matcher }) => [
      id,
      this.#parts.pastEvents.near(matcher, CANDIDATES_MAX),
    ]));
  }

  async #strangers(
    annals: Annals,
    wanted: ReadonlyMap<string, readonly LogId[]>,
  ): Promise<ReadonlyMap<LogId, JobEventLogEntry>> {
    const logIds = new Set([...wantedCauses(annals), ...[...wanted.values()].flat()]);
    const unknown = [...logIds].filter((logId) => !annals.entries.has(logId));
    const entries = await this.#read(unknown.toSorted((left, right) => left - right));
    return new Map(entries.map((entry) => [entry.logId, entry]));
  }

  /** The events that reached some job: the entry after such a one says so. */
  async #claimed(events: readonly LogId[]): Promise<ReadonlySet<LogId>> {
    const head = this.#parts.events.journal.head.logId;
    const next = [...new Set(events)].map((logId) => logId + 1).filter((logId) => logId <= head);
    const entries = await this.#read(next.toSorted((left, right) => left - right));
    return new Set(
      entries.flatMap(({ logId, eventType, causedBy }) =>
        eventType === "job.EventCorrelated" && causedBy === logId - 1 ? [causedBy] : []
      ),
    );
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

function isOpen({ id, multiplicity }: ExpectedEvent, matched: number): boolean {
  return id !== MAIN_EXPECTATION_ID && matched < requiredMatches(multiplicity);
}

function candidatesOf(
  wanted: ReadonlyMap<string, readonly LogId[]>,
  entries: ReadonlyMap<LogId, JobEventLogEntry>,
  claimed: ReadonlySet<LogId>,
  forgottenUpTo: LogId,
): ReadonlyMap<string, Candidates> {
  return new Map(
    [...wanted].map(([id, logIds]) => [id, {
      events: logIds.flatMap((logId) => entries.get(logId) ?? []),
      claimed,
      forgottenUpTo,
    }]),
  );
}
