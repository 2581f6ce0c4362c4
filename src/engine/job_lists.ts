/** What is told of many jobs at once: a page of them, their number, their failures by kind. */

import type { Condition } from "../core/condition.ts";
import type { ErrorFingerprint } from "../core/error_fingerprint.ts";
import { recordedFailure } from "../core/job_resource.ts";
import type { JobState } from "../core/job_state.ts";
import type { JobScan } from "./job_scan.ts";
import type { JobTable } from "./job_table.ts";
import type {
  FailureGroup,
  FailureGroups,
  JobCount,
  JobFilter,
  JobRange,
  ListPage,
  ListQuery,
  Reach,
  Stop,
} from "./requests.ts";

export function listJobs(table: JobTable, { limit, ...query }: ListQuery): ListPage {
  const scan = table.scan(query, query);
  const found: JobState[] = [];
  for (const { job } of scan) {
    const last = found.at(-1);
    if (found.length === limit && last !== undefined) return { jobs: found, next: last.firstLogId };
    found.push(job);
  }
  return scan.reach === undefined
    ? { jobs: found }
    : { jobs: found, next: scan.reach.next, ...searched(scan) };
}

/** Shows each job that a filter applies to, from the newest back; the result as in a page. */
export function visitJobs(
  table: JobTable,
  filter: JobFilter,
  visit: (job: JobState, condition: Condition) => void,
): Stop | undefined {
  const scan = table.scan(filter);
  for (const { job, condition } of scan) visit(job, condition);
  return scan.reach;
}

export function countJobs(table: JobTable, filter: JobFilter, range?: JobRange): JobCount {
  const scan = table.scan(filter, range);
  const conditions = new Map<Condition, number>();
  let jobs = 0;
  for (const { condition } of scan) {
    jobs++;
    conditions.set(condition, (conditions.get(condition) ?? 0) + 1);
  }
  return { jobs, conditions, ...searched(scan) };
}

export function groupFailures(
  table: JobTable,
  filter: JobFilter,
  range?: JobRange,
): FailureGroups {
  const scan = table.scan(filter, range);
  const groups = new Map<ErrorFingerprint, Growing>();
  for (const record of scan) {
    const fingerprint = scan.fingerprintOf(record);
    const failure = recordedFailure(record.job);
    if (fingerprint === undefined || failure === undefined) continue;
    const group = groups.get(fingerprint) ?? newGroup(fingerprint, record.job, failure);
    groups.set(fingerprint, group);
    addTo(group, table, record.job);
  }
  return { groups: [...groups.values()].sort((a, b) => b.jobs - a.jobs), ...searched(scan) };
}

type Growing = { -readonly [Name in keyof FailureGroup]: FailureGroup[Name] };

function newGroup(
  fingerprint: ErrorFingerprint,
  job: JobState,
  { taskId, error }: NonNullable<ReturnType<typeof recordedFailure>>,
): Growing {
  const counts = { jobs: 0, retried: 0, open: 0 };
  return { fingerprint, type: job.type, taskId, ...counts, newest: job, oldest: job, error };
}

function addTo(group: Growing, table: JobTable, job: JobState): void {
  const isRetried = table.retryOf(job.jobId) !== undefined;
  group.jobs++;
  group.oldest = job;
  if (isRetried) group.retried++;
  else if (job.state === "Failed") group.open++;
}

function searched({ reach }: JobScan): { readonly searched?: Reach } {
  return reach === undefined ? {} : { searched: { jobs: reach.jobs, backTo: reach.backTo } };
}
