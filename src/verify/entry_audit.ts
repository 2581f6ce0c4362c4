/** Judges entries by what they mean, and projects those that can be. */

import type { JobEventLogEntry } from "../core/event.ts";
import type { JobState } from "../core/job_state.ts";
import { illegalityOf } from "../core/legality.ts";
import { refuseEntry } from "../engine/writer/framework_schemas.ts";
import type { JobTable } from "../engine/writer/job_table.ts";

/** What an entry made of its job, if it is about one; or what is wrong with the entry. */
export type Audited =
  | { readonly kind: "applied"; readonly job: JobState | undefined }
  | { readonly kind: "flaw"; readonly reason: string; readonly byNewerVersion: boolean };

export class EntryAudit {
  readonly #table: JobTable;

  constructor(table: JobTable) {
    this.#table = table;
  }

  audit(entry: JobEventLogEntry): Audited {
    const illegality = illegalityOf(entry);
    if (illegality !== undefined) return flaw(illegality);
    const unknown = refuseEntry(entry);
    if (unknown !== undefined) return flaw(unknown, true);
    return entry.jobId === undefined ? { kind: "applied", job: undefined } : this.#project(entry);
  }

  #project(entry: JobEventLogEntry): Audited {
    try {
      // One that has ended may have left memory.
      const { jobId, eventType } = entry;
      if (eventType === "job.JobCreated" && jobId !== undefined) this.#table.wake(jobId);
      const applied = this.#table.apply(entry);
      if (entry.eventType === "job.JobCreated" && applied?.before !== undefined) {
        return flaw(`job ${entry.jobId} exists already`);
      }
      return { kind: "applied", job: applied && this.#table.job(applied.job.jobId) };
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      return flaw(error.message);
    }
  }
}

function flaw(reason: string, byNewerVersion = false): Audited {
  return { kind: "flaw", reason, byNewerVersion };
}
