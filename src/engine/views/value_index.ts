/**
 * Which events from outside carry a value, wherever in them it is: so an explanation finds the
 * event that was meant, whatever its type, its form or its place, without reading the journal.
 * Values are filed by the hash of their loose form: `42` is found where `"42"` is expected.
 * Framework entries are not in it, and so nothing that is sealed.
 *
 * The newest postings are in memory; each generation of a million goes to disk. Without a disk
 * there are two generations, and what is older is forgotten. It is a function of the entries.
 */

import type { Work } from "../../core/at_once.ts";
import { indexAlternatives } from "../../core/correlation.ts";
import {
  type FactEntry,
  type FrameworkEntry,
  isRefused,
  type JobEventLogEntry,
} from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import type { EventMatcher } from "../../core/job_plan.ts";
import { looseForm } from "../../core/likeness/loose_form.ts";
import { quotedEntry } from "../../core/quotation.ts";
import type { PastEvents } from "./past_events.ts";
import { Postings } from "./postings.ts";
import { PackedIndex } from "./value_index_packing.ts";
import { BUCKET_BITS, type ValueRun, type ValueRuns } from "./value_runs.ts";
import { isFiled, jobKey, typeKeys, valueKey, valueKeysOf } from "./value_keys.ts";

const GENERATION_POSTINGS = 1 << 20;
/** Of the events of one run that carry one value, so many are found again. */
export const CARRIERS_MAX = 4_096;

export interface ValueIndexOptions {
  /** Where generations go that are full. */
  readonly runs?: ValueRuns | undefined;
  readonly generationPostings?: number;
}

type Created = FrameworkEntry<"job.JobCreated">;
type FactEvent = Pick<FactEntry, "eventType" | "jobId" | "attributes">;

/** A longer text that a job was given is a document, and nothing that it is known by. */
const JOB_TEXT_MAX = 64;

/** A generation that is full, and not on disk. */
interface Full {
  readonly postings: Postings;
  readonly run: number;
}

export class ValueIndex implements PastEvents {
  readonly #options: ValueIndexOptions;
  readonly #generationPostings: number;
  #young = new Postings();
  /** The oldest first. */
  #full: Full[] = [];
  #runs: ValueRun[] = [];
  #nextRun = 1;
  #horizon: LogId = 0;
  #isWriting = false;
  /** So many generations were full when the disk last took none. */
  #refused = 0;

  constructor(options: ValueIndexOptions = {}) {
    this.#options = options;
    this.#generationPostings = options.generationPostings ?? GENERATION_POSTINGS;
  }

  get horizon(): LogId {
    return this.#horizon;
  }

  /** What it holds in memory. */
  get bytes(): number {
    return this.#full.reduce((sum, { postings }) => sum + postings.bytes, this.#young.bytes);
  }

  /** Whether there is something to be written that nobody is writing. */
  get hasToWrite(): boolean {
    return this.#options.runs !== undefined && !this.#isWriting &&
      this.#full.length > this.#refused;
  }

  /** Files an entry when it is an event from outside; the positions ascend. */
  add(entry: JobEventLogEntry): void {
    if (entry.eventType === "job.JobCreated") {
      return this.#fileJob(entry as FrameworkEntry<"job.JobCreated">);
    }
    const event = isRefused(entry) ? entry.attributes : quotedEntry(entry);
    if ("stratum" in event && event.stratum === "framework") return;
    this.#file(event as FactEvent, entry.logId);
  }

  /** What it was given in clear, and its labels. */
  #fileJob({ attributes: { input = null, labels, sealed }, logId }: Created): void {
    this.#makeRoom();
    const given = { attributes: sealed === undefined ? { labels, input } : { labels } };
    for (const key of valueKeysOf(given, JOB_TEXT_MAX)) this.#young.add(jobKey(key), logId);
  }

  #makeRoom(): void {
    if (this.#young.size >= this.#generationPostings) this.#beginGeneration();
  }

  #file(event: FactEvent, logId: LogId): void {
    this.#makeRoom();
    for (const key of typeKeys(event.eventType)) this.#young.add(key, logId);
    for (const key of valueKeysOf(event)) this.#young.add(key, logId);
  }

  carrying(loose: string, limit: number): readonly LogId[] {
    return this.#newest(valueKey(loose), limit);
  }

  jobsGiven(loose: string, limit: number): readonly LogId[] {
    return this.#newest(jobKey(valueKey(loose)), limit);
  }

  ofType(eventType: string, limit: number): readonly LogId[] {
    const [one, other] = typeKeys(eventType);
    // Two hashes of one text: where both are equal, the type is the same.
    const both = new Set(this.#newest(other, limit));
    return this.#newest(one, limit).filter((logId) => both.has(logId));
  }

  near({ eventType, correlation }: EventMatcher, limit: number): readonly LogId[] {
    const ofType = this.ofType(eventType, CARRIERS_MAX);
    let best = ofType;
    for (const terms of indexAlternatives(correlation)) {
      if (!terms.every(({ value }) => isFiled(value))) continue;
      const lists = terms.map(({ value }) => this.carrying(looseForm(value), CARRIERS_MAX));
      const all = [...new Set(lists.flat())];
      if (all.length < best.length || best.length >= CARRIERS_MAX) best = all;
    }
    const types = new Set(ofType);
    const isWhole = ofType.length < CARRIERS_MAX && best.length < CARRIERS_MAX;
    return (isWhole ? best.filter((logId) => types.has(logId)) : best)
      .toSorted((left, right) => right - left).slice(0, limit);
  }

  #newest(key: number, limit: number): LogId[] {
    const found = this.#young.newest(key, limit);
    for (const { postings } of this.#full.toReversed()) {
      if (found.length < limit) found.push(...postings.newest(key, limit - found.length));
    }
    for (let at = this.#runs.length - 1; at >= 0 && found.length < limit; at--) {
      found.push(...this.#inRun(this.#runs[at]?.run ?? 0, key, limit - found.length));
    }
    return found;
  }

  #inRun(run: number, key: number, limit: number): readonly LogId[] {
    const bucket = this.#options.runs?.bucket(run, key >>> (32 - BUCKET_BITS));
    for (let at = 0; bucket !== undefined && at < bucket.length;) {
      const [hash = 0, count = 0] = [bucket[at], bucket[at + 1]];
      if (hash === key) return [...bucket.subarray(at + 2, at + 2 + Math.min(count, limit))];
      if (hash > key) break;
      at += 2 + count;
    }
    return [];
  }

  #beginGeneration(): void {
    this.#full.push({ postings: this.#young, run: this.#nextRun++ });
    this.#young = new Postings();
    if (this.#options.runs !== undefined || this.#full.length === 1) return;
    this.#horizon = this.#full.shift()?.postings.last ?? 0;
  }

  /**
   * Puts generations that are full on disk, as work with pauses. What the disk does not take
   * stays in memory until the next one is full.
   */
  *writing(): Work<void> {
    const { runs } = this.#options;
    if (runs === undefined || this.#isWriting) return;
    this.#isWriting = true;
    try {
      for (let [first] = this.#full; first !== undefined; [first] = this.#full) {
        yield* this.#writeRun(runs, first);
      }
      this.#refused = 0;
    } catch {
      this.#refused = this.#full.length;
    } finally {
      this.#isWriting = false;
    }
  }

  *#writeRun(runs: ValueRuns, full: Full): Work<void> {
    const { postings, run } = full;
    const buckets = yield* postings.buckets(CARRIERS_MAX);
    // The index was begun again meanwhile.
    if (this.#full[0] !== full) return;
    runs.begin(run);
    try {
      for (const [bucket, content] of buckets.entries()) {
        if (content.length > 0) runs.put(run, bucket, content);
        yield;
      }
      if (this.#full[0] !== full) return runs.abandon();
      this.#runs.push(runs.commit(run, postings.last));
    } catch (error) {
      runs.abandon();
      throw error;
    }
    this.#full.shift();
  }

  /** All that is not on disk, and what is on disk, as it is now. */
  capture(): Uint32Array {
    return PackedIndex.pack({
      horizon: this.#horizon,
      nextRun: this.#nextRun,
      runs: this.#runs,
      full: this.#full.map(({ postings, run }) => ({ run, packed: postings.capture() })),
      young: this.#young.capture(),
    });
  }

  /** Takes over what `capture` gave; `false`, and empty, when what was on disk is not there. */
  restore(packed: Uint32Array): boolean {
    const content = PackedIndex.unpack(packed);
    this.clear(content?.runs);
    const isThere = content !== undefined &&
      (content.runs.length === 0 || this.#options.runs?.keep(content.runs) === true);
    if (!isThere) {
      this.clear();
      return false;
    }
    this.#horizon = content.horizon;
    this.#nextRun = content.nextRun;
    this.#runs = [...content.runs];
    this.#full = content.full.map(({ run, packed }) => ({
      run,
      postings: Postings.restored(packed),
    }));
    this.#young = Postings.restored(content.young);
    return true;
  }

  /** Begins again with nothing, and forgets what is on disk but for these. */
  clear(kept: readonly ValueRun[] = []): void {
    this.#young = new Postings();
    [this.#full, this.#runs, this.#nextRun, this.#horizon] = [[], [], 1, 0];
    if (kept.length === 0) this.#options.runs?.keep([]);
  }
}
