/**
 * Looks back at one job: replays it to a point, compares two points, or projects it under a
 * supposition. Everything is read from the journal, and nothing is recorded.
 */

import { ascending } from "../../core/ascending.ts";
import { isFromOutside, type JobEventLogEntry } from "../../core/event.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import { JobFold } from "../../core/job_fold.ts";
import { type EventMatcher, outsideMatchers } from "../../core/job_plan.ts";
import type { JobState } from "../../core/job_state.ts";
import type { Point } from "../../core/point.ts";
import type { Work } from "../../core/work.ts";
import { firstChanges, reversed } from "../../explain/replay/changes.ts";
import type { Citation } from "../../explain/statements/explanation.ts";
import type { LimitsWhatIf } from "../../explain/replay/limits_what_if.ts";
import { type Replay, Replaying, type StepsWanted } from "../../explain/replay/replay_steps.ts";
import { supposedPlan, type Supposition } from "../../explain/replay/supposition.ts";
import { supposing, type WhatIf } from "../../explain/replay/what_if.ts";
import type { TimeShare } from "../pacer.ts";
import { type Outcome, type PointDifference, unknownJob, unknownPoint } from "../requests.ts";
import { type FoundEvents, Lookup } from "../views/past_events.ts";
import { each, entryCharacters, RESERVE_NOTHING, type ReserveMemory } from "../entry_pages.ts";
import type { LimitsWhatIfs } from "./limits_what_ifs.ts";
import { searchPoint } from "./point_search.ts";
import type { QueryParts } from "./query_parts.ts";

/** A what-if, and whether all events that it could have taken were considered. */
export interface WhatIfReport extends WhatIf {
  /** `false` when more events may match than are read, so that some may be missing. */
  readonly allPastEvents: boolean;
  /** The effect of other limits, where some are supposed. */
  readonly limits?: LimitsWhatIf<Citation>;
}

interface PastEventsNear {
  readonly logIds: readonly LogId[];
  readonly all: boolean;
}

/** The most facts that one matcher of a supposed plan may take, and all matchers together. */
const NEAR_MAX = 1_000;
const PAST_EVENTS_MAX = 10_000;
/** Matchers of a supposed plan that are looked up together. */
const MATCHERS_AT_A_TIME = 32;

/** A what-if keeps all entries of its job in memory; larger jobs are refused. */
const WHAT_IF_ENTRIES_MAX = 10_000;
const WHAT_IF_CHARACTERS_MAX = 32 * 1024 * 1024;

/** The size of an entry that is only counted: its position, and a description of its step. */
const FOLDED_CHARACTERS = 200;

/** The most characters of differences that are reported. */
const CHANGES_MAX = 20_000;

export class Replays {
  constructor(private readonly parts: QueryParts, private readonly limitsWhatIfs: LimitsWhatIfs) {}

  /**
   * The job as of a point, or now, and the steps up to it. Everything is read and folded, a little
   * at a time, and only the wanted steps are kept.
   */
  async replay(
    jobId: JobId,
    point?: Point,
    wanted?: StepsWanted,
    hold = RESERVE_NOTHING,
  ): Promise<Outcome<Replay>> {
    const head = this.parts.writer.durableLogId;
    const logIds = this.parts.history.positions(jobId);
    if (logIds.length === 0) return unknownJob(jobId);
    const resolved = await searchPoint(point, this.parts.history.pages, logIds, head);
    if (!resolved.ok) return unknownPoint("at", resolved.detail);
    const replaying = new Replaying(wanted);
    await this.#fold(logIds.slice(0, resolved.count), (entry) => replaying.apply(entry), hold);
    return { ok: true, value: replaying.replay };
  }

  /**
   * The differences from one point to another, which may be the earlier one; to the present state
   * when absent.
   */
  async diff(
    jobId: JobId,
    from: Point,
    to?: Point,
    hold = RESERVE_NOTHING,
  ): Promise<Outcome<PointDifference>> {
    const head = this.parts.writer.durableLogId;
    const logIds = this.parts.history.positions(jobId);
    if (logIds.length === 0) return unknownJob(jobId);
    const start = await searchPoint(from, this.parts.history.pages, logIds, head);
    if (!start.ok) return unknownPoint("from", start.detail);
    const end = await searchPoint(to, this.parts.history.pages, logIds, head);
    if (!end.ok) return unknownPoint("to", end.detail);
    const [earlier, later] = [start.count, end.count].toSorted((a, b) => a - b);
    const fold = new JobFold();
    const states: JobState[] = [];
    for (const [begin, count] of [[0, earlier], [earlier, later]]) {
      await this.#fold(logIds.slice(begin, count), (entry) => fold.apply(entry), hold);
      if (fold.job !== undefined) states.push(fold.job);
    }
    const work = firstDifference(states, start.count <= end.count);
    return { ok: true, value: await this.parts.pacer.all({ spentMs: 0 }, work) };
  }

  /** The job under a supposition, and where its outcome first differs. */
  async whatIf(
    jobId: JobId,
    supposition: Supposition,
    wanted?: StepsWanted,
    hold = RESERVE_NOTHING,
  ): Promise<Outcome<WhatIfReport>> {
    const head = this.parts.writer.durableLogId;
    const logIds = this.parts.history.positions(jobId);
    if (logIds.length === 0) return unknownJob(jobId);
    const entries = await this.#allOf(upTo(logIds, supposition.upTo), hold);
    if (typeof entries === "string") return tooLong(jobId, entries);
    const share: TimeShare = { spentMs: 0 };
    const near = await this.#near(entries, supposition, head, share);
    const past = await this.#allOf(near.logIds, hold);
    const pastEvents = typeof past === "string" ? [] : past;
    const sameIds = await this.#sameIds(supposition);
    const supposed = { entries, supposition, pastEvents, head, sameIds };
    const work = supposing(supposed, wanted);
    const answer = await this.parts.pacer.all(share, work);
    if (!answer.ok) {
      return { ok: false, problem: { kind: "impossibleSupposition", issues: answer.issues } };
    }
    const report = { ...answer.value, allPastEvents: near.all && pastEvents === past };
    if (supposition.limits === undefined) return { ok: true, value: report };
    const limits = await this.limitsWhatIfs.of(jobId, supposition.limits, hold);
    return limits.ok ? { ok: true, value: { ...report, limits: limits.value } } : limits;
  }

  async #fold(
    logIds: readonly LogId[],
    apply: (entry: JobEventLogEntry) => void,
    hold: ReserveMemory,
  ): Promise<void> {
    const share: TimeShare = { spentMs: 0 };
    for await (const page of this.parts.history.pages.of(logIds)) {
      hold(page.reduce((sum, entry) => sum + foldedCharacters(entry), 0));
      await this.parts.pacer.all(share, each(page, apply));
    }
  }

  /** All events; or what exceeds its limit. */
  async #allOf(
    logIds: readonly LogId[],
    hold: ReserveMemory,
  ): Promise<readonly JobEventLogEntry[] | TooMuch> {
    if (logIds.length > WHAT_IF_ENTRIES_MAX) return "entries";
    const entries: JobEventLogEntry[] = [];
    let characters = 0;
    for await (const page of this.parts.history.pages.of(logIds)) {
      for (const entry of page) {
        const size = entryCharacters(entry);
        hold(size);
        entries.push(entry);
        characters += size;
      }
      if (characters > WHAT_IF_CHARACTERS_MAX) return "characters";
    }
    return entries;
  }

  /**
   * Facts that did not reach the job, but might have. A job that does not live longer, under the
   * same plan, has taken all that it could.
   */
  async #near(
    [created]: readonly JobEventLogEntry[],
    supposition: Supposition,
    head: LogId,
    share: TimeShare,
  ): Promise<PastEventsNear> {
    const { plan, without = [] } = supposition;
    if (created === undefined || (plan === undefined && without.length === 0)) {
      return { logIds: [], all: true };
    }
    const near = new NearEvents(created.logId, head);
    const matchers = outsideMatchers(supposedPlan(created, supposition));
    for (let at = 0; at < matchers.length && !near.isFull; at += MATCHERS_AT_A_TIME) {
      const some = matchers.slice(at, at + MATCHERS_AT_A_TIME);
      const lookup = new Lookup();
      for (const matcher of some) lookup.near(matcher);
      const found = await lookup.in(this.parts.pastEvents, head);
      await this.parts.pacer.all(share, near.adding(found, some));
    }
    return near.found;
  }

  async #sameIds({ with: events = [] }: Supposition): Promise<readonly JobEventLogEntry[]> {
    const found: JobEventLogEntry[] = [];
    for (const { eventId } of events) {
      const entry = eventId === undefined ? undefined : await this.parts.events.find(eventId);
      if (entry !== undefined) found.push(entry);
    }
    return found;
  }
}

/** How much of an entry a fold may keep: the state of a job contains no event from outside. */
function foldedCharacters(entry: JobEventLogEntry): number {
  return isFromOutside(entry) ? FOLDED_CHARACTERS : entryCharacters(entry);
}

/** Events after one position, up to another, that matchers may accept. */
class NearEvents {
  readonly #logIds = new Set<LogId>();
  #all = true;

  constructor(private readonly after: LogId, private readonly upTo: LogId) {}

  get isFull(): boolean {
    return this.#logIds.size >= PAST_EVENTS_MAX;
  }

  get found(): PastEventsNear {
    const logIds = ascending(this.#logIds.values().take(PAST_EVENTS_MAX));
    return { logIds, all: this.#all && this.#logIds.size <= PAST_EVENTS_MAX };
  }

  *adding(found: FoundEvents, matchers: readonly EventMatcher[]): Work<void> {
    this.#all &&= found.horizon < this.after && found.upTo >= this.upTo;
    for (const matcher of matchers) {
      yield;
      const near = found.near(matcher, NEAR_MAX);
      this.#all &&= near.length < NEAR_MAX;
      for (const logId of near) {
        if (logId > this.after && logId <= this.upTo) this.#logIds.add(logId);
      }
      if (this.isFull) return;
    }
  }
}

type TooMuch = "entries" | "characters";

/** Later entries are not read when there are more than allowed. */
function upTo(logIds: readonly LogId[], point: Point | undefined): readonly LogId[] {
  if (logIds.length <= WHAT_IF_ENTRIES_MAX || point?.kind !== "logId") return logIds;
  return logIds.slice(0, Math.max(1, logIds.findLastIndex((logId) => logId <= point.logId) + 1));
}

/** @param states The earlier one first. */
function* firstDifference(
  [before, after = before]: readonly JobState[],
  isForward: boolean,
): Work<PointDifference> {
  if (before === undefined || after === undefined) throw new TypeError("Cannot compare nothing");
  const { changes, more } = yield* firstChanges(before, after, CHANGES_MAX);
  const left = more === 0 ? {} : { more };
  return isForward
    ? { from: before.lastLogId, to: after.lastLogId, changes, ...left }
    : { from: after.lastLogId, to: before.lastLogId, changes: reversed(changes), ...left };
}

function tooLong(jobId: JobId, what: TooMuch): Outcome<never> {
  const max = what === "entries" ? WHAT_IF_ENTRIES_MAX : WHAT_IF_CHARACTERS_MAX;
  return { ok: false, problem: { kind: "tooLong", jobId, what, max } };
}
