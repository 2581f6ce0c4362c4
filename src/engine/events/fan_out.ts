/**
 * The effects of one fact from outside, or from a task: correlations and new jobs. `Reaches`
 * determines them before any of them happens.
 */

import {
  correlatedAttributes,
  type EventDraft,
  type FactDraft,
  type JobEventDraft,
} from "../../core/event.ts";
import type { ErrorFact, JobCreatedAttributes } from "../../core/framework_events.ts";
import { type EventId, type JobId, MAIN_TASK } from "../../core/ids.ts";
import { MAIN_ONLY_PLAN } from "../../core/job_plan.ts";
import { copyJson, jsonSize } from "../../core/json.ts";
import { errorFact } from "../../core/error_fact.ts";
import { INVALID_INPUT } from "../../core/failure.ts";
import { traceFields } from "../../core/trace_ids.ts";
import type { CorrelationIndex } from "../matching/correlation_index.ts";
import type { AnyJobDefinition } from "../definition.ts";
import type { FactEvent } from "../job_context.ts";
import { NonRetryableError } from "../job_errors.ts";
import type { DefinitionRegistry } from "../definition_registry.ts";
import { planFor } from "../definition_plan.ts";
import { type JobKeys, limitKeys } from "../definition_limits.ts";
import { issuesText, parseInput } from "../parsed_input.ts";
import { recordable } from "../recordable.ts";
import { correlatedEventId, startedJobId } from "../writer/derived_ids.ts";
import type { JobTable } from "../writer/job_table.ts";
import { takingEffort } from "../../core/effort.ts";
import type { DeliveryLimits, LimitReached } from "../engine_limits.ts";

/** A fact with an id and time, so that its effects can name it. */
export type SettledFact = FactDraft & {
  readonly eventId: EventId;
  readonly occurredAt: string;
};

/** What a fact reaches, without its cost. */
type Found = Pick<Reach, "jobs" | "starters">;

export class FanOut {
  constructor(
    private readonly index: CorrelationIndex,
    private readonly registry: DefinitionRegistry,
    private readonly table: JobTable,
  ) {}

  /**
   * The fact, with an entry for every job that expects it or whose policy names it, and the jobs
   * that it starts. They form one group: all of it is recorded, or none.
   *
   * @param at The index of the fact in its group.
   * @param max The most entries that the group may have.
   * @throws {TooManyEntriesError} when it would have more.
   */
  expand(
    fact: SettledFact,
    at: number,
    found: Found = this.#find(fact),
    max = Infinity,
  ): readonly EventDraft[] {
    if (at + found.jobs.length + found.starters.length >= max) throw new TooManyEntriesError(max);
    const correlated = found.jobs.map((jobId) => correlation(fact, jobId, at));
    const started = found.starters.flatMap((definition) => this.#start(definition, fact, at));
    return [fact, ...correlated, ...started];
  }

  #find(fact: SettledFact): Found {
    if (fact.stratum !== "domain") return NOTHING;
    const jobs = fact.jobId === undefined ? this.index.jobsFor(fact) : [];
    return { jobs, starters: this.registry.startedBy(fact) };
  }

  #start(definition: AnyJobDefinition, fact: SettledFact, at: number): readonly EventDraft[] {
    const jobId = startedJobId(definition.type, fact.eventId);
    return this.table.pending(jobId) === undefined ? startedJob(definition, fact, jobId, at) : [];
  }
}

/** The events of one attempt reach too many jobs. */
export class TooManyEntriesError extends NonRetryableError {
  override readonly name = "TooManyEntriesError";

  constructor(max: number) {
    super(
      `Cannot emit all of this: with the jobs that they reach, the events of an attempt may make ` +
        `${max} entries; let several tasks emit them`,
    );
  }
}

const NOTHING: Found = { jobs: [], starters: [] };

function correlation(fact: SettledFact, jobId: JobId, at: number): JobEventDraft {
  return {
    stratum: "framework",
    eventType: "job.EventCorrelated",
    eventId: correlatedEventId(fact.eventId, jobId),
    jobId,
    ...traceFields(fact),
    causedBy: { draft: at },
    attributes: correlatedAttributes(fact),
  };
}

/**
 * A job started by an event. When the event gives no valid input, the job is created anyway and
 * fails: an event that starts something is never lost.
 */
function startedJob(
  definition: AnyJobDefinition,
  fact: SettledFact,
  jobId: JobId,
  at: number,
): readonly JobEventDraft[] {
  const about = { jobId, ...traceFields(fact), causedBy: { draft: at } };
  const common = { stratum: "framework", ...about } as const;
  const made = inputFor(definition, fact);
  const created: JobEventDraft = {
    ...common,
    eventType: "job.JobCreated",
    attributes: {
      type: definition.type,
      definitionVersion: definition.version,
      ...(made.ok ? made.given : { plan: MAIN_ONLY_PLAN }),
      priority: 0,
      labels: {},
      ...(made.ok ? made.keys : {}),
    },
  };
  const started: JobEventDraft = { ...common, eventType: "job.JobStarted", attributes: {} };
  if (made.ok) return [created, started];
  const failed: JobEventDraft = {
    ...common,
    eventType: "job.TaskFailed",
    taskId: MAIN_TASK,
    attributes: { attempt: 1, maxAttempts: 1, error: made.error, final: true, kind: "poison" },
  };
  return [created, started, failed];
}

type MadeInput =
  | {
    readonly ok: true;
    readonly given: Pick<JobCreatedAttributes, "plan" | "input">;
    readonly keys: JobKeys;
  }
  | { readonly ok: false; readonly error: ErrorFact };

function inputFor(definition: AnyJobDefinition, event: FactEvent): MadeInput {
  try {
    const input = recordable(definition.startsOn?.input(forCode(event)), "input");
    const result = parseInput(definition, input);
    if (result.ok) {
      const plan = planFor(definition, result.value);
      const given = input === undefined ? { plan } : { plan, input };
      return { ok: true, given, keys: limitKeys(definition, result.value) };
    }
    const message = `Cannot start ${definition.type} on event ${event.eventId}: ${
      issuesText(result.issues)
    }`;
    return { ok: false, error: { name: INVALID_INPUT, message } };
  } catch (error) {
    return { ok: false, error: errorFact(error) };
  }
}

/** A copy: the event itself is about to be recorded. */
function forCode({ eventId, eventType, occurredAt, attributes }: FactEvent): FactEvent {
  return { eventId, eventType, occurredAt, attributes: copyJson(attributes) };
}

/** About how many bytes an entry takes besides the attributes of its event. */
const ENTRY_BYTES = 450;
/** Recording and answering for an entry takes as long as trying this many predicates. */
const ENTRY_EFFORT = 200;
/** In the same time, this many bytes can be written. */
const BYTES_AT_ONCE = 3_000;

export interface Reach {
  /** The jobs that it reaches; empty when it names a job itself. */
  readonly jobs: readonly JobId[];
  /** The definitions of the jobs that it starts. */
  readonly starters: readonly AnyJobDefinition[];
  readonly entries: number;
  readonly bytes: number;
  /** The cost of the jobs: those with large plans count as several. */
  readonly weight: number;
  /** The cost of everything that is created, expressed in jobs with a small plan. */
  readonly cost: number;
}

export class Reaches {
  constructor(private readonly table: JobTable, private readonly limits: DeliveryLimits) {}

  /** @param jobs Those that a search found. */
  of(
    { attributes, jobId }: SettledFact,
    jobs: readonly JobId[],
    starters: readonly AnyJobDefinition[],
  ): Reach {
    const entries = 1 + jobs.length + 2 * starters.length;
    const bytes = entries * (ENTRY_BYTES + jsonSize(attributes));
    const weight = this.#weightOf(jobId === undefined ? jobs : [jobId]);
    return { jobs, starters, entries, bytes, weight, cost: 1 + weight + bytes / BYTES_AT_ONCE };
  }

  /** Why an event must not reach so many jobs. It may always reach one. */
  refusal({ jobs, bytes, weight }: Reach): LimitReached | undefined {
    const { fanOutMax, fanOutBytesMax } = this.limits;
    if (jobs.length < 2) return undefined;
    if (jobs.length > fanOutMax || weight > fanOutMax) return { name: "fanOutMax", max: fanOutMax };
    return bytes > fanOutBytesMax ? { name: "fanOutBytesMax", max: fanOutBytesMax } : undefined;
  }

  /** In jobs with a small plan. Looks at no more jobs than one event may reach. */
  #weightOf(jobs: readonly JobId[]): number {
    return jobs.slice(0, this.limits.fanOutMax).reduce((sum, jobId) => {
      const job = this.table.head(jobId);
      return sum + 1 + (job === undefined ? 0 : Math.floor(takingEffort(job) / ENTRY_EFFORT));
    }, 0);
  }
}
