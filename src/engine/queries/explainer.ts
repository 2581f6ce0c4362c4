/**
 * Explains jobs: reads what an explanation needs, adds the state of this process, and finds the
 * lines of each citation.
 */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import type { JobState } from "../../core/job_state.ts";
import type { Point } from "../../core/point.ts";
import type { RuleName } from "../../core/rules.ts";
import type { Causes } from "../../explain/statements/evidence.ts";
import { citedIn, citing, contrastIn, explaining } from "../../explain/explain.ts";
import type { Citation, Explanation } from "../../explain/statements/explanation.ts";
import {
  dueAtOf,
  outline,
  type OutlinedHistory,
  OutlineGathering,
} from "../../explain/history/outlined_history.ts";
import { clockReasons } from "../../explain/past/process_history.ts";
import type { TimeShare } from "../pacer.ts";
import { Lane } from "../turns.ts";
import { type Outcome, unknownJob, unknownPoint } from "../requests.ts";
import { circumstancesNow, circumstancesThen } from "./circumstances.ts";
import { each, entryCharacters, RESERVE_NOTHING, type ReserveMemory } from "../entry_pages.ts";
import { resolveCitations } from "./citations.ts";
import { type EvidenceFound, EvidenceSearch } from "./evidence_search.ts";
import { findBesideLimit, findHeldUp, findSenderHeldUp } from "./hold_up_search.ts";
import { findPosition, searchPoint } from "./point_search.ts";
import type { Inquiry, QueryParts } from "./query_parts.ts";
import { compared, type ComparedJob } from "../../explain/likeness/compared_job.ts";
import { findSameElsewhere, findSiblings, type SameElsewhere } from "./siblings.ts";
import { unusuallyLate } from "./late_search.ts";
import { findRenamed } from "./renamed_search.ts";
import { findRepeated } from "./repeated_search.ts";
import { findSeries } from "./series_search.ts";
import { findRival } from "./rival_search.ts";
import { findPeersAtStops } from "./stop_search.ts";
import { findTwin, isTelling } from "./twin_search.ts";
import type { RunWork } from "./value_search.ts";
import { contrastOf, setApartBy, slowApart, stopApart } from "./similar_jobs.ts";
import { findSource } from "./source_search.ts";
import { findUsualTime, tookLong } from "./usual_times.ts";
import { findSimilarWaits } from "./similar_waits.ts";

/** An explanation, with the entries that it is based on. */
export interface Account {
  readonly explanation: Explanation<Citation>;
  /** The job's own entries, as far as the explanation covers them. */
  readonly outlined: OutlinedHistory;
  /** Entries of others that it may cite, by position. */
  readonly foreignEntries: Causes;
}

/** The part of the journal that an explanation covers. */
interface Extent {
  /** The job's entries up to that position. */
  readonly logIds: readonly LogId[];
  readonly asOf: LogId;
  /** When that entry was received; absent for the present state. */
  readonly asOfTime?: string;
}

/** The most characters of a job's entries that are kept, however many there are. */
const KEPT_CHARACTERS_MAX = 16 * 1024 * 1024;

/** A job with more entries is explained while no other such job is, since each takes memory. */
const AT_ONCE_MAX = 1_000;
/** Another job with more entries is not read only to compare its values. */
const SHORT_MAX = 100;

export class Explainer {
  readonly #long = new Lane();

  constructor(private readonly parts: QueryParts) {}

  /** Explains a job as of its last durable entry; `undefined` when there is no such job. */
  async explain(jobId: JobId, hold?: ReserveMemory): Promise<Explanation<Citation> | undefined> {
    return (await this.account(jobId, hold))?.explanation;
  }

  /** What sets a job apart from those that succeeded, as a sentence. */
  async setApart(jobId: JobId): Promise<string | undefined> {
    const job = this.parts.table.job(jobId);
    if (job === undefined) return undefined;
    const asOf = this.parts.writer.durableLogId;
    const inquiry = { parts: this.parts, share: { spentMs: 0 }, asOf, upTo: undefined };
    const elsewhere = this.#compared(await findSameElsewhere(inquiry, job));
    const contrast = await contrastOf(inquiry, job, { elsewhere });
    const stop = await stopApart(this.parts, contrast);
    return contrastIn(job, contrast, { stopApart: stop })?.statement;
  }

  /** The same, with the entries that it is based on, for a caller that shows both. */
  async account(jobId: JobId, hold = RESERVE_NOTHING): Promise<Account | undefined> {
    // Fixed before anything is read: later entries do not count.
    const logIds = this.parts.history.positions(jobId);
    const asOf = this.parts.writer.durableLogId;
    if (logIds.length === 0) return undefined;
    return await this.#accountOf(await this.#extent(jobId, logIds, asOf, asOf), hold);
  }

  /** A follower has no queue, so it answers from the record why a job is in it, as for the past. */
  async #extent(
    jobId: JobId,
    logIds: readonly LogId[],
    asOf: LogId,
    head: LogId,
  ): Promise<Extent> {
    const { history, leads } = this.parts;
    if (asOf === head && (leads || !this.#isInQueue(jobId))) return { logIds, asOf };
    const [last] = await history.at([asOf]);
    return { logIds, asOf, ...last && { asOfTime: last.receivedAt } };
  }

  /** By the record: a retry that is due is in the queue too. */
  #isInQueue(jobId: JobId): boolean {
    const { clock, table } = this.parts;
    const pending = table.pending(jobId);
    if (pending?.conditionNow !== "backingOff" && pending?.conditionNow !== "compensating") {
      return pending?.conditionNow === "queued";
    }
    return Date.parse(dueAtOf(pending.whole) ?? "") <= clock.now();
  }

  /** Explains a job as of a point, from what was on record then, anywhere in the journal. */
  async explainAt(
    jobId: JobId,
    point: Point,
    hold = RESERVE_NOTHING,
  ): Promise<Outcome<Explanation<Citation>>> {
    const { history, writer: { durableLogId: head } } = this.parts;
    const all = history.positions(jobId);
    if (all.length === 0) return unknownJob(jobId);
    const resolved = await searchPoint(point, history.pages, all, head);
    if (!resolved.ok) return unknownPoint("at", resolved.detail);
    const { count } = resolved;
    const asOf = await findPosition(point, history.pages, all, count, head);
    const extent = await this.#extent(jobId, all.slice(0, count), asOf, head);
    return { ok: true, value: (await this.#accountOf(extent, hold)).explanation };
  }

  async #accountOf({ logIds, asOf, asOfTime }: Extent, hold: ReserveMemory): Promise<Account> {
    using _turn = logIds.length > AT_ONCE_MAX ? await this.#long.enter() : undefined;
    const share: TimeShare = { spentMs: 0 };
    const upTo = asOfTime === undefined ? undefined : asOf;
    const inquiry: Inquiry = { parts: this.parts, share, asOf, upTo };
    const search = this.#evidenceSearch(inquiry, hold);
    const outlined = await this.#outlined(logIds, share, hold);
    const circumstances = asOfTime === undefined
      ? await circumstancesNow(inquiry, outlined)
      : await circumstancesThen(inquiry, outlined, asOf, Date.parse(asOfTime));
    const found = await search.run(outlined);
    const evidence = {
      ...found,
      ...{ circumstances, asOf, ...asOfTime === undefined ? {} : { asOfTime } },
      ...await this.#ofOthers(inquiry, outlined, found, hold),
    };
    const bare = await this.parts.pacer.all(share, explaining(outlined, evidence));
    const explanation = await this.#cited(bare, outlined, found.causes);
    return { explanation, outlined, foreignEntries: found.causes };
  }

  /** For a past time, neither the code that was loaded nor the pauses in force are known to it. */
  #evidenceSearch({ share, asOf, upTo }: Inquiry, hold: ReserveMemory): EvidenceSearch {
    const { history, pacer, pastEvents, pauses, registry, table } = this.parts;
    const isNow = upTo === undefined;
    const source = {
      headLogId: asOf,
      at: (logIds: readonly LogId[]) => history.at(logIds),
      job: (other: JobId) => table.job(other),
      shortJob: (other: JobId) => history.hasOver(SHORT_MAX, other) ? undefined : table.job(other),
      startsOn: (type: string) => isNow ? registry.get(type)?.startsOn : undefined,
      ...isNow ? { pauses: pauses.all } : {},
    };
    const paced: RunWork = (work) => pacer.all(share, work);
    return new EvidenceSearch(pastEvents, source, paced, history.pages, hold);
  }

  #compared(same: SameElsewhere | undefined): ComparedJob | undefined {
    const job = same && this.parts.table.job(same.jobId);
    return job && compared(job);
  }

  /** What other jobs, and what held up this one, say about it. */
  async #ofOthers(
    inquiry: Inquiry,
    outlined: OutlinedHistory,
    found: EvidenceFound,
    hold: ReserveMemory,
  ) {
    const { job, created: { attributes: { retryOf } } } = outlined;
    const known = { ...outlined, ...found };
    const same = await findSameElsewhere(inquiry, job);
    // After the clock was set, no length of time on record is known.
    const isTimed = clockReasons(known).length === 0;
    const usual = isTimed ? await findUsualTime(inquiry, job) : undefined;
    const slow = tookLong(inquiry, job, usual);
    const { contrast, stop } = slow === undefined
      ? await setApartBy(inquiry, known, this.#compared(same))
      : await slowApart(inquiry, job, slow);
    const read = (jobId: JobId) => this.outlined(jobId, hold);
    const alike = await findTwin(inquiry, job);
    const twin = alike && await isTelling(inquiry, job) ? alike : undefined;
    return {
      ...{ contrast, stopApart: stop, usual },
      source: contrast && await findSource(inquiry, job, contrast),
      similarWaits: isTimed ? await findSimilarWaits(inquiry, outlined) : undefined,
      heldUp: isTimed ? await findHeldUp(inquiry, outlined) : undefined,
      senderHeldUp: usual && await findSenderHeldUp(inquiry, outlined, read),
      ...await findBesideLimit(inquiry, outlined),
      siblings: await findSiblings(inquiry, job, outlined.entries.values()),
      sameElsewhere: same && { statement: same.statement, cites: same.cites },
      twin,
      rival: await findRival(inquiry, outlined, twin !== undefined, read),
      renamed: await findRenamed(inquiry, job),
      repeated: await findRepeated(inquiry, job),
      series: isTimed ? await findSeries(inquiry, job) : undefined,
      peersAtStops: await findPeersAtStops(inquiry, known),
      retried: retryOf && this.parts.table.job(retryOf),
      later: await unusuallyLate(inquiry, job, found.later),
      retriedAs: inquiry.upTo === undefined
        ? this.#newestRetry(job.jobId, inquiry.asOf)
        : undefined,
    };
  }

  /** As it is now, so it must not have changed since the head. */
  #newestRetry(jobId: JobId, head: LogId): JobState | undefined {
    const { table } = this.parts;
    const newest = table.listed.newestRetryOf(jobId);
    const job = newest && table.job(newest);
    return job !== undefined && job.lastLogId <= head ? job : undefined;
  }

  /** A job's own entries in outline, for other answers that are based on them. */
  outlined(jobId: JobId, hold: ReserveMemory): Promise<OutlinedHistory> {
    return this.#outlined(this.parts.history.positions(jobId), { spentMs: 0 }, hold);
  }

  async #outlined(
    logIds: readonly LogId[],
    share: TimeShare,
    hold: ReserveMemory,
  ): Promise<OutlinedHistory> {
    const gathering = new OutlineGathering();
    let room = KEPT_CHARACTERS_MAX;
    for await (const page of this.parts.history.pages.of(logIds)) {
      const characters = page.reduce((sum, entry) => sum + entryCharacters(entry), 0);
      hold(Math.min(room, characters));
      room = Math.max(0, room - characters);
      await this.parts.pacer.all(share, each(page, (entry) => gathering.add(entry)));
    }
    const recalled: JobEventLogEntry[] = [];
    const { pacer, history } = this.parts;
    for await (const page of history.pages.of(await pacer.do(share, () => gathering.unkept))) {
      recalled.push(...page.map(outline));
    }
    return await pacer.do(share, () => gathering.outlined(recalled));
  }

  async #cited(
    explanation: Explanation<LogId>,
    outlined: OutlinedHistory,
    causes: Causes,
  ): Promise<Explanation<Citation>> {
    const { history } = this.parts;
    const known = (logId: LogId) => outlined.entries.get(logId) ?? causes.get(logId);
    const citations = await resolveCitations(history, citedIn(explanation), known);
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
