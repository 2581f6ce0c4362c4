/** The paths of a job's time travel. */

import { jobPagePath } from "../parts/links.tsx";

/** What the path of the page says; what is absent is left out. */
export interface TimeQuery {
  /** A logId, an eventId or a time, as in the API. */
  readonly at?: string | number | undefined;
  readonly from?: string | number | undefined;
  readonly to?: string | number | undefined;
}

export function timePath(jobId: string, query: TimeQuery = {}): string {
  const pairs = (["at", "from", "to"] as const).flatMap((name) => {
    const value = query[name];
    return value === undefined ? [] : [[name, String(value)]];
  });
  const search = new URLSearchParams(pairs).toString();
  return `${jobPagePath(jobId)}/time${search === "" ? "" : `?${search}`}`;
}
