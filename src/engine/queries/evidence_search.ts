/**
 * Finds what an explanation takes from elsewhere in the journal: what made the job's own
 * entries happen, and events that nearly were what it waits for. Of all that, a bounded
 * number is read, whatever the size of the journal.
 */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { Annals } from "../../core/explain/annals.ts";
import type { Candidates, Evidence } from "../../core/explain/evidence.ts";
import { wantedCauses } from "../../core/explain/explain.ts";
import { openExpectations } from "../../core/explain/open_expectations.ts";
import type { LogId } from "../../core/ids.ts";
import { quotedEntry } from "../../core/quotation.ts";
import type { PastEvents } from "../views/past_events.ts";

/** Events that are looked at for one expectation, and for all of them, unless that is too few. */
const CANDIDATES_MAX = 64;
const CANDIDATES_OF_ALL = 1_280;
const CANDIDATES_MIN = 4;
const EXPECTATIONS_MAX = 1_000;
/** Events that reached the job are passed, so many for all its expectations together. */
const PASSED_MAX = 100_000;

/** Where entries are read. */
export interface EntrySource {
  readonly headLogId: LogId;
  /** The entries at these positions, which ascend. */
  readAt(logIds: readonly LogId[]): Promise<readonly JobEventLogEntry[]>;
}

export interface EvidenceFound extends Pick<Evidence, "causes" | "candidates"> {
  /** All entries found, by position; quotations stand for what they quote. */
  readonly strangers: ReadonlyMap<LogId, JobEventLogEntry>;
  /** Positions of events that reached some job: the entry after such a one says so. */
  readonly claimed: ReadonlySet<LogId>;
}

export class EvidenceSearch {
  readonly #pastEvents: PastEvents;
  readonly #source: EntrySource;

  constructor(pastEvents: PastEvents, source: EntrySource) {
    this.#pastEvents = pastEvents;
    this.#source = source;
  }

  /** Looks up what may nearly match, reads that, and what the job's entries name as their cause. */
  async run(annals: Annals): Promise<EvidenceFound> {
    const forgottenUpTo = this.#pastEvents.horizon;
    const { wanted, limit } = this.#lookedUp(annals);
    const events = [...new Set([...wanted.values()].flat())];
    const strangers = await this.#strangers(annals, [...wantedCauses(annals), ...events]);
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
  #lookedUp(annals: Annals): {
    readonly wanted: ReadonlyMap<string, readonly LogId[]>;
    readonly limit: number;
  } {
    const open = openExpectations(annals.job).slice(0, EXPECTATIONS_MAX);
    const share = Math.floor(CANDIDATES_OF_ALL / Math.max(1, open.length));
    const limit = Math.max(CANDIDATES_MIN, Math.min(CANDIDATES_MAX, share));
    const max = Math.floor(PASSED_MAX / Math.max(1, open.length));
    const passing = { isPassed: this.#passedWith(annals), max };
    const wanted = new Map(
      open.map(({ expected: { id, matcher } }) => [
        id,
        this.#pastEvents.near(matcher, limit, passing),
      ]),
    );
    return { wanted, limit };
  }

  /**
   * What reached the job is among its own entries, and would hide what did not: many that
   * counted have the very values that are looked for. What came meanwhile came later than
   * the job as it is told.
   */
  #passedWith({ entries }: Annals): (logId: LogId) => boolean {
    const reached = new Set<LogId>();
    for (const { logId, eventType, causedBy } of entries.values()) {
      reached.add(logId);
      if (eventType === "job.EventCorrelated" && causedBy !== undefined) reached.add(causedBy);
    }
    return (logId) => reached.has(logId) || logId > this.#source.headLogId;
  }

  async #strangers(
    annals: Annals,
    wanted: readonly LogId[],
  ): Promise<ReadonlyMap<LogId, JobEventLogEntry>> {
    const entries = await this.#read(wanted.filter((logId) => !annals.entries.has(logId)));
    return new Map(entries.map((entry) => [entry.logId, entry]));
  }

  async #claimed(events: readonly LogId[]): Promise<ReadonlySet<LogId>> {
    const next = events.map((logId) => logId + 1);
    const entries = await this.#read(next.filter((logId) => logId <= this.#source.headLogId));
    return new Set(
      entries.flatMap(({ logId, eventType, causedBy }) =>
        eventType === "job.EventCorrelated" && causedBy === logId - 1 ? [causedBy] : []
      ),
    );
  }

  async #read(logIds: readonly LogId[]): Promise<readonly JobEventLogEntry[]> {
    const ascending = [...new Set(logIds)].toSorted((left, right) => left - right);
    return (await this.#source.readAt(ascending)).map(quotedEntry);
  }
}
