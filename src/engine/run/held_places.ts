/**
 * Keeps the places of limits in step with the record. After a start, jobs have the places that they
 * had; a job gives its place back once it is durable that nothing of it is running.
 */

import type { JobId } from "../../core/ids.ts";
import type { Applied } from "../../core/job_fold.ts";
import type { DefinitionRegistry } from "../definition_registry.ts";
import type { JobTable } from "../writer/job_table.ts";
import type { LimitChanges } from "../writer/limit_changes.ts";
import { type Places, rests } from "../writer/places.ts";
import type { Starts } from "../writer/starts.ts";
import type { Writer } from "../writer/writer.ts";
import type { Shares } from "./shares.ts";

interface HeldPlacesParts {
  readonly registry: DefinitionRegistry;
  readonly table: JobTable;
  readonly writer: Pick<Writer, "durableLogId">;
  readonly shares: Shares;
  readonly places: Places;
  readonly starts: Starts;
  readonly limitChanges: LimitChanges;
}

export class HeldPlaces {
  readonly #parts: HeldPlacesParts;
  /** Jobs that have no place by what is on record, as long as they have one here. */
  readonly #givenBack = new Set<JobId>();

  constructor(parts: HeldPlacesParts) {
    this.#parts = parts;
  }

  /** Takes the places on record, at a start. */
  restore(): void {
    const { limitChanges, shares, starts } = this.#parts;
    for (const { type, limits } of limitChanges.all) shares.change(type, limits);
    this.#restoreHolders();
    for (const [type, rateKey, recorded] of starts.kept) {
      shares.remember(rateKey === null ? { type } : { type, rateKey }, recorded);
    }
  }

  /** Other limits of a type are in force; working jobs hold places of them. */
  limitsChanged(type: string): void {
    const { limitChanges, registry, shares } = this.#parts;
    shares.change(type, limitChanges.of(type)?.limits ?? registry.get(type)?.limits ?? {});
    this.#restoreHolders();
  }

  durable(steps: readonly Applied[], isBusy: (jobId: JobId) => boolean): void {
    const { shares } = this.#parts;
    if (!shares.areHeld) return;
    for (const { entry, job } of steps) {
      if (entry.eventType === "job.TaskStarted") shares.began(job.jobId);
    }
    for (const applied of steps) {
      const { jobId } = applied.job;
      if (rests(applied) || this.#givenBack.has(jobId)) this.rested(jobId, isBusy);
    }
  }

  /** By what is on record these have no place any more, since a pause holds them. */
  gaveBack(jobIds: readonly JobId[], isBusy: (jobId: JobId) => boolean): void {
    for (const jobId of jobIds) {
      this.#givenBack.add(jobId);
      this.rested(jobId, isBusy);
    }
  }

  /**
   * A job may have nothing running: gives its place back if so, once its last entry is durable.
   *
   * @param isBusy Whether a job has a worker, or an attempt of it is open.
   */
  rested(jobId: JobId, isBusy: (jobId: JobId) => boolean): void {
    const { places, shares, table, writer } = this.#parts;
    if (!shares.holds(jobId) || places.has(jobId)) return void this.#givenBack.delete(jobId);
    const last = table.pending(jobId)?.head.lastLogId ?? 0;
    if (isBusy(jobId) || last > writer.durableLogId) return;
    this.#givenBack.delete(jobId);
    shares.release(jobId);
  }

  #restoreHolders(): void {
    const { places, shares, table } = this.#parts;
    for (const [jobId] of places.all) shares.restore(table.existing(jobId));
  }
}
