/** Links to jobs and to entries, and sentences that cite entries. */

import type { LogId } from "../../core/ids.ts";
import { TimedText, UserText } from "./text.tsx";
import type { Citation, Statement } from "../../explain/explanation.ts";

/** The query of the page; absent members are left out. */
export interface TimeQuery {
  /** A logId, an eventId or a time, as in the API. */
  readonly at?: string | number | undefined;
  readonly from?: string | number | undefined;
  readonly to?: string | number | undefined;
}

/** The paths of a job's time travel. */
export function timePath(jobId: string, query: TimeQuery = {}): string {
  const pairs = (["at", "from", "to"] as const).flatMap((name) => {
    const value = query[name];
    return value === undefined ? [] : [[name, String(value)]];
  });
  const search = new URLSearchParams(pairs).toString();
  return `${jobPagePath(jobId)}/time${search === "" ? "" : `?${search}`}`;
}

/** The path of a job's page, with the id escaped. */
export function jobPagePath(jobId: string): string {
  return `/ui/jobs/${encodeURIComponent(jobId)}`;
}

/** The path of the screen of limits and pauses. */
export const LIMITS_PATH = "/ui/limits";

/** The path of the page of a job type. */
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

/** The type of a job, with a link to its page; a job without one is a plan. */
export function TypeName({ type }: { readonly type: string | null }) {
  if (type === null) return <>plan</>;
  return (
    <a href={definitionPath(type)}>
      <UserText text={type} lengthMax={60} />
    </a>
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
    <ul class={isSwitch ? "switch" : "choices"} {...rest}>
      {choices.map(({ text, href, isChosen }) => (
        <li>
          <a href={href} aria-current={isChosen ? "true" : undefined}>{text}</a>
        </li>
      ))}
    </ul>
  );
}

interface EntryLinkProps {
  readonly jobId: string;
  readonly logId: LogId;
  /** Text after the position. */
  readonly title?: string;
}

/** A link to an entry on the page of its job. */
export function EntryLink({ jobId, logId, title }: EntryLinkProps) {
  const href = `${jobPagePath(jobId)}?entry=${logId}#entry-${logId}`;
  return <a class="entry-link" href={href} title={title}>{logId}</a>;
}

/** Each citation links to the stream. */
export function Cited({ of }: { readonly of: Statement<Citation> }) {
  return (
    <>
      <TimedText text={of.statement} />
      {of.cites.map(({ logId, eventType }) => (
        <>
          {" "}
          <JournalLink logId={logId} title={eventType} />
        </>
      ))}
    </>
  );
}

interface CitedEntryProps {
  readonly href: string;
  readonly logId: LogId;
  readonly title: string | undefined;
}

/** A link that says to screen readers that the number is an entry. */
export function CitedEntry({ href, logId, title }: CitedEntryProps) {
  return (
    <a class="entry-link" href={href} title={title}>
      <span class="unseen">entry</span>
      {logId}
    </a>
  );
}

/** A link to an entry of no single job, in the stream. */
export function JournalLink({ logId, title }: Omit<CitedEntryProps, "href">) {
  return <CitedEntry href={`/ui/stream?before=${logId + 1}`} logId={logId} title={title} />;
}
