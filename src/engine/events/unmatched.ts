/**
 * Explains why an event matched nothing, and what it came nearest to. Looks at a bounded number of
 * expectations, however many jobs wait.
 */

import { counted } from "../../core/counted.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import type { MatchableEvent } from "../../core/job_plan.ts";
import type { JobHead } from "../../core/job_state.ts";
import { nearestName, neighbourhood } from "../../explain/likeness/names.ts";
import { correlationMismatches, isClose, mismatchesText } from "../../explain/likeness/mismatch.ts";
import type { CorrelationIndex } from "../matching/correlation_index.ts";
import type { FactEvent } from "../job_context.ts";
import type { DefinitionRegistry } from "../definition_registry.ts";
import type { RecentlyEnded } from "../views/recently_ended.ts";
import type { SettledFact } from "./fan_out.ts";
import {
  asNear,
  Comparisons,
  failingClauses,
  hasInCommon,
  isIdle,
  type Missed,
  missed,
  nearestExpectation,
  nearestInJob,
  nearestMiss,
  subjectText,
  untimelyText,
} from "../matching/nearest_expectation.ts";
import type { JobTable } from "../writer/job_table.ts";
import { matchedNothing, type Receipt } from "../requests.ts";

/** How many expectations and policy events are compared with one event, if they are short. */
const CANDIDATES_MAX = 64;
const EFFORT_MAX = 400;
/** How many event types are searched for the one that was meant. */
const TYPES_MAX = 256;

export const NEVER_INTERPRETED =
  "recorded only: events of the coordination stratum are never interpreted";

type Explained = Pick<Receipt, "reason" | "nearest">;

/** Where an event that found no job may have been meant to go. */
interface Addressees {
  readonly started: CorrelationIndex;
  readonly unstarted: CorrelationIndex;
  readonly ended: RecentlyEnded;
}

export class Unmatched {
  constructor(
    private readonly jobs: Addressees,
    private readonly registry: DefinitionRegistry,
    private readonly table: JobTable,
  ) {}

  /** @param at The position of the event, if it is on record: later jobs cannot have been meant. */
  explain(fact: SettledFact, at?: LogId): Explained {
    if (fact.jobId !== undefined) return this.#misaddressed(fact, fact.jobId, at);
    if (fact.stratum === "coordination") return { reason: NEVER_INTERPRETED };
    return this.#untimely(fact, at) ?? this.#nearest(fact, at) ?? this.#neighbour(fact, at) ??
      this.#nobody(fact);
  }

  /**
   * The job that expects an event which names another one: the newest retry of that job, or any job
   * that expects exactly this. Empty when there is none.
   */
  #misaddressed(event: SettledFact, named: JobId, at: LogId | undefined): Explained {
    const job = this.table.pending(named)?.head;
    if (event.stratum === "coordination" || job === undefined || job.state === "Created") return {};
    const ofRetry = this.#nearestInRetry(event, job);
    const meant = ofRetry?.distance === 0 ? ofRetry : this.#expecting(event, named, at) ?? ofRetry;
    if (meant === undefined) return {};
    const clauses = failingClauses(meant, event);
    const retry = meant === ofRetry ? `, the newest retry of job ${named}` : "";
    const subject = subjectText(meant) + retry;
    const names = `the event names job ${named}`;
    const reason = clauses.length > 0
      ? `${names}; the nearest is ${subject}: ${mismatchesText(clauses)}`
      : `${subject}${retry === "" ? "" : ","} would match, but ${names}`;
    return { reason, nearest: nearestExpectation(meant, clauses, names) };
  }

  #nearestInRetry(event: MatchableEvent, named: JobHead): Missed | undefined {
    const jobId = this.table.listed.newestRetryOf(named.jobId);
    const newest = jobId && this.table.pending(jobId)?.head;
    if (newest === undefined) return undefined;
    const nearest = nearestInJob(newest, event, new Comparisons(EFFORT_MAX));
    return nearest === undefined || isIdle(nearest) ? undefined : nearest;
  }

  /** What other jobs expect, if the event has all of it. */
  #expecting(event: MatchableEvent, named: JobId, at = Infinity): Missed | undefined {
    return nearestMiss(
      this.#compared(this.jobs.started, event).filter((one) =>
        one.distance === 0 && one.job.jobId !== named && one.job.firstLogId < at && !isIdle(one) &&
        hasInCommon(one, [], event)
      ),
    );
  }

  /** Only the time is wrong: before the start or the creation of a job, or after its end. */
  #untimely(event: MatchableEvent, at: LogId | undefined): Explained | undefined {
    const early = this.#compared(this.jobs.unstarted, event).filter(({ job, distance }) =>
      job.state === "Created" && distance === 0
    );
    const later = at === undefined
      ? []
      : this.#compared(this.jobs.started, event).filter((one) =>
        one.distance === 0 && one.job.firstLogId > at && hasInCommon(one, [], event)
      );
    const missed = nearestMiss(early) ?? nearestMiss(later) ?? this.jobs.ended.latestFor(event);
    if (missed === undefined) return undefined;
    const but = later.includes(missed) ? "the job was created after it" : untimelyText(missed.job);
    return {
      reason: matchedNothing(`${subjectText(missed)} would match, but ${but}`),
      nearest: nearestExpectation(missed, [], but),
    };
  }

  #nearest(event: MatchableEvent, at: LogId | undefined): Explained | undefined {
    const compared = [this.jobs.started, this.jobs.unstarted]
      .flatMap((index) => this.#compared(index, event));
    const different = compared.filter(({ distance }) => distance > 0);
    const missing = at === undefined
      ? different
      : different.filter(({ job: { jobId } }) =>
        (this.table.job(jobId)?.firstLogId ?? Infinity) < at
      );
    const nearest = nearestMiss(missing);
    if (nearest === undefined) {
      const all = `each job that waits for events of type ${event.eventType} was created after it`;
      return compared.length === 0
        ? undefined
        : { reason: matchedNothing(all + (this.#startsOthers(event) ?? "")) };
    }
    const clauses = failingClauses(nearest, event);
    const why = mismatchesText(clauses);
    const others = hasInCommon(nearest, clauses, event) ? undefined : this.#noneOf(nearest);
    const subject = subjectText(nearest);
    const reason = others === undefined
      ? `the nearest is ${subject}${asNearText(asNear(missing, nearest))}: ${why}`
      : `${others}; for one, ${subject}: ${why}`;
    return { reason: matchedNothing(reason), nearest: nearestExpectation(nearest, clauses) };
  }

  /** How many jobs want events of a type, when naming one of them would be arbitrary. */
  #noneOf({ wanted }: Missed): string | undefined {
    const { eventType } = wanted.matcher;
    const { started, unstarted } = this.jobs;
    if ("role" in wanted) {
      const jobs = started.naming(eventType);
      return jobs > 1
        ? `the policies of ${jobs} jobs name events of type ${eventType}, and none this one`
        : undefined;
    }
    const jobs = started.waiting(eventType) + unstarted.waiting(eventType);
    return jobs > 1
      ? `${jobs} jobs expect events of type ${eventType}, and none of them this one`
      : undefined;
  }

  #compared(index: CorrelationIndex, event: MatchableEvent): readonly Missed[] {
    const candidates = index.candidates(event, CANDIDATES_MAX);
    const compared = new Comparisons(EFFORT_MAX).take(candidates, ({ effort }) => effort);
    return compared.flatMap(({ jobId, wanted }) => {
      const job = this.table.pending(jobId)?.head;
      return job === undefined ? [] : [missed(job, wanted, event)];
    });
  }

  /**
   * A job that waits for just this event, apart from the form of its values, under a type that is
   * easily confused with its own. Only for an event on record, since that compares many types.
   */
  #neighbour(event: SettledFact, at: LogId | undefined): Explained | undefined {
    if (at === undefined) return undefined;
    for (const eventType of this.#wantedTypes()) {
      const how = neighbourhood(eventType, event.eventType);
      if (how === undefined) continue;
      const meant = { ...event, eventType } as SettledFact;
      const missed = nearestMiss(
        this.#compared(this.jobs.started, meant).filter((one) => {
          const clauses = failingClauses(one, meant);
          return one.job.firstLogId < at && !isIdle(one) && clauses.every(isClose) &&
            hasInCommon(one, clauses, meant);
        }),
      );
      if (missed === undefined) continue;
      const clauses = failingClauses(missed, meant);
      const but = `the event's type is not ${eventType} (${how})`;
      const subject = subjectText(missed);
      const why = clauses.length === 0
        ? `${subject} would match, but ${but}`
        : `the nearest is ${subject}, but ${but}, and ${mismatchesText(clauses)}`;
      return { reason: matchedNothing(why), nearest: nearestExpectation(missed, clauses, but) };
    }
    return undefined;
  }

  /** Types of events that jobs wait for, or name in their policies. */
  #wantedTypes(): readonly string[] {
    const index = this.jobs.started;
    return [...index.types(TYPES_MAX)].filter((type) =>
      index.waiting(type) + index.naming(type) > 0
    );
  }

  #nobody(event: FactEvent): Explained {
    const none = `no job waits for events of type ${event.eventType}`;
    return { reason: none + (this.#startsOthers(event) ?? this.#didYouMean(event.eventType)) };
  }

  /** A definition starts jobs on events of this type, but not on this event. */
  #startsOthers({ eventType, attributes }: MatchableEvent): string | undefined {
    for (const { type, startsOn } of this.registry.startersFor(eventType)) {
      const clauses = correlationMismatches(startsOn?.correlation ?? "any", attributes);
      if (clauses.length > 0) {
        return `, and it starts no job of type ${type}: ${mismatchesText(clauses)}`;
      }
    }
    return undefined;
  }

  #didYouMean(eventType: string): string {
    const starting = this.registry.startingTypes.slice(0, TYPES_MAX);
    const meant = nearestName(eventType, [...this.#wantedTypes(), ...starting]);
    return meant === undefined ? "" : `; did you mean ${meant}, which ${this.#useOf(meant)}?`;
  }

  #useOf(eventType: string): string {
    const index = this.jobs.started;
    const waiting = index.waiting(eventType);
    if (waiting > 0) return counted(waiting, "job waits for", "jobs wait for");
    const [definition] = this.registry.startersFor(eventType);
    if (definition !== undefined) return `starts jobs of type ${definition.type}`;
    const naming = index.naming(eventType);
    return naming === 1 ? "the policy of 1 job names" : `the policies of ${naming} jobs name`;
  }
}

/** ` (job j2 is as near)`, or nothing. Without a number, since not all jobs are compared. */
function asNearText([first, ...others]: readonly JobHead[]): string {
  if (first === undefined) return "";
  const more = others.length === 0 ? "is" : "and others are";
  return ` (job ${first.jobId} ${more} as near)`;
}
