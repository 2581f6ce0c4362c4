/**
 * The file that holds an exported job: NDJSON. First a line about the job, then entries in the
 * order of their journal, then a line with their number and the SHA-256 of all bytes before it, so
 * that a truncated file is detected.
 */

import { createHash } from "node:crypto";
import type { Condition } from "../core/condition.ts";
import type { JobEventLogEntry } from "../core/event.ts";
import type { ImportOrigin } from "../core/framework_events.ts";
import type { JobId } from "../core/ids.ts";
import type { StateName } from "../core/job_state.ts";

export const EXPORT_VERSION = 1;

export interface ExportHeader {
  readonly daybookExport: typeof EXPORT_VERSION;
  readonly jobId: JobId;
  /** Absent for a plan driven by outside events. */
  readonly type?: string;
  readonly state: StateName;
  readonly condition: Condition;
  /** All entries in the file. */
  readonly entries: number;
  /** How many of them belong to the job itself. */
  readonly own: number;
  /** The head of the journal when it was read. */
  readonly from: { readonly head: ImportOrigin };
}

export interface ExportEnd {
  readonly entries: number;
  /** The digest of all bytes before this line, in hexadecimal. */
  readonly sha256: string;
}

/** The lines of a file, each without its newline. */
export function* exportLines(
  header: ExportHeader,
  entries: readonly JobEventLogEntry[],
): Generator<string> {
  const hash = createHash("sha256");
  for (const value of [header, ...entries]) {
    const line = JSON.stringify(value);
    hash.update(`${line}\n`);
    yield line;
  }
  const end: ExportEnd = { entries: entries.length, sha256: hash.digest("hex") };
  yield JSON.stringify(end);
}
