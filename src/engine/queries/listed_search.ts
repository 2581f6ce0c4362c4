/**
 * Finds the job of another type that had what an error names in a list, as one that cleans up what
 * is old. The types of jobs that list what others go through with are left out.
 */

import { errorText } from "../../core/error_text.ts";
import type { LogId } from "../../core/ids.ts";
import { type CompletedTask, type FailedJob, isStep, type JobState } from "../../core/job_state.ts";
import type { JsonScalar } from "../../core/json.ts";
import { shownScalar } from "../../core/shown_value.ts";
import { doneMeanwhile, meanwhileText } from "../../explain/ended/done_meanwhile.ts";
import { failingTask, isTelling } from "../../explain/ended/named_results.ts";
import type { OutlinedHistory } from "../../explain/history/outlined_history.ts";
import { type Element, elementIn } from "../../explain/likeness/elements.ts";
import { soughtValues } from "../../explain/likeness/own_values.ts";
import { attemptsOf } from "../../explain/past/attempts.ts";
import type { Statement } from "../../explain/statements/explanation.ts";
import { reason } from "../../explain/statements/statement.ts";
import { capital, taskText } from "../../explain/words/phrases.ts";
import { takenFromOthers, takenOfType } from "./other_types.ts";
import type { Inquiry } from "./query_parts.ts";
import { createdNear, takenFromPeers } from "./similar_jobs.ts";
import { setApart } from "./told_of_rival.ts";

/** How many steps of each job are looked at. */
const STEPS_MAX = 16;
/** How many words of an error are looked for. */
const WORDS_MAX = 32;
/** How many jobs that went through are compared, and the fewest that tell. */
const PEERS_MAX = 8;
const PEERS_MIN = 3;

interface Listed {
  readonly job: JobState;
  readonly task: CompletedTask;
  readonly element: Element;
}

export async function findListed(
  inquiry: Inquiry,
  job: FailedJob,
  outlined: OutlinedHistory,
): Promise<Statement<LogId> | undefined> {
  const named = namesIn(errorText(job.failure.error));
  if (named.size === 0) return undefined;
  const before = failedSince(job, outlined);
  const all = takenFromOthers(inquiry, job, {
    range: { ...createdNear(job), before },
    take: (other) => listedIn(other, before, (value) => named.has(value)),
  });
  for await (const listed of all) {
    const areListed = await arePeersListed(inquiry, job, listed);
    const isAsThen = listed.job.lastLogId <= inquiry.asOf;
    const apart = areListed === true || !isAsThen ? "" : await setApart(inquiry, listed.job);
    if (areListed === false || apart !== "") return told(job, listed, apart);
  }
  return undefined;
}

/** The words of an error that may name one thing; one with dots also without what is beside these. */
function namesIn(error: string): ReadonlySet<JsonScalar> {
  const words = [/[\w~.:/@-]*[\w~]/g, /[\w~-]*[\w~]/g].flatMap((word) => error.match(word) ?? []);
  return new Set(words.filter(isTelling).slice(0, WORDS_MAX));
}

/** Where it failed so for the first time: what came later may follow from that. */
function failedSince(job: FailedJob, outlined: OutlinedHistory): LogId {
  const error = errorText(job.failure.error);
  const first = attemptsOf(outlined, failingTask(job)).find(({ ended }) =>
    ended?.kind === "failed" && errorText(ended.error) === error
  );
  return first?.ended?.entry.logId ?? job.failure.because;
}

/** The first step of a job that had returned a list with what is meant. */
function listedIn(
  job: JobState,
  before: LogId,
  isMeant: (value: JsonScalar, by: LogId) => boolean,
): Listed | undefined {
  for (const task of job.tasks.slice(0, STEPS_MAX)) {
    if (!isStep(task) || task.reusedFrom !== undefined) continue;
    const { result = null, completedBy } = task;
    if (completedBy >= before) continue;
    const element = elementIn(result, (value) => isMeant(value, completedBy));
    if (element !== undefined) return { job, task, element };
  }
  return undefined;
}

/**
 * Whether jobs of that type had listed what jobs that went through had in its place; `undefined` if
 * too few tell.
 */
async function arePeersListed(
  inquiry: Inquiry,
  job: FailedJob,
  { job: { type = "" }, element: { value } }: Listed,
): Promise<boolean | undefined> {
  const own = soughtValues(job).find((one) => one.value === value);
  if (own === undefined) return undefined;
  const theirs = await takenFromPeers(
    inquiry,
    job,
    (peer) => {
      const their = soughtValues(peer).find(({ from, path }) =>
        from === own.from && path === own.path
      );
      return their && [their.value, peer.lastLogId] as const;
    },
    { max: PEERS_MAX, least: PEERS_MIN },
  );
  if (theirs === undefined) return undefined;
  const ends = new Map(theirs);
  const wasListed = (one: JsonScalar, by: LogId) => by < (ends.get(one) ?? 0);
  const before = Math.max(...ends.values());
  const listed = await takenOfType(inquiry, type, {
    range: { ...createdNear(job), before },
    take: (other) => listedIn(other, before, wasListed),
  });
  return listed.length > 0;
}

/**
 * `Task find-stale of job sweep-7 (cart.sweep) had returned stale[1].intent = "pi_7", which the error
 * names; that job completed task cancel at ..., after task create of this job and before task
 * confirm failed.`
 */
function told(
  job: FailedJob,
  { job: other, task, element: { path, value } }: Listed,
  apart: string,
): Statement<LogId> {
  const done = doneMeanwhile(job, other, task.completedBy);
  const then = done === undefined ? undefined : meanwhileText(job, done);
  const statement = `${capital(taskText(task.taskId))} of job ${other.jobId} (${
    other.type ?? "a plan"
  }) had returned ${path} = ${shownScalar(value)}, which the error names${
    then === undefined ? `, at ${task.endedAt}` : `; that job ${then.statement}`
  }.${apart}`;
  return reason(statement, task.completedBy, ...then?.cites ?? []);
}
