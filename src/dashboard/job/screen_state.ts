/** The state that the sections of a job's page share. */

import type { LogId } from "../../core/ids.ts";
import type { Scope } from "../../access/tokens.ts";
import type { Commands } from "../parts/curl.tsx";
import { jobPagePath } from "../parts/links.tsx";
import type { EntryPage, JobReading } from "./reading.ts";
import type { ScaleName } from "./time_scale.ts";

export interface JobScreenState extends JobReading {
  readonly page: EntryPage;
  readonly scale: ScaleName;
  /** The page of tasks, from 1; one drawing has room for `LANES_MAX`. */
  readonly tasksPage: number;
  /** The path of this page, to which forms redirect. */
  readonly returnTo: string;
  may(scope: Scope): boolean;
  readonly curl: Commands;
  /** The command that exports the job with everything needed to explain it. */
  readonly exportCommand: string | undefined;
  /** An event that was sent from this page and refused. */
  readonly refused: RefusedEvent | undefined;
}

export interface RefusedEvent {
  readonly expectation: string;
  /** The text as typed. */
  readonly text: string;
  readonly reason: string;
}

/** A link to an entry: on this page if it is shown, otherwise on the page that shows it. */
export function entryHref({ page, foreignEntries, job }: JobScreenState, logId: LogId): string {
  const isShown = page.entries.some((entry) => entry.logId === logId) ||
    foreignEntries.some((entry) => entry.logId === logId);
  return isShown ? `#entry-${logId}` : `${jobPagePath(job.jobId)}?entry=${logId}#entry-${logId}`;
}
