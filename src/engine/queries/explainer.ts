/**
 * Explains jobs: reads what an explanation needs, adds the state of this process, and finds the
 * lines of each citation.
 */

import { deriveCondition } from "../../core/condition.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import type { Work } from "../../core/work.ts";
import {
  outline,
  type OutlinedHistory,
  outlineHistory,
  unkept,
} from "../../explain/outlined_history.ts";
import { OutlineGathering } from "../../explain/outline_gathering.ts";
import type { Circumstances, HoldingPause, LimitInTheWay } from "../../explain/evidence.ts";
import { citedIn, citing, explaining } from "../../explain/explain.ts";
import { type HeldUp, heldUp, queuedStays, wasHeldUp } from "../../explain/hold_ups.ts";
import { ownPlaces } from "../../explain/place_history.ts";
import type { Citation, Explanation } from "../../explain/explanation.ts";
import { type JobId, type LogId, MAIN_TASK } from "../../core/ids.ts";
import { findTask, hasCode, type JobState } from "../../core/job_state.ts";
import { holds, type Pause } from "../../core/pauses.ts";
import type { Point } from "../../core/point.ts";
import type { RuleName } from "../../core/rules.ts";
import type { DefinitionRegistry } from "../definition_registry.ts";
import { entryCharacters, RESERVE_NOTHING, type ReserveMemory } from "./entry_pages.ts";
import type { EventEngine } from "../writer/event_engine.ts";
import { resolveCitations } from "./citations.ts";
import type { Contrasts } from "./contrasts.ts";
import { EvidenceSearch } from "./evidence_search.ts";
import type { JobEntryReader } from "./job_entry_reader.ts";
import type { JobLists } from "./job_lists.ts";
import { limitInTheWay, limitThen, queuedAs } from "./limit_in_the_way.ts";
import { placeHistory } from "./place_histories.ts";
import { findPosition, searchPoint } from "./point_search.ts";
import { overtakenBy, workerHolders } from "./queue_survey.ts";
import { workersThen } from "./queue_then.ts";
import { type Outcome, unknownJob, unknownPoint } from "../requests.ts";
import { findSiblings } from "./siblings.ts";
import type { UsualTimes } from "./usual_times.ts";
import type { JobTable } from "../writer/job_table.ts";
import type { PastEvents } from "../views/past_events.ts";
import type { Pacer, Share } from "../events/pacer.ts";
import type { Urgency } from "../ports.ts";
import type { Shares } from "../run/shares.ts";
import type { Suspects } from "../run/suspects.ts";
import type { LimitChanges } from "../writer/limit_changes.ts";
import type { Places } from "../writer/places.ts";
import type { Starts } from "../writer/starts.ts";
import type { WorkerQueue } from "../run/worker_queue.ts";
import type { Pauses } from "../writer/pauses.ts";
import type { Writer } from "../writer/writer.ts";

export interface ExplainerParts {
  readonly table: JobTable;
  readonly history: JobEntryReader;
  readonly events: EventEngine;
  readonly pastEvents: PastEvents;
  readonly registry: DefinitionRegistry;
  readonly workers: WorkerQueue;
  readonly threadWorkers: WorkerQueue;
  readonly suspects: Suspects;
  readonly pauses: Pauses;
  readonly places: Places;
  readonly starts: Starts;
  readonly shares: Shares;
  readonly limitChanges: LimitChanges;
  readonly writer: Pick<Writer, "durableLogId">;
  readonly pacer: Pacer;
  readonly contrasts: Contrasts;
  readonly usualTimes: UsualTimes;
  readonly lists: JobLists;
  /** Whether the jobs are run here. */
  readonly leads: () => boolean;
  readonly draining: () => boolean;
  readonly full: (urgency: Urgency) => boolean;
}

/** An explanation, with the entries it was made from. */
export interface Account {
  readonly explanation: Explanation<Citation>;
  /** The job's own entries, as far as the explanation goes. */
  readonly outlined: OutlinedHistory;
  /** Entries of others that it may cite, by position. */
  readonly foreignEntries: ReadonlyMap<LogId, JobEventLogEntry>;
}

/** How much of the journal is looked at. */
interface Extent {
  /** The job's entries up to there. */
  readonly logIds: readonly LogId[];
  readonly asOf: LogId;
  /** When that entry was received; absent for how things stand here and now. */
  readonly asOfTime?: string;
}

/** The most characters of a job's entries that are kept, however many there are. */
const KEPT_CHARACTERS_MAX = 16 * 1024 * 1024;

export class Explainer {
  readonly #parts: ExplainerParts;

  constructor(parts: ExplainerParts) {
    this.#parts = parts;
  }

  /** Explains a job as of its last durable entry; `undefined` when there is no such job. */
  async explain(jobId: JobId, hold?: ReserveMemory): Promise<Explanation<Citation> | undefined> {
    return (await this.account(jobId, hold))?.explanation;
  }

  /** The same, with the entries that it is made from, for a caller that shows both. */
  async account(jobId: JobId, hold = RESERVE_NOTHING): Promise<Account | undefined> {
    // Fixed before anything is read: later entries do not count.
    const logIds = this.#parts.history.positions(jobId);
    const asOf = this.#parts.events.journal.head.logId;
    if (logIds.length === 0) return undefined;
    const extent = { logIds, asOf, ...await this.#timeOfRecord(jobId, asOf) };
    return await this.#accountOf(extent, hold);
  }

  /** Who follows has no queue: why a job is queued is answered from the record, as for the past. */
  async #timeOfRecord(jobId: JobId, asOf: LogId): Promise<Pick<Extent, "asOfTime">> {
    const job = this.#parts.table.head(jobId);
    if (this.#parts.leads() || job === undefined || deriveCondition(job) !== "queued") return {};
    const [last] = await this.#parts.history.at([asOf]);
    return last === undefined ? {} : { asOfTime: last.receivedAt };
  }

  /** Explains a job as of a point, from what was on record then, anywhere in the journal. */
  async explainAt(
    jobId: JobId,
    point: Point,
    hold = RESERVE_NOTHING,
  ): Promise<Outcome<Explanation<Citation>>> {
    const { history, events } = this.#parts;
    const head = events.journal.head.logId;
    const all = history.positions(jobId);
    if (all.length === 0) return unknownJob(jobId);
    const resolved = await searchPoint(point, history.pages, all, head);
    if (!resolved.ok) return unknownPoint("at", resolved.detail);
    const logIds = all.slice(0, resolved.count);
    const asOf = await findPosition(point, history.pages, all, resolved.count, head);
    if (asOf === head) {
      const extent = { logIds, asOf, ...await this.#timeOfRecord(jobId, asOf) };
      return { ok: true, value: (await this.#accountOf(extent, hold)).explanation };
    }
    const [last] = await history.at([asOf]);
    const asOfTime = last?.receivedAt ?? "";
    const { explanation } = await this.#accountOf({ logIds, asOf, asOfTime }, hold);
    return { ok: true, value: explanation };
  }

  async #accountOf({ logIds, asOf, asOfTime }: Extent, hold: ReserveMemory): Promise<Account> {
    const share: Share = { spentMs: 0 };
    const search = new EvidenceSearch(
      this.#parts.pastEvents,
      {
        headLogId: asOf,
        at: (positions) => this.#parts.history.at(positions),
        job: (other) => this.#parts.table.job(other),
      },
      (work) => this.#parts.pacer.all(share, work),
      this.#parts.history.pages,
      hold,
    );
    const outlined = await this.#outlined(logIds, share, hold);
    const { job } = outlined;
    const upTo = asOfTime === undefined ? undefined : asOf;
    const circumstances = upTo === undefined
      ? await this.#circumstances(job, share)
      : await this.#circumstancesThen(outlined, upTo, Date.parse(asOfTime ?? ""), share);
    const { foreignEntries, ...found } = await search.run(outlined);
    const contrast = await this.#parts.contrasts.of(job, share, upTo);
    const usual = await this.#parts.usualTimes.of(job, share, upTo);
    const heldUp = await this.#heldUp(outlined, share);
    const siblings = await findSiblings(job, outlined.entries.values(), this.#parts, upTo);
    const then = asOfTime === undefined ? {} : { asOfTime };
    const evidence = { ...found, circumstances, asOf, ...then, contrast, usual, heldUp, siblings };
    const work = explaining(outlined, evidence);
    const bare = await this.#parts.pacer.all(share, work);
    return {
      explanation: await this.#cited(bare, outlined, foreignEntries),
      outlined,
      foreignEntries,
    };
  }

  /** A job's own entries in outline, for other answers that are made from them. */
  outlined(jobId: JobId, hold = RESERVE_NOTHING): Promise<OutlinedHistory> {
    return this.#outlined(this.#parts.history.positions(jobId), { spentMs: 0 }, hold);
  }

  async #outlined(
    logIds: readonly LogId[],
    share: Share,
    hold: ReserveMemory,
  ): Promise<OutlinedHistory> {
    const gathering = new OutlineGathering();
    let room = KEPT_CHARACTERS_MAX;
    for await (const page of this.#parts.history.pages.of(logIds)) {
      const characters = page.reduce((sum, entry) => sum + entryCharacters(entry), 0);
      hold(Math.min(room, characters));
      room = Math.max(0, room - characters);
      await this.#parts.pacer.all(share, noting(page, gathering));
    }
    const noted = gathering.noted();
    const recalled: JobEventLogEntry[] = [];
    for await (const page of this.#parts.history.pages.of(unkept(noted))) {
      recalled.push(...page.map(outline));
    }
    return outlineHistory(noted, recalled);
  }

  async #circumstances(job: JobState, share: Share): Promise<Circumstances> {
    const { pauses, registry, suspects, writer, draining, full } = this.#parts;
    const loaded = registry.running(job);
    const isKnown = loaded !== undefined;
    const definition = hasCode(job) ? isKnown ? "loaded" : "missing" : "none";
    const common = { definition, draining: draining(), full: full(urgencyOf(job)) } as const;
    if (job.state === "Created" || !isKnown) return common;
    const isThreaded = loaded.isolation === "thread";
    const workers = isThreaded ? this.#parts.threadWorkers : this.#parts.workers;
    // A retry that is due waits for a worker too, whatever the condition says.
    const waits = deriveCondition(job) === "queued" || workers.holds(job.priority, job.startedBy);
    if (!waits) return common;
    const place = { priority: job.priority, order: job.startedBy };
    const ahead = workers.aheadOf(place, writer.durableLogId);
    const { busy, max } = workers;
    const holding = await this.#holding(pauses.all, job);
    if (holding.length > 0) {
      return { ...common, queue: { ahead, busy, max, isThreaded, pauses: holding } };
    }
    const limit = await this.#limitInTheWay(job);
    if (limit !== undefined) return { ...common, queue: { ahead, busy, max, isThreaded, limit } };
    const holders = await workerHolders(this.#parts, isThreaded);
    const overtaken = await overtakenBy(this.#parts, job, share);
    const queue = { ahead, busy, max, isThreaded, holders, overtaken };
    const [alone] = suspects.all.keys();
    const isBeside = alone !== undefined && !suspects.has(job.jobId);
    return { ...common, queue: isBeside ? { ...queue, alone } : queue };
  }

  /** The limit that a job waits for, if it is not for a worker. */
  async #limitInTheWay(job: JobState): Promise<LimitInTheWay | undefined> {
    const { shares } = this.#parts;
    const wanted = shares.wantedBy(job, findTask(job, MAIN_TASK) !== undefined);
    const limit = wanted && shares.reached(wanted);
    if (wanted === undefined || limit === undefined) return undefined;
    return await limitInTheWay(this.#parts, job, limit, wanted);
  }

  /** What a job that has ended waited for, where it was queued for long. */
  async #heldUp(outlined: OutlinedHistory, share: Share): Promise<HeldUp | undefined> {
    if (!hasCode(outlined.job) || !wasHeldUp(outlined)) return undefined;
    const stays = queuedStays(outlined);
    const [first, last] = [stays[0], stays.at(-1)];
    if (first === undefined || last === undefined) return undefined;
    const stretch = { from: first.from.logId, to: last.to.logId };
    const history = await placeHistory(this.#parts, outlined.job, stretch, share);
    const work = heldUp(outlined, queuedAs(outlined.job), history);
    return await this.#parts.pacer.all(share, work);
  }

  /** What the journal tells of how the process stood to a job at a time that is past. */
  async #circumstancesThen(
    outlined: OutlinedHistory,
    upTo: LogId,
    atMs: number,
    share: Share,
  ): Promise<Circumstances> {
    const { job } = outlined;
    const definition = hasCode(job) ? "loaded" : "none";
    const common = { definition, draining: false, full: false } as const;
    if (deriveCondition(job) !== "queued") return common;
    const stretch = { from: upTo, to: upTo };
    const history = await placeHistory(this.#parts, job, stretch, share);
    const inForce = history.pauses.filter(({ ended }) => ended === undefined);
    const pauses = await this.#holding(inForce, job);
    if (pauses.length > 0) return { ...common, queueThen: { holders: [], pauses } };
    const { lookedAt } = history;
    const holdsPlace = ownPlaces(outlined, history.pauses).some(({ to }) => to === undefined);
    const limited = holdsPlace
      ? undefined
      : await limitThen(this.#parts, job, history, { logId: upTo, atMs });
    if (limited !== undefined) {
      const unseen = lookedAt === undefined ? {} : { lookedAt };
      return { ...common, queueThen: { holders: [], ...unseen, ...limited } };
    }
    const { registry, workers, threadWorkers } = this.#parts;
    const isThreaded = registry.isInThread(job);
    const { max } = isThreaded ? threadWorkers : workers;
    return {
      ...common,
      queueThen: await workersThen(this.#parts, { isThreaded, max }, upTo, share),
    };
  }

  /** The pauses that hold a job; those by rule with their last failure. */
  async #holding(pauses: readonly Pause[], job: JobState): Promise<readonly HoldingPause[]> {
    const holding = pauses.filter((pause) => holds(pause, job));
    const last = holding.flatMap(({ failures = [] }) => failures.at(-1) ?? []);
    const entries = await this.#parts.history.at(last.toSorted((left, right) => left - right));
    const known = new Map(entries.map((entry) => [entry.logId, entry]));
    return holding.map((pause) => {
      const lastFailure = known.get(pause.failures?.at(-1) ?? 0);
      return lastFailure === undefined ? pause : { ...pause, lastFailure };
    });
  }

  async #cited(
    explanation: Explanation<LogId>,
    outlined: OutlinedHistory,
    foreignEntries: ReadonlyMap<LogId, JobEventLogEntry>,
  ): Promise<Explanation<Citation>> {
    const parts = { pages: this.#parts.history.pages, journal: this.#parts.events.journal };
    const known = (logId: LogId) => outlined.entries.get(logId) ?? foreignEntries.get(logId);
    const citations = await resolveCitations(parts, citedIn(explanation), known);
    return citing(explanation, (logId) => {
      const citation = citations.get(logId);
      if (citation === undefined) {
        throw new TypeError(`Cannot cite entry ${logId}: it was not found`);
      }
      const rule = ruleAt(outlined, logId);
      return rule === undefined ? citation : { ...citation, rule };
    });
  }
}

/** The row of the state table by which an entry failed or ended the job. */
function ruleAt({ failedBy, endedBy }: OutlinedHistory, logId: LogId): RuleName | undefined {
  return [failedBy, endedBy].find((one) => one?.entry.logId === logId)?.rule;
}

function* noting(entries: readonly JobEventLogEntry[], gathering: OutlineGathering): Work<void> {
  for (const entry of entries) {
    gathering.add(entry);
    yield;
  }
}

/** The urgency of the job's next entry on a full disk. */
function urgencyOf(job: JobState): Urgency {
  const goesOn = ["executing", "backingOff", "compensating"].includes(deriveCondition(job));
  return goesOn ? "vital" : "ordinary";
}
