/** Finds the job that was to send an event that did not come, by the values that it was given. */

import { ascending } from "../../core/ascending.ts";
import { deriveCondition } from "../../core/condition.ts";
import { holds, type Pause } from "../../core/pauses.ts";
import { isCorrelated, isOfType, type JobEventLogEntry } from "../../core/event.ts";
import { type JobId, type LogId, MAIN_TASK } from "../../core/ids.ts";
import type { ExpectedEvent } from "../../core/job_plan.ts";
import type { FailedJob, JobState } from "../../core/job_state.ts";
import { isScalar, type JsonObject, type JsonScalar, present, valueAt } from "../../core/json.ts";
import { openExpectations } from "../../core/awaited_events.ts";
import { pathTo } from "../../explain/likeness/elsewhere.ts";
import { looseForm } from "../../explain/likeness/loose_form.ts";
import { beginsWithDay, demanded, isIdentifier } from "../../explain/likeness/own_values.ts";
import { correlationMismatches } from "../../explain/likeness/mismatch.ts";
import type { Sender, Unstarted } from "../../explain/statements/evidence.ts";
import { type FoundEvents, Lookup } from "../views/past_events.ts";
import { startedJobId } from "../writer/derived_ids.ts";
import { type Resembling, type SearchParts, unchangedJob } from "./value_search.ts";

/** For how many expectations, and how many values of each, or of an input, are looked at. */
const EXPECTATIONS_MAX = 3;
export const VALUES_MAX = 4;
/** How many other events of the type are looked at for the job that sent them. */
const SENT_MAX = 3;
/** How far a chain of jobs that wait for one another is followed, and among how many events. */
const CHAIN_MAX = 4;
const OF_TYPE_MAX = 100;
/** When more jobs were given the value, it does not say which one was to send the event. */
const GIVEN_MAX = 20;

interface Sent extends Pick<NonNullable<Sender["others"]>, "taskId" | "sentBy"> {
  readonly event: JobEventLogEntry;
  readonly job: JobState;
}

export class SenderSearch {
  constructor(private readonly waiting: JobState, private readonly parts: SearchParts) {}

  /** Adds the keys that `of` needs to a lookup. */
  lookUp(open: readonly ExpectedEvent[], lookup: Lookup): void {
    for (const expected of open.slice(0, EXPECTATIONS_MAX)) {
      const wanted = identifying(expected);
      if (wanted !== undefined) lookup.jobsGiven(looseForm(wanted[1]), GIVEN_MAX);
    }
  }

  /** By expectation, if no event of the type has the value. */
  async of(
    open: readonly ExpectedEvent[],
    resembling: ReadonlyMap<string, Resembling>,
    found: FoundEvents,
  ): Promise<ReadonlyMap<string, Sender>> {
    const senders = new Map<string, Sender>();
    for (const expected of open.slice(0, EXPECTATIONS_MAX)) {
      const others = resembling.get(expected.id)?.toSearch ?? [];
      const sender = await this.#sender(expected, others.slice(0, SENT_MAX), found);
      if (sender === undefined) continue;
      const isItself = sender.job === this.waiting;
      const last = isItself ? undefined : sender.job && await this.#lastBehind(sender.job);
      const pauses = this.#pausesOf(last ?? sender.job);
      senders.set(expected.id, { ...sender, isItself, last, pauses });
    }
    return senders;
  }

  #pausesOf(job: JobState | undefined): readonly Pause[] | undefined {
    return job === undefined || deriveCondition(job) !== "queued"
      ? undefined
      : this.parts.source.pauses?.filter((pause) => holds(pause, job));
  }

  /** The end of the chain in which each job waits for an event that the next was to send. */
  async #lastBehind(job: JobState, hops = CHAIN_MAX): Promise<JobState | undefined> {
    const [open] = deriveCondition(job) === "waiting" ? openExpectations(job) : [];
    const wanted = open && identifying(open.expected);
    if (open === undefined || wanted === undefined || hops === 0) return undefined;
    const { matcher: { eventType } } = open.expected;
    const loose = looseForm(wanted[1]);
    const found = await this.parts.find(
      new Lookup().ofType(eventType, OF_TYPE_MAX).carrying(loose, GIVEN_MAX)
        .jobsGiven(loose, GIVEN_MAX),
    );
    const { headLogId } = this.parts.source;
    const others = found.ofType(eventType, OF_TYPE_MAX).filter((logId) => logId <= headLogId);
    const carriers = found.carrying(loose, GIVEN_MAX);
    // It may have come, and be wrong in something else.
    if (carriers.length === GIVEN_MAX || carriers.some((logId) => others.includes(logId))) {
      return undefined;
    }
    const next = (await this.#sender(open.expected, others.slice(0, SENT_MAX), found))?.job;
    return next && (await this.#lastBehind(next, hops - 1) ?? next);
  }

  async #sender(
    expected: ExpectedEvent,
    others: readonly LogId[],
    found: FoundEvents,
  ): Promise<Sender | undefined> {
    const wanted = identifying(expected);
    if (wanted === undefined) return undefined;
    const [at, value] = wanted;
    if (others.length === 0) return await this.#failed(value, found);
    const sent = await this.#sent(others);
    const type = sent?.job.type;
    if (sent === undefined || type === undefined) return undefined;
    const given = found.jobsGiven(looseForm(value), GIVEN_MAX);
    if (given.length === GIVEN_MAX) return undefined;
    const { headLogId } = this.parts.source;
    const { taskId, sentBy } = sent;
    const kind = { type, version: sent.job.definitionVersion, taskId, sentBy };
    const done = await this.#sendersTo(expected);
    if (done === undefined) return undefined;
    let isKnown = found.horizon === 0 && found.upTo >= headLogId;
    let sender: Sender | undefined;
    for await (const entry of this.parts.read(given.filter((logId) => logId <= headLogId))) {
      const path = givenAt(entry, type, value);
      if (path === undefined || done.has(entry.jobId)) continue;
      isKnown = false;
      const job = this.#job(entry.jobId);
      // What it sent earlier may have been forgotten.
      if (job === undefined || job.firstLogId <= found.horizon) continue;
      // The latest one: it may be a retry of the others.
      sender = { others: kind, value, job, path };
    }
    if (sender !== undefined) {
      const carriers = found.carrying(looseForm(value), GIVEN_MAX);
      const instead = await this.#sentBy(sender.job, [...others, ...carriers]);
      return { ...sender, instead };
    }
    const own = pathTo(value, this.waiting);
    if (type === this.waiting.type && own !== undefined) {
      return { others: kind, value, job: this.waiting, path: own };
    }
    if (!isKnown) return undefined;
    if (!await this.#isGivenItsOwn(sent, at)) return undefined;
    const unstarted = await this.#unstarted(type, value, found);
    return { others: kind, value, hasCounted: done.size > 0, unstarted };
  }

  /** The jobs whose events counted for the expectation; `undefined` if there are too many. */
  async #sendersTo(expected: ExpectedEvent): Promise<ReadonlySet<JobId | undefined> | undefined> {
    const { plan, expected: progress } = this.waiting;
    const by = progress[plan.expected.indexOf(expected)]?.by ?? [];
    if (by.length > GIVEN_MAX) return undefined;
    const read = async (logIds: readonly LogId[]) => await Array.fromAsync(this.parts.read(logIds));
    const counted = await read(by);
    const events = await read(
      counted.map((entry) => isCorrelated(entry) ? entry.causedBy ?? 0 : entry.logId),
    );
    const ends = await read(events.flatMap(({ causedBy }) => causedBy ?? []));
    return new Set(ends.map(({ jobId }) => jobId));
  }

  /** The latest event with the value that starts jobs of the type, except for its content. */
  async #unstarted(
    type: string,
    value: JsonScalar,
    found: FoundEvents,
  ): Promise<Unstarted | undefined> {
    const { source, read } = this.parts;
    const starter = source.startsOn?.(type);
    const carriers = found.carrying(looseForm(value), GIVEN_MAX);
    if (starter === undefined) return undefined;
    const { eventType, correlation = "any" } = starter;
    let last: Unstarted | undefined;
    for await (const entry of read(carriers.filter((logId) => logId <= source.headLogId))) {
      if (entry.eventType !== eventType || entry.stratum !== "domain") continue;
      const clauses = correlationMismatches(correlation, entry.attributes as JsonObject);
      const started = this.#job(startedJobId(type, entry.eventId));
      const failed = started !== undefined && failedAtStart(started) ? started : undefined;
      if (clauses.length > 0 || failed !== undefined) {
        last = { event: entry, clauses, ...present({ failed }) };
      }
    }
    return last;
  }

  /** The first of the events that a job sent. */
  async #sentBy(job: JobState | undefined, events: readonly LogId[]): Promise<Sender["instead"]> {
    if (job === undefined) return undefined;
    const { headLogId } = this.parts.source;
    const since = ascending(events)
      .filter((logId) => logId > job.firstLogId && logId <= headLogId).slice(0, GIVEN_MAX);
    const sent = new Map<LogId, NonNullable<Sender["instead"]>>();
    for await (const { logId, eventType, causedBy, stratum } of this.parts.read(since)) {
      if (causedBy !== undefined && stratum === "domain") sent.set(causedBy, { eventType, logId });
    }
    for await (const { jobId, logId } of this.parts.read([...sent.keys()])) {
      if (jobId === job.jobId) return sent.get(logId);
    }
    return undefined;
  }

  /** Of the jobs of other types that were given the value, the latest of its type that failed. */
  async #failed(value: JsonScalar, found: FoundEvents): Promise<Sender | undefined> {
    const { headLogId } = this.parts.source;
    const given = found.jobsGiven(looseForm(value), GIVEN_MAX);
    if (given.length === GIVEN_MAX) return undefined;
    const byType = new Map<string, Sender>();
    for await (const entry of this.parts.read(given.filter((logId) => logId <= headLogId))) {
      const job = this.#job(entry.jobId);
      if (!isOfType(entry, "job.JobCreated") || job?.type === undefined) continue;
      const path = pathTo(value, entry.attributes);
      if (job.type === this.waiting.type || path === undefined) continue;
      byType.set(job.type, { value, job, path });
    }
    return [...byType.values()].find(({ job }) => job?.state === "Failed");
  }

  /**
   * Whether the job that sent an event would be found by its value. Where jobs make up the value
   * themselves, or it is not in the index, nothing shows that a job is missing.
   */
  async #isGivenItsOwn({ event, job }: Sent, at: string): Promise<boolean> {
    const own = valueAt(event.attributes as JsonObject, at);
    if (!isScalar(own) || pathTo(own, job) === undefined) return false;
    const loose = looseForm(own);
    const found = await this.parts.find(new Lookup().jobsGiven(loose, GIVEN_MAX));
    return found.jobsGiven(loose, GIVEN_MAX).includes(job.firstLogId);
  }

  /** One of the events that a task sent, with the end of that task. */
  async #sent(logIds: readonly LogId[]): Promise<Sent | undefined> {
    const events = new Map<LogId, JobEventLogEntry>();
    for await (const event of this.parts.read(logIds)) {
      if (event.causedBy !== undefined) events.set(event.causedBy, event);
    }
    for await (const { eventType, jobId, taskId, logId } of this.parts.read([...events.keys()])) {
      const [event, job] = [events.get(logId), jobId && this.parts.source.job?.(jobId)];
      if (eventType !== "job.TaskCompleted" || taskId === undefined) continue;
      if (event !== undefined && job !== undefined) return { event, job, taskId, sentBy: logId };
    }
    return undefined;
  }

  #job(jobId: JobId | undefined): JobState | undefined {
    return jobId === this.waiting.jobId ? undefined : unchangedJob(this.parts.source, jobId);
  }
}

/** Whether a job failed with its start, in one batch: the event that started it gave it no input. */
function failedAtStart(job: JobState): job is FailedJob {
  return job.state === "Failed" && job.failure.taskId === MAIN_TASK &&
    job.failure.because === job.firstLogId + 2;
}

type Demanded = readonly [path: string, value: JsonScalar];

/** The first value that identifies something, or the day of a batch. */
function identifying({ matcher }: ExpectedEvent): Demanded | undefined {
  const values = [...Iterator.from(demanded(matcher.correlation)).take(VALUES_MAX)];
  return values.find(([path, value]) => isIdentifier(path, value)) ??
    values.find(([, value]) => beginsWithDay(value));
}

/** Where the input or the labels of a job of the type have the value. */
function givenAt(entry: JobEventLogEntry, type: string, value: JsonScalar): string | undefined {
  return isOfType(entry, "job.JobCreated") && entry.attributes.type === type
    ? pathTo(value, entry.attributes)
    : undefined;
}
