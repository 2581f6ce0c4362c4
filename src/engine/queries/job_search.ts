/**
 * Full-text search in what identifies a job: its id, type, labels and errors. It takes words
 * instead of expressions, so that the cost depends only on the text that is searched.
 */

import type { ErrorCause } from "../../core/framework_events.ts";
import { recordedFailure } from "../../core/job_resource.ts";
import type { JobState } from "../../core/job_state.ts";
import type { JobRecord } from "../writer/job_record.ts";

/**
 * The cost of searching one job, for a scan: higher when there is much text. Lower-casing costs as
 * much as searching for three words.
 */
const COST_LEAST = 9;
const CHARACTERS_AT_ONE = 70;
const LOWER_CASE_COST = 3;

export class JobSearch {
  readonly #words: readonly string[];

  constructor(text: string) {
    this.#words = wordsIn(text);
  }

  /** Whether every word occurs in the job's text, and the cost of finding out. */
  look(record: JobRecord): { readonly found: boolean; readonly cost: number } {
    const text = searchText(record);
    const looks = LOWER_CASE_COST + this.#words.length;
    return {
      found: this.#words.every((word) => text.includes(word)),
      cost: Math.max(COST_LEAST, Math.ceil(text.length * looks / CHARACTERS_AT_ONE)),
    };
  }
}

/** The words to search for, in lower case. */
export function wordsIn(text: string): readonly string[] {
  return [...new Set(text.toLowerCase().split(/\s+/))].filter((word) => word !== "");
}

/** The text to search, in lower case. */
export function searchText(record: JobRecord): string {
  return recordText(record).toLowerCase();
}

/** One line for each part, since a word never spans lines. */
function recordText(record: JobRecord): string {
  const { shownHead: job, condition } = record;
  let text = job.type === undefined ? job.jobId : `${job.jobId}\n${job.type}`;
  for (const name in job.labels) text += `\n${name}:${job.labels[name]}`;
  const failure = recordedFailure(job);
  if (failure !== undefined) text += errorLines(failure.error);
  if (condition === "backingOff") text += openErrors(record.job);
  return text;
}

/** Errors of tasks that will be retried. */
function openErrors({ tasks }: JobState): string {
  return tasks.map((task) => task.status === "backingOff" ? errorLines(task.error) : "").join("");
}

/** With its causes. */
function errorLines({ name = "", message, code, cause, errors = [] }: ErrorCause): string {
  const lines = `\n${name}\n${message}${code === undefined ? "" : `\n${code}`}`;
  const causes = cause === undefined ? errors : [...errors, cause];
  return causes.reduce((text, error) => text + errorLines(error), lines);
}
