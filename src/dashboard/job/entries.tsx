/** The recorded entries of a job. */

import { countOf, countText } from "../../core/counted.ts";
import { jobPath } from "../../documents/jobs.ts";
import { EntryNote, type ShownEntry } from "../parts/entries.tsx";
import { Choices, entryJsonPath, jobPagePath, timePath } from "../parts/links.tsx";
import { Table } from "../parts/table.tsx";
import { JsonText, UserText } from "../parts/text.tsx";
import type { EntryPage, JobProps } from "./reading.ts";
import { Time } from "../parts/amounts.tsx";

export function JobEntries({ state }: JobProps) {
  const { page } = state;
  return (
    <section class="part" aria-labelledby="entries-heading">
      <div class="row row-between">
        <h2 id="entries-heading">Entries</h2>
        <OrderLinks state={state} />
      </div>
      <p class="hint" id="entries-count" {...liveness(page)}>
        {pageText(page)}
      </p>
      <PageLinks state={state} where="above" />
      <ol id="entries" class="bare entries" data-page={page.number} {...liveness(page)}>
        {page.entries.map((entry) => <Entry state={state} entry={entry} />)}
      </ol>
      <PageLinks state={state} where="below" />
      <Strangers state={state} />
    </section>
  );
}

/**
 * Live only with the oldest entries first: new ones are then added at the end, and move no others.
 * What is said of the list is live only if the list is.
 */
function liveness({ order }: EntryPage) {
  return order === "oldest" ? { "data-live": "" } : {};
}

function pageText({ entries, total, number, count }: EntryPage): string {
  if (count === 1) return `${total === 1 ? "1 line" : `${countText(total)} lines`} of the journal.`;
  const which = number === count ? ": the newest" : number === 1 ? ": the oldest" : "";
  return `${countOf(entries.length, total)}, page ${countOf(number, count)}${which}.`;
}

function OrderLinks({ state: { page, job } }: JobProps) {
  const { order, number } = page;
  return (
    <Choices
      id="entries-order"
      aria-label="Order of the entries"
      {...liveness(page)}
      choices={(["oldest", "newest"] as const).map((name) => ({
        text: name === "oldest" ? "in journal order" : "newest first",
        // A page may be any part of the entries, so "oldest first" would be true only within it.
        href: `${jobPagePath(job.jobId)}?order=${name}&page=${number}#entries-heading`,
        isChosen: name === order,
      }))}
    />
  );
}

/** Pages are counted from the oldest entry. */
function PageLinks(
  { state: { page, job }, where }: JobProps & { readonly where: "above" | "below" },
) {
  const { number, count, order } = page;
  const id = `entries-pages-${where}`;
  if (count === 1) return <nav id={id} {...liveness(page)} hidden></nav>;
  const to = (target: number) =>
    `${jobPagePath(job.jobId)}?order=${order}&page=${target}#entries-heading`;
  return (
    <nav id={id} class="row" aria-label={`Pages of entries, ${where}`} {...liveness(page)}>
      {number > 1 && <a class="button" href={to(1)}>First</a>}
      {number > 1 && <a class="button" href={to(number - 1)}>Earlier</a>}
      {number < count && <a class="button" href={to(number + 1)}>Later</a>}
      {number < count && <a class="button" href={to(count)}>Last</a>}
    </nav>
  );
}

function Entry({ state, entry }: JobProps & { readonly entry: ShownEntry }) {
  const { logId, receivedAt, eventType, taskId, causedBy, jobId } = entry;
  return (
    <li id={`entry-${logId}`} class="entry" tabindex={-1}>
      <details id={`entry-json-${logId}`} open={state.page.wanted === logId}>
        <summary>
          <span class="entry-id">{logId}</span>
          <time datetime={receivedAt} title={receivedAt}>
            {receivedAt.slice(0, 23).replace("T", " ")}
          </time>
          <span class="entry-type">
            {eventType}
            {taskId !== undefined && (
              <span class="entry-task">
                {" "}
                <UserText text={taskId} lengthMax={60} />
              </span>
            )}
          </span>
          <EntryNote entry={entry} />
        </summary>
        <p class="links entry-links">
          {jobId !== undefined && (
            <a href={timePath(jobId, { at: logId })}>
              The job at this entry
            </a>
          )}
          {causedBy !== undefined && <a href={state.pathOf(causedBy)}>Caused by {causedBy}</a>}
        </p>
        <JsonText json={entry.json} href={entryJsonPath(logId)} />
      </details>
    </li>
  );
}

/** Entries that the explanation cites but that belong to other jobs, or to none. */
function Strangers({ state }: JobProps) {
  const { foreignEntries } = state;
  if (foreignEntries.length === 0) return <div id="foreign-entries" data-live hidden></div>;
  return (
    <div id="foreign-entries" class="part" data-live>
      <h3>Cited, but not about this job</h3>
      <ol class="bare entries">
        {foreignEntries.map((entry) => <Entry state={state} entry={entry} />)}
      </ol>
    </div>
  );
}

const MESSAGE_LENGTH_MAX = 600;
const DATA_LENGTH_MAX = 400;

/** What the code of a job logged. The log is not in the journal, and old lines are dropped. */
export function JobLog({ state }: JobProps) {
  const { log, job } = state;
  if (log.lines.length === 0) return <section id="job-log" data-live hidden></section>;
  const href = `${jobPath(job.jobId)}/log?limit=2000`;
  return (
    <section id="job-log" class="part" aria-label="Log" data-live>
      <h2>Log</h2>
      <p class="hint">
        {log.hasMore ? `The last ${log.lines.length} lines that` : "What"}{" "}
        its code logged. The log is not part of the journal: old lines are dropped.{" "}
        <a href={href}>All retained lines</a>
      </p>
      <Table
        caption="Lines of the log"
        headings={["Time", "Task", "Attempt", "Message"]}
        asCards
      >
        {log.lines.map(({ time, taskId, attempt, message, data }) => (
          <tr>
            <td>
              <Time at={time} />
            </td>
            <td>
              <UserText text={taskId} lengthMax={128} />
            </td>
            <td data-name="attempt">{attempt}</td>
            <td class="whole-line">
              <UserText text={message} lengthMax={MESSAGE_LENGTH_MAX} />
              {data !== undefined && (
                <>
                  {" "}
                  <code>
                    <UserText text={JSON.stringify(data)} lengthMax={DATA_LENGTH_MAX} />
                  </code>
                </>
              )}
            </td>
          </tr>
        ))}
      </Table>
    </section>
  );
}
