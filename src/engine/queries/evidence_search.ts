/**
 * Finds what an explanation needs from elsewhere in the journal: the causes of the job's entries,
 * and events that were meant for what it waits for. Reads a bounded number, whatever the size of
 * the journal.
 */

import { correlationTerms } from "../../core/correlation.ts";
import { isProcessEntry, type JobEventLogEntry, PROCESS_FACTS } from "../../core/event.ts";
import { isReserved, type JobId, type LogId } from "../../core/ids.ts";
import { expectationAccepts, type ExpectedEvent, requiredMatches } from "../../core/job_plan.ts";
import { type JsonObject, jsonSize } from "../../core/json.ts";
import { quotedEntry } from "../../core/log_references.ts";
import { toMatchable } from "../../core/projector.ts";
import { runToEnd } from "../../core/work.ts";
import {
  openExpectations,
  policyExpectations,
  policyTargets,
} from "../../explain/awaited_events.ts";
import { givenUpAt } from "../../explain/counted_events.ts";
import type { Candidates, Causes, Findings } from "../../explain/evidence.ts";
import { wantedCauses } from "../../explain/explain.ts";
import type { Effect } from "../../explain/likeness/suspect.ts";
import { outline, type OutlinedHistory } from "../../explain/outlined_history.ts";
import { WAITS_MAX } from "../../explain/waiting_for.ts";
import { FoundEvents, Lookup, type PastEvents } from "../views/past_events.ts";
import { CARRIERS_MAX } from "../views/postings.ts";
import { uncaughtOf } from "../views/value_keys.ts";
import {
  EntryPages,
  type EntrySource,
  RESERVE_NOTHING,
  type ReserveMemory,
} from "./entry_pages.ts";
import { SenderSearch } from "./sender_search.ts";
import { TwinSearch } from "./twin_search.ts";
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
/** How many satisfied expectations are searched for later events. */
const SATISFIED_MAX = 10;
const LATE_MAX = 20;
/** The most events that a satisfied expectation may have taken to be searched for late ones. */
const NEAR_MAX = 64;
/** How many facts about the process are read, and how many of those after the job's end. */
const PROCESS_FACTS_MAX = 32;
const PROCESS_AFTER_MAX = 2;
/** How many errors that no code caught are read: the latest. */
const UNCAUGHT_MAX = 16;
/** How many of the jobs that an event reached are named. */
const EFFECTS_MAX = 3;

/** Where entries are read, up to a head. */
interface EvidenceSource extends EntrySource, JobSource {}

interface EvidenceFound
  extends Pick<Findings, "candidates" | "later" | "process" | "twin" | "rival"> {
  /** All entries found, by position. Quotations stand for the entries that they quote. */
  readonly causes: Causes;
  /** By the position of an event, the jobs that it reached. */
  readonly effects: ReadonlyMap<LogId, readonly Effect[]>;
}

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
    const open = openExpectations(outlined.job).slice(0, WAITS_MAX).map(({ expected }) => expected);
    const named = open.length === 0
      ? []
      : policyTargets(outlined.job).map(({ expected }) => expected);
    const met = metExpectations(outlined);
    const parts: SearchParts = {
      source: this.source,
      find: async ({ wanted }) => new FoundEvents(await this.pastEvents.find(wanted, headLogId)),
      read: (logIds) => this.#read(logIds),
      do: this.paced,
    };
    const search = new ValueSearch(outlined, parts);
    const lookup = new Lookup();
    for (const expected of [...open, ...named]) search.lookUp(expected, lookup);
    const senders = new SenderSearch(outlined.job, parts);
    senders.lookUp(open, lookup);
    for (const { expected } of met) lookup.near(expected.matcher);
    for (const type of PROCESS_FACTS) lookup.ofType(type, CARRIERS_MAX);
    lookup.ofType(uncaughtOf(outlined.job.jobId), UNCAUGHT_MAX);
    const twins = new TwinSearch(outlined.job, parts);
    twins.lookUp(lookup);
    const found = await parts.find(lookup);
    const wanted = await resembling([...open, ...named], search, found);
    const inside = await this.#inside(open, wanted);
    const twin = await twins.of(found);
    const rival = twin === undefined ? await twins.rival(found) : undefined;
    const sender = await senders.of(open, wanted, found);
    const events = [
      ...new Set([...wanted.values(), ...inside.values()].flatMap(({ logIds }) => logIds)),
    ];
    const lateOnes = this.#lateOnes(outlined, met, found);
    const late = [...lateOnes.values()].flat();
    const meanwhile = processFacts(outlined, found, headLogId);
    const foreignEntries = await this.#foreignEntries(
      [...wantedCauses(outlined), ...meanwhile],
      [...events, ...late],
    );
    await this.#addSender(outlined, foreignEntries);
    const effects = await this.#effects(events, foreignEntries);
    const isCounting = this.source.job !== undefined;
    const candidates = new Map(
      [...wanted].map(([id, { logIds, common, ofType }]): [string, Candidates] => [id, {
        events: [...new Set([...logIds, ...inside.get(id)?.logIds ?? []])]
          .flatMap((logId) => foreignEntries.get(logId) ?? []),
        effects,
        common,
        sender: sender.get(id),
        absent: inside.get(id)?.absentAmong(ofType) ?? new Set(),
        ...(isCounting && ofType !== undefined ? { ofType } : {}),
        forgottenUpTo: found.horizon,
        ...(found.upTo < headLogId ? { upTo: found.upTo } : {}),
      }]),
    );
    const later = new Map([...lateOnes].map(([id, logIds]) => [
      id,
      logIds.flatMap((logId) => foreignEntries.get(logId) ?? [])
        .filter((entry) => entry.jobId === undefined && isAccepted(met, id, entry)),
    ]));
    const process = meanwhile.flatMap((logId) => foreignEntries.get(logId) ?? [])
      .filter(isProcessEntry);
    return { causes: foreignEntries, candidates, effects, later, process, twin, rival };
  }

  /** By expectation, a search for expected values inside texts. */
  async #inside(
    open: readonly ExpectedEvent[],
    wanted: ReadonlyMap<string, Resembling>,
  ): Promise<ReadonlyMap<string, InsideSearch>> {
    const inside = new Map<string, InsideSearch>();
    for (const expected of open) {
      const search = new InsideSearch(expected);
      const toSearch = wanted.get(expected.id)?.toSearch ?? [];
      for await (const entry of this.#read(toSearch)) search.see(entry);
      inside.set(expected.id, search);
    }
    return inside;
  }

  /** Events like those that satisfied an expectation, but that came later and reached no job. */
  #lateOnes(
    outlined: OutlinedHistory,
    met: readonly Met[],
    found: FoundEvents,
  ): ReadonlyMap<string, readonly LogId[]> {
    return new Map(
      met.flatMap(({ expected: { id, matcher }, last }) => {
        const near = found.near(matcher, NEAR_MAX)
          .filter((logId) => logId <= this.source.headLogId);
        // When many events carry a value, a later one belongs to something else.
        if (near.length > LATE_MAX) return [];
        const late = near.filter((logId) =>
          logId > last && !outlined.isOwn(logId) && !outlined.hasReached(logId)
        );
        return late.length === 0 ? [] : [[id, late] as const];
      }),
    );
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

  /** The end of the task that sent the event which failed the job. */
  async #addSender(
    { failedBy, entries }: OutlinedHistory,
    foreignEntries: Map<LogId, JobEventLogEntry>,
  ): Promise<void> {
    const cause = failedBy?.entry.causedBy ?? 0;
    const { causedBy } = foreignEntries.get(cause) ?? entries.get(cause) ?? {};
    if (causedBy === undefined) return;
    for await (const entry of this.#read([causedBy])) foreignEntries.set(causedBy, outline(entry));
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
    const { headLogId } = this.source;
    const next = events.flatMap((logId) =>
      Array.from({ length: EFFECTS_MAX }, (_, at) => logId + 1 + at)
    );
    for await (const entry of this.#read(next.filter((at) => at <= headLogId))) {
      const { logId, eventType, causedBy = 0, jobId } = entry;
      const follows = logId > causedBy && logId - causedBy <= EFFECTS_MAX;
      if (eventType !== "job.EventCorrelated" || !follows || jobId === undefined) continue;
      effects.set(causedBy, [...effects.get(causedBy) ?? [], this.#effect(jobId, logId)]);
    }
    return effects;
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
    const ascending = [...new Set(logIds)].toSorted((left, right) => left - right);
    for await (const page of this.pages.of(ascending)) yield* page.map(quotedEntry);
  }
}

function isAccepted(met: readonly Met[], id: string, entry: JobEventLogEntry): boolean {
  const one = met.find(({ expected }) => expected.id === id);
  return one !== undefined && entry.stratum === "domain" &&
    expectationAccepts(one.expected, toMatchable(entry));
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
  const all = PROCESS_FACTS.flatMap((type) => found.ofType(type, CARRIERS_MAX))
    .filter((logId) => logId > created.logId && logId <= headLogId)
    .toSorted((left, right) => left - right);
  const end = endedBy?.entry.logId ?? Infinity;
  const after = all.filter((logId) => logId > end).slice(0, PROCESS_AFTER_MAX);
  const uncaught = found.ofType(uncaughtOf(job.jobId), UNCAUGHT_MAX)
    .filter((logId) => logId > created.logId && logId <= headLogId);
  return [...all.filter((logId) => logId <= end).slice(-PROCESS_FACTS_MAX), ...after, ...uncaught];
}

/** By expectation, the events that resemble it: the most similar first, at most a share of all. */
async function resembling(
  open: readonly ExpectedEvent[],
  search: ValueSearch,
  found: FoundEvents,
): Promise<ReadonlyMap<string, Resembling>> {
  const share = Math.floor(CANDIDATES_OF_ALL / Math.max(1, open.length));
  const limit = Math.max(CANDIDATES_MIN, Math.min(CANDIDATES_MAX, share));
  const wanted = new Map<string, Resembling>();
  for (const expected of open) {
    wanted.set(expected.id, await search.resembling(expected, found, limit));
  }
  return wanted;
}

/** An expectation with all its matches, or that an ended job gave up on. */
interface Met {
  readonly expected: ExpectedEvent;
  readonly last: LogId;
}

/**
 * The expectations that ended, whose later events are searched, and the errors that the policy of a
 * job names which succeeded, whose events may have come at any other time.
 */
function metExpectations({ job }: OutlinedHistory): readonly Met[] {
  const { plan, expected } = job;
  const met = plan.expected.slice(0, SATISFIED_MAX).map((one, at) => {
    const isDone = (expected[at]?.matched ?? 0) >= requiredMatches(one.multiplicity);
    return { expected: one, last: isDone ? expected[at]?.by.at(-1) : givenUpAt(job, at) };
  });
  const errors = job.state !== "Done" ? [] : policyExpectations(plan)
    .filter(({ role }) => role === "errors").slice(0, SATISFIED_MAX)
    .map((one) => ({ expected: one.expected, last: 0 }));
  return [...met, ...errors].flatMap(({ expected, last }) => {
    const { eventType, correlation } = expected.matcher;
    const isAsking = correlationTerms(correlation) > 0 && !isReserved(eventType);
    return last === undefined || !isAsking ? [] : [{ expected, last }];
  });
}
