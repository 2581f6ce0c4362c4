/** The filters of the stream screen: query, form and search. */

import { type Query, single, wholeNumber } from "../../documents/parameters.ts";
import { Refusal } from "../../documents/refusal.ts";
import { readQuery } from "../../http/requests/request.ts";
import { inputState, Issues, issuesAt, LabelledInput, LineInput } from "../parts/forms.tsx";
import type { Problem } from "../../http/responses/problem.ts";
import { filledParameters, readOrRefusal } from "../form.tsx";
import type { HttpDeps } from "../../http/routing/http_deps.ts";
import { type EntryFilter, passes, type Scan, selectFeed } from "../../http/stream/feed.ts";
import { type JobEventLogEntry, STRATA } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import { PageSize } from "../../engine/entry_pages.ts";
import type { JobEngine } from "../../engine/job_engine.ts";
import type { Lane } from "../../engine/turns.ts";
import { type ShownEntry, shownEntry } from "../parts/entries.tsx";
import { JOURNAL_STREAM_PARAMETERS } from "../../http/routes/events.ts";
import { toFilter } from "../../http/answers/streams.ts";
import type { PointedIssue } from "../../core/json.ts";

const position = wholeNumber(0, Number.MAX_SAFE_INTEGER);

/** The filters have the names that `/stream` uses. */
const PARAMETERS = {
  ...JOURNAL_STREAM_PARAMETERS,
  before: single(position, "The newest entries below this position."),
  since: single(position, "The newest entries, but only after this position."),
};

export type StreamQuery = Query<typeof PARAMETERS>;

/** The filters in the path of the stream screen. */
export const FILTER_NAMES = ["types", "stratum", "jobId", "only"] as const;
type FilterName = (typeof FILTER_NAMES)[number];

type FilterTexts = Readonly<Record<FilterName, string>>;

export interface ParsedStreamQuery {
  readonly texts: FilterTexts;
  /** `undefined` if the query is invalid. */
  readonly query: StreamQuery | undefined;
  /** The refusal of an invalid query. */
  readonly problem?: Problem;
  /** The pointer of each is the name of its parameter. */
  readonly issues: readonly PointedIssue[];
}

export function parseStreamQuery(request: Request): ParsedStreamQuery {
  const url = new URL(request.url);
  const filled = filledParameters(url.searchParams);
  const texts = Object.fromEntries(
    FILTER_NAMES.map((name) => [name, filled.getAll(name).join(",")]),
  ) as FilterTexts;
  // People type a space after a comma.
  if (texts.types !== "") filled.set("types", texts.types.replace(/\s/g, ""));
  url.search = filled.toString();
  const query = readOrRefusal(() => readQuery(new Request(url), PARAMETERS));
  if (!(query instanceof Refusal)) return { texts, query, issues: [] };
  const issues = (query.members.errors ?? []).flatMap((issue) =>
    "parameter" in issue ? [{ pointer: issue.parameter, detail: issue.detail }] : []
  );
  return { texts, query: undefined, problem: query, issues };
}

/** The filters and the position as a query; may be empty. */
export function streamSearch(
  texts: FilterTexts,
  place: Readonly<Record<string, number>> = {},
): string {
  const filters = FILTER_NAMES.flatMap((name) => texts[name] === "" ? [] : [[name, texts[name]]]);
  const places = Object.entries(place).map(([name, value]) => [name, String(value)]);
  const search = new URLSearchParams([...filters, ...places]).toString();
  return search === "" ? "" : `?${search}`;
}

export function isFiltered(texts: FilterTexts): boolean {
  return FILTER_NAMES.some((name) => texts[name] !== "");
}

export function FilterForm({ parsedQuery }: { readonly parsedQuery: ParsedStreamQuery }) {
  const { texts, issues } = parsedQuery;
  const field = (name: FilterName) => ({ id: name, name, issues, at: name });
  const rules = { autocomplete: "off", spellcheck: false };
  return (
    <form method="get" action="/ui/stream" class="stream-filters" aria-label="Filters">
      <LineInput
        {...field("types")}
        label="Event types"
        text={texts.types}
        rules={{ ...rules, placeholder: "job.TaskFailed, shop.ParcelShipped" }}
      />
      <LineInput {...field("jobId")} label="Job id" text={texts.jobId} rules={rules} />
      <LabelledInput {...field("stratum")} label="Stratum">
        <select {...inputState(field("stratum"))} name="stratum">
          <option value="">all</option>
          {STRATA.map((name) => (
            <option value={name} selected={name === texts.stratum}>{name}</option>
          ))}
        </select>
      </LabelledInput>
      <div class="field">
        <label class="check">
          <input
            {...inputState(field("only"))}
            type="checkbox"
            name="only"
            value="transitions"
            checked={texts.only === "transitions"}
          />
          Only entries that changed a job
        </label>
        <Issues id="only-issues" issues={issuesAt(issues, "only")} at="only" />
      </div>
      <div class="row">
        <button type="submit" class="primary">Filter</button>
        {isFiltered(texts) && <a class="button" href="/ui/stream">Clear</a>}
      </div>
    </form>
  );
}

export const ROWS_MAX = 100;
/** The most entries that a page examines, however few pass. */
const LOOK_MAX = 10_000;

/** Characters of each entry's JSON on the page; a link leads to all of it. */
const ENTRY_JSON_MAX = 1_500;

export async function findEntries(
  deps: HttpDeps,
  query: StreamQuery,
): Promise<EntriesFound<ShownEntry>> {
  const { after, before, since } = query;
  const search = entrySearch(deps, query);
  if (after !== undefined) return await searchAhead(search, after);
  if (before !== undefined) return await searchBack(search, before);
  return since === undefined
    ? await searchBack(search, deps.engine.headLogId + 1)
    : await searchSince(search, since);
}

/** The newest entries, without those that the page already has. */
async function searchSince(
  search: EntrySearch<ShownEntry>,
  since: number,
): Promise<EntriesFound<ShownEntry>> {
  const head = search.engine.headLogId;
  const examineMax = Math.min(search.examineMax, Math.max(0, head - since));
  const found = await searchBack({ ...search, examineMax }, head + 1);
  return {
    ...found,
    entries: found.entries.filter(({ logId }) => logId > since),
    from: Math.max(found.from, since + 1),
  };
}

function entrySearch(deps: HttpDeps, query: StreamQuery): EntrySearch<ShownEntry> {
  return {
    engine: deps.engine,
    reading: deps.reading,
    show: (entry) => shownEntry(deps, entry, ENTRY_JSON_MAX),
    filter: toFilter(query, query.jobId),
    limit: ROWS_MAX,
    examineMax: LOOK_MAX,
  };
}

// Searches find entries that pass a filter, before or after a position. So that a rare match does not
// read the whole journal, a search examines a limited number of entries, and reports which.

const READ_AT_ONCE_MAX = 500;

export interface EntrySearch<Shown> {
  readonly engine: JobEngine;
  /** Serializes the reading of pages. */
  readonly reading: Lane;
  readonly show: (entry: JobEventLogEntry) => Promise<Shown>;
  readonly filter: EntryFilter;
  readonly limit: number;
  /** The most entries to examine. */
  readonly examineMax: number;
}

export interface EntriesFound<Shown> {
  /** Newest first. */
  readonly entries: readonly Shown[];
  /** All entries from here to `to`, both included, were examined; none if `from` is beyond `to`. */
  readonly from: LogId;
  readonly to: LogId;
  /** How many entries were examined: for a known job, only its own. */
  readonly examined: number;
}

type ReadOn = (position: LogId, size: number) => Promise<Scan>;

/** The newest entries below a position. */
export async function searchBack<Shown>(
  search: EntrySearch<Shown>,
  before: LogId,
): Promise<EntriesFound<Shown>> {
  const to = Math.min(before - 1, search.engine.headLogId);
  const feed = selectFeed(search.engine, search.filter.jobId);
  const readOn: ReadOn = (position, size) => feed.back(position, size);
  const { found, examined, position } = await collect(search, to + 1, readOn);
  return { entries: found, from: position, to, examined };
}

/** The oldest entries above a position. */
export async function searchAhead<Shown>(
  search: EntrySearch<Shown>,
  after: LogId,
): Promise<EntriesFound<Shown>> {
  const feed = selectFeed(search.engine, search.filter.jobId);
  const readOn: ReadOn = (position, size) => feed.read(position, size);
  const { found, examined, position } = await collect(search, after, readOn);
  return { entries: found.reverse(), from: after + 1, to: position, examined };
}

interface Collected<Shown> {
  readonly found: Shown[];
  readonly examined: number;
  /** The last position examined. */
  readonly position: LogId;
}

async function collect<Shown>(
  search: EntrySearch<Shown>,
  start: LogId,
  readOn: ReadOn,
): Promise<Collected<Shown>> {
  const { engine, filter, limit, examineMax, reading, show } = search;
  const found: Shown[] = [];
  const size = new PageSize(READ_AT_ONCE_MAX);
  let [position, examined] = [start, 0];
  while (examined < examineMax) {
    using _turn = await reading.enter();
    const scan = await readOn(position, Math.min(size.next, examineMax - examined));
    size.read(scan.entries);
    for (const entry of scan.entries) {
      examined += 1;
      if (!passes(entry, filter, engine)) continue;
      found.push(await show(entry));
      if (found.length === limit) return { found, examined, position: entry.logId };
    }
    position = scan.scannedTo;
    if (scan.caughtUp) break;
  }
  return { found, examined, position };
}
