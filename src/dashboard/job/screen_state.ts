/** What the pieces of a job's page share. */

import type { LogId } from "../../core/ids.ts";
import type { Scope } from "../../access/tokens.ts";
import type { Commands } from "../parts/curl.tsx";
import { jobPagePath } from "../parts/links.tsx";
import type { EntryPage, JobReading } from "./reading.ts";
import type { ScaleName } from "./time_scale.ts";

export interface JobScreenState extends JobReading {
  readonly page: EntryPage;
  readonly scale: ScaleName;
  /** Of the tasks, where there are more than one drawing has room for; from 1. */
  readonly tasksPage: number;
  /** The path of this page, as forms lead back to it. */
  readonly returnTo: string;
  may(scope: Scope): boolean;
  readonly curl: Commands;
  /** The command that writes the job with all that explains it. */
  readonly exportCommand: string | undefined;
  /** An event that was sent from here and refused. */
  readonly refused: RefusedEvent | undefined;
}

export interface RefusedEvent {
  readonly expectation: string;
  /** As it was typed. */
  readonly text: string;
  readonly reason: string;
}

/** Where an entry is on this page; the page is another one when it is not shown. */
export function entryHref({ page, foreignEntries, job }: JobScreenState, logId: LogId): string {
  const isShown = page.entries.some((entry) => entry.logId === logId) ||
    foreignEntries.some((entry) => entry.logId === logId);
  return isShown ? `#entry-${logId}` : `${jobPagePath(job.jobId)}?entry=${logId}#entry-${logId}`;
}
