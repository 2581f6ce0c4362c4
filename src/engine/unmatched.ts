/**
 * Why an event without a job id matched nothing, and what it came nearest to. Looks at a
 * bounded number of expectations, however many jobs wait.
 */

import { counted } from "../core/counted.ts";
import type { MatchableEvent } from "../core/job_plan.ts";
import { correlationMismatches, mismatchesText } from "../core/mismatch.ts";
import { nearestName } from "../core/spelling.ts";
import type { CorrelationIndex } from "./correlation_index.ts";
import type { FactEvent } from "./definition.ts";
import type { DefinitionRegistry } from "./definition_registry.ts";
import type { SettledFact } from "./fan_out.ts";
import type { JobTable } from "./job_table.ts";
import {
  expectationName,
  type Missed,
  missed,
  nearestExpectation,
  nearestOf,
} from "./nearest_expectation.ts";
import type { Receipt } from "./requests.ts";

/** Expectations that are compared with one event. */
const CANDIDATES_MAX = 64;
/** Event types that are looked at for the one that was meant. */
const TYPES_MAX = 256;

export const NEVER_INTERPRETED =
  "recorded only: events of the coordination stratum are never interpreted";

type Explained = Pick<Receipt, "reason" | "nearest">;

export class Unmatched {
  readonly #started: CorrelationIndex;
  readonly #unstarted: CorrelationIndex;
  readonly #registry: DefinitionRegistry;
  readonly #table: JobTable;

  constructor(
    started: CorrelationIndex,
    unstarted: CorrelationIndex,
    registry: DefinitionRegistry,
    table: JobTable,
  ) {
    this.#started = started;
    this.#unstarted = unstarted;
    this.#registry = registry;
    this.#table = table;
  }

  explain(fact: SettledFact): Explained {
    if (fact.stratum === "coordination") return { reason: NEVER_INTERPRETED };
    return this.#notStarted(fact) ?? this.#nearest(fact) ?? this.#nobody(fact);
  }

  #notStarted(event: MatchableEvent): Explained | undefined {
    const matching = this.#compared(this.#unstarted, event).filter(({ job, clauses }) =>
      job.state === "Created" && clauses.length === 0
    );
    const oldest = nearestOf(matching);
    if (oldest === undefined) return undefined;
    const { job, expected } = oldest;
    const subject = `expectation ${expected.id} of job ${job.jobId}`;
    return {
      reason: `matched nothing: ${subject} would match, but the job has not started`,
      nearest: nearestExpectation(oldest),
    };
  }

  #nearest(event: MatchableEvent): Explained | undefined {
    const compared = [this.#started, this.#unstarted]
      .flatMap((index) => this.#compared(index, event));
    const nearest = nearestOf(compared.filter(({ clauses }) => clauses.length > 0));
    if (nearest === undefined) return undefined;
    const subject = `expectation ${expectationName(nearest)} of job ${nearest.job.jobId}`;
    const why = mismatchesText(nearest.clauses);
    return {
      reason: `matched nothing: the nearest is ${subject}: ${why}`,
      nearest: nearestExpectation(nearest),
    };
  }

  /** A job that is not durable yet is not there yet. */
  #compared(index: CorrelationIndex, event: MatchableEvent): readonly Missed[] {
    return index.candidates(event, CANDIDATES_MAX).flatMap(({ jobId, expected }) => {
      const job = this.#table.job(jobId);
      return job === undefined ? [] : [missed(job, expected, event)];
    });
  }

  #nobody(event: FactEvent): Explained {
    const none = `no job waits for events of type ${event.eventType}`;
    return { reason: none + (this.#startsOthers(event) ?? this.#didYouMean(event.eventType)) };
  }

  /** A definition starts on events of this type, but not on this one. */
  #startsOthers(event: FactEvent): string | undefined {
    const [definition] = this.#registry.startersFor(event.eventType);
    const correlation = definition?.startsOn?.correlation;
    if (definition === undefined || correlation === undefined) return undefined;
    const why = mismatchesText(correlationMismatches(correlation, event.attributes));
    return why === "" ? undefined : `, and it starts no job of type ${definition.type}: ${why}`;
  }

  #didYouMean(eventType: string): string {
    const index = this.#started;
    const waitedFor = [...index.types(TYPES_MAX)].filter((type) => index.waiting(type) > 0);
    const starting = this.#registry.startingTypes.slice(0, TYPES_MAX);
    const meant = nearestName(eventType, [...waitedFor, ...starting]);
    return meant === undefined ? "" : `; did you mean ${meant}, which ${this.#useOf(meant)}?`;
  }

  #useOf(eventType: string): string {
    const jobs = this.#started.waiting(eventType);
    if (jobs > 0) return counted(jobs, "job waits for", "jobs wait for");
    const [definition] = this.#registry.startersFor(eventType);
    return `starts jobs of type ${definition?.type}`;
  }
}
