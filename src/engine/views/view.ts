/** State derived from durable entries besides the jobs themselves, updated with each entry. */

import type { LogId } from "../../core/ids.ts";
import type { Applied } from "../../core/job_fold.ts";
import type { EntriesAt } from "../ports.ts";
import type { JobTable } from "../writer/job_table.ts";

/** What the engine starts with. */
export interface Past {
  readonly table: JobTable;
  readonly headLogId: LogId;
  /** Whether all jobs are known from the lines alone: neither a snapshot nor the index was used. */
  readonly isWhole: boolean;
  readonly entriesAt: EntriesAt;
}

export interface View {
  restore?(past: Past): void | Promise<void>;
  see(applied: Applied): void;
}
