/** What the edge needs of whoever keeps what the code of jobs says. */

import type { JobId } from "../../core/ids.ts";
import type { JobLogLine } from "../../engine/ports.ts";

export interface JobLogPort {
  /** The last lines of a job, oldest first, at most `limit`. */
  read(jobId: JobId, limit: number): Promise<{
    readonly lines: readonly JobLogLine[];
    /** Whether there are older ones. */
    readonly hasMore: boolean;
  }>;
}

/** Where nothing is kept. */
export const NO_JOB_LOG: JobLogPort = {
  read: () => Promise.resolve({ lines: [], hasMore: false }),
};
