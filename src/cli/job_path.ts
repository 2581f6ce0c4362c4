/** Paths of jobs. */

import { ID_PATTERN, ID_RULE } from "../core/ids.ts";
import { UsageError } from "./command.ts";
import { plainText } from "./plain_text.ts";

/** @throws {UsageError} when no job can have this id. */
export function jobPath(jobId: string): string {
  if (ID_PATTERN.test(jobId)) return `/jobs/${jobId}`;
  throw new UsageError(`${plainText(jobId)} is no id of a job, which is ${ID_RULE}`);
}
