/**
 * Work that may have been done twice, or was done again: by attempts that were cut short, by a
 * retry, or by another job with the same input; and failures that a later attempt mended.
 */

import { durationText, lengthMs } from "../../core/duration.ts";
import { errorText } from "../../core/error_text.ts";
import { MAIN_TASK, type TaskId } from "../../core/ids.ts";
import {
  type CompletedTask,
  type FailedJob,
  findTask,
  isReused,
  isSleep,
  isStep,
  type JobState,
} from "../../core/job_state.ts";
import type { JsonValue } from "../../core/json.ts";
import { countText } from "../../core/counted.ts";
import {
  attemptsOf,
  causeOf,
  compensationSubject,
  cutShortText,
  recordedAttemptText,
  wasCutShort,
} from "../past/attempts.ts";
import type { Evidence } from "../statements/evidence.ts";
import type { Reasons } from "../statements/explanation.ts";
import { type Attempt, findMaxAttempts } from "../history/kept_history.ts";
import { actorText, capital, FEW_MAX, shortened, SUMMARY_MAX, taskText } from "../words/phrases.ts";
import { becameText } from "../words/other_jobs.ts";
import { reason } from "../statements/statement.ts";

/**
 * Steps, and compensations, that ran again after an attempt was cut short, whose first attempt may
 * have had an effect.
 */
export function repeatedSteps({ attempts, compensations, causes }: Evidence): Reasons {
  const all = [
    ...severalTimes(attempts).flatMap(([taskId, ofTask]) =>
      taskId === MAIN_TASK ? [] : [[taskText(taskId), ofTask] as const]
    ),
    ...severalTimes(compensations).map(([taskId, of]) =>
      [compensationSubject(taskId), of] as const
    ),
  ];
  return all.flatMap(([subject, ofTask]) => {
    const lastStart = ofTask.findLastIndex(({ started }) => started !== undefined);
    const cut = ofTask.slice(0, Math.max(0, lastStart)).filter(wasCutShort);
    const attempt = cut.at(-1);
    if (attempt?.ended?.kind !== "interrupted") return [];
    const again = ofTask.slice(ofTask.indexOf(attempt) + 1)
      .find(({ started }) => started !== undefined);
    const { ended, started } = attempt;
    const why = cutShortText(ended, causes);
    const numbers = shortened(cut.map((one) => `${one.attempt}`), FEW_MAX);
    const which = cut.length === 1
      ? `attempt ${numbers} was cut short (${why})`
      : `attempts ${numbers} were cut short (the last: ${why})`;
    const times = cut.length === 1 ? "twice" : `${countText(cut.length + 1)} times`;
    const statement = `${capital(subject)} may have happened ${times}: its ${which}, possibly ` +
      `after doing some or all of ${cut.length === 1 ? "its" : "their"} work, and attempt ` +
      `${again?.attempt ?? 0} started over.`;
    const cause = causeOf(ended.entry, causes);
    return [reason(statement, ended.entry, started, again?.started, cause)];
  }).slice(0, FEW_MAX);
}

/** Of the tasks, which may be thousands, those that were attempted again. */
function severalTimes(attempts: ReadonlyMap<TaskId, readonly Attempt[]>) {
  return [...attempts.entries().filter(([, ofTask]) => ofTask.length > 1)];
}

/** Tasks that failed, and completed in the end. */
export function recoveredFailures(known: Evidence): Reasons {
  return known.job.tasks.flatMap(({ taskId, status }) => {
    const attempts = attemptsOf(known, taskId);
    const failed = attempts.filter(({ ended }) => ended?.kind === "failed");
    const [first, last] = [failed[0], failed.at(-1)];
    if (status !== "completed" || first === undefined || last?.ended?.kind !== "failed") return [];
    const count = failed.length + (attempts[0]?.badBefore ?? 0);
    const max = findMaxAttempts(attempts);
    const of = max === undefined ? "" : ` of ${max}`;
    const times = count === 1 ? recordedAttemptText(first, max) : `${count} attempts${of}`;
    const done = attempts.at(-1)?.attempt ?? 0;
    const then = done === last.attempt + 1 ? "the next" : `attempt ${done}`;
    const unsure = timedOut(known, taskId).length > 0
      ? " What an attempt had begun before its time limit may have happened anyway."
      : "";
    const statement = `${capital(taskText(taskId))} failed in ${times}, and completed in ` +
      `${then}: ${errorText(last.ended.error)}.${unsure}`;
    return [reason(statement, ...failed.slice(-3).map(({ ended }) => ended?.entry))];
  }).slice(0, FEW_MAX);
}

/** The attempts of a task that its time limit ended: what they began may have happened. */
export function timedOut(known: Pick<Evidence, "attempts">, taskId: TaskId): readonly Attempt[] {
  return attemptsOf(known, taskId).filter(({ ended }) =>
    ended?.kind === "failed" && ended.timedOutMs !== undefined
  );
}

/** For a task that failed otherwise in the end, as on finding done what the first attempt did. */
export function timedOutBefore(known: Pick<Evidence, "attempts" | "job">): Reasons {
  const taskId = known.job.state === "Failed" ? known.job.failure.taskId : undefined;
  if (taskId === undefined) return [];
  const cut = timedOut(known, taskId);
  const last = attemptsOf(known, taskId).at(-1);
  const [first] = cut;
  if (first === undefined || last === undefined || cut.includes(last)) return [];
  const statement = `Its time limit had cut off attempt ${first.attempt} of ${taskText(taskId)}: ` +
    "what it had begun may have happened anyway.";
  return [reason(statement, first.ended?.entry)];
}

/** Steps that ran although they had completed in the retried job, and nothing had undone them. */
export function doneAgain({ job, retried }: Evidence): Reasons {
  if (retried === undefined) return [];
  return retried.tasks.flatMap((before) => {
    if (!isStep(before)) return [];
    const own = findTask(job, before.taskId);
    if (own === undefined || isReused(own) || before.compensation !== undefined) return [];
    const statement = `${capital(taskText(own.taskId))} ran again: it had completed in job ` +
      `${retried.jobId} at ${before.endedAt}, and nothing undid that.`;
    return [reason(statement, before.completedBy, own.firstLogId)];
  }).slice(0, FEW_MAX);
}

/**
 * Results that a retry reused and failed with: another version of the code may have made them,
 * and they may be wrong, or out of date.
 */
export function resultsTakenOver(known: Evidence): Reasons {
  const { job, retried } = known;
  if (retried === undefined || job.state !== "Failed" || job.failure.kind === "cancelled") {
    return [];
  }
  const reused = job.tasks.filter(isReused).filter((task) => !isSleep(task));
  const [first] = reused;
  if (first === undefined) {
    return retried.state === "Failed" && failedAlike(known)
      ? [
        reason(
          `It failed like job ${retried.jobId}, which it retries.`,
          retried.failure.because,
        ),
      ]
      : [];
  }
  const [made, now] = [retried.definitionVersion, job.definitionVersion];
  const names = shortened(reused.map(({ taskId }) => taskId), SUMMARY_MAX);
  const results = `${reused.length === 1 ? "result" : "results"} of ${names}`;
  const statement = made !== undefined && made !== now
    ? `Version ${made} made the ${results}, which this job reused from job ` +
      `${retried.jobId}; it runs version ${now ?? 1}.`
    : failedAlike(known)
    ? `It failed like job ${retried.jobId}, with the ${results}, which it reused from there.`
    : `It reused the ${results} from job ${retried.jobId}${ageText(retried, first, job)}.`;
  const cites = reused.slice(0, SUMMARY_MAX).flatMap(({ reusedFrom, completedBy }) => [
    reusedFrom ?? completedBy,
    completedBy,
  ]);
  return [reason(statement, ...cites)];
}

/** `, made 2 h before it failed`; the result of a retry may be older than it looks. */
function ageText(retried: JobState, { taskId }: CompletedTask, { endedAt }: FailedJob): string {
  const task = findTask(retried, taskId);
  if (task?.status !== "completed" || task.reusedFrom !== undefined) return "";
  return `, made ${durationText(lengthMs(task.endedAt, endedAt))} before it failed`;
}

/** Whether a retry failed in the same task, and with the same error, as the job that it retries. */
export function failedAlike({ job, retried }: Evidence): boolean {
  return job.state === "Failed" && retried?.state === "Failed" &&
    job.failure.taskId === retried.failure.taskId &&
    errorText(job.failure.error) === errorText(retried.failure.error);
}

interface Given extends Pick<JobState, "createdAt"> {
  readonly input?: JsonValue | undefined;
}

/** Later jobs are the next piece of work, such as that of the next day. */
const APART_MAX_MS = 3_600_000;
/** Times of the same work may differ by this much: those at which it was asked for. */
const TIMES_APART_MAX_MS = 60_000;
const TIMES = /"\d{4}-\d\d-\d\dT\d\d:\d\d:[^"]*"/g;
/** What identifies a request: one that a client repeats may have another. */
const REQUEST_IDS = /"(?:x[_-])?(?:request|trace)[_-]?id":"[^"]*"|"nonce":"[^"]*"/gi;

/** Whether jobs of a type got the same input, apart from times, at about the same time. */
export function isSameWork(one: Given, other: Given): boolean {
  const jobsApartMs = apartMs(one.createdAt, other.createdAt);
  if (jobsApartMs > APART_MAX_MS) return false;
  const [left = "", right = ""] = [one, other].map(({ input = null }) => {
    const text = JSON.stringify(input);
    return jobsApartMs > TIMES_APART_MAX_MS ? text : text.replaceAll(REQUEST_IDS, '""');
  });
  if (left === right) return true;
  const times = right.match(TIMES) ?? [];
  return left.replaceAll(TIMES, "") === right.replaceAll(TIMES, "") &&
    (left.match(TIMES) ?? []).every((time, at) =>
      apartMs(time.slice(1, -1), times[at]?.slice(1, -1) ?? "") <= TIMES_APART_MAX_MS
    );
}

/** Whether jobs of a type got the same input at any time, apart from times and ids of requests. */
export function isSameInput(one: Pick<Given, "input">, other: Pick<Given, "input">): boolean {
  const [left, right] = [one, other].map(({ input = null }) =>
    JSON.stringify(input).replaceAll(TIMES, "").replaceAll(REQUEST_IDS, "")
  );
  return left === right;
}

/** Of two times, in either order. */
function apartMs(one: string, other: string): number {
  return lengthMs(one, other) + lengthMs(other, one);
}

/** `, apart from times,`, or nothing. */
function apartFromText(...jobs: readonly Given[]): string {
  const texts = jobs.map(({ input = null }) => JSON.stringify(input));
  const differIn = (pattern: RegExp) =>
    new Set(texts.map((text) => text.match(pattern)?.join())).size > 1;
  const names = [
    ...differIn(TIMES) ? ["times"] : [],
    ...differIn(REQUEST_IDS) ? ["ids of the request"] : [],
  ];
  return names.length === 0 ? "" : `, apart from ${names.join(" and ")},`;
}

/** Another job that was given the same input at about the same time. */
export function twinReasons({ job, created, twin: found }: Evidence): Reasons {
  if (found === undefined) return [];
  const { job: twin, actor } = found;
  const isEarlier = twin.firstLogId < created.logId;
  const [first, second] = isEarlier
    ? [twin.createdAt, created.receivedAt]
    : [created.receivedAt, twin.createdAt];
  const apart = `${durationText(lengthMs(first, second))} ${isEarlier ? "before" : "after"} it`;
  const { retryOf } = created.attributes;
  const by = actor === created.actor || actor === undefined
    ? ""
    : `, submitted${actorText({ actor })},`;
  const how = retryOf !== undefined && twin.retryOf === retryOf
    ? `is a retry of job ${retryOf} as well, made ${apart}`
    : `of the same type${by} got the same input${apartFromText(twin, job)} ${apart}`;
  const statement = `Job ${twin.jobId} ${how}, and ${
    becameText(twin)
  }: the work may be done twice.`;
  return [reason(statement, twin.firstLogId, twin.lastLogId)];
}

/** What became of the newest retry of a job that failed. */
export function retryReasons({ retriedAs }: Evidence): Reasons {
  if (retriedAs === undefined) return [];
  const { jobId, lastLogId } = retriedAs;
  return [reason(`It was retried as job ${jobId}, which ${becameText(retriedAs)}.`, lastLogId)];
}
