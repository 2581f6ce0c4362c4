/**
 * Which events share values with what a job waits for, or carry the job's own. They are weighed by
 * how few events carry what they share, and never by when they came.
 */

import type { Work } from "../../core/at_once.ts";
import type { Annals } from "../../core/explain/annals.ts";
import type { LogId } from "../../core/ids.ts";
import type { EventMatcher, ExpectedEvent } from "../../core/job_plan.ts";
import { looseForm } from "../../core/likeness/loose_form.ts";
import { demanded, ownValues } from "../../core/likeness/own_values.ts";
import type { FoundEvents, Lookup } from "../views/past_events.ts";
import { CARRIERS_MAX } from "../views/postings.ts";
import { isFiled } from "../views/value_keys.ts";

/** What more events carry than this is no likeness. */
const RARE_MAX = 20;
/** Values of one expectation that are looked up. */
const DEMANDED_MAX = 64;

/** What an event is worth that has it. */
const WEIGHT = { rareDemanded: 8, rareOwn: 4, demanded: 3, type: 2 } as const;
/** What is worth less shares its type alone. */
const WEIGHT_MIN = 3;

export interface Resembling {
  /** The likeliest first. */
  readonly logIds: readonly LogId[];
  /** Loose forms of values that too many events carry. */
  readonly common: ReadonlySet<string>;
  /** How many other events of the type there are. */
  readonly ofType: number;
}

export class ValueSearch {
  readonly #annals: Annals;
  readonly #headLogId: LogId;
  readonly #carriers = new Map<string, readonly LogId[]>();
  readonly #own: readonly string[];

  /** @param headLogId What comes later came after the job as it is told. */
  constructor(annals: Annals, headLogId: LogId) {
    this.#annals = annals;
    this.#headLogId = headLogId;
    this.#own = ownValues(annals.job).map(({ loose }) => loose);
  }

  /** Adds to a lookup what `resembling` goes by. */
  lookUp({ matcher }: ExpectedEvent, lookup: Lookup): void {
    lookup.ofType(matcher.eventType, CARRIERS_MAX);
    for (const loose of wantedOf(matcher)) lookup.carrying(loose, CARRIERS_MAX);
    // More are not asked for: what is common is no likeness, but for the job's own entries.
    const { logIds, causes } = this.#annals;
    const limit = Math.min(CARRIERS_MAX, RARE_MAX + 1 + logIds.length + causes.length);
    for (const loose of this.#own) lookup.carrying(loose, limit);
  }

  /** @param events What was found of `lookUp`. */
  *resembling(
    { matcher }: ExpectedEvent,
    events: FoundEvents,
    limit: number,
  ): Work<Resembling> {
    const weights = new Map<LogId, number>();
    const common = new Set<string>();
    const weigh = (logIds: readonly LogId[], weight: number) => {
      for (const logId of logIds) weights.set(logId, (weights.get(logId) ?? 0) + weight);
    };
    const ofType = this.#others(events.ofType(matcher.eventType, CARRIERS_MAX));
    yield;
    const wanted = wantedOf(matcher);
    for (const loose of wanted) {
      const carriers = this.#carrying(events, loose);
      const isRare = carriers.length <= RARE_MAX;
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
    for (const logId of ofType) if (weights.has(logId)) weigh([logId], WEIGHT.type);
    const logIds = [...weights].filter(([, weight]) => weight >= WEIGHT_MIN)
      .toSorted(([left, one], [right, other]) => other - one || right - left)
      .slice(0, limit).map(([logId]) => logId);
    return { logIds, common, ofType: ofType.length };
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
    const { isOwn, hasReached } = this.#annals;
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
