/**
 * Looks back at one job: replayed to a point, compared between two, or projected under a
 * supposition. Everything is read from the journal, and nothing is recorded.
 */

import { changesBetween, reversed } from "../core/changes.ts";
import type { JobEventLogEntry } from "../core/event.ts";
import type { EventId, JobId, LogId } from "../core/ids.ts";
import { outsideMatchers } from "../core/job_plan.ts";
import { type Point, resolvePoint } from "../core/point.ts";
import { foldAll } from "../core/job_fold.ts";
import { type Replay, replaying } from "../core/replay_steps.ts";
import { supposedPlan, type Supposition } from "../core/supposition.ts";
import { supposing, type WhatIf } from "../core/what_if.ts";
import type { PastEvents } from "./past_events.ts";
import type { Clock } from "./ports.ts";
import { type Outcome, type PointDifference, type PointName, unknownJob } from "./requests.ts";
import { inSlices } from "./slices.ts";

/** The entries of jobs; `History` is one that has them. */
interface JobHistory {
  /** The entries of a job after a position, oldest first, at most `limit`. */
  of(jobId: JobId, after: LogId, limit: number): Promise<readonly JobEventLogEntry[]>;
  /** The entries at these positions, which ascend. */
  at(logIds: readonly LogId[]): Promise<readonly JobEventLogEntry[]>;
  /** The entry of the journal that has this id, if there is one. */
  find(eventId: EventId): Promise<JobEventLogEntry | undefined>;
}

/** A what-if, and whether all events were considered that it could have taken. */
export interface WhatIfReport extends WhatIf {
  /** `false` when more events may match than are looked at: then some may be missing. */
  readonly allPastEvents: boolean;
}

interface PastEventsFound {
  readonly entries: readonly JobEventLogEntry[];
  readonly all: boolean;
}

/** Facts that one matcher of a supposed plan may take, and all of its matchers together. */
const NEAR_MAX = 1_000;
const PAST_EVENTS_MAX = 10_000;

const READ_AT_ONCE = 1_000;

export class Replays {
  readonly #history: JobHistory;
  readonly #pastEvents: PastEvents;
  readonly #clock: Clock;
  readonly #head: () => LogId;

  /** @param head Gives the last durable position. */
  constructor(
    history: JobHistory,
    pastEvents: PastEvents,
    clock: Clock,
    head: () => LogId,
  ) {
    this.#clock = clock;
    this.#history = history;
    this.#pastEvents = pastEvents;
    this.#head = head;
  }

  /** The job as of a point, and each step up to it; as it is now, when absent. */
  async replay(jobId: JobId, point?: Point): Promise<Outcome<Replay>> {
    const head = this.#head();
    const entries = await this.#entriesOf(jobId);
    if (entries.length === 0) return unknownJob(jobId);
    const resolved = resolvePoint(point, entries, head);
    if (!resolved.ok) return unknownPoint("at", resolved.detail);
    return {
      ok: true,
      value: await inSlices(this.#clock, replaying(entries.slice(0, resolved.count))),
    };
  }

  /** What differs from one point to another, which may be the earlier; now, when absent. */
  async diff(jobId: JobId, from: Point, to?: Point): Promise<Outcome<PointDifference>> {
    const head = this.#head();
    const entries = await this.#entriesOf(jobId);
    if (entries.length === 0) return unknownJob(jobId);
    const [start, end] = [from, to].map((point) => resolvePoint(point, entries, head));
    if (!start?.ok) return unknownPoint("from", start?.detail ?? "");
    if (!end?.ok) return unknownPoint("to", end?.detail ?? "");
    return { ok: true, value: differenceOf(entries, start.count, end.count) };
  }

  /** The job under a supposition, and where its outcome first is another. */
  async whatIf(jobId: JobId, supposition: Supposition): Promise<Outcome<WhatIfReport>> {
    const head = this.#head();
    const entries = await this.#entriesOf(jobId);
    if (entries.length === 0) return unknownJob(jobId);
    const past = await this.#pastEventsFor(entries, supposition, head);
    const sameIds = await this.#sameIds(supposition);
    const work = supposing(entries, supposition, past.entries, head, sameIds);
    const answer = await inSlices(this.#clock, work);
    return answer.ok
      ? { ok: true, value: { ...answer.value, allPastEvents: past.all } }
      : { ok: false, problem: { kind: "impossibleSupposition", issues: answer.issues } };
  }

  async #entriesOf(jobId: JobId): Promise<readonly JobEventLogEntry[]> {
    const entries: JobEventLogEntry[] = [];
    for (;;) {
      const after = entries.at(-1)?.logId ?? 0;
      const page = await this.#history.of(jobId, after, READ_AT_ONCE);
      for (const entry of page) entries.push(entry);
      if (page.length < READ_AT_ONCE) return entries;
    }
  }

  /**
   * Facts that did not reach the job, and might have. A plan that stays as it was, of a job
   * that does not live longer, has taken all that it could.
   */
  async #pastEventsFor(
    [created]: readonly JobEventLogEntry[],
    supposition: Supposition,
    head: LogId,
  ): Promise<PastEventsFound> {
    const { plan, without = [] } = supposition;
    if (created === undefined || (plan === undefined && without.length === 0)) {
      return { entries: [], all: true };
    }
    const logIds = new Set<LogId>();
    let all = this.#pastEvents.horizon < created.logId;
    for (const matcher of outsideMatchers(supposedPlan(created, supposition))) {
      const near = this.#pastEvents.near(matcher, NEAR_MAX);
      all &&= near.length < NEAR_MAX;
      for (const logId of near) if (logId > created.logId && logId <= head) logIds.add(logId);
      if (logIds.size >= PAST_EVENTS_MAX) break;
    }
    all &&= logIds.size <= PAST_EVENTS_MAX;
    const positions = [...logIds].slice(0, PAST_EVENTS_MAX).toSorted((a, b) => a - b);
    return { entries: await this.#read(positions), all };
  }

  /** What the journal has under the ids of supposed events. */
  async #sameIds({ with: events = [] }: Supposition): Promise<readonly JobEventLogEntry[]> {
    const found: JobEventLogEntry[] = [];
    for (const { eventId } of events) {
      const entry = eventId === undefined ? undefined : await this.#history.find(eventId);
      if (entry !== undefined) found.push(entry);
    }
    return found;
  }

  async #read(logIds: readonly LogId[]): Promise<readonly JobEventLogEntry[]> {
    const pages: (readonly JobEventLogEntry[])[] = [];
    for (let start = 0; start < logIds.length; start += READ_AT_ONCE) {
      pages.push(await this.#history.at(logIds.slice(start, start + READ_AT_ONCE)));
    }
    return pages.flat();
  }
}

function differenceOf(
  entries: readonly JobEventLogEntry[],
  from: number,
  to: number,
): PointDifference {
  const [earlier, later] = [Math.min(from, to), Math.max(from, to)];
  const before = foldAll(entries.slice(0, earlier));
  const after = foldAll(entries.slice(earlier, later), before);
  const changes = changesBetween(before, after);
  return from <= to
    ? { from: before.lastLogId, to: after.lastLogId, changes }
    : { from: after.lastLogId, to: before.lastLogId, changes: reversed(changes) };
}

function unknownPoint(point: PointName, detail: string): Outcome<never> {
  return { ok: false, problem: { kind: "unknownPoint", point, detail } };
}
