/**
 * Removes the inputs of ended jobs according to their retention. The entry is recorded first and
 * the key is deleted after it. A start that finds the entry without the deletion finishes it.
 */

import type { EventDraft } from "../../core/event.ts";
import type { JobId } from "../../core/ids.ts";
import { isTerminal, type JobState } from "../../core/job_state.ts";
import { inputRemovedEventId } from "../writer/derived_ids.ts";
import type { EventEngine } from "../writer/event_engine.ts";
import { type Applied, endedJob } from "../../core/job_fold.ts";
import type { Past, View } from "../views/view.ts";
import type { KeyStore } from "../ports.ts";
import type { DiskRetries } from "../writer/disk_retries.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Writer } from "../writer/writer.ts";
import { isSealed } from "../secrets/sealing.ts";

/** Delay before retrying when a disk does not delete a key. */
const TRY_AGAIN_MS = 60_000;

interface InputRemovalParts {
  readonly keys: KeyStore;
  readonly events: EventEngine;
  readonly scheduler: Scheduler;
  readonly writer: Writer;
  readonly diskRetries: DiskRetries;
  onDefect(error: unknown): void;
}

export class InputRemovals implements View {
  /** Unfinished jobs whose key was missing at the start, so that they cannot run. */
  keyless = 0;

  constructor(private readonly parts: InputRemovalParts) {}

  see(applied: Applied): void {
    if (endedJob(applied) !== undefined) this.#plan(applied.job);
  }

  /**
   * Finishes what a stop interrupted: removals that are due or have begun and, if the lines alone say
   * which jobs there are, keys of jobs that were never created.
   */
  async restore({ table, isWhole }: Past): Promise<void> {
    const { index } = table;
    const inMemory = [...table.jobs()].filter(isSealed);
    const ids = inMemory.map(({ jobId }) => jobId);
    const removable = index?.removableIds() ?? [];
    const { keys } = this.parts;
    const held = isWhole
      ? await keys.keepOnly([...ids, ...index?.sealedIds() ?? []])
      : await keys.held([...ids, ...removable]);
    for (const job of inMemory) if (held.has(job.jobId)) this.#plan(job);
    for (const jobId of removable) {
      const job = held.has(jobId) ? index?.job(jobId) : undefined;
      if (job !== undefined) this.#plan(job);
    }
    this.keyless = inMemory.filter((job) => !isTerminal(job) && !held.has(job.jobId)).length;
  }

  #plan(job: JobState): void {
    if (!isTerminal(job) || job.sealed === undefined || job.sealed.retention === "keep") return;
    const { jobId, sealed: { retention } } = job;
    if (retention === "deleteOnCompletion") return void this.#remove(jobId);
    const dueMs = Date.parse(job.endedAt) + retention.afterMs;
    this.parts.scheduler.at(dueMs, () => void this.#remove(jobId));
  }

  async #remove(jobId: JobId): Promise<void> {
    const { diskRetries, events, keys, onDefect, scheduler, writer } = this.parts;
    try {
      const eventId = inputRemovedEventId(jobId);
      const holder = await events.find(eventId);
      if (holder?.eventType !== "job.InputRemoved") {
        const draft = { ...removal(jobId), ...(holder === undefined ? { eventId } : {}) };
        await diskRetries.record(() => writer.recorded([draft], "vital"));
      }
      await keys.remove(jobId);
    } catch (error) {
      onDefect(error);
      scheduler.after(TRY_AGAIN_MS, () => void this.#remove(jobId));
    }
  }
}

function removal(jobId: JobId): EventDraft {
  return {
    stratum: "framework",
    eventType: "job.InputRemoved",
    jobId,
    attributes: { reason: "retention" },
  };
}
