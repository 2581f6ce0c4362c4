/** What the screen shows and does, as calls of curl. */

import type { LogId } from "../../core/ids.ts";
import { shellWord } from "../../core/shell_word.ts";
import type { BulkAction } from "../../http/requests/bulk_action.ts";
import type { Commands } from "../commands.ts";
import { PAGE_JOBS } from "./list.ts";

const MANY = "500";

export function listCommand(commands: Commands, filters: URLSearchParams): string {
  return getCommand(commands, withLimit(filters, String(PAGE_JOBS)));
}

function getCommand(commands: Commands, query: URLSearchParams): string {
  return commands.get(`/jobs?${query}`);
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

/** Of the newest failures: others have no kind. */
export function groupsCommand(commands: Commands, filters: URLSearchParams): string {
  const query = withLimit(filters, MANY);
  if (!query.has("condition")) query.set("condition", "failed");
  return `${getCommand(commands, query)} | jq ${shellWord(GROUPS_IN_JQ)}`;
}

/**
 * The first page of them: what was done is not on the next one.
 *
 * @param upTo The position up to which jobs are meant.
 */
export function bulkCommand(
  commands: Commands,
  action: BulkAction,
  filters: URLSearchParams,
  upTo: LogId,
): string {
  const list = getCommand(commands, withLimit(filters, MANY));
  const one = commands.post(`/jobs/{}/${action}`);
  const meant = `.jobs[] | select(.firstLogId <= ${upTo}) | .jobId`;
  return `${list} | jq -r ${shellWord(meant)} | xargs -r -I{} ${one}`;
}
