/** Finds the error after which most of the jobs that back off do so, as when one service is down. */

import { errorText } from "../../core/error_text.ts";
import type { LogId } from "../../core/ids.ts";
import type { CommonBackoff } from "../../explain/evidence.ts";
import { firstLine } from "../../explain/why_error.ts";
import type { JobLists } from "./job_lists.ts";

/** How many of the newest are looked at. */
const LOOKED_AT_MAX = 100;
const CITED_MAX = 3;

interface Group {
  readonly types: Set<string>;
  readonly by: LogId[];
}

export function commonBackoff(lists: Pick<JobLists, "page">): CommonBackoff | undefined {
  const { jobs } = lists.page({ conditions: ["backingOff"], limit: LOOKED_AT_MAX });
  const groups = new Map<string, Group>();
  for (const { type = "", tasks } of jobs) {
    const task = tasks.find(({ status }) => status === "backingOff");
    if (task?.status !== "backingOff") continue;
    const error = firstLine(errorText(task.error));
    const group = groups.get(error) ?? { types: new Set(), by: [] };
    groups.set(error, group);
    group.types.add(type);
    group.by.push(task.lastLogId);
  }
  const [most] = [...groups].toSorted(([, one], [, other]) => other.by.length - one.by.length);
  if (most === undefined) return undefined;
  const [error, { types, by }] = most;
  return {
    lookedAt: jobs.length,
    error,
    jobs: by.length,
    types: [...types].toSorted(),
    by: by.slice(0, CITED_MAX),
  };
}
