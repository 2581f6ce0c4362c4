/**
 * Finds events that share values with what a job waits for, or that carry the job's own values.
 * They are weighed by how rare the shared values are, never by when they came. Values inside texts,
 * which the index does not have, are searched among the latest events of the type.
 */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import type { EventMatcher, ExpectedEvent } from "../../core/job_plan.ts";
import type { JobState } from "../../core/job_state.ts";
import { type JsonScalar, jsonSize } from "../../core/json.ts";
import { toMatchable } from "../../core/projector.ts";
import type { Work } from "../../core/work.ts";
import type { Pause } from "../../core/pauses.ts";
import { looseForm } from "../../explain/likeness/loose_form.ts";
import { demanded, soughtValues } from "../../explain/likeness/own_values.ts";
import { recodedForms, SEARCHED_LENGTH_MAX } from "../../explain/likeness/recoding.ts";
import { spellingSlips } from "../../explain/likeness/spelling_slip.ts";
import { insideForm, mismatchesWith } from "../../explain/likeness/mismatch.ts";
import { listsIn } from "../../explain/open/odd_waits.ts";
import type { ListLengths } from "../../explain/statements/evidence.ts";
import type { OutlinedHistory } from "../../explain/history/outlined_history.ts";
import type { StartsOn } from "../definition.ts";
import { type FoundEvents, Lookup } from "../views/past_events.ts";
import { CARRIERS_MAX } from "../views/postings.ts";
import { isFiled } from "../views/value_keys.ts";

/** A value that more events carry does not indicate a likeness. */
const RARE_MAX = 20;
/** Values of one expectation that are looked up. */
const DEMANDED_MAX = 64;

/** How many misspellings of values are looked up for one explanation. */
const SLIPS_MAX = 256;
/** When more events have a value that is one letter off, they are about something else. */
const MISSPELT_MAX = 3;

/** The weight of an event with each property. */
const WEIGHT = { rareDemanded: 8, rareOwn: 4, demanded: 3, type: 2 } as const;
/** An event with a lower weight shares only its type. */
const WEIGHT_MIN = 3;

export interface Resembling {
  /** The likeliest first. */
  readonly logIds: readonly LogId[];
  /** Loose forms of values that too many events carry. */
  readonly common: ReadonlySet<string>;
  /** How many other events of the type there are; `undefined` when too many to know. */
  readonly ofType: number | undefined;
  /** If none of them has a rare value that is wanted: those to search for it, the likeliest first. */
  readonly toSearch: readonly LogId[];
}

interface Weighed {
  readonly weights: Map<LogId, number>;
  readonly common: ReadonlySet<string>;
  /** Other events of the type. */
  readonly ofType: ReadonlySet<LogId>;
  /** Whether an event has a demanded value that few events have. */
  readonly hasRare: boolean;
  /** Whether one of the type has. */
  readonly isCarried: boolean;
}

/** What is known of jobs, up to a head. */
export interface JobSource {
  readonly headLogId: LogId;
  /** Other jobs, if known. Without them no effects are found. */
  job?(jobId: JobId): JobState | undefined;
  /** The same, unless reading it takes long. */
  shortJob?(jobId: JobId): JobState | undefined;
  /** The events that start jobs of a type, if such code is loaded now. */
  startsOn?(type: string): StartsOn | undefined;
  /** The pauses in force, oldest first, if known. */
  readonly pauses?: readonly Pause[];
}

/** Jobs are shown as they are now, so only those that have not changed since the head count. */
export function unchangedJob(
  source: JobSource,
  jobId: JobId | undefined,
): JobState | undefined {
  const job = jobId && source.job?.(jobId);
  return job !== undefined && job.lastLogId <= source.headLogId ? job : undefined;
}

/** Runs work to its end, with pauses or without. */
export type RunWork = <Result>(work: Work<Result>) => Result | Promise<Result>;

/** What the searches for one explanation read with. */
export interface SearchParts {
  readonly source: JobSource;
  readonly find: (lookup: Lookup) => Promise<FoundEvents>;
  readonly read: (logIds: readonly LogId[]) => AsyncIterable<JobEventLogEntry>;
  readonly do: RunWork;
}

export class ValueSearch {
  readonly #carriers = new Map<string, readonly LogId[]>();
  readonly #own: readonly string[];
  #slipsLeft = SLIPS_MAX;

  constructor(
    private readonly outlined: OutlinedHistory,
    private readonly parts: Pick<SearchParts, "source" | "find" | "do">,
  ) {
    this.#own = soughtValues(outlined.job).map(({ loose }) => loose);
  }

  /** Adds the keys that `resembling` needs to a lookup. */
  lookUp({ matcher }: ExpectedEvent, lookup: Lookup): void {
    lookup.ofType(matcher.eventType);
    for (const loose of [...wantedValues(matcher), ...this.#own]) lookup.carrying(loose);
  }

  /** @param events The result of that lookup. */
  async resembling(
    { matcher }: ExpectedEvent,
    events: FoundEvents,
    limit: number,
  ): Promise<Resembling> {
    const { headLogId } = this.parts.source;
    const latest = events.ofType(matcher.eventType);
    const wanted = wantedValues(matcher);
    const weighed = await this.parts.do(this.#weighed(wanted, events, latest));
    const { weights, common, ofType, hasRare, isCarried } = weighed;
    // When no event has the value, it may be misspelt in one.
    if (!hasRare) {
      for (const logId of await this.#misspelt(matcher, wanted, ofType)) {
        weights.set(logId, (weights.get(logId) ?? 0) + WEIGHT.rareDemanded);
      }
    }
    for (const [logId, weight] of weights) {
      if (ofType.has(logId)) weights.set(logId, weight + WEIGHT.type);
    }
    const logIds = [...weights].filter(([, weight]) => weight >= WEIGHT_MIN)
      .toSorted(([left, one], [right, other]) => other - one || right - left)
      .slice(0, limit).map(([logId]) => logId);
    const isCut = latest.length === CARRIERS_MAX && latest.some((at) => at > headLogId);
    const likely = logIds.filter((logId) => ofType.has(logId));
    const unlike = ofType.difference(new Set(logIds)).values().take(limit - logIds.length);
    return {
      logIds,
      common,
      ofType: isCut ? undefined : ofType.size,
      toSearch: isCarried ? [] : [...likely, ...unlike],
    };
  }

  *#weighed(
    wanted: ReadonlySet<string>,
    events: FoundEvents,
    latest: readonly LogId[],
  ): Work<Weighed> {
    const weights = new Map<LogId, number>();
    const common = new Set<string>();
    const weigh = (logIds: readonly LogId[], weight: number) => {
      for (const logId of logIds) weights.set(logId, (weights.get(logId) ?? 0) + weight);
    };
    const ofType = new Set(this.#others(latest));
    yield;
    let hasRare = false;
    let isCarried = false;
    for (const loose of wanted) {
      const carriers = this.#carrying(events, loose);
      const isRare = carriers.length <= RARE_MAX;
      hasRare ||= isRare && carriers.length > 0;
      isCarried ||= isRare && carriers.some((logId) => ofType.has(logId));
      if (!isRare) common.add(loose);
      weigh(carriers, isRare ? WEIGHT.rareDemanded : WEIGHT.demanded);
      yield;
    }
    for (const loose of this.#own) {
      const carriers = this.#carrying(events, loose);
      if (carriers.length > RARE_MAX) common.add(loose);
      else if (!wanted.has(loose)) weigh(carriers, WEIGHT.rareOwn);
      yield;
    }
    return { weights, common, ofType, hasRare, isCarried };
  }

  /** Events of the type with a value that is misspelt or recoded, and that no job was given. */
  async #misspelt(
    { correlation }: EventMatcher,
    wanted: ReadonlySet<string>,
    ofType: ReadonlySet<LogId>,
  ): Promise<readonly LogId[]> {
    const left = this.#slipsLeft;
    const recoded = Iterator.from(demanded(correlation)).take(DEMANDED_MAX)
      .flatMap(([, value]) => recodedForms(value));
    const misspelt = wanted.values().flatMap(spellingSlips).take(left);
    const slips = [...recoded, ...misspelt].slice(0, left);
    this.#slipsLeft -= slips.length;
    if (slips.length === 0 || ofType.size === 0) return [];
    const written = new Lookup();
    for (const slip of slips) written.carrying(slip);
    const events = await this.parts.find(written);
    const carriersOf = (slip: string) =>
      this.#carrying(events, slip).filter((logId) => ofType.has(logId));
    const carried = slips.filter((slip) => carriersOf(slip).length > 0);
    if (carried.length === 0) return [];
    const given = new Lookup();
    for (const slip of carried) given.jobsGiven(slip, 1);
    const jobs = await this.parts.find(given);
    const found = new Set(
      carried.filter((slip) => jobs.jobsGiven(slip, 1).length === 0).flatMap(carriersOf),
    );
    return found.size > MISSPELT_MAX ? [] : [...found];
  }

  #carrying(events: FoundEvents, loose: string): readonly LogId[] {
    return this.#carriers.getOrInsertComputed(
      loose,
      () => this.#others(events.carrying(loose)),
    );
  }

  /** Without the job's own entries. */
  #others(logIds: readonly LogId[]): readonly LogId[] {
    const { isOwn, hasReached } = this.outlined;
    const { headLogId } = this.parts.source;
    return logIds.filter((logId) => logId <= headLogId && !isOwn(logId) && !hasReached(logId));
  }
}

/** Loose forms of the values that a matcher demands, limited to those that are looked up. */
function wantedValues({ correlation }: EventMatcher): ReadonlySet<string> {
  const values = [...demanded(correlation)].map(([, value]) => value).filter(isFiled);
  return new Set(values.map(looseForm).slice(0, DEMANDED_MAX));
}

/** How many lists of one event are looked at. */
const LISTS_MAX = 8;
const NO_LENGTHS: ListLengths = { events: 0, least: Infinity, most: 0 };

/** Sees events of the type of an expectation, one after the other. */
export class InsideSearch {
  readonly #logIds: LogId[] = [];
  #absent: readonly JsonScalar[];
  readonly #lists = new Map<string, ListLengths>();
  #seen = 0;

  constructor(private readonly expected: ExpectedEvent) {
    this.#absent = [...demanded(expected.matcher.correlation)].map(([, value]) => value);
  }

  see(entry: JobEventLogEntry): void {
    const event = toMatchable(entry);
    if (jsonSize(event.attributes) > SEARCHED_LENGTH_MAX) return;
    this.#seen++;
    if (mismatchesWith(this.expected, event).some(insideForm)) this.#logIds.push(entry.logId);
    for (const [name, { length }] of listsIn(event.attributes).slice(0, LISTS_MAX)) {
      const { events, least, most } = this.#lists.get(name) ?? NO_LENGTHS;
      const [less, more] = [Math.min(least, length), Math.max(most, length)];
      this.#lists.set(name, { events: events + 1, least: less, most: more });
    }
    if (this.#absent.length === 0) return;
    const text = JSON.stringify(event.attributes).toLowerCase();
    this.#absent = this.#absent.filter((value) => !text.includes(writtenPart(value)));
  }

  /** The lists that all of them have. */
  get lists(): ReadonlyMap<string, ListLengths> {
    return new Map([...this.#lists].filter(([, { events }]) => events === this.#seen));
  }

  /** Those that have an expected value inside a text. */
  get logIds(): readonly LogId[] {
    return this.#logIds;
  }

  /**
   * Values that no event has in any form or place.
   *
   * @param ofType How many events there are; if it did not see them all, it is not known.
   */
  absentAmong(ofType: number | undefined): ReadonlySet<JsonScalar> {
    return new Set(ofType === this.#seen ? this.#absent : []);
  }
}

/** A value as it is written in JSON, without quotes and in lower case. */
function writtenPart(value: JsonScalar): string {
  return JSON.stringify(value).replace(/^"|"$/g, "").toLowerCase();
}
