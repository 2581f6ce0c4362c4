/** What whoever starts Daybook should know of the jobs that it found. */

import { counted } from "../core/counted.ts";
import type { EventDraft } from "../core/event.ts";
import { type JobId, MAIN_TASK } from "../core/ids.ts";
import type { JobEngine } from "../engine/job_engine.ts";

export function startWarnings(
  { parkedJobs, keylessJobs, aloneTasks }: Pick<
    JobEngine,
    "parkedJobs" | "keylessJobs" | "aloneTasks"
  >,
): readonly string[] {
  const parked = parkedJobs.map(({ jobs, type, newest: { message, jobId } }) =>
    `${counted(jobs, "job")} of type ${type} ${jobs === 1 ? "is" : "are"} parked: ${message}; ` +
    `see deno task daybook explain ${jobId}`
  );
  const alone = warningOf("open at two unclean ends in a row, and will run alone", aloneTasks);
  const warnings = alone === undefined ? parked : [...parked, alone];
  if (keylessJobs === 0) return warnings;
  return [
    ...warnings,
    `${counted(keylessJobs, "unfinished job")} ${keylessJobs === 1 ? "fails" : "fail"}, for ` +
    "journal/keys has no key of their sealed input",
  ];
}

/** So many jobs are named. */
const NAMES_MAX = 5;

/** Which jobs the last stop cut short, and in which tasks. */
export function cutShortWarnings(drafts: readonly EventDraft[]): readonly string[] {
  const warning = warningOf("cut short by the stop", tasksByJob(drafts));
  return warning === undefined ? [] : [warning];
}

function tasksByJob(drafts: readonly EventDraft[]): Map<JobId, string[]> {
  const found = new Map<JobId, string[]>();
  for (const { jobId, taskId } of drafts) {
    if (jobId === undefined) continue;
    const tasks = found.get(jobId) ?? [];
    if (taskId !== undefined && taskId !== MAIN_TASK) tasks.push(taskId);
    found.set(jobId, tasks);
  }
  return found;
}

function warningOf(
  what: string,
  tasks: ReadonlyMap<JobId, readonly string[]>,
): string | undefined {
  const [first] = tasks.keys();
  if (first === undefined) return undefined;
  const names = [...tasks].slice(0, NAMES_MAX)
    .map(([jobId, ids]) => ids.length === 0 ? jobId : `${jobId} (${ids.join(", ")})`);
  const rest = tasks.size - names.length;
  const all = rest === 0 ? names : [...names, `and ${rest} more`];
  return `${counted(tasks.size, "job was", "jobs were")} ${what}: ${all.join(", ")}; ` +
    `see deno task daybook explain ${first}`;
}
