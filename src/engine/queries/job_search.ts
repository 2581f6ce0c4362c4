/**
 * Free text, looked for in what a job is known by: its id, type, labels and errors. Words,
 * and no expressions: what is looked for costs nobody more than what it is looked for in.
 */

import type { ErrorFact } from "../../core/framework_events.ts";
import { recordedFailure } from "../../core/job_resource.ts";
import type { JobState } from "../../core/job_state.ts";
import type { JobRecord } from "../writer/job_record.ts";

/**
 * What looking at one job costs, as a scan counts it: more where there is much text. To put
 * it in lower case costs as much as to look for three words.
 */
const COST_LEAST = 9;
const CHARACTERS_AT_ONE = 70;
const LOWER_CASE_COST = 3;

export class JobSearch {
  readonly #words: readonly string[];

  constructor(text: string) {
    this.#words = wordsIn(text);
  }

  /** Whether every word is somewhere in the job's text, and what it cost to know. */
  look(record: JobRecord): { readonly found: boolean; readonly cost: number } {
    const text = searchTextOf(record);
    const looks = LOWER_CASE_COST + this.#words.length;
    return {
      found: this.#words.every((word) => text.includes(word)),
      cost: Math.max(COST_LEAST, Math.ceil(text.length * looks / CHARACTERS_AT_ONE)),
    };
  }
}

/** What is looked for, in lower case. */
export function wordsIn(text: string): readonly string[] {
  return [...new Set(text.toLowerCase().split(/\s+/))].filter((word) => word !== "");
}

/** What it is looked for in, in lower case. */
export function searchTextOf(record: JobRecord): string {
  return textOf(record).toLowerCase();
}

/** A line for each part, since no word goes over the end of a line. */
function textOf(record: JobRecord): string {
  const { shownHead: job, condition } = record;
  let text = job.type === undefined ? job.jobId : `${job.jobId}\n${job.type}`;
  for (const name in job.labels) text += `\n${name}:${job.labels[name]}`;
  const failure = recordedFailure(job);
  if (failure !== undefined) text += linesOf(failure.error);
  if (condition === "backingOff") text += openErrors(record.job);
  return text;
}

/** After which tasks are going to be tried again. */
function openErrors({ tasks }: JobState): string {
  return tasks.map((task) => task.status === "backingOff" ? linesOf(task.error) : "").join("");
}

function linesOf({ name, message }: ErrorFact): string {
  return `\n${name}\n${message}`;
}
