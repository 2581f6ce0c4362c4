/** `/ui/stream`: the journal, live and back to its beginning. */

import type { Context } from "hono";
import { shortType } from "../../core/event.ts";
import type { JobId } from "../../core/ids.ts";
import type { HttpDeps } from "../../http/routing/http_deps.ts";
import { curlCommands } from "../parts/curl.tsx";
import { page } from "../page.tsx";
import { countText } from "../../core/counted.ts";
import { Empty } from "../parts/table.tsx";
import { JsonText, UserText } from "../parts/text.tsx";
import { EntryNote, type ShownEntry } from "../parts/entries.tsx";
import {
  type EntriesFound,
  FILTER_NAMES,
  FilterForm,
  findEntries,
  isFiltered,
  type ParsedStreamQuery,
  parseStreamQuery,
  ROWS_MAX,
  type StreamQuery,
  streamSearch,
} from "./filter.tsx";
import type { Route } from "../../http/routing/route.ts";
import type { Transition } from "../../engine/requests.ts";
import { entryJsonPath, JobLink, timePath } from "../parts/links.tsx";
import { ConditionMark } from "../parts/condition_mark.tsx";
import { momentText } from "../parts/amounts.tsx";
import { useNow } from "../parts/viewing.tsx";
import { RefusalNote } from "../form.tsx";

export const STREAM_ROUTES: readonly Route[] = [
  { method: "GET", path: "/ui/stream", scope: "read", handle: showStream },
];

async function showStream(c: Context, deps: HttpDeps): Promise<Response> {
  const parsedQuery = parseStreamQuery(c.req.raw);
  const { query, problem, issues } = parsedQuery;
  const found = query && await findEntries(deps, query);
  return page(c, deps, {
    title: "Stream",
    screen: "stream",
    scripts: ["stream.js"],
    styles: ["stream.css"],
    live: query && liveness(deps, query),
    problem,
    calls: found && [{ label: "Follow it", command: curlOfPage(c, deps, parsedQuery, found) }],
    body: (
      <>
        <h1>Stream</h1>
        <FilterForm parsedQuery={parsedQuery} />
        {found === undefined || query === undefined
          ? (
            <RefusalNote
              refusal={{ message: "Cannot show the entries: a filter is invalid", issues }}
              inputs={FILTER_NAMES}
            />
          )
          : <Found deps={deps} parsedQuery={parsedQuery} query={query} found={found} />}
      </>
    ),
  });
}

/** A page of older entries is static. */
function liveness({ engine }: HttpDeps, query: StreamQuery): JobId | "journal" | undefined {
  if (isOfThePast(query)) return undefined;
  const { jobId } = query;
  return jobId !== undefined && engine.job(jobId) !== undefined ? jobId : "journal";
}

function isOfThePast({ before, after }: StreamQuery): boolean {
  return before !== undefined || after !== undefined;
}

interface FoundProps {
  readonly deps: HttpDeps;
  readonly parsedQuery: ParsedStreamQuery;
  readonly query: StreamQuery;
  readonly found: EntriesFound<ShownEntry>;
}

function Found({ deps, parsedQuery, query, found }: FoundProps) {
  const { engine } = deps;
  const { entries, from, to } = found;
  return (
    <section aria-label="Entries" class="stack-wide stream">
      <div class="stream-news">
        <span id="stream-state" class="soft">
          {isOfThePast(query) ? "Older entries" : "Newest first"}
        </span>
        <button type="button" id="stream-show" class="primary" hidden>Show them</button>
        {isOfThePast(query) && <a href={`/ui/stream${streamSearch(parsedQuery.texts)}`}>Newest</a>}
      </div>
      <EntryHeads />
      <ol
        id="stream-rows"
        class="bare stream-rows"
        data-from={from}
        data-to={to}
        data-filtered={isFiltered(parsedQuery.texts) ? "true" : undefined}
      >
        {entries.map((entry) => <EntryRow entry={entry} transition={engine.transitionAt(entry)} />)}
      </ol>
      {entries.length === 0 && <Nothing parsedQuery={parsedQuery} />}
      <Pages deps={deps} parsedQuery={parsedQuery} found={found} />
    </section>
  );
}

function Nothing({ parsedQuery: { texts } }: { readonly parsedQuery: ParsedStreamQuery }) {
  return isFiltered(texts)
    ? <Empty title="No entry here matches these filters" />
    : (
      <Empty title="Nothing here yet">
        <p>
          Every fact is an entry of the journal. Submit a job, or deliver an event, to see some.
        </p>
      </Empty>
    );
}

/** The range that was examined, and links to newer and older entries. */
function Pages({ deps, parsedQuery: { texts }, found }: Omit<FoundProps, "query">) {
  const { from, to } = found;
  const hasOlder = from > 1;
  const hasNewer = to < deps.engine.headLogId;
  return (
    <nav class="row row-between" aria-label="Pages of the journal">
      <p id="stream-looked" class="hint">{examinedText(found, isFiltered(texts))}</p>
      <div class="row">
        {hasNewer && (
          <a class="button" href={`/ui/stream${streamSearch(texts, { after: to })}`}>Newer</a>
        )}
        <a
          id="stream-older"
          class="button"
          href={`/ui/stream${streamSearch(texts, { before: from })}`}
          hidden={!hasOlder}
        >
          Older
        </a>
      </div>
    </nav>
  );
}

/** States what was examined: with a rare match, that is only a part of the journal. */
function examinedText(
  { entries, from, to, examined }: EntriesFound<ShownEntry>,
  filtered: boolean,
): string {
  if (to < from) return "No entry was examined.";
  const range = `entries ${countText(from)} to ${countText(to)}`;
  if (!filtered) return `These are ${range}.`;
  const count = entries.length === 1 ? "1 passes" : `${countText(entries.length)} pass`;
  const full = entries.length === ROWS_MAX ? ", which fills a page" : "";
  return `Of ${range}, ${countText(examined)} were examined, and ${count}${full}.`;
}

/** The stream from the same position, with the same filters. */
function curlOfPage(
  c: Context,
  deps: HttpDeps,
  parsedQuery: ParsedStreamQuery,
  found: EntriesFound<ShownEntry>,
): string {
  const isPast = parsedQuery.query !== undefined && isOfThePast(parsedQuery.query);
  const search = streamSearch(parsedQuery.texts, isPast ? { after: found.from - 1 } : {});
  return curlCommands(c, deps).follow(`/stream${search}`);
}

interface EntryRowProps {
  readonly entry: ShownEntry;
  readonly transition: Transition | undefined;
}

/** Column headings, on wide screens only; each row is clear without them. */
function EntryHeads() {
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

function EntryRow({ entry, transition }: EntryRowProps) {
  const { logId, jobId, taskId, eventType, stratum, receivedAt } = entry;
  return (
    <li class={`entry-row stratum-${stratum}`} data-log-id={logId}>
      <span class="entry-id mono">
        {jobId === undefined
          ? logId
          : <a href={timePath(jobId, { at: logId })} title="The job at this entry">{logId}</a>}
      </span>
      {/* With milliseconds, since many entries are from the same second. */}
      <time class="entry-time" datetime={receivedAt} title={receivedAt}>
        {momentText(receivedAt, useNow(), "milliseconds")}
      </time>
      <span class="entry-type mono">
        <UserText text={shortType(eventType)} />
      </span>
      <span class="entry-job">{jobId !== undefined && <JobLink jobId={jobId} />}</span>
      <span class="entry-task">
        {taskId !== undefined && <UserText text={taskId} />}
      </span>
      <span class="entry-did">
        {transition !== undefined && (
          <span class="entry-changed">
            {transitionText(transition)} <ConditionMark condition={transition.condition} />
          </span>
        )}
        <EntryNote entry={entry} />
      </span>
      <details class="entry-json">
        <summary>JSON</summary>
        <JsonText json={entry.json} href={entryJsonPath(logId)} />
      </details>
    </li>
  );
}

function transitionText({ from, to }: Transition): string {
  return from === null || from === to ? to : `${from} → ${to}`;
}
