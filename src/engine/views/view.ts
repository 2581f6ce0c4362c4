/** What is derived from durable entries beside the jobs themselves, kept in step with each. */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import type { Applied } from "../../core/job_fold.ts";
import type { JobTable } from "../writer/job_table.ts";

/** The entries at positions, which ascend. */
export type EntriesAt = (logIds: readonly LogId[]) => Promise<readonly JobEventLogEntry[]>;

/** What is there when the engine starts. */
export interface Past {
  readonly table: JobTable;
  readonly headLogId: LogId;
  /** Whether every entry of the journal was gone through, without a snapshot. */
  readonly isWhole: boolean;
  readonly entriesAt: EntriesAt;
}

export interface View {
  /** Takes in what was there before. */
  restore(past: Past): void | Promise<void>;
  /** Takes in what a durable entry did to its job. */
  see(applied: Applied): void;
}
