/** What the path of the stream screen asks for. */

import { Problem } from "../../http/problems/problem.ts";
import { type Query, readQuery } from "../../http/requests/query.ts";
import { single, whole } from "../../http/requests/query_parameters.ts";
import { JOURNAL_STREAM_PARAMETERS } from "../../http/routes/events.ts";

const position = whole(0, Number.MAX_SAFE_INTEGER);

/** The filters are those of `/stream`, by the same names. */
const PARAMETERS = {
  ...JOURNAL_STREAM_PARAMETERS,
  before: single(position, "The newest entries below this position."),
  since: single(position, "The newest entries, and none up to this position."),
};

export type StreamQuery = Query<typeof PARAMETERS>;

export const FILTER_NAMES = ["types", "stratum", "jobId", "only"] as const;
export type FilterName = (typeof FILTER_NAMES)[number];

/** The filters as they were filled in. */
export type FilterTexts = Readonly<Record<FilterName, string>>;

export interface AskedStream {
  readonly texts: FilterTexts;
  /** `undefined` when something is wrong with it. */
  readonly query: StreamQuery | undefined;
  readonly issues: ReadonlyMap<string, string>;
}

/** A form sends the fields that nobody filled in as well: those ask nothing. */
export function askedStream(request: Request): AskedStream {
  const url = new URL(request.url);
  const filled = [...url.searchParams].filter(([, value]) => value.trim() !== "");
  const trimmed = new URLSearchParams(filled.map(([name, value]) => [name, value.trim()]));
  const text = (name: string) => trimmed.getAll(name).join(",");
  const texts = {
    types: text("types"),
    stratum: text("stratum"),
    jobId: text("jobId"),
    only: text("only"),
  };
  url.search = withoutSpaces(trimmed).toString();
  return { texts, ...parsed(new Request(url)) };
}

/** People write a space behind a comma. */
function withoutSpaces(search: URLSearchParams): URLSearchParams {
  return new URLSearchParams(
    [...search].map(([name, value]) => [name, name === "types" ? value.replace(/\s/g, "") : value]),
  );
}

function parsed(request: Request): Pick<AskedStream, "query" | "issues"> {
  try {
    return { query: readQuery(request, PARAMETERS), issues: new Map() };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const issues = (error.members.errors ?? []).flatMap((issue) =>
      "parameter" in issue ? [[issue.parameter, issue.detail] as const] : []
    );
    return { query: undefined, issues: new Map(issues) };
  }
}

/** The filters, and where to look, as a query; empty when there is none of it. */
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
