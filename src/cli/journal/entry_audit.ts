/** Judges entries by what they mean, and projects those that can be. */

import type { JobEventLogEntry } from "../../core/event.ts";
import { illegalityOf } from "../../core/legality.ts";
import type { Applied } from "../../engine/job_table.ts";
import type { Projection } from "../../engine/projection.ts";

/** An entry that was projected, or what is wrong with it. */
export type Audited =
  | { readonly kind: "applied"; readonly applied: Applied | undefined }
  | { readonly kind: "flaw"; readonly reason: string; readonly byNewerVersion: boolean };

export class EntryAudit {
  readonly #projection: Projection;

  constructor(projection: Projection) {
    this.#projection = projection;
  }

  audit(entry: JobEventLogEntry): Audited {
    const illegality = illegalityOf(entry) ?? this.#flawOfJob(entry);
    if (illegality !== undefined) return this.#refused(entry, illegality, false);
    const unknown = this.#projection.refuse(entry);
    if (unknown !== undefined) return this.#refused(entry, unknown, true);
    return { kind: "applied", applied: this.#projection.see(entry) };
  }

  /** It cannot be projected, but its id is taken. */
  #refused(entry: JobEventLogEntry, reason: string, byNewerVersion: boolean): Audited {
    this.#projection.eventIds.add(entry.eventId, entry.logId);
    return { kind: "flaw", reason, byNewerVersion };
  }

  #flawOfJob({ jobId, eventType }: JobEventLogEntry): string | undefined {
    if (jobId === undefined) return undefined;
    const exists = this.#projection.table.job(jobId) !== undefined;
    if (eventType === "job.JobCreated") return exists ? `job ${jobId} exists already` : undefined;
    return exists ? undefined : `job ${jobId} was not created before`;
  }
}
