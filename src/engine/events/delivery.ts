/**
 * Judges the events of one request in order. Small events are recorded at once, so that they share
 * a batch. Large ones wait for their turn, and let others have theirs. Once a limit of the request
 * is reached, the rest is rejected; events recorded before keep their receipts.
 */

import type { EventDraft, JobEventLogEntry } from "../../core/event.ts";
import { type JobId, type LogId, newId } from "../../core/ids.ts";
import type { AnyJobDefinition } from "../definition.ts";
import type { ReachSearch } from "../matching/correlation_index.ts";
import type { FiledJobs } from "../matching/filed_jobs.ts";
import type { Admission, DeliveryGate } from "./delivery_gate.ts";
import type { DeliveryLimits, LimitReached } from "../engine_limits.ts";
import type { EventEngine, IdSearch } from "../writer/event_engine.ts";
import type { FoundEntry } from "../writer/event_ids.ts";
import type { FanOut, Reach, Reaches, SettledFact } from "./fan_out.ts";
import { type Intake, OverCapacityError } from "../writer/intake.ts";
import type { Pacer, TimeShare } from "../pacer.ts";
import { type Clock, GroupTooLargeError, type Random } from "../ports.ts";
import type { JobTable } from "../writer/job_table.ts";
import {
  effectReceipt,
  jobsShownPerReceipt,
  refused,
  rejected,
  saysTheSame,
  shortenReceipt,
} from "./receipts.ts";
import { recordRefusal, type RefusedFact } from "./refusals.ts";
import type { IncomingEvent, Receipt } from "../requests.ts";
import type { Unmatched } from "./unmatched.ts";
import type { Writer, Written } from "../writer/writer.ts";

export interface DeliveryParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly events: EventEngine;
  readonly writer: Writer;
  readonly fanOut: FanOut;
  readonly table: JobTable;
  readonly unmatched: Unmatched;
  readonly intake: Intake;
  readonly filed: Pick<FiledJobs, "started">;
  readonly reaches: Reaches;
  readonly gate: DeliveryGate;
  readonly pacer: Pacer;
  readonly limits: DeliveryLimits;
}

/** Larger searches run in slices. */
const EFFORT_AT_ONCE = 2_000;
/**
 * The minimum cost assigned to a search, so that few run at once: each is notified of everything
 * filed.
 */
const SEARCH_COST = 50;

/**
 * The entry with an event's id, if there is one. Its content is compared when it is read, and not
 * kept: it may be large, and a request may have a thousand ids.
 */
interface Recognised {
  readonly entry?: Pick<JobEventLogEntry, "eventId" | "logId" | "jobId">;
  /** Whether the journal only quotes it. */
  readonly isQuoted: boolean;
  /** Whether the entry says the same as the event. */
  readonly isSame: boolean;
  /** The last position searched. */
  readonly upTo: LogId;
}

/** By event. */
export type Known = Map<IncomingEvent, Recognised>;

/** An event, and where the journal may hold its id. */
export interface EventLookup {
  readonly event: IncomingEvent;
  readonly search: IdSearch;
}

/** Reads the entries with the ids of these events, compares them, and adds what it found. */
export async function recognise(
  events: EventEngine,
  lookups: readonly EventLookup[],
  known: Known,
): Promise<void> {
  const found = await events.lookUp(lookups.map(({ search }) => search));
  for (const { event, search: { eventId, upTo } } of lookups) {
    known.set(event, recognised(event, found.get(eventId), upTo));
  }
}

function recognised(event: IncomingEvent, found: FoundEntry | undefined, upTo: LogId): Recognised {
  if (found === undefined) return { isQuoted: false, isSame: false, upTo };
  const { entry, isQuoted } = found;
  const { eventId, logId, jobId } = entry;
  const name = { eventId, logId, ...(jobId === undefined ? {} : { jobId }) };
  return { entry: name, isQuoted, isSame: saysTheSame(entry, event), upTo };
}

/** By event, the definitions of the jobs that it starts. Most events start none. */
export type Starters = ReadonlyMap<IncomingEvent, readonly AnyJobDefinition[]>;

/** The next event need not wait for the receipt. */
interface Judged {
  readonly receipt: Receipt | Promise<Receipt>;
}

/** An event that has not been judged yet. */
interface Arrival {
  readonly event: IncomingEvent;
  readonly fact: SettledFact;
  /** Whether the sender chose its id. */
  readonly named: boolean;
  readonly starters: readonly AnyJobDefinition[];
}

export class Delivery {
  readonly #share: TimeShare = { spentMs: 0 };
  #receipts = 0;
  #entries = 0;
  #bytes = 0;
  #cost = 0;
  /** Why the rest of the request is rejected. */
  #full: LimitReached | undefined;
  /** Set when an event could not be recorded, since none after it can. */
  #failed = false;

  constructor(
    private readonly parts: DeliveryParts,
    private readonly known: Known,
    private readonly starters: Starters,
  ) {}

  async run(events: readonly IncomingEvent[]): Promise<readonly Receipt[]> {
    this.#receipts = events.length;
    const receipts: (Receipt | Promise<Receipt>)[] = [];
    for (const event of events) {
      if (this.#failed) break;
      const arrival = this.#arrivalOf(event);
      const atOnce = this.parts.pacer.do(this.#share, () => this.#judgeAtOnce(arrival));
      const judged = atOnce instanceof Promise ? await atOnce : atOnce;
      const { receipt } = judged ?? await this.#judgeInTurn(arrival);
      receipts.push(receipt);
      // It is awaited together with the others, and may reject before that.
      if (receipt instanceof Promise) receipt.catch(() => this.#failed = true);
    }
    return await Promise.all(receipts);
  }

  #arrivalOf(event: IncomingEvent): Arrival {
    const { clock, random } = this.parts;
    const eventId = event.eventId ?? newId.event(random.ulid());
    const occurredAt = event.occurredAt ?? new Date(clock.now()).toISOString();
    const starters = this.starters.get(event) ?? [];
    return {
      event,
      fact: { ...event, eventId, occurredAt },
      named: event.eventId !== undefined,
      starters,
    };
  }

  /** `undefined` when the event needs a lookup or a search, or there is no room for it now. */
  #judgeAtOnce(arrival: Arrival): Judged | undefined {
    const early = this.#judgeEarly(arrival);
    if (early !== undefined || this.#mustLookUp(arrival)) return early;
    const search = this.#searchFor(arrival);
    if (search !== undefined && search.effort > EFFORT_AT_ONCE) return undefined;
    const reach = this.#reachOf(arrival, search?.jobsAtOnce());
    const admission = this.parts.gate.tryEnter(reach.cost);
    if (admission === undefined) return undefined;
    try {
      return this.#judgeFound(arrival, reach, admission);
    } finally {
      admission.leaveUnlessKept();
    }
  }

  async #judgeInTurn(arrival: Arrival): Promise<Judged> {
    for (;;) {
      if (this.#mustLookUp(arrival)) await this.#lookUp(arrival);
      const admission = await this.parts.gate.enter(this.#estimate(arrival), this.#cost);
      const judged = await this.#judgeInside(arrival, admission);
      if (judged !== undefined) return judged;
    }
  }

  /** `undefined` when its id has been recorded meanwhile. */
  async #judgeInside(arrival: Arrival, admission: Admission): Promise<Judged | undefined> {
    const { filed: { started }, limits: { triedMax, fanOutMax }, pacer } = this.parts;
    const search = isSought(arrival) ? started.beginSearch(arrival.fact) : undefined;
    try {
      if (search !== undefined && search.effort > triedMax) {
        return this.#refused(arrival, { name: "triedMax", max: triedMax });
      }
      if (search !== undefined) await pacer.all(this.#share, search.run(fanOutMax));
      return await pacer.do(this.#share, () => {
        const early = this.#judgeEarly(arrival);
        if (early !== undefined || this.#mustLookUp(arrival)) return early;
        return this.#judgeFound(arrival, this.#reachOf(arrival, search?.jobs), admission);
      });
    } finally {
      if (search !== undefined) started.endSearch(search);
      admission.leaveUnlessKept();
    }
  }

  /** For events that are refused or were recorded before; `undefined` for others. */
  #judgeEarly(arrival: Arrival): Judged | undefined {
    const { fact } = arrival;
    const { eventId, jobId } = fact;
    const before = this.#before(arrival);
    if (before?.entry !== undefined) return { receipt: this.#repeated(before, fact) };
    const pending = this.parts.events.pending(eventId);
    if (pending !== undefined) return { receipt: this.#afterFirst(pending, arrival) };
    if (jobId !== undefined && this.parts.table.pending(jobId) === undefined) {
      return { receipt: this.#refuse({ event: fact }) };
    }
    return this.#full === undefined ? undefined : { receipt: refused(eventId, this.#full) };
  }

  /**
   * The entry with the event's id. An imported job may have counted an event that belonged to a job
   * elsewhere, and is quoted here. If that job is here now, the event still has to reach it.
   */
  #before({ event, fact: { jobId } }: Arrival): Recognised | undefined {
    const known = this.known.get(event);
    const isForJobHere = known?.isQuoted === true &&
      jobId !== undefined && jobId === known.entry?.jobId &&
      this.parts.table.pending(jobId) !== undefined;
    return isForJobHere ? undefined : known;
  }

  /** An equal event changes nothing; a different one is refused, on record. */
  #repeated({ entry, isSame }: Recognised, event: SettledFact): Receipt | Promise<Receipt> {
    if (!isSame || entry === undefined) return this.#refuse({ first: entry, event });
    const { eventId, logId } = entry;
    return { eventId, logId, disposition: "duplicate", jobs: [] };
  }

  #refuse(refusedFact: RefusedFact): Receipt | Promise<Receipt> {
    return this.#full === undefined
      ? recordRefusal(this.parts, refusedFact, this.#share)
      : refused(refusedFact.event.eventId, this.#full);
  }

  /** A duplicate once the first event is durable. If that one is lost, this one replaces it. */
  async #afterFirst(logId: LogId, arrival: Arrival): Promise<Receipt> {
    if (await this.parts.writer.isDurable(logId)) await this.#lookUp(arrival);
    return await (this.#judgeEarly(arrival) ?? await this.#judgeInTurn(arrival)).receipt;
  }

  /** Does not pause before recording, so that no equal id can come in between. */
  #judgeFound(arrival: Arrival, reach: Reach, admission: Admission): Judged {
    const limit = this.parts.reaches.refusal(reach) ?? this.#limitOfRequest(reach);
    return limit === undefined
      ? this.#record(arrival, reach, admission)
      : this.#refused(arrival, limit);
  }

  #record(arrival: Arrival, reach: Reach, admission: Admission): Judged {
    const { fanOut, intake, writer } = this.parts;
    const { fact, starters: { length } } = arrival;
    const drafts = fanOut.expand(fact, 0, reach);
    try {
      intake.requireRoom({ jobs: length, starts: length });
      const written = writer.append(drafts);
      this.#count(reach);
      const receipt = this.#receiptOf(fact, drafts, written);
      admission.keep(reach.cost);
      const settled = writer.whenDurable(written.lastLogId, receipt);
      return { receipt: settled.finally(() => admission.leave()) };
    } catch (error) {
      if (error instanceof OverCapacityError) return this.#refused(arrival, error.limit);
      if (!(error instanceof GroupTooLargeError)) throw error;
      return {
        receipt: rejected(fact.eventId, `${drafts.length - 1} jobs expect it: ${error.message}`),
      };
    }
  }

  /** Created when the event is appended: what it depends on is durable when the event is. */
  #receiptOf(
    fact: SettledFact,
    drafts: readonly EventDraft[],
    { firstLogId, steps }: Written,
  ): Receipt {
    const jobsMax = jobsShownPerReceipt(this.#receipts);
    const receipt = effectReceipt(fact.eventId, firstLogId, drafts, steps, jobsMax);
    const isLost = receipt.disposition === "recorded" &&
      (fact.jobId !== undefined || receipt.jobs.length === 0);
    const explained = isLost ? { ...receipt, ...this.parts.unmatched.explain(fact) } : receipt;
    return shortenReceipt(this.#receipts, explained);
  }

  #refused({ fact }: Arrival, limit: LimitReached): Judged {
    if (OF_ALL.includes(limit.name)) this.#full = limit;
    return { receipt: refused(fact.eventId, limit) };
  }

  /** The first event of a request may exceed the limit. */
  #limitOfRequest({ entries, bytes }: Reach): LimitReached | undefined {
    const { entriesMax, entriesBytesMax } = this.parts.limits;
    if (this.#entries === 0) return undefined;
    if (this.#entries + entries > entriesMax) return { name: "entriesMax", max: entriesMax };
    return this.#bytes + bytes > entriesBytesMax
      ? { name: "entriesBytesMax", max: entriesBytesMax }
      : undefined;
  }

  #count({ entries, bytes, cost }: Reach): void {
    this.#entries += entries;
    this.#bytes += bytes;
    this.#cost += cost;
  }

  #mustLookUp({ event, fact: { eventId }, named }: Arrival): boolean {
    const { events } = this.parts;
    return named && events.seek(eventId, this.known.get(event)?.upTo).candidates.length > 0;
  }

  async #lookUp({ event, fact: { eventId } }: Arrival): Promise<void> {
    const { events } = this.parts;
    await recognise(events, [{ event, search: events.seek(eventId) }], this.known);
  }

  #searchFor(arrival: Arrival): ReachSearch | undefined {
    return isSought(arrival) ? this.parts.filed.started.searchFor(arrival.fact) : undefined;
  }

  #reachOf({ fact, starters }: Arrival, jobs: readonly JobId[] = []): Reach {
    return this.parts.reaches.of(fact, jobs, starters);
  }

  /** The cost, or an upper bound if that is faster to find. */
  #estimate(arrival: Arrival): number {
    const search = this.#searchFor(arrival);
    return search !== undefined && search.effort > EFFORT_AT_ONCE
      ? SEARCH_COST + Math.min(search.size, this.parts.limits.fanOutMax)
      : this.#reachOf(arrival, search?.jobsAtOnce()).cost;
  }
}

/** Once one of these is reached, the rest of the request is rejected. */
const OF_ALL: readonly LimitReached["name"][] = [
  "entriesMax",
  "entriesBytesMax",
  "pendingBytesMax",
];

function isSought({ fact }: Arrival): boolean {
  return fact.stratum === "domain" && fact.jobId === undefined;
}
