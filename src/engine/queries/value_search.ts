/**
 * Which events share values with what a job waits for, or carry the job's own. They are weighed by
 * how few events carry what they share, and never by when they came.
 */

import type { Work } from "../../core/at_once.ts";
import type { OutlinedHistory } from "../../explain/outlined_history.ts";
import type { LogId } from "../../core/ids.ts";
import type { EventMatcher, ExpectedEvent } from "../../core/job_plan.ts";
import { looseForm } from "../../explain/likeness/loose_form.ts";
import { demanded, ownValues } from "../../explain/likeness/own_values.ts";
import { spellingSlips } from "../../explain/likeness/spelling_slip.ts";
import { type FoundEvents, Lookup } from "../views/past_events.ts";
import { CARRIERS_MAX } from "../views/postings.ts";
import { isFiled } from "../views/value_keys.ts";

/** What more events carry than this is no likeness. */
const RARE_MAX = 20;
/** Values of one expectation that are looked up. */
const DEMANDED_MAX = 64;

/** Ways of writing a value wrong that are looked up, for one explanation. */
const SLIPS_MAX = 256;
/** Where more events have a value that is one letter off, they are about other things. */
const MISSPELT_MAX = 3;

/** What an event is worth that has it. */
const WEIGHT = { rareDemanded: 8, rareOwn: 4, demanded: 3, type: 2 } as const;
/** What is worth less shares its type alone. */
const WEIGHT_MIN = 3;

export interface Resembling {
  /** The likeliest first. */
  readonly logIds: readonly LogId[];
  /** Loose forms of values that too many events carry. */
  readonly common: ReadonlySet<string>;
  /** How many other events of the type there are; `undefined` where too many came later to tell. */
  readonly ofType: number | undefined;
}

interface Weighed {
  readonly weights: Map<LogId, number>;
  readonly common: ReadonlySet<string>;
  /** Other events of the type. */
  readonly ofType: ReadonlySet<LogId>;
  /** Whether something has a value that is demanded, and few have it. */
  readonly hasRare: boolean;
}

export class ValueSearch {
  readonly #outlined: OutlinedHistory;
  readonly #headLogId: LogId;
  readonly #find: (lookup: Lookup) => Promise<FoundEvents>;
  readonly #do: <Result>(work: Work<Result>) => Result | Promise<Result>;
  readonly #carriers = new Map<string, readonly LogId[]>();
  readonly #own: readonly string[];
  #slipsLeft = SLIPS_MAX;

  /**
   * @param headLogId What comes later came after the job as it is told.
   * @param paced Does work with pauses.
   */
  constructor(
    outlined: OutlinedHistory,
    headLogId: LogId,
    find: (lookup: Lookup) => Promise<FoundEvents>,
    paced: <Result>(work: Work<Result>) => Result | Promise<Result>,
  ) {
    this.#outlined = outlined;
    this.#headLogId = headLogId;
    this.#find = find;
    this.#do = paced;
    this.#own = ownValues(outlined.job).map(({ loose }) => loose);
  }

  /** Adds to a lookup what `resembling` begins with. */
  lookUp({ matcher }: ExpectedEvent, lookup: Lookup): void {
    lookup.ofType(matcher.eventType, CARRIERS_MAX);
    for (const loose of [...wantedOf(matcher), ...this.#own]) lookup.carrying(loose, CARRIERS_MAX);
  }

  /** @param events What was found of `lookUp`. */
  async resembling(
    { matcher }: ExpectedEvent,
    events: FoundEvents,
    limit: number,
  ): Promise<Resembling> {
    const latest = events.ofType(matcher.eventType, CARRIERS_MAX);
    const wanted = wantedOf(matcher);
    const weighed = await this.#do(this.#weighed(wanted, events, latest));
    const { weights, common, ofType, hasRare } = weighed;
    // Where nothing has it, somebody may have written it wrong.
    if (!hasRare) {
      for (const logId of await this.#misspelt(wanted, ofType)) {
        weights.set(logId, (weights.get(logId) ?? 0) + WEIGHT.rareDemanded);
      }
    }
    for (const [logId, weight] of weights) {
      if (ofType.has(logId)) weights.set(logId, weight + WEIGHT.type);
    }
    const logIds = [...weights].filter(([, weight]) => weight >= WEIGHT_MIN)
      .toSorted(([left, one], [right, other]) => other - one || right - left)
      .slice(0, limit).map(([logId]) => logId);
    const isCut = latest.length === CARRIERS_MAX && latest.some((at) => at > this.#headLogId);
    return { logIds, common, ofType: isCut ? undefined : ofType.size };
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
    for (const loose of wanted) {
      const carriers = this.#carrying(events, loose);
      const isRare = carriers.length <= RARE_MAX;
      hasRare ||= isRare && carriers.length > 0;
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
    return { weights, common, ofType, hasRare };
  }

  /** Events of the type with a value that is one letter off, and that no job was given. */
  async #misspelt(
    wanted: ReadonlySet<string>,
    ofType: ReadonlySet<LogId>,
  ): Promise<readonly LogId[]> {
    const slips = wanted.values().flatMap(spellingSlips).take(this.#slipsLeft).toArray();
    this.#slipsLeft -= slips.length;
    if (slips.length === 0 || ofType.size === 0) return [];
    const written = new Lookup();
    for (const slip of slips) written.carrying(slip, CARRIERS_MAX);
    const events = await this.#find(written);
    const carriersOf = (slip: string) =>
      this.#carrying(events, slip).filter((logId) => ofType.has(logId));
    const carried = slips.filter((slip) => carriersOf(slip).length > 0);
    if (carried.length === 0) return [];
    const given = new Lookup();
    for (const slip of carried) given.jobsGiven(slip, 1);
    const jobs = await this.#find(given);
    const found = new Set(
      carried.filter((slip) => jobs.jobsGiven(slip, 1).length === 0).flatMap(carriersOf),
    );
    return found.size > MISSPELT_MAX ? [] : [...found];
  }

  #carrying(events: FoundEvents, loose: string): readonly LogId[] {
    let carriers = this.#carriers.get(loose);
    if (carriers === undefined) {
      carriers = this.#others(events.carrying(loose, CARRIERS_MAX));
      this.#carriers.set(loose, carriers);
    }
    return carriers;
  }

  /** What reached the job is among its own entries, and is no stranger to it. */
  #others(logIds: readonly LogId[]): readonly LogId[] {
    const { isOwn, hasReached } = this.#outlined;
    return logIds.filter((logId) =>
      logId <= this.#headLogId && !isOwn(logId) && !hasReached(logId)
    );
  }
}

/** Loose forms of the values that a matcher demands, as far as they are looked up. */
function wantedOf({ correlation }: EventMatcher): ReadonlySet<string> {
  const values = [...demanded(correlation)].map(([, value]) => value).filter(isFiled);
  return new Set(values.map(looseForm).slice(0, DEMANDED_MAX));
}
