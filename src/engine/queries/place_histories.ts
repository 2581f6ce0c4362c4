/**
 * Reads from the record who held the places of a job's type over a stretch of the journal. Jobs
 * that held one had entries after the beginning of the stretch, so only those are read.
 */

import { ascending } from "../../core/ascending.ts";
import { type JobEventLogEntry, LIMIT_FACTS, PAUSE_FACTS } from "../../core/event.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import type { JobState } from "../../core/job_state.ts";
import { present } from "../../core/json.ts";
import { holds } from "../../core/pauses.ts";
import type { LimitValues } from "../../core/place_limits.ts";
import {
  type Between,
  derivePlaces,
  inForce,
  type JobOfType,
  type LimitsFrom,
  limitsFrom,
  type Moment,
  pausedFrom,
  type PauseStay,
  pauseStays,
  type PlaceHistory,
  type Stay,
} from "../../explain/history/place_history.ts";
import { placeLimits } from "../definition_limits.ts";
import { Lookup } from "../views/past_events.ts";
import type { ConditionFrom } from "../writer/trail.ts";
import { visitBothEnds, type Visited } from "./job_visit.ts";
import type { Query, QueryParts } from "./query_parts.ts";

/** The most jobs read from each end, and the most of their entries. */
const LOOKED_AT_MAX = 1_000;
const ENTRIES_MAX = 6_000;
const READ_AT_A_TIME = 200;

/** How many pauses or changes of limits to read, and how many of their ends. */
const FACTS_MAX = 32;

/** From one entry to another. */
interface Stretch {
  readonly from: LogId;
  readonly to: LogId;
}

/**
 * The history of the places over the stretch. For a type that never had limits, no other jobs are
 * read.
 *
 * @param supposed Limits that a what-if supposes.
 */
export async function placeHistory(
  query: Query,
  job: JobState,
  stretch: Stretch,
  supposed: LimitValues = {},
): Promise<PlaceHistory> {
  const { parts } = query;
  const { type = "" } = job;
  const code = placeLimits(parts.registry.get(type)?.limits);
  const limits = await limitsIn(parts, type, code, stretch);
  const allPauses = await pausesUpTo(parts, stretch.to);
  const pauses = allPauses.filter((pause) => holds(pause, job));
  const asked = [supposed, ...limits.map(({ limits }) => limits)];
  if (asked.every((one) => Object.keys(one).length === 0)) {
    return { type, code, limits, pauses, others: [] };
  }
  const reading = new Reading(query, job, stretch, allPauses);
  return { type, code, limits, pauses, ...await reading.all(asked) };
}

async function limitsIn(
  parts: QueryParts,
  type: string,
  code: LimitValues,
  { from, to }: Stretch,
): Promise<readonly LimitsFrom[]> {
  const all = limitsFrom(type, code, await recorded(parts, LIMIT_FACTS, to));
  // If the index of values lags behind, the limits in force now may be missing.
  const now = parts.limitChanges.get(type);
  const isKnown = now === undefined || now.by > to || all.some(({ from }) => from === now.by);
  const known = isKnown ? all : [...all, inForce(now)];
  const first = known.findLastIndex((one) => one.from <= from);
  return known.slice(Math.max(0, first));
}

/** The pauses up to a position, with those that had ended by then. */
export async function pausesUpTo(
  parts: QueryParts,
  to: LogId,
): Promise<readonly PauseStay[]> {
  const all = pauseStays(await recorded(parts, PAUSE_FACTS, to));
  return all.length > 0 ? all : parts.pauses.all.filter(({ by }) => by <= to);
}

/** The latest facts of some types up to a position, oldest first. */
async function recorded(
  { pastEvents, history }: QueryParts,
  types: readonly string[],
  upTo: LogId,
): Promise<readonly JobEventLogEntry[]> {
  const found = await new Lookup().ofTypes(types).in(pastEvents, upTo);
  const logIds = types.flatMap((type) =>
    found.ofType(type).filter((logId) => logId <= upTo).slice(0, FACTS_MAX)
  );
  const entries = await history.at(ascending(logIds));
  return entries.filter(({ eventType }) => types.includes(eventType));
}

/** Another job that held a place or waited for one. */
interface Found {
  readonly jobId: JobId;
  readonly priority: number;
  readonly conditions: readonly ConditionFrom[];
}

class Reading {
  readonly #found = new Map<JobId, Found>();

  constructor(
    private readonly query: Query,
    private readonly job: JobState,
    private readonly stretch: Stretch,
    private readonly pauses: readonly PauseStay[],
  ) {}

  async all(limits: readonly LimitValues[]): Promise<Pick<PlaceHistory, "others" | "lookedAt">> {
    const { seen, isAll } = await this.#find(limits.some(({ rate }) => rate !== undefined));
    const wanted = [...this.#found.values()];
    const entries = await this.#read(wanted.flatMap(({ conditions }) => this.#inSight(conditions)));
    for (const { by, since } of this.pauses) entries.at.set(by, since);
    const { parts, share } = this.query;
    const others: JobOfType[] = [];
    for (const found of wanted) {
      const job = await parts.pacer.do(share, () => this.#jobOf(found, entries));
      if (job !== undefined) others.push(job);
    }
    return { others, ...(isAll && !entries.isCut ? {} : { lookedAt: seen }) };
  }

  /**
   * @param isRate Whether to include jobs that ended before the stretch, whose starts a rate may
   * count.
   */
  #find(isRate: boolean): Promise<Visited> {
    const { type = "" } = this.job;
    const { from, to } = this.stretch;
    const { trails } = this.query.parts.table;
    const all = { types: [type], before: to + 1 };
    const lasting = { ...all, continuesAfter: from };
    return visitBothEnds(this.query, {
      range: lasting,
      newest: isRate ? all : lasting,
      max: LOOKED_AT_MAX,
      see: ({ jobId, priority }) => {
        if (jobId === this.job.jobId) return;
        const conditions = trails.conditionsOf(jobId).filter(({ logId }) => logId <= to);
        this.#found.set(jobId, { jobId, priority, conditions });
      },
    });
  }

  /** The entries whose times are needed: when a job waited, took a place, or released it. */
  #inSight(conditions: readonly ConditionFrom[]): readonly LogId[] {
    return conditions.flatMap(({ logId, condition }, at) => {
      const next = conditions[at + 1]?.logId ?? Infinity;
      // An attempt may have been cut short by a pause.
      const isOfPlace = condition === "executing" || conditions[at - 1]?.condition === "executing";
      return next > this.stretch.from || isOfPlace ? [logId] : [];
    });
  }

  async #read(logIds: readonly LogId[]): Promise<ReadEntries> {
    const sorted = [...new Set(logIds)].toSorted((left, right) => right - left);
    const wanted = sorted.slice(0, ENTRIES_MAX).toReversed();
    const read = new ReadEntries(wanted.length < sorted.length);
    for (let at = 0; at < wanted.length; at += READ_AT_A_TIME) {
      const entries = await this.query.parts.history.at(wanted.slice(at, at + READ_AT_A_TIME));
      for (const { logId, receivedAt, attributes } of entries) {
        read.at.set(logId, receivedAt);
        if ("reason" in attributes && attributes.reason === "paused") read.paused.add(logId);
      }
    }
    return read;
  }

  /** `undefined` for a job that did not compete for places. */
  #jobOf({ jobId, priority, conditions }: Found, read: ReadEntries): JobOfType | undefined {
    const head = this.query.parts.table.head(jobId);
    const pauses = head === undefined ? [] : this.pauses.filter((pause) => holds(pause, head));
    const places = derivePlaces(
      conditions,
      (queued) => read.paused.has(queued.from) ? queued.from : pausedFrom(queued, pauses),
    );
    const [held, queued] = [read.stays(places.held), read.stays(places.queued)];
    const start = conditions.find(({ condition }) => condition === "queued");
    const first = conditions.find(({ condition }) => condition === "executing");
    const began = first && read.moment(first.logId);
    if (held.length === 0 && queued.length === 0 && began === undefined) return undefined;
    const { key, rateKey } = head ?? {};
    return {
      jobId,
      priority,
      startedBy: start?.logId ?? first?.logId ?? 0,
      ...{ held, queued },
      ...present({ key, rateKey, began }),
    };
  }
}

/** The times of the entries that were read. */
class ReadEntries {
  readonly at = new Map<LogId, string>();
  /** Entries at which a pause made a job release its place. */
  readonly paused = new Set<LogId>();

  /** @param isCut Whether there are more entries than were read. */
  constructor(readonly isCut: boolean) {}

  moment(logId: LogId): Moment | undefined {
    const at = this.at.get(logId);
    return at === undefined ? undefined : { logId, at };
  }

  /** The stays whose times are known. */
  stays(all: readonly Between[]): readonly Stay[] {
    return all.flatMap(({ from, to }) => {
      const begin = this.moment(from);
      if (begin === undefined) return [];
      const end = to === undefined ? undefined : this.moment(to);
      return to !== undefined && end === undefined
        ? []
        : [{ from: begin, ...(end === undefined ? {} : { to: end }) }];
    });
  }
}
