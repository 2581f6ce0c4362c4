/** The jobs in memory, in the order of their creation. */

import type { LogId } from "../../core/ids.ts";
import type { JobRecord } from "./job_record.ts";

/** A job, or the position at which one was created that is in memory no more. */
type Place = JobRecord | LogId;

/** So many that left may still have their place; then the order is made anew. */
const LEFT_MIN = 1_024;

export class JobOrder {
  #places: Place[] = [];
  #left = 0;

  /** How many jobs there are. */
  get size(): number {
    return this.#places.length - this.#left;
  }

  /** Oldest first. */
  *[Symbol.iterator](): Iterator<JobRecord> {
    for (const place of this.#places) if (typeof place !== "number") yield place;
  }

  /** The index after the last place. */
  get end(): number {
    return this.#places.length;
  }

  /** What is at an index; `undefined` where a job has left, or beyond the places. */
  at(index: number): JobRecord | undefined {
    const place = this.#places[index];
    return typeof place === "number" ? undefined : place;
  }

  /** One that had left has its place again. */
  add(record: JobRecord): void {
    const { firstLogId } = record;
    const last = positionOf(this.#places.at(-1) ?? 0);
    if (firstLogId > last) return void this.#places.push(record);
    const at = this.indexBefore(firstLogId + 1);
    const isThere = this.#places[at] === firstLogId;
    if (isThere) this.#left--;
    this.#places.splice(isThere ? at : at + 1, isThere ? 1 : 0, record);
  }

  leave({ firstLogId }: JobRecord): void {
    this.#places[this.indexBefore(firstLogId + 1)] = firstLogId;
    if (++this.#left < LEFT_MIN || 2 * this.#left < this.#places.length) return;
    this.#places = this.#places.filter((place) => typeof place !== "number");
    this.#left = 0;
  }

  /** The job that was created at a position. */
  createdAt(firstLogId: LogId): JobRecord | undefined {
    const record = this.at(this.indexBefore(firstLogId + 1));
    return record?.firstLogId === firstLogId ? record : undefined;
  }

  /** The index of the newest place of a job that was created before a position; -1 for none. */
  indexBefore(before: LogId): number {
    let low = 0;
    let high = this.#places.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (positionOf(this.#places[middle] ?? Infinity) < before) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

function positionOf(place: Place): LogId {
  return typeof place === "number" ? place : place.firstLogId;
}
