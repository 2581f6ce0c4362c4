/** Sentences of the explanation, with the entries that they cite. */

import { CITES_MAX } from "../../explain/brief.ts";
import type { Citation, Statement } from "../../explain/explanation.ts";
import type { LogId } from "../../core/ids.ts";
import { TimedText } from "../parts/text.tsx";
import { CitedEntry, jobPagePath } from "../parts/links.tsx";
import type { JobScreenState } from "./reading.ts";

export function Sentence(
  { state, of }: { readonly state: JobScreenState; readonly of: Statement<Citation> },
) {
  return (
    <>
      <TimedText text={of.statement} />
      <Cites state={state} of={of.cites} />
    </>
  );
}

export function Cites(
  { state, of }: { readonly state: JobScreenState; readonly of: readonly Citation[] },
) {
  const hidden = of.length - CITES_MAX;
  return (
    <>
      {of.slice(0, CITES_MAX).map(({ logId, eventType, segment, line }) => (
        <>
          {" "}
          <EntryCite state={state} logId={logId} title={`${eventType}, ${segment}:${line}`} />
        </>
      ))}
      {hidden > 0 && <span class="soft">{` and ${hidden} more`}</span>}
    </>
  );
}

interface EntryCiteProps {
  readonly state: JobScreenState;
  readonly logId: LogId;
  readonly title?: string | undefined;
}

/** A link to an entry on this page, without a reload if the entry is shown. */
export function EntryCite({ state, logId, title }: EntryCiteProps) {
  return <CitedEntry href={entryHref(state, logId)} logId={logId} title={title} />;
}

/** A link to an entry: on this page if it is shown, otherwise on the page that shows it. */
export function entryHref({ page, foreignEntries, job }: JobScreenState, logId: LogId): string {
  const isShown = page.entries.some((entry) => entry.logId === logId) ||
    foreignEntries.some((entry) => entry.logId === logId);
  return isShown ? `#entry-${logId}` : `${jobPagePath(job.jobId)}?entry=${logId}#entry-${logId}`;
}
