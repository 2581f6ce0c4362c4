/**
 * Finds everything that carries a value, in any form and place: jobs that were given it, events
 * that contain it, and the outcome of each. With it, a person who knows an order finds out why
 * there is no job.
 */

import { submittersText, uncapital } from "../../explain/words/phrases.ts";
import { ascending } from "../../core/ascending.ts";
import { indexAlternatives } from "../../core/correlation.ts";
import { counted } from "../../core/counted.ts";
import { durationText, lengthMs } from "../../core/duration.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import type { JobCreatedAttributes } from "../../core/framework_events.ts";
import { ID_PATTERN, type JobId, type LogId } from "../../core/ids.ts";
import { hasCode, type JobState } from "../../core/job_state.ts";
import { toMatchable } from "../../core/projector.ts";
import { present } from "../../core/json.ts";
import { shownText } from "../../core/shown_value.ts";
import type { Work } from "../../core/work.ts";
import { pathTo, placesIn } from "../../explain/likeness/elsewhere.ts";
import type {
  About,
  Citation,
  EventAbout,
  JobAbout,
  Statement,
} from "../../explain/statements/explanation.ts";
import { looseForm } from "../../explain/likeness/loose_form.ts";
import { isIdentifier } from "../../explain/likeness/own_values.ts";
import { becameBy, becameText } from "../../explain/words/other_jobs.ts";
import { isSameWork } from "../../explain/ended/repeated_work.ts";
import type { TimeShare } from "../pacer.ts";
import { type FoundEvents, Lookup } from "../views/past_events.ts";
import { cited } from "./citations.ts";
import { entryCharacters, RESERVE_NOTHING, type ReserveMemory } from "../entry_pages.ts";
import type { EventExplainer } from "./event_explainer.ts";
import type { Explainer } from "./explainer.ts";
import type { Inquiry, QueryParts } from "./query_parts.ts";
import { isTelling, submitter } from "./twin_search.ts";

/** How many of each kind are shown, newest first. */
const SHOWN_MAX = 10;
const NAMED_MAX = 3;
/** Among how many of the newest jobs two with the same input are looked for. */
const TWINS_MAX = 4;

/** A job that has the value. */
interface CarryingJob {
  readonly job: JobState;
  /** The entry that shows it. */
  readonly logId: LogId;
  /** `has it at input.order`. */
  readonly where: string;
  /** Who submitted it, if that entry says so. */
  readonly actor?: string;
}

interface FoundEvent extends EventAbout<LogId> {
  readonly hasReached: boolean;
}

export class AboutSearch {
  constructor(
    private readonly parts: QueryParts,
    private readonly explainer: Explainer,
    private readonly eventExplainer: EventExplainer,
  ) {}

  async of(about: string, hold: ReserveMemory = RESERVE_NOTHING): Promise<About<Citation>> {
    const head = this.parts.writer.durableLogId;
    const loose = looseForm(about);
    const lookup = new Lookup().jobsGiven(loose, SHOWN_MAX).carrying(loose, SHOWN_MAX);
    const found = await lookup.in(this.parts.pastEvents, head);
    const asOf = Math.min(head, found.upTo);
    const share: TimeShare = { spentMs: 0 };
    const having = await this.#jobs(about, found, asOf, share, hold);
    const jobs = await this.#described(having, hold);
    const events = await this.#events(about, found, asOf, hold);
    const { history } = this.parts;
    const inquiry: Inquiry = { parts: this.parts, share, asOf, upTo: undefined };
    const twins = isIdentifier("", about) ? await twinsText(inquiry, having) : "";
    const summary = summarize(shownText(about), jobs, events, twins) +
      (asOf < head ? ` The index of values covers entries up to ${asOf} of ${head} so far.` : "");
    return {
      about,
      asOf,
      summary,
      jobs: await cited(history, jobs),
      events: await cited(history, events.map(({ hasReached: _, ...event }) => event)),
    };
  }

  /** Those that have not succeeded first, of these and the others the newest. */
  async #jobs(
    about: string,
    found: FoundEvents,
    asOf: LogId,
    share: TimeShare,
    hold: ReserveMemory,
  ): Promise<readonly CarryingJob[]> {
    const loose = looseForm(about);
    const having: CarryingJob[] = [];
    const { pacer, table } = this.parts;
    const named = ID_PATTERN.test(about) ? table.job(about as JobId) : undefined;
    if (named !== undefined) {
      having.push({ job: named, logId: named.firstLogId, where: "has it as its id" });
    }
    const ofKey = table.jobOfKey(about);
    const keyed = ofKey && ofKey !== named?.jobId ? table.job(ofKey) : undefined;
    if (keyed !== undefined && keyed.firstLogId <= asOf) {
      having.push({ job: keyed, logId: keyed.firstLogId, where: "has it as its Idempotency-Key" });
    }
    for (const entry of await this.#read(found.jobsGiven(loose, SHOWN_MAX), asOf, hold)) {
      const { jobId, attributes, logId } = entry;
      const path = pathTo(about, attributes as JobCreatedAttributes);
      const where = path === undefined ? this.#awaitedText(jobId, loose) : `has it at ${path}`;
      if (jobId === undefined || where === undefined) continue;
      if (jobId === named?.jobId || jobId === keyed?.jobId) continue;
      const job = await pacer.do(share, () => table.existing(jobId));
      having.push({ job, logId, where, ...present({ actor: submitter(entry) }) });
    }
    return having.toSorted((one, other) =>
      Number(one.job.state === "Done") - Number(other.job.state === "Done")
    );
  }

  /** What became of each; of the first few, unless they have succeeded, also why. */
  async #described(
    having: readonly CarryingJob[],
    hold: ReserveMemory,
  ): Promise<readonly JobAbout<LogId>[]> {
    const described: JobAbout<LogId>[] = [];
    for (const { job, logId, where } of having) {
      const { jobId, type = "a plan" } = job;
      const isExplained = described.length < NAMED_MAX && job.state !== "Done";
      const why = isExplained ? await this.explainer.explain(jobId, hold) : undefined;
      const [became, by] = why === undefined
        ? [`${becameText(job)}.`, [becameBy(job)]]
        : [why.summary.slice(`Job ${jobId} `.length), citesOf(why.because[0])];
      const statement = `Job ${jobId} (${type}) ${where}, and ${became}`;
      described.push({ jobId, statement, cites: [...new Set([logId, ...by])] });
    }
    return described;
  }

  /** `expects it in paid, at orderId`; also of an expectation that is met. */
  #awaitedText(jobId: JobId | undefined, loose: string): string | undefined {
    const job = jobId && this.parts.table.job(jobId);
    for (const { id, matcher } of job?.plan.expected ?? []) {
      const term = indexAlternatives(matcher.correlation).flat()
        .find(({ value }) => looseForm(value) === loose);
      if (term !== undefined) return `expects it in ${id}, at ${term.path}`;
    }
    return undefined;
  }

  async #events(
    about: string,
    found: FoundEvents,
    asOf: LogId,
    hold: ReserveMemory,
  ): Promise<readonly FoundEvent[]> {
    const loose = looseForm(about);
    const shown: FoundEvent[] = [];
    for (const entry of await this.#read(found.carrying(loose, SHOWN_MAX), asOf, hold)) {
      const { attributes } = toMatchable(entry);
      const place = placesIn(attributes).find(({ value }) => looseForm(value) === loose);
      if (place === undefined && entry.jobId !== about) continue;
      const { eventId, logId } = entry;
      const { summary, reached, more = 0 } = await this.eventExplainer.of(entry, asOf, hold);
      const hasReached = reached.length + more > 0;
      shown.push({ eventId, statement: summary, cites: [logId], hasReached });
    }
    return shown;
  }

  /** The newest first. */
  async #read(
    found: readonly LogId[],
    asOf: LogId,
    hold: ReserveMemory,
  ): Promise<readonly JobEventLogEntry[]> {
    const logIds = ascending(found.filter((logId) => logId <= asOf));
    const entries: JobEventLogEntry[] = [];
    for await (const page of this.parts.history.pages.of(logIds)) {
      for (const entry of page) hold(entryCharacters(entry));
      entries.push(...page);
    }
    return entries.toReversed();
  }
}

function summarize(
  value: string,
  jobs: readonly JobAbout<LogId>[],
  [newest, ...older]: readonly FoundEvent[],
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
    return `No job has ${value}, but an event: ${uncapital(newest.statement)}${others}`;
  }
  const named = jobs.slice(0, NAMED_MAX).map(({ statement }) => statement).join(" ");
  const events = newest === undefined ? 0 : older.length + 1;
  const lost = [newest, ...older].find((one) => one?.hasReached === false);
  const ofEvents = events === 0 ? "no event" : counted(events, "event");
  return `${counted(jobs.length, "job")} and ${ofEvents} have ${value}. ${twins}${named}${
    lost === undefined ? "" : ` ${lost.statement}`
  }`;
}

function citesOf(reason: Statement<Citation> | undefined): readonly LogId[] {
  return reason?.cites.map(({ logId }) => logId) ?? [];
}

/** A sentence, if two of the jobs may have done the same work. */
async function twinsText(inquiry: Inquiry, having: readonly CarryingJob[]): Promise<string> {
  const [one, other] = await inquiry.parts.pacer.all(inquiry.share, twinsOf(having)) ?? [];
  if (one === undefined || other === undefined || !await isTelling(inquiry, one.job)) return "";
  const apart = durationText(Math.abs(lengthMs(other.job.createdAt, one.job.createdAt)));
  const [type, both] = other.job.type === one.job.type ? ["", ` of type ${one.job.type}`] : [
    ` (${one.job.type})`,
    ` (${other.job.type})`,
  ];
  return `Jobs ${one.job.jobId}${type} and ${other.job.jobId}${both} got the same input ` +
    `${apart} apart${submittersText(one, other)}: the work may be done twice. `;
}

/** The inputs may be large. */
function* twinsOf(
  having: readonly CarryingJob[],
): Work<readonly [CarryingJob, CarryingJob] | undefined> {
  const works = having.filter(({ job }) =>
    hasCode(job) && job.state !== "Failed" && job.retryOf === undefined
  );
  for (const [at, one] of works.slice(0, TWINS_MAX).entries()) {
    for (const other of works.slice(at + 1)) {
      const { type, createdAt } = other.job;
      if (type !== one.job.type && createdAt !== one.job.createdAt) continue;
      yield;
      if (isSameWork(one.job, other.job)) return [one, other];
    }
  }
  return undefined;
}
