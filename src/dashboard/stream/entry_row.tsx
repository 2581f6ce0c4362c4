/** A row for an entry: position, time, type, job, task and effect. */

import type { Transition } from "../../engine/requests.ts";
import { ConditionMark } from "../parts/condition_mark.tsx";
import { EntryNote, type ShownEntry } from "../parts/shown_entry.tsx";
import { JobLink, timePath } from "../parts/links.tsx";
import { JsonText, UserText } from "../parts/text.tsx";
import { momentText } from "../parts/time.tsx";

interface EntryRowProps {
  readonly entry: ShownEntry;
  readonly transition: Transition | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Column headings, on wide screens only; each row is clear without them. */
export function EntryHeads() {
  return (
    <div class="entry-row stream-heads" aria-hidden="true">
      <span class="entry-id">Entry</span>
      <span>Received</span>
      <span>Type</span>
      <span>Job</span>
      <span>Task</span>
      <span>What it did</span>
    </div>
  );
}

export function EntryRow({ entry, transition, now }: EntryRowProps) {
  const { logId, jobId, taskId, eventType, stratum } = entry;
  return (
    <li class={`entry-row stratum-${stratum}`} data-log-id={logId}>
      <span class="entry-id mono">
        {jobId === undefined
          ? logId
          : <a href={timePath(jobId, { at: logId })} title="The job at this entry">{logId}</a>}
      </span>
      <PreciseTime at={entry.receivedAt} now={now} />
      <span class="entry-type mono">
        <UserText text={eventType.replace(/^job\./, "")} />
      </span>
      <span class="entry-job">{jobId !== undefined && <JobLink jobId={jobId} />}</span>
      <span class="entry-task">
        {taskId !== undefined && <UserText text={taskId} />}
      </span>
      <span class="entry-did">
        {transition !== undefined && <Changed transition={transition} />}
        <EntryNote entry={entry} />
      </span>
      <details class="entry-json">
        <summary>JSON</summary>
        <JsonText json={entry.json} href={`/events?after=${logId - 1}&limit=1`} />
      </details>
    </li>
  );
}

/** With milliseconds, since many entries of a stream are from the same second. */
function PreciseTime({ at, now }: { readonly at: string; readonly now: number }) {
  return (
    <time class="entry-time" datetime={at} title={at}>
      {momentText(at, now, "milliseconds")}
    </time>
  );
}

function Changed({ transition: { from, to, condition } }: { readonly transition: Transition }) {
  return (
    <span class="entry-changed">
      {from === null || from === to ? to : `${from} → ${to}`}{" "}
      <ConditionMark condition={condition} />
    </span>
  );
}
