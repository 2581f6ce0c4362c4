/** The jobs in memory, in order of creation. */

import { firstIndex } from "../../core/ascending.ts";
import type { LogId } from "../../core/ids.ts";
import type { JobRecord } from "./job_record.ts";

/** A job in memory, or the position at which a job that has left memory was created. */
type Place = JobRecord | LogId;

/** Places of jobs that left are removed when there are this many, and they are half of all. */
const LEFT_MIN = 1_024;

export class JobOrder {
  #places: Place[] = [];
  #left = 0;

  get size(): number {
    return this.#places.length - this.#left;
  }

  /** The jobs, oldest first. */
  *[Symbol.iterator](): Iterator<JobRecord> {
    for (const place of this.#places) if (typeof place !== "number") yield place;
  }

  /** The index after the last place. */
  get end(): number {
    return this.#places.length;
  }

  /** The job at an index; `undefined` if it has left memory, or there is no such place. */
  at(index: number): JobRecord | undefined {
    const place = this.#places[index];
    return typeof place === "number" ? undefined : place;
  }

  /** Adds a job. One that had left memory gets its place back. */
  add(record: JobRecord): void {
    const { firstLogId } = record;
    const last = positionOf(this.#places.at(-1) ?? 0);
    if (firstLogId > last) return void this.#places.push(record);
    const at = this.indexBefore(firstLogId + 1);
    const hasPlace = this.#places[at] === firstLogId;
    if (hasPlace) this.#left--;
    this.#places.splice(hasPlace ? at : at + 1, hasPlace ? 1 : 0, record);
  }

  leave({ firstLogId }: JobRecord): void {
    this.#places[this.indexBefore(firstLogId + 1)] = firstLogId;
    if (++this.#left < LEFT_MIN || 2 * this.#left < this.#places.length) return;
    this.#places = this.#places.filter((place) => typeof place !== "number");
    this.#left = 0;
  }

  createdAt(firstLogId: LogId): JobRecord | undefined {
    const record = this.at(this.indexBefore(firstLogId + 1));
    return record?.firstLogId === firstLogId ? record : undefined;
  }

  /** The index of the newest place of a job created before a position; -1 if there is none. */
  indexBefore(before: LogId): number {
    const places = this.#places;
    return firstIndex(0, places.length, (at) => positionOf(places[at] ?? 0) >= before) - 1;
  }
}

function positionOf(place: Place): LogId {
  return typeof place === "number" ? place : place.firstLogId;
}
