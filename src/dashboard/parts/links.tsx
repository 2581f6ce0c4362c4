/** Links to jobs and to the lines that tell of them. */

import type { LogId } from "../../core/ids.ts";
import { UserText } from "./text.tsx";

/** The path of a job's page; an id may hold what means something in a path. */
export function jobPagePath(jobId: string): string {
  return `/ui/jobs/${encodeURIComponent(jobId)}`;
}

/** The path of the page of a type of jobs. */
export function definitionPath(type: string): string {
  return `/ui/system/definitions/${encodeURIComponent(type)}`;
}

export function JobLink({ jobId }: { readonly jobId: string }) {
  return (
    <a class="id" href={jobPagePath(jobId)}>
      <UserText text={jobId} />
    </a>
  );
}

export interface EntryLinkProps {
  readonly jobId: string;
  readonly logId: LogId;
  /** Beside the position. */
  readonly title?: string;
}

/** Leads to an entry on the page of its job. */
export function EntryLink({ jobId, logId, title }: EntryLinkProps) {
  const href = `${jobPagePath(jobId)}?entry=${logId}#entry-${logId}`;
  return <a class="entry-link" href={href} title={title}>{logId}</a>;
}
