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
import { spellingSlips } from "../../core/likeness/spelling_slip.ts";
import type { PastEvents } from "../views/past_events.ts";
import { isFiled } from "../views/value_keys.ts";

/** What more events carry than this is no likeness. */
const RARE_MAX = 20;
/** Of the events that carry one value, so many are looked at. */
const CARRIERS_MAX = 4_096;
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

export class ValueSearch {
  readonly #events: PastEvents;
  readonly #annals: Annals;
  readonly #headLogId: LogId;
  readonly #carriers = new Map<string, readonly LogId[]>();
  readonly #own: readonly string[];
  #slipsLeft = SLIPS_MAX;

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
    const latest = this.#events.ofType(matcher.eventType, CARRIERS_MAX);
    const ofType = this.#others(latest);
    yield;
    const terms = [...demanded(matcher.correlation)].filter(([, value]) => isFiled(value));
    const wanted = new Set(terms.map(([, value]) => looseForm(value)).slice(0, DEMANDED_MAX));
    let hasRare = false;
    for (const loose of wanted) {
      const carriers = this.#carrying(loose);
      const isRare = carriers.length <= RARE_MAX;
      hasRare ||= isRare && carriers.length > 0;
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
    // Where nothing has it, somebody may have written it wrong.
    if (!hasRare) weigh(yield* this.#misspelt(wanted, new Set(ofType)), WEIGHT.rareDemanded);
    for (const logId of ofType) if (weights.has(logId)) weigh([logId], WEIGHT.type);
    const logIds = [...weights].filter(([, weight]) => weight >= WEIGHT_MIN)
      .toSorted(([left, one], [right, other]) => other - one || right - left)
      .slice(0, limit).map(([logId]) => logId);
    const isCut = latest.length === CARRIERS_MAX && latest.some((at) => at > this.#headLogId);
    return { logIds, common, ofType: isCut ? undefined : ofType.length };
  }

  /** Events of the type with a value that is one letter off, and that no job was given. */
  *#misspelt(wanted: ReadonlySet<string>, ofType: ReadonlySet<LogId>): Work<readonly LogId[]> {
    const found = new Set<LogId>();
    for (const loose of wanted) {
      for (const slip of spellingSlips(loose)) {
        if (this.#slipsLeft-- <= 0) return [...found];
        const carriers = this.#carrying(slip).filter((logId) => ofType.has(logId));
        yield;
        if (carriers.length === 0 || this.#events.jobsGiven(slip, 1).length > 0) continue;
        for (const logId of carriers) found.add(logId);
        if (found.size > MISSPELT_MAX) return [];
      }
    }
    return [...found];
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
