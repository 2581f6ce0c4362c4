/**
 * Finds what an explanation needs from elsewhere in the journal: the causes of the job's entries,
 * and events that were meant for what it waits for. Reads a bounded number, whatever the size of
 * the journal.
 */

import { ascending } from "../../core/ascending.ts";
import {
  isCorrelated,
  isProcessEntry,
  type JobEventLogEntry,
  PROCESS_ENDS,
  PROCESS_FACTS,
} from "../../core/event.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import type { ExpectedEvent } from "../../core/job_plan.ts";
import type { JobState } from "../../core/job_state.ts";
import { type JsonObject, jsonSize, present } from "../../core/json.ts";
import { quotedEntry } from "../../core/log_references.ts";
import { runToEnd } from "../../core/work.ts";
import { openExpectations, policyTargets } from "../../core/awaited_events.ts";
import type { Candidates, Causes, Findings } from "../../explain/statements/evidence.ts";
import { wantedCauses } from "../../explain/explain.ts";
import type { Effect } from "../../explain/likeness/resemblance.ts";
import { outline, type OutlinedHistory } from "../../explain/history/outlined_history.ts";
import { WAITS_SHOWN_MAX } from "../../explain/open/waiting_for.ts";
import { type FoundEvents, Lookup, type PastEvents } from "../views/past_events.ts";
import { uncaughtOf } from "../views/value_keys.ts";
import {
  EntryPages,
  type EntrySource,
  RESERVE_NOTHING,
  type ReserveMemory,
} from "../entry_pages.ts";
import { missedExpectations } from "../../explain/open/missed_events.ts";
import { SenderSearch } from "./sender_search.ts";
import { CompanionSearch } from "./companion_search.ts";
import { reachedBy } from "./reached_jobs.ts";
import { SuccessorSearch } from "./successor_search.ts";
import { LateSearch } from "./late_search.ts";
import {
  InsideSearch,
  type JobSource,
  type Resembling,
  type RunWork,
  type SearchParts,
  ValueSearch,
} from "./value_search.ts";

/** The most events to look at for one expectation, and for all together. */
const CANDIDATES_MAX = 64;
const CANDIDATES_OF_ALL = 1_280;
const CANDIDATES_MIN = 4;
/** The most characters of events to compare in total. */
const CHARACTERS_MAX = 16 * 1024 * 1024;
/** Larger entries are cut when they are only cited. */
const OUTLINED_LENGTH = 16_384;
/** How many facts about the process are read, and how many of those after the job's end. */
const PROCESS_FACTS_MAX = 32;
const PROCESS_AFTER_MAX = 2;
/** How many ends of the process are read, the latest before the job's end. */
const PROCESS_ENDS_MAX = 8;
/** How many errors that no code caught are read: the latest. */
const UNCAUGHT_MAX = 16;
/** For how many expectations events of other types are compared with those of the expected one. */
const TYPES_COMPARED_MAX = 4;
/** For how many expectations the event that counted last is looked at for other jobs. */
const SHARED_MAX = 4;

/** Where entries are read, up to a head. */
interface EvidenceSource extends EntrySource, JobSource {}

export interface EvidenceFound
  extends
    Pick<Findings, "candidates" | "creator" | "process" | "sharers">,
    Required<Pick<Findings, "later">> {
  /** All entries found, by position. Quotations stand for the entries that they quote. */
  readonly causes: Causes;
  /** By the position of an event, the jobs that it reached. */
  readonly effects: ReadonlyMap<LogId, readonly Effect[]>;
}

/** With what the events of the type show that were searched. */
type Sought = Resembling & Pick<Candidates, "absent" | "lists">;

export class EvidenceSearch {
  /** @param paced Does work with pauses; without it, there are none. */
  constructor(
    private readonly pastEvents: Pick<PastEvents, "find">,
    private readonly source: EvidenceSource,
    private readonly paced: RunWork = runToEnd,
    private readonly pages: EntryPages = new EntryPages(source),
    private readonly hold: ReserveMemory = RESERVE_NOTHING,
  ) {}

  /** Reads what resembles what is missing, and what the job's entries refer to. */
  async run(outlined: OutlinedHistory): Promise<EvidenceFound> {
    const { headLogId } = this.source;
    const open = openExpectations(outlined.job).slice(0, WAITS_SHOWN_MAX)
      .map(({ expected }) => expected);
    const named = open.length === 0
      ? []
      : policyTargets(outlined.job).map(({ expected }) => expected);
    const parts: SearchParts = {
      source: this.source,
      find: (lookup) => lookup.in(this.pastEvents, headLogId),
      read: (logIds) => this.#read(logIds),
      do: this.paced,
    };
    const missed = missedExpectations(outlined).map(({ expected }) => expected);
    const sought = [...open, ...missed];
    const search = new ValueSearch(outlined, parts);
    const senders = new SenderSearch(outlined.job, parts);
    const late = new LateSearch(outlined, headLogId);
    const lookup = new Lookup();
    for (const expected of [...sought, ...named]) search.lookUp(expected, lookup);
    senders.lookUp(open, lookup);
    late.lookUp(lookup);
    lookup.ofTypes(PROCESS_FACTS).ofTypes(PROCESS_ENDS)
      .ofType(uncaughtOf(outlined.job.jobId), UNCAUGHT_MAX);
    const found = await parts.find(lookup);
    const wanted = await this.#resembling(sought, named, search, found);
    const sender = await senders.of(open, wanted, found);
    const events = [...new Set([...wanted.values()].flatMap(({ logIds }) => logIds))];
    const later = late.of(found);
    const meanwhile = processFacts(outlined, found, headLogId);
    const causes = await this.#foreignEntries(
      [...wantedCauses(outlined), ...meanwhile],
      [...events, ...[...later.values()].flat()],
    );
    const creator = await this.#addSenders(outlined, causes);
    const effects = await this.#effects(events, causes);
    const sharers = await this.#sharers(outlined);
    const read = (logIds: readonly LogId[]) => logIds.flatMap((logId) => causes.get(logId) ?? []);
    const unclaimed = (id: string) =>
      read(wanted.get(id)?.logIds ?? []).filter(({ logId }) => !effects.has(logId));
    const successors = new Map<string, ReadonlySet<string>>();
    const companions = new Map<string, ReadonlySet<string>>();
    for (const expected of sought.slice(0, TYPES_COMPARED_MAX)) {
      const others = unclaimed(expected.id);
      successors.set(expected.id, await new SuccessorSearch(parts).of(expected, others, found));
      companions.set(expected.id, await new CompanionSearch(parts).of(expected, others));
    }
    const isCounting = this.source.job !== undefined;
    const candidates = new Map(
      [...wanted].map((
        [id, { logIds, common, ofType, absent, lists }],
      ): [string, Candidates] => [id, {
        events: read(logIds),
        effects,
        common,
        successors: successors.get(id) ?? new Set(),
        companions: companions.get(id) ?? new Set(),
        sender: sender.get(id),
        absent,
        ...present({ lists }),
        ...(isCounting && ofType !== undefined ? { ofType } : {}),
        forgottenUpTo: found.horizon,
        ...(found.upTo < headLogId ? { upTo: found.upTo } : {}),
      }]),
    );
    return {
      ...{ causes, candidates, creator, effects, sharers },
      later: new Map([...later].map(([id, logIds]) => [id, late.accepted(id, read(logIds))])),
      process: read(meanwhile).filter(isProcessEntry),
    };
  }

  /** By expectation, the events that resemble it: the most similar first, at most a share of all. */
  async #resembling(
    sought: readonly ExpectedEvent[],
    named: readonly ExpectedEvent[],
    search: ValueSearch,
    found: FoundEvents,
  ): Promise<ReadonlyMap<string, Sought>> {
    const all = [...sought, ...named];
    const share = Math.floor(CANDIDATES_OF_ALL / Math.max(1, all.length));
    const limit = Math.max(CANDIDATES_MIN, Math.min(CANDIDATES_MAX, share));
    const wanted = new Map<string, Sought>();
    for (const expected of all) {
      const likely = await search.resembling(expected, found, limit);
      const isSought = sought.includes(expected);
      const inside = new InsideSearch(expected);
      for await (const entry of this.#read(isSought ? likely.toSearch : [])) inside.see(entry);
      const logIds = [...new Set([...likely.logIds, ...inside.logIds])];
      const absent = isSought ? inside.absentAmong(likely.ofType) : new Set<never>();
      wanted.set(expected.id, { ...likely, logIds, absent, lists: inside.lists });
    }
    return wanted;
  }

  /** Cited entries are kept without their large parts. */
  async #foreignEntries(
    causes: readonly LogId[],
    events: readonly LogId[],
  ): Promise<Map<LogId, JobEventLogEntry>> {
    const foreignEntries = new Map<LogId, JobEventLogEntry>();
    const compared = new Set(events);
    let left = CHARACTERS_MAX;
    for await (const entry of this.#read([...causes, ...events])) {
      const size = jsonSize(entry.attributes as JsonObject);
      if (!compared.has(entry.logId)) {
        this.hold(Math.min(size, OUTLINED_LENGTH));
        foreignEntries.set(entry.logId, size > OUTLINED_LENGTH ? outline(entry) : entry);
      } else if (size <= left) {
        this.hold(size);
        foreignEntries.set(entry.logId, entry);
        left -= size;
      }
    }
    return foreignEntries;
  }

  /**
   * Adds the ends of the tasks that sent the events which failed the job, and which created it.
   *
   * @returns The job that sent the latter.
   */
  async #addSenders(
    { failedBy, created, entries }: OutlinedHistory,
    foreignEntries: Map<LogId, JobEventLogEntry>,
  ): Promise<JobState | undefined> {
    const [failing, creating] = [failedBy?.entry, created].map((entry) => {
      const cause = entry?.causedBy ?? 0;
      return (foreignEntries.get(cause) ?? entries.get(cause))?.causedBy ?? 0;
    });
    let creator: JobState | undefined;
    for await (const entry of this.#read([failing ?? 0, creating ?? 0].filter(Boolean))) {
      foreignEntries.set(entry.logId, outline(entry));
      if (entry.logId !== creating || entry.jobId === undefined) continue;
      creator = this.source.shortJob?.(entry.jobId);
    }
    return creator;
  }

  /** The jobs that events name, and those of the entries that stand for them. */
  async #effects(
    events: readonly LogId[],
    foreignEntries: ReadonlyMap<LogId, JobEventLogEntry>,
  ): Promise<ReadonlyMap<LogId, readonly Effect[]>> {
    const effects = new Map<LogId, Effect[]>();
    for (const logId of events) {
      const jobId = foreignEntries.get(logId)?.jobId;
      if (jobId !== undefined) effects.set(logId, [this.#effect(jobId, logId)]);
    }
    for await (const { jobId, logId, causedBy } of this.#reached(events)) {
      effects.getOrInsertComputed(causedBy, () => []).push(this.#effect(jobId, logId));
    }
    return effects;
  }

  #reached(events: readonly LogId[]) {
    return reachedBy(events, (logIds) => this.#read(logIds), this.source.headLogId);
  }

  /** For each event that counted for this job, the first other one that it reached. */
  async #sharers({ job, entries }: OutlinedHistory): Promise<ReadonlyMap<LogId, JobState>> {
    const counted = new Map<LogId, LogId>();
    for (const { by } of job.expected.slice(0, SHARED_MAX)) {
      const entry = entries.get(by.at(-1) ?? 0);
      if (entry !== undefined && isCorrelated(entry)) counted.set(entry.causedBy ?? 0, entry.logId);
    }
    const sharers = new Map<LogId, JobState>();
    for await (const { jobId, causedBy } of this.#reached([...counted.keys()])) {
      const by = counted.get(causedBy);
      if (by === undefined || jobId === job.jobId || sharers.has(by)) continue;
      const other = this.source.shortJob?.(jobId);
      if (other !== undefined) sharers.set(by, other);
    }
    return sharers;
  }

  #effect(jobId: JobId, logId: LogId): Effect {
    const job = this.source.job?.(jobId);
    if (job === undefined) return { jobId, logId };
    const counted = job.plan.expected
      .filter((_, at) => job.expected[at]?.by.includes(logId) === true)
      .map(({ id }) => id);
    return { jobId, logId, counted };
  }

  async *#read(logIds: readonly LogId[]): AsyncGenerator<JobEventLogEntry> {
    for await (const page of this.pages.of(ascending(logIds))) yield* page.map(quotedEntry);
  }
}

/**
 * Facts about the process since the job's first entry, and the next few after its end; and the
 * errors that its code may have thrown.
 */
function processFacts(
  { job, created, endedBy }: OutlinedHistory,
  found: FoundEvents,
  headLogId: LogId,
): readonly LogId[] {
  const since = (types: readonly string[]) =>
    ascending(
      found.ofTypes(types).filter((logId) => logId > created.logId && logId <= headLogId),
    );
  const end = endedBy?.entry.logId ?? Infinity;
  const facts = since(PROCESS_FACTS);
  const during = [
    ...facts.filter((logId) => logId <= end).slice(-PROCESS_FACTS_MAX),
    ...since(PROCESS_ENDS).filter((logId) => logId <= end).slice(-PROCESS_ENDS_MAX),
  ];
  const after = facts.filter((logId) => logId > end).slice(0, PROCESS_AFTER_MAX);
  const uncaught = found.ofType(uncaughtOf(job.jobId), UNCAUGHT_MAX)
    .filter((logId) => logId > created.logId && logId <= headLogId);
  return [...during, ...after, ...uncaught];
}
