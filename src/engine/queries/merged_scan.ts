/**
 * Lists jobs in memory and in the index together, in the order of their creation. Both are read in
 * one turn of the event loop, so that a job that moves from one to the other appears once.
 */

import type { FoundJob, IndexScan } from "../job_index.ts";
import type { Stop } from "../job_pages.ts";
import type { JobScan } from "./job_scan.ts";

export class MergedScan implements Iterable<FoundJob> {
  readonly #inMemory: JobScan;
  readonly #indexed: IndexScan;
  readonly #oldestFirst: boolean;

  constructor(inMemory: JobScan, indexed: IndexScan, oldestFirst: boolean) {
    this.#inMemory = inMemory;
    this.#indexed = indexed;
    this.#oldestFirst = oldestFirst;
  }

  /** Where it stopped early; `undefined` when it did not. */
  get reach(): Stop | undefined {
    const [one, other] = [this.#inMemory.reach, this.#indexed.reach];
    if (one === undefined || other === undefined) return one ?? other;
    const nearer = this.#isBefore(one.next, other.next) ? one : other;
    return { ...nearer, jobs: one.jobs + other.jobs };
  }

  /** Leaves out what is beyond the place where either of the two stopped. */
  *[Symbol.iterator](): Iterator<FoundJob> {
    const inMemory: Iterator<FoundJob> = this.#inMemory[Symbol.iterator]();
    const indexed = this.#indexed[Symbol.iterator]();
    let [one, other] = [inMemory.next(), indexed.next()];
    while (!one.done || !other.done) {
      const isFirst = other.done ||
        (!one.done && this.#isBefore(one.value.firstLogId, other.value.firstLogId));
      const next = isFirst ? one : other;
      if (next.done) return;
      const reach = (isFirst ? this.#indexed : this.#inMemory).reach;
      if (reach !== undefined && this.#isBefore(reach.next, next.value.firstLogId)) return;
      yield next.value;
      if (isFirst) one = inMemory.next();
      else other = indexed.next();
    }
  }

  #isBefore(one: number, other: number): boolean {
    return this.#oldestFirst ? one < other : one > other;
  }
}
