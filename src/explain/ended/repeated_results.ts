/** Numbered steps in a row that returned the same, as those that read pages by a cursor that stays. */

import { reusableTasks } from "../../core/decide.ts";
import type { CompletedTask, JobState } from "../../core/job_state.ts";
import { equalJson } from "../../core/json.ts";
import { placePath, placesIn } from "../likeness/elsewhere.ts";
import { isIdentifier } from "../likeness/own_values.ts";
import { numberedSteps, stepsLike } from "../past/numbered_steps.ts";
import type { Evidence } from "../statements/evidence.ts";
import type { Reasons } from "../statements/explanation.ts";
import { reason } from "../statements/statement.ts";
import { shortened, SUMMARY_MAX } from "../words/phrases.ts";

/** How many steps of a job are looked at: the first ones. */
const STEPS_MAX = 1_000;
/** Two may be equal for a reason of their own. */
const ROW_MIN = 3;

/** The longest row of steps that returned the same, if that identifies something. */
export function longestRow(job: JobState): readonly CompletedTask[] {
  let longest: readonly CompletedTask[] = [];
  for (const steps of numberedSteps(job.tasks.slice(0, STEPS_MAX))) {
    let row: CompletedTask[] = [];
    for (const step of steps) {
      if (!isSame(row.at(-1), step)) row = [];
      row.push(step);
      if (row.length > longest.length) longest = row;
    }
  }
  const [first] = longest;
  return first !== undefined && longest.length >= ROW_MIN && identifies(first) ? longest : [];
}

/** Whether steps of a job that are numbered like this one differ each from the next. */
export function differInRow(job: JobState, { taskId }: CompletedTask): boolean | undefined {
  const steps = stepsLike(job, taskId).slice(0, STEPS_MAX);
  return steps.length < 2 ? undefined : steps.every((step, at) => !isSame(steps[at - 1], step));
}

function isSame(one: CompletedTask | undefined, other: CompletedTask): boolean {
  return one !== undefined && equalJson(one.result ?? null, other.result ?? null);
}

/** Steps may all return `{"sent":true}`. */
function identifies({ result = null }: CompletedTask): boolean {
  return placesIn({ result }).some((place) => isIdentifier(placePath(place), place.value));
}

/** `Tasks page-3, page-4 and page-5 returned exactly the same, where ...`. */
export function repeatedResults({ job, repeated }: Evidence): Reasons {
  const [first] = repeated?.tasks ?? [];
  if (repeated === undefined || first === undefined) return [];
  const { tasks, others } = repeated;
  const retry = job.state === "Failed" && reusableTasks(job).includes(first)
    ? `; a retry reuses these results unless it begins at ${first.taskId}`
    : "";
  const statement = `Tasks ${shortened(tasks.map(({ taskId }) => taskId), SUMMARY_MAX)} returned ` +
    `exactly the same, where no two such tasks in a row did so in ${others} jobs that went ` +
    `through${retry}.`;
  return [reason(statement, ...tasks.slice(0, SUMMARY_MAX).map(({ completedBy }) => completedBy))];
}
