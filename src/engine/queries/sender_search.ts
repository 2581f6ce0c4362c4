/** Finds the job that was to send an event that did not come; see `Sender`. */

import { placePath, placesIn } from "../../explain/elsewhere.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import type { FrameworkEntry } from "../../core/event.ts";
import type { JobId, LogId, TaskId } from "../../core/ids.ts";
import type { ExpectedEvent } from "../../core/job_plan.ts";
import type { JobState } from "../../core/job_state.ts";
import type { JsonObject, JsonScalar } from "../../core/json.ts";
import { looseForm } from "../../explain/likeness/loose_form.ts";
import { demanded, isIdentifier } from "../../explain/likeness/own_values.ts";
import type { Sender } from "../../explain/senders.ts";
import type { FoundEvents, Lookup } from "../views/past_events.ts";
import type { Resembling } from "./value_search.ts";

/** For how many expectations, and the most values of each. */
const EXPECTATIONS_MAX = 3;
const VALUES_MAX = 4;
/** How many other events of the type are looked at for the job that sent them. */
const SENT_MAX = 3;
/** When more jobs were given the value, it does not say which one was to send the event. */
const GIVEN_MAX = 20;

interface Source {
  readonly headLogId: LogId;
  job?(jobId: JobId): JobState | undefined;
}

type Read = (logIds: readonly LogId[]) => AsyncIterable<JobEventLogEntry>;

export class SenderSearch {
  readonly #waiting: JobState;
  readonly #source: Source;
  readonly #read: Read;

  constructor(waiting: JobState, source: Source, read: Read) {
    this.#waiting = waiting;
    this.#source = source;
    this.#read = read;
  }

  /** Adds the keys that `of` needs to a lookup. */
  lookUp(expected: ExpectedEvent, lookup: Lookup): void {
    for (const value of identifying(expected)) lookup.jobsGiven(looseForm(value), GIVEN_MAX);
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
      if (sender !== undefined) senders.set(expected.id, sender);
    }
    return senders;
  }

  async #sender(
    expected: ExpectedEvent,
    others: readonly LogId[],
    found: FoundEvents,
  ): Promise<Sender | undefined> {
    const [value] = identifying(expected);
    if (value === undefined || others.length === 0) return undefined;
    const sent = await this.#sentBy(others);
    const type = sent?.jobId && this.#source.job?.(sent.jobId)?.type;
    if (sent?.taskId === undefined || type === undefined) return undefined;
    const given = found.jobsGiven(looseForm(value), GIVEN_MAX);
    if (given.length === GIVEN_MAX) return undefined;
    const { headLogId } = this.#source;
    let sender: Sender | undefined;
    for await (const entry of this.#read(given.filter((logId) => logId <= headLogId))) {
      const path = givenAt(entry, type, value);
      const job = path === undefined ? undefined : this.#job(entry.jobId);
      // What it sent earlier may have been forgotten.
      if (path === undefined || job === undefined || job.firstLogId <= found.horizon) continue;
      // The latest one: it may be a retry of the others.
      sender = { taskId: sent.taskId as TaskId, sentBy: sent.logId, job, value, path };
    }
    return sender;
  }

  /** The end of the task that sent one of the events. */
  async #sentBy(logIds: readonly LogId[]): Promise<JobEventLogEntry | undefined> {
    const causes: LogId[] = [];
    for await (const { causedBy } of this.#read(logIds)) {
      if (causedBy !== undefined) causes.push(causedBy);
    }
    for await (const entry of this.#read(causes)) {
      if (entry.eventType === "job.TaskCompleted") return entry;
    }
    return undefined;
  }

  /** As it is now, so it must not have changed since the head. */
  #job(jobId: JobId | undefined): JobState | undefined {
    const job = jobId && this.#source.job?.(jobId);
    const isOther = job !== undefined && job.jobId !== this.#waiting.jobId;
    return isOther && job.lastLogId <= this.#source.headLogId ? job : undefined;
  }
}

function identifying({ matcher }: ExpectedEvent): readonly JsonScalar[] {
  return Iterator.from(demanded(matcher.correlation)).take(VALUES_MAX)
    .flatMap(([path, value]) => isIdentifier(path, value) ? [value] : []).toArray();
}

/** Where the input or the labels of a job of the type have the value. */
function givenAt(entry: JobEventLogEntry, type: string, value: JsonScalar): string | undefined {
  if (entry.eventType !== "job.JobCreated") return undefined;
  const { attributes } = entry as FrameworkEntry<"job.JobCreated">;
  if (attributes.type !== type) return undefined;
  const { input = null, labels } = attributes as unknown as JsonObject;
  const place = placesIn({ labels: labels ?? null, input })
    .find((one) => looseForm(one.value) === looseForm(value));
  return place && placePath(place);
}
