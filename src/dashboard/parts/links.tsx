/** Links to jobs and their types, and choices of links. */

import type { LogId } from "../../core/ids.ts";
import { UserText } from "./text.tsx";
import { useMay } from "./viewing.tsx";

/** The query of the page; absent members are left out. */
export interface TimeQuery {
  /** A logId, an eventId or a time, as in the API. */
  readonly at?: string | number | undefined;
  readonly from?: string | number | undefined;
  readonly to?: string | number | undefined;
}

export function timePath(jobId: string, query: TimeQuery = {}): string {
  const pairs = (["at", "from", "to"] as const).flatMap((name) => {
    const value = query[name];
    return value === undefined ? [] : [[name, String(value)]];
  });
  const search = new URLSearchParams(pairs).toString();
  return `${jobPagePath(jobId)}/time${search === "" ? "" : `?${search}`}`;
}

/** The path of the screen of jobs. */
export const JOBS_PATH = "/ui/jobs";

/** The list of the jobs that pass the filters. */
export function jobsPath(filters: Readonly<Record<string, string>>): string {
  return `${JOBS_PATH}?${new URLSearchParams(filters)}`;
}

/** The path of a job's page, with the id escaped. */
export function jobPagePath(jobId: string): string {
  return `${JOBS_PATH}/${encodeURIComponent(jobId)}`;
}

/** Any entry as JSON, whether or not it is about a job. */
export function entryJsonPath(logId: LogId): string {
  return `/events?after=${logId - 1}&limit=1`;
}

/** The path of the screen of limits and pauses. */
export const LIMITS_PATH = "/ui/limits";

/** The path of the page of a job type. */
export function definitionPath(type: string): string {
  return `/ui/system/definitions/${encodeURIComponent(type)}`;
}

export function jobEntryPath(jobId: string, logId: LogId): string {
  return `${jobPagePath(jobId)}?entry=${logId}#entry-${logId}`;
}

export function JobLink({ jobId }: { readonly jobId: string }) {
  return (
    <a class="id" href={jobPagePath(jobId)}>
      <UserText text={jobId} />
    </a>
  );
}

/** The type of a job, with a link to its page; a job without one is a plan. */
export function TypeName({ type }: { readonly type: string | null }) {
  if (type === null) return <>plan</>;
  return (
    <a href={definitionPath(type)}>
      <UserText text={type} lengthMax={60} />
    </a>
  );
}

/** The forms that begin work; only for viewers who may. */
export function SubmitLinks() {
  if (!useMay("submit")) return null;
  return (
    <>
      <a class="button" href="/ui/system#definitions-heading">Submit a job</a>
      <a class="button" href="/ui/system/event">Send an event</a>
    </>
  );
}

interface ChoicesProps {
  readonly choices: readonly Choice[];
  /** Drawn as one control. */
  readonly isSwitch?: boolean;
  /** Other attributes of the list. */
  readonly [attribute: string]: unknown;
}

interface Choice {
  readonly text: string;
  readonly href: string;
  readonly isChosen: boolean;
}

/** Links, of which one leads to what is shown now. */
export function Choices({ choices, isSwitch = false, ...rest }: ChoicesProps) {
  return (
    <ul class={isSwitch ? "bare switch" : "bare links choices"} {...rest}>
      {choices.map(({ text, href, isChosen }) => (
        <li>
          <a href={href} aria-current={isChosen ? "true" : undefined}>{text}</a>
        </li>
      ))}
    </ul>
  );
}
