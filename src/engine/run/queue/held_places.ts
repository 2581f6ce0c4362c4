/**
 * Keeps the places of limits consistent with the record. After a restart, jobs keep the places that
 * they had. A job gives its place back once it is durable that none of its attempts is running.
 */

import type { JobId } from "../../../core/ids.ts";
import type { Applied } from "../../../core/job_fold.ts";
import type { DefinitionRegistry } from "../../definition_registry.ts";
import type { JobTable } from "../../writer/job_table.ts";
import type { ChangedLimits } from "../../../core/changed_limits.ts";
import type { InForce } from "../../writer/in_force.ts";
import { type Places, rests, type Starts } from "../../writer/places.ts";
import type { Writer } from "../../writer/writer.ts";
import type { Shares } from "./shares.ts";

interface HeldPlacesParts {
  readonly registry: DefinitionRegistry;
  readonly table: JobTable;
  readonly writer: Writer;
  readonly shares: Shares;
  readonly places: Places;
  readonly starts: Starts;
  readonly limitChanges: InForce<ChangedLimits>;
}

export class HeldPlaces {
  /** Jobs that hold a place here, but by the record no longer have one. */
  readonly #givenBack = new Set<JobId>();
  /** Whether a job has a worker or an open attempt; set by the supervisor. */
  isBusy: (jobId: JobId) => boolean = () => false;
  /** Whether a job waits for a worker; set by the supervisor. */
  isQueued: (jobId: JobId) => boolean = () => false;

  constructor(private readonly parts: HeldPlacesParts) {}

  /** Takes the places that jobs hold by the record, at a start. */
  restore(): void {
    const { limitChanges, shares, starts } = this.parts;
    for (const { type, limits } of limitChanges.all) shares.change(type, limits);
    this.#restoreHolders();
    for (const [type, rateKey, recorded] of starts.kept) {
      shares.remember(rateKey === null ? { type } : { type, rateKey }, recorded);
    }
  }

  /** The limits of a type have changed: working jobs take places of the new limits. */
  limitsChanged(type: string): void {
    const { limitChanges, registry, shares } = this.parts;
    shares.change(type, limitChanges.get(type)?.limits ?? registry.get(type)?.limits ?? {});
    this.#restoreHolders();
  }

  durable(steps: readonly Applied[]): void {
    const { shares } = this.parts;
    if (!shares.areHeld) return;
    for (const { entry, job } of steps) {
      if (entry.eventType === "job.TaskStarted") shares.began(job.jobId);
    }
    for (const applied of steps) {
      const { jobId } = applied.job;
      if (rests(applied) || this.#givenBack.has(jobId)) this.rested(jobId);
    }
  }

  /** A pause holds these jobs: by the record they no longer have a place. */
  gaveBack(jobIds: readonly JobId[]): void {
    for (const jobId of jobIds) {
      this.#givenBack.add(jobId);
      this.rested(jobId);
    }
  }

  /**
   * Gives the place of a job back, if none of its attempts is running, once its last entry is
   * durable.
   */
  rested(jobId: JobId): void {
    const { places, shares, table, writer } = this.parts;
    if (!shares.holds(jobId) || places.has(jobId)) return void this.#givenBack.delete(jobId);
    const last = table.pending(jobId)?.head.lastLogId ?? 0;
    if (this.isBusy(jobId) || last > writer.durableLogId) return;
    this.#givenBack.delete(jobId);
    // The job asked only for a worker if it queued while it still had its place.
    if (this.isQueued(jobId)) shares.epoch++;
    shares.release(jobId);
  }

  #restoreHolders(): void {
    const { places, shares, table } = this.parts;
    for (const [jobId] of places.all) shares.restore(table.existing(jobId));
  }
}
