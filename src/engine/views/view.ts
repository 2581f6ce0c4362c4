/** State derived from durable entries besides the jobs themselves, updated with each entry. */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import type { Applied } from "../../core/job_fold.ts";
import type { JobTable } from "../writer/job_table.ts";

/** The entries at these positions, which ascend. */
export type EntriesAt = (logIds: readonly LogId[]) => Promise<readonly JobEventLogEntry[]>;

/** What the engine starts with. */
export interface Past {
  readonly table: JobTable;
  readonly headLogId: LogId;
  /** Whether every entry of the journal was read, without a snapshot. */
  readonly isWhole: boolean;
  readonly entriesAt: EntriesAt;
}

export interface View {
  restore?(past: Past): void | Promise<void>;
  see(applied: Applied): void;
}
