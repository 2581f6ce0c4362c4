/**
 * Which events share values with what a job waits for, or carry the job's own. They are weighed by
 * how few events carry what they share, and never by when they came.
 */

import type { Work } from "../../core/at_once.ts";
import type { Annals } from "../../core/explain/annals.ts";
import type { LogId } from "../../core/ids.ts";
import type { ExpectedEvent } from "../../core/job_plan.ts";
import { looseForm } from "../../core/likeness/loose_form.ts";
import { demanded, ownValues } from "../../core/likeness/own_values.ts";
import type { PastEvents } from "../views/past_events.ts";
import { isFiled } from "../views/value_keys.ts";

/** What more events carry than this is no likeness. */
const RARE_MAX = 20;
/** Of the events that carry one value, so many are looked at. */
const CARRIERS_MAX = 4_096;
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
  readonly #events: PastEvents;
  readonly #annals: Annals;
  readonly #headLogId: LogId;
  readonly #carriers = new Map<string, readonly LogId[]>();
  readonly #own: readonly string[];

  /** @param headLogId What comes later came after the job as it is told. */
  constructor(events: PastEvents, annals: Annals, headLogId: LogId) {
    this.#events = events;
    this.#annals = annals;
    this.#headLogId = headLogId;
    this.#own = ownValues(annals.job).map(({ loose }) => loose);
  }

  *resembling({ matcher }: ExpectedEvent, limit: number): Work<Resembling> {
    const weights = new Map<LogId, number>();
    const common = new Set<string>();
    const weigh = (logIds: readonly LogId[], weight: number) => {
      for (const logId of logIds) weights.set(logId, (weights.get(logId) ?? 0) + weight);
    };
    const ofType = this.#others(this.#events.ofType(matcher.eventType, CARRIERS_MAX));
    yield;
    const terms = [...demanded(matcher.correlation)].filter(([, value]) => isFiled(value));
    const wanted = new Set(terms.map(([, value]) => looseForm(value)).slice(0, DEMANDED_MAX));
    for (const loose of wanted) {
      const carriers = this.#carrying(loose);
      const isRare = carriers.length <= RARE_MAX;
      if (!isRare) common.add(loose);
      weigh(carriers, isRare ? WEIGHT.rareDemanded : WEIGHT.demanded);
      yield;
    }
    for (const loose of this.#own) {
      const carriers = this.#carrying(loose);
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

  #carrying(loose: string): readonly LogId[] {
    let carriers = this.#carriers.get(loose);
    if (carriers === undefined) {
      carriers = this.#others(this.#events.carrying(loose, CARRIERS_MAX));
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
