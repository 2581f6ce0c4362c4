/** What the screen shows and does, as calls of curl. */

import { shellWord } from "../../../core/shell_word.ts";
import type { BulkAction } from "../../bulk_action.ts";
import { curlOf, readCurlOf } from "../../curl.ts";
import { PAGE_JOBS } from "./list.ts";

export interface Server {
  /** As the browser reaches it. */
  readonly origin: string;
  readonly needsToken: boolean;
}

const MANY = "500";

export function listCommand(server: Server, filters: URLSearchParams): string {
  return getCommand(server, withLimit(filters, String(PAGE_JOBS)));
}

function getCommand({ origin, needsToken }: Server, query: URLSearchParams): string {
  return readCurlOf(`/jobs?${query}`, origin, needsToken);
}

function withLimit(filters: URLSearchParams, limit: string): URLSearchParams {
  const query = new URLSearchParams(filters);
  query.set("limit", limit);
  return query;
}

const GROUPS_IN_JQ =
  "[.jobs[] | select(.failure.fingerprint)] | group_by(.failure.fingerprint) | " +
  "map({fingerprint: .[0].failure.fingerprint, jobs: length, error: .[0].failure.error}) | " +
  "sort_by(-.jobs)";

export function groupsCommand(server: Server, filters: URLSearchParams): string {
  return `${getCommand(server, withLimit(filters, MANY))} | jq ${shellWord(GROUPS_IN_JQ)}`;
}

/** The first page of them: what was done is not on the next one. */
export function bulkCommand(
  server: Server,
  action: BulkAction,
  filters: URLSearchParams,
): string {
  const list = getCommand(server, withLimit(filters, MANY));
  const path = `/jobs/{}/${action}`;
  const one = curlOf({ method: "POST", path }, server.origin, server.needsToken);
  return `${list} | jq -r '.jobs[].jobId' | xargs -r -I{} ${one}`;
}
