/**
 * Finds what an explanation takes from elsewhere in the journal: what made the job's own
 * entries happen, and events that nearly were what it waits for. Of all that, a bounded
 * number is read, whatever the size of the journal.
 */

import type { JobEventLogEntry } from "../../core/event.ts";
import { atOnce, type Work } from "../../core/at_once.ts";
import { type Annals, outline } from "../../core/explain/annals.ts";
import type { Candidates, Evidence } from "../../core/explain/evidence.ts";
import { wantedCauses } from "../../core/explain/explain.ts";
import { openExpectations } from "../../core/explain/open_expectations.ts";
import { WAITS_MAX } from "../../core/explain/waiting_for.ts";
import type { LogId } from "../../core/ids.ts";
import { type JsonObject, jsonSize } from "../../core/json.ts";
import { quotedEntry } from "../../core/quotation.ts";
import { EntryPages, type EntrySource, type Hold, HOLD_NOTHING } from "./entry_pages.ts";
import type { Passing, PastEvents } from "../views/past_events.ts";

/** Events that are looked at for one expectation, and for all of them, unless that is too few. */
const CANDIDATES_MAX = 64;
const CANDIDATES_OF_ALL = 1_280;
const CANDIDATES_MIN = 4;
/** Events that reached the job are passed, so many for one expectation. */
const PASSED_MAX = 20_000;
/** Longer events are not compared, and of all together no more than this. */
const CHARACTERS_MAX = 16 * 1024 * 1024;
/** Of what is only cited, more than this is not kept. */
const OUTLINED_LENGTH = 16_384;

/** Where entries are read, up to a head. */
export interface EvidenceSource extends EntrySource {
  readonly headLogId: LogId;
}

export interface EvidenceFound extends Pick<Evidence, "causes" | "candidates"> {
  /** All entries found, by position; quotations stand for what they quote. */
  readonly strangers: ReadonlyMap<LogId, JobEventLogEntry>;
  /** Positions of events that reached some job: the entry after such a one says so. */
  readonly claimed: ReadonlySet<LogId>;
}

export class EvidenceSearch {
  readonly #pastEvents: PastEvents;
  readonly #source: EvidenceSource;
  readonly #pages: EntryPages;
  readonly #hold: Hold;
  readonly #do: <Result>(work: Work<Result>) => Result | Promise<Result>;

  /** @param paced Does work with pauses; without it, there are none. */
  constructor(
    pastEvents: PastEvents,
    source: EvidenceSource,
    paced: <Result>(work: Work<Result>) => Result | Promise<Result> = atOnce,
    pages: EntryPages = new EntryPages(source),
    hold: Hold = HOLD_NOTHING,
  ) {
    this.#pages = pages;
    this.#hold = hold;
    this.#pastEvents = pastEvents;
    this.#source = source;
    this.#do = paced;
  }

  /** Looks up what may nearly match, reads that, and what the job's entries name as their cause. */
  async run(annals: Annals): Promise<EvidenceFound> {
    const forgottenUpTo = this.#pastEvents.horizon;
    const { wanted, limit } = await this.#do(this.#lookUp(annals));
    const events = [...new Set([...wanted.values()].flat())].filter((logId) =>
      !annals.isOwn(logId)
    );
    const strangers = await this.#strangers(wantedCauses(annals), events);
    const claimed = await this.#claimed(events);
    const candidates = new Map(
      [...wanted].map(([id, logIds]): [string, Candidates] => [id, {
        events: logIds.flatMap((logId) => strangers.get(logId) ?? []),
        limit,
        claimed,
        forgottenUpTo,
      }]),
    );
    return { causes: strangers, candidates, strangers, claimed };
  }

  /** By expectation, what may nearly match: the likeliest first, and at most `limit`. */
  *#lookUp(annals: Annals): Work<LookedUp> {
    const open = openExpectations(annals.job).slice(0, WAITS_MAX);
    const share = Math.floor(CANDIDATES_OF_ALL / Math.max(1, open.length));
    const limit = Math.max(CANDIDATES_MIN, Math.min(CANDIDATES_MAX, share));
    const wanted = new Map<string, readonly LogId[]>();
    for (const { expected: { id, matcher } } of open) {
      wanted.set(id, this.#pastEvents.near(matcher, limit, this.#passing(annals)));
      yield;
    }
    return { wanted, limit };
  }

  /**
   * What reached the job is among its own entries, and would hide what did not: many that
   * counted have the very values that are looked for. What came meanwhile came later than
   * the job as it is told.
   */
  #passing(annals: Annals): Passing {
    let left = PASSED_MAX;
    const isPassed = (logId: LogId) => {
      const passes = annals.isOwn(logId) || annals.hasReached(logId) ||
        logId > this.#source.headLogId;
      return passes && left-- > 0;
    };
    return { isPassed, max: PASSED_MAX };
  }

  /** What is only cited is kept without what may be large of it. */
  async #strangers(
    causes: readonly LogId[],
    events: readonly LogId[],
  ): Promise<ReadonlyMap<LogId, JobEventLogEntry>> {
    const strangers = new Map<LogId, JobEventLogEntry>();
    const compared = new Set(events);
    let left = CHARACTERS_MAX;
    for await (const entry of this.#read([...causes, ...events])) {
      const size = jsonSize(entry.attributes as JsonObject);
      if (!compared.has(entry.logId)) {
        this.#hold(Math.min(size, OUTLINED_LENGTH));
        strangers.set(entry.logId, size > OUTLINED_LENGTH ? outline(entry) : entry);
      } else if (size <= left) {
        this.#hold(size);
        strangers.set(entry.logId, entry);
        left -= size;
      }
    }
    return strangers;
  }

  async #claimed(events: readonly LogId[]): Promise<ReadonlySet<LogId>> {
    const next = events.map((logId) => logId + 1);
    const claimed = new Set<LogId>();
    for await (const entry of this.#read(next.filter((at) => at <= this.#source.headLogId))) {
      const { logId, eventType, causedBy } = entry;
      if (eventType === "job.EventCorrelated" && causedBy === logId - 1) claimed.add(causedBy);
    }
    return claimed;
  }

  async *#read(logIds: readonly LogId[]): AsyncGenerator<JobEventLogEntry> {
    const ascending = [...new Set(logIds)].toSorted((left, right) => left - right);
    for await (const page of this.#pages.of(ascending)) yield* page.map(quotedEntry);
  }
}

interface LookedUp {
  readonly wanted: ReadonlyMap<string, readonly LogId[]>;
  readonly limit: number;
}
