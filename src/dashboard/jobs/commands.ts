/** What the screen shows and does, as calls of curl. */

import { KINDS_MAX } from "../../http/routes/failures.ts";
import type { BulkRequest } from "../../http/requests/bulk_action.ts";
import type { Commands } from "../commands.ts";
import type { JobsAddress } from "./address.ts";
import { PAGE_JOBS } from "./list.ts";

/** @param filters With the place in the list. */
export function listCommand(commands: Commands, filters: URLSearchParams): string {
  return commands.get(`/jobs?${withLimit(filters, PAGE_JOBS)}`);
}

export function groupsCommand(commands: Commands, filters: URLSearchParams): string {
  return commands.get(`/failures?${withLimit(filters, KINDS_MAX)}`);
}

function withLimit(filters: URLSearchParams, limit: number): URLSearchParams {
  const query = new URLSearchParams(filters);
  query.set("limit", String(limit));
  return query;
}

export function bulkCommand(
  commands: Commands,
  { action, upTo }: BulkRequest,
  address: JobsAddress,
): string {
  return commands.post("/jobs/bulk", { action, filter: address.filterBody(), upTo });
}
