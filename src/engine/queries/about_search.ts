/**
 * Finds everything that carries a value, in any form and place: jobs that were given it, events
 * that contain it, and the outcome of each. With it, a person who knows an order finds out why
 * there is no job.
 */

import { type Condition, conditionText, deriveCondition } from "../../core/condition.ts";
import { indexAlternatives } from "../../core/correlation.ts";
import { counted } from "../../core/counted.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import { durationText } from "../../core/duration.ts";
import { ID_PATTERN, type JobId, type LogId } from "../../core/ids.ts";
import { hasCode, type JobState } from "../../core/job_state.ts";
import type { JsonObject } from "../../core/json.ts";
import { toMatchable } from "../../core/projector.ts";
import { shownText } from "../../core/shown_value.ts";
import { placePath, placesIn } from "../../explain/elsewhere.ts";
import type { About, Citation, EventAbout, JobAbout } from "../../explain/explanation.ts";
import { lengthMs } from "../../explain/condition_spans.ts";
import { looseForm } from "../../explain/likeness/loose_form.ts";
import { isIdentifier } from "../../explain/likeness/own_values.ts";
import { isSameWork } from "../../explain/repeated_work.ts";
import { FoundEvents, Lookup } from "../views/past_events.ts";
import { cited } from "./citations.ts";
import { RESERVE_NOTHING, type ReserveMemory } from "./entry_pages.ts";
import { type EventExplainer, REACHED_NONE } from "./event_explainer.ts";
import type { Explainer } from "./explainer.ts";
import type { QueryParts } from "./query_parts.ts";

type AboutParts = Pick<QueryParts, "events" | "history" | "table" | "pastEvents"> & {
  readonly eventExplainer: EventExplainer;
  readonly explainer: Explainer;
};

/** How many of each kind are shown, newest first. */
const SHOWN_MAX = 10;
const NAMED_MAX = 3;
/** Among how many of the newest jobs two with the same input are looked for. */
const TWINS_MAX = 4;

/** The outcome of an ended job. */
const ENDED: Readonly<Partial<Record<Condition, string>>> = {
  succeeded: "has succeeded",
  failed: "has failed",
  cancelled: "was cancelled",
};

export class AboutSearch {
  readonly #parts: AboutParts;

  constructor(parts: AboutParts) {
    this.#parts = parts;
  }

  async of(about: string, hold: ReserveMemory = RESERVE_NOTHING): Promise<About<Citation>> {
    const head = this.#parts.events.journal.head.logId;
    const loose = looseForm(about);
    const { wanted } = new Lookup().jobsGiven(loose, SHOWN_MAX).carrying(loose, SHOWN_MAX);
    const found = new FoundEvents(await this.#parts.pastEvents.find(wanted, head));
    const asOf = Math.min(head, found.upTo);
    const jobs = await this.#explained(await this.#jobs(about, found, asOf), hold);
    const events = await this.#events(about, found, asOf, hold);
    const twins = isIdentifier("", about)
      ? twinsText(jobs.map(({ jobId }) => this.#parts.table.existing(jobId)))
      : "";
    const summary = summarize(shownText(about), jobs, events, twins) +
      (asOf < head ? ` The index of values covers entries up to ${asOf} of ${head} so far.` : "");
    const { history } = this.#parts;
    return {
      about,
      asOf,
      summary,
      jobs: await cited(history, jobs),
      events: await cited(history, events),
    };
  }

  async #jobs(about: string, found: FoundEvents, asOf: LogId): Promise<readonly JobAbout<LogId>[]> {
    const loose = looseForm(about);
    const shown: JobAbout<LogId>[] = [];
    const { table } = this.#parts;
    const named = ID_PATTERN.test(about) ? table.job(about as JobId) : undefined;
    if (named !== undefined) {
      shown.push(this.#job(named.jobId, named.firstLogId, "has it as its id"));
    }
    const ofKey = table.jobOfKey(about);
    const keyed = ofKey && ofKey !== named?.jobId ? table.job(ofKey) : undefined;
    if (keyed !== undefined && keyed.firstLogId <= asOf) {
      shown.push(this.#job(keyed.jobId, keyed.firstLogId, "has it as its Idempotency-Key"));
    }
    for (const entry of await this.#read(found.jobsGiven(loose, SHOWN_MAX), asOf)) {
      const { jobId, attributes, logId } = entry;
      const { input = null, labels } = attributes as JsonObject;
      const place = placesIn({ labels: labels ?? null, input })
        .find(({ value }) => looseForm(value) === loose);
      const where = place === undefined
        ? this.#awaitedText(jobId, loose)
        : `has it at ${placePath(place)}`;
      if (jobId === undefined || where === undefined) continue;
      if (jobId === named?.jobId || jobId === keyed?.jobId) continue;
      shown.push(this.#job(jobId, logId, where));
    }
    return shown;
  }

  /** Those that have not succeeded first; of the first few, why they are as they are. */
  async #explained(
    found: readonly JobAbout<LogId>[],
    hold: ReserveMemory,
  ): Promise<readonly JobAbout<LogId>[]> {
    const { table, explainer } = this.#parts;
    const hasSucceeded = ({ jobId }: JobAbout<LogId>) => table.job(jobId)?.state === "Done";
    const jobs = found.toSorted((one, other) =>
      Number(hasSucceeded(one)) - Number(hasSucceeded(other))
    );
    for (const [at, job] of jobs.slice(0, NAMED_MAX).entries()) {
      const why = hasSucceeded(job) ? undefined : await explainer.explain(job.jobId, hold);
      if (why === undefined) continue;
      const statement = job.statement.slice(0, job.statement.lastIndexOf(", and ")) +
        `, and ${why.summary.slice(`Job ${job.jobId} `.length)}`;
      const reasons = why.because.slice(0, 1).flatMap(({ cites }) => cites);
      jobs[at] = { ...job, statement, cites: [...job.cites, ...reasons.map(({ logId }) => logId)] };
    }
    return jobs;
  }

  /** `expects it in paid, at orderId`; also of an expectation that is met. */
  #awaitedText(jobId: JobId | undefined, loose: string): string | undefined {
    const job = jobId && this.#parts.table.job(jobId);
    for (const { id, matcher } of job?.plan.expected ?? []) {
      const term = indexAlternatives(matcher.correlation).flat()
        .find(({ value }) => looseForm(value) === loose);
      if (term !== undefined) return `expects it in ${id}, at ${term.path}`;
    }
    return undefined;
  }

  #job(jobId: JobId, logId: LogId, where: string): JobAbout<LogId> {
    const job = this.#parts.table.existing(jobId);
    const type = job.type === undefined ? "a plan" : job.type;
    const condition = deriveCondition(job);
    const became = ENDED[condition] ?? `is ${conditionText(condition)}`;
    const statement = `Job ${jobId} (${type}) ${where}, and ${became}.`;
    return { jobId, statement, cites: [logId] };
  }

  async #events(
    about: string,
    found: FoundEvents,
    asOf: LogId,
    hold: ReserveMemory,
  ): Promise<readonly EventAbout<LogId>[]> {
    const loose = looseForm(about);
    const shown: EventAbout<LogId>[] = [];
    for (const entry of await this.#read(found.carrying(loose, SHOWN_MAX), asOf)) {
      const { attributes } = toMatchable(entry);
      const place = placesIn(attributes).find(({ value }) => looseForm(value) === loose);
      if (place === undefined && entry.jobId !== about) continue;
      const { summary } = await this.#parts.eventExplainer.of(entry, asOf, hold);
      shown.push({ eventId: entry.eventId, statement: summary, cites: [entry.logId] });
    }
    return shown;
  }

  /** The newest first. */
  async #read(found: readonly LogId[], asOf: LogId): Promise<readonly JobEventLogEntry[]> {
    const logIds = found.filter((logId) => logId <= asOf).toSorted((left, right) => left - right);
    return (await this.#parts.events.journal.readAt(logIds)).toReversed();
  }
}

function summarize(
  value: string,
  jobs: readonly JobAbout<LogId>[],
  [newest, ...older]: readonly EventAbout<LogId>[],
  twins: string,
): string {
  if (jobs.length === 0) {
    if (newest === undefined) {
      return `Nothing on record has ${value}: no job, and no event. ` +
        "What was refused is not on record; the answer to it said why.";
    }
    const verb = older.length === 1 ? "has" : "have";
    const others = older.length === 0
      ? ""
      : ` ${counted(older.length, "older event")} ${verb} it too.`;
    return `No job has ${value}, but an event: ${lowerFirst(newest.statement)}${others}`;
  }
  const named = jobs.slice(0, NAMED_MAX).map(({ statement }) => statement).join(" ");
  const events = newest === undefined ? 0 : older.length + 1;
  const left = jobs.length - NAMED_MAX;
  const more = left > 0
    ? ` ${counted(left, "more job")} ${left === 1 ? "has" : "have"} it too.`
    : "";
  const lost = [newest, ...older].find((one) => one?.statement.includes(REACHED_NONE));
  return `${counted(jobs.length, "job")} and ${
    counted(events, "event")
  } have ${value}. ${twins}${named}${more}${lost === undefined ? "" : ` ${lost.statement}`}`;
}

/** A sentence, if two of the jobs may have done the same work. */
function twinsText(jobs: readonly JobState[]): string {
  const works = jobs.filter((job) =>
    hasCode(job) && job.state !== "Failed" && job.retryOf === undefined
  );
  for (const [at, job] of works.slice(0, TWINS_MAX).entries()) {
    const twin = works.slice(at + 1).find((other) =>
      (other.type === job.type || other.createdAt === job.createdAt) && isSameWork(job, other)
    );
    if (twin === undefined) continue;
    const apart = durationText(Math.abs(lengthMs(twin.createdAt, job.createdAt)));
    const [one, both] = twin.type === job.type ? ["", ` of type ${job.type}`] : [
      ` (${job.type})`,
      ` (${twin.type})`,
    ];
    return `Jobs ${job.jobId}${one} and ${twin.jobId}${both} got the same input ${apart} apart: ` +
      "the work may be done twice. ";
  }
  return "";
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
