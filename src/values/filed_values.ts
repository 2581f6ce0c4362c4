/**
 * The index of values: the newest postings in memory, and each full generation on disk. It is a
 * function of the lines.
 */

import type { Work } from "../core/work.ts";
import type { LogId } from "../core/ids.ts";
import { Postings } from "../engine/views/postings.ts";
import { type FiledEntry, valueKeys } from "../engine/views/value_keys.ts";
import type { LinePoint } from "../index/value_rows.ts";
import type { SqliteValueRuns } from "../index/value_runs.ts";

const GENERATION_POSTINGS = 1 << 19;
/**
 * A generation also ends after this many entries for each posting that it may have. Otherwise a
 * journal with few values would be read again from its beginning after each stop.
 */
const ENTRIES_PER_POSTING = 4;
/** How many full generations may wait for the disk. */
const FULL_MAX = 2;
/** With more runs a lookup takes too long. */
const RUNS_MAX = 24;

/** A full generation that is not on disk yet. */
interface Full {
  readonly postings: Postings;
  readonly point: LinePoint;
}

export class FiledValues {
  #young = new Postings();
  #point: LinePoint | undefined;
  /** The last position of the generations that have ended. */
  #endedAt: LogId;
  /** Oldest first. */
  #full: Full[] = [];

  constructor(
    private readonly runs: SqliteValueRuns,
    private readonly generationPostings = GENERATION_POSTINGS,
  ) {
    this.#endedAt = runs.point?.logId ?? 0;
  }

  /** Work to do before anything more is filed. */
  get urgent(): "flush" | "merge" | undefined {
    if (this.#full.length >= FULL_MAX) return "flush";
    return this.runs.hasToMerge && this.runs.count >= RUNS_MAX ? "merge" : undefined;
  }

  get hasToFlush(): boolean {
    return this.#full.length > 0;
  }

  get hasToMerge(): boolean {
    return this.runs.hasToMerge;
  }

  /** Files an entry; positions ascend. */
  add(entry: FiledEntry): void {
    for (const key of valueKeys(entry)) this.#young.add(key, entry.logId);
  }

  /** Everything up to this point has been filed. */
  batchEnd(point: LinePoint): void {
    this.#point = point;
    const entriesMax = ENTRIES_PER_POSTING * this.generationPostings;
    const isFull = this.#young.size >= this.generationPostings ||
      point.logId - this.#endedAt >= entriesMax;
    if (isFull) this.#endGeneration();
  }

  newest(key: number, limit: number): readonly LogId[] {
    const found = this.#young.newest(key, limit);
    for (const { postings } of this.#full.toReversed()) {
      if (found.length < limit) found.push(...postings.newest(key, limit - found.length));
    }
    if (found.length < limit) found.push(...this.runs.newest(key, limit - found.length));
    return found;
  }

  /** Writes the oldest full generation to disk. */
  *flush(): Work<void> {
    const [first] = this.#full;
    if (first === undefined) return;
    yield* this.runs.write(first.postings, first.point);
    this.#full.shift();
  }

  merge(): Work<void> {
    return this.runs.merge();
  }

  /** Writes everything to disk that is not there yet. */
  *rest(): Work<void> {
    this.#endGeneration();
    while (this.#full.length > 0) yield* this.flush();
  }

  #endGeneration(): void {
    const point = this.#point;
    if (point === undefined || point.logId === this.#endedAt) return;
    this.#full.push({ postings: this.#young, point });
    this.#endedAt = point.logId;
    this.#young = new Postings();
  }
}
