/** What can be done about a failed job, and what needs a person; and what a retry would do. */

import { reusableTasks } from "../../core/decide.ts";
import { errorText } from "../../core/error_text.ts";
import { countedFacts } from "../../core/expectations.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import { INVALID_INPUT } from "../../core/failure.ts";
import { type LogId, MAIN_TASK, type TaskId } from "../../core/ids.ts";
import {
  compensableTasks,
  type CompletedTask,
  type FailedJob,
  type Failure,
  isStep,
  type JobState,
} from "../../core/job_state.ts";
import { isScalar } from "../../core/json.ts";
import { cutShort, leftInPlace } from "../../core/left_in_place.ts";
import { toMatchable } from "../../core/projector.ts";
import { oneLine, shownText, shownValue } from "../../core/shown_value.ts";
import { hasThrown, neverStarted } from "./because_ended.ts";
import type { Circumstances, Evidence } from "../statements/evidence.ts";
import type { Next, NextStep } from "../statements/explanation.ts";
import { automatic, byHand, manual } from "../statements/statement.ts";
import { attemptsOf, isUndone, wasCutShort } from "../past/attempts.ts";
import { overtakenAttempts, underWayText } from "../past/overtaken_attempts.ts";
import { firstFree, retryNotBefore } from "../past/asked_to_wait.ts";
import { firstYield } from "../past/late_limit.ts";
import { lateEvents } from "./counted_events.ts";
import { firstEndStep } from "../queue/pause_texts.ts";
import {
  LIST_MAX,
  namesWord,
  pauseText,
  shortened,
  taskText,
  uncapital,
} from "../words/phrases.ts";
import { stepOf } from "../likeness/compared_job.ts";
import { stepWithExpiredResult } from "./expired_values.ts";
import { namedFields } from "./named_fields.ts";
import { lostResult } from "./named_results.ts";
import { failedAlike, timedOut } from "./repeated_work.ts";
import { returnedErrors, tasksWithError } from "./returned_errors.ts";

export function afterFailure(known: Evidence): Next {
  const { job, retries, inputRemoved, circumstances } = known;
  if (job.state !== "Failed") return [];
  const path = `/jobs/${job.jobId}/retry`;
  const done = retries.map((entry) =>
    automatic(`It was retried already, as job ${entry.attributes.newJobId}.`, entry)
  );
  const isRetried = done.length > 0;
  const nothing = automatic("Nothing happens by itself: the job has ended.");
  if (neverStarted(known)) return [...isRetried ? done : [nothing], sendAgain(known)];
  const left = leftInPlace(job);
  const toUndo = [...recovery(job), ...begun(known, job), ...underWay(known)];
  // Not over for the person who has to undo something.
  const first = [...isRetried || toUndo.length + left.length > 0 ? done : [nothing], ...toUndo];
  if (known.retriedAs?.state === "Done") return first;
  if (inputRemoved !== undefined) {
    return [...first, ...leftovers(left, "Check"), withInput(inputRemoved)];
  }
  if (job.failure.error.name === INVALID_INPUT) return [...first, submitAgain(known)];
  const beforehand = [
    ...circumstances.isTypeMissing ? [firstLoadType(known)] : [],
    ...firstFit(known),
    ...firstYield(known),
    ...firstFree(known),
    ...firstOfRival(known),
    ...repeatsItself(known, job),
  ];
  const when = notBeforeText(known);
  const retry = beforehand.length === 0 ? "Retry" : "Then retry";
  const reused = reusableTasks(job);
  const suspect = suspectOf(known, reused);
  const names = reused.length === 0
    ? "a new job starts from the beginning"
    : `a new job reuses the results of ${shortened(reused.map(({ taskId }) => taskId))}${
      unlessFromText(known, job, reused)
    }`;
  const offer = suspect !== undefined
    ? retryFrom(known, suspect.task, retry, suspect.which)
    : isRetried
    ? manual(`${retry} it once more${when}; ${names}:`, path, { again: true })
    : manual(`${retry} it${when}; ${names}:`, path);
  return [
    ...first,
    ...orFromReused(known, job, suspect?.task, [
      ...beforehand,
      offer,
      ...holdsRetry(known),
      ...sendLateAgain(known),
    ]),
    // A retry reuses them, so it must not find them undone.
    ...leftovers(left, "Without a retry, check"),
  ];
}

/** The step whose result likely failed the job, so that a retry that reuses it fails as before. */
function suspectOf(known: Evidence, reused: readonly CompletedTask[]) {
  const { job, contrast } = known;
  const [trait] = contrast?.traits ?? [];
  const lost = lostResult(known);
  const named = namedFields(known);
  const field = shownText(named?.places[0]?.names.at(-1) ?? "");
  const suspects = [
    [tasksWithError(known).find((task) => reused.includes(task)), "whose result is an error"],
    [stepWithExpiredResult(known), "whose result has expired"],
    [lost?.isOfStop === true ? lost.task : undefined, "which returned what is missing"],
    [known.repeated?.tasks[0], "which returned the same as those after it"],
    [named?.task, `whose result has the ${field} that the error names`],
    [trait && stepOf(job, trait), "whose result differs from those of jobs that went through"],
  ] as const;
  for (const [task, which] of suspects) {
    if (task !== undefined && reused.includes(task)) return { task, which };
  }
  return undefined;
}

function firstReused(job: FailedJob): CompletedTask | undefined {
  return reusableTasks(job).find(({ reusedFrom }) => reusedFrom !== undefined);
}

/** `, unless the body has "from":"charge"`: a fix may also be to the step that made a result. */
function unlessFromText(known: Evidence, job: FailedJob, reused: readonly CompletedTask[]): string {
  const [made] = reused.filter(isStep);
  const isSaid = made === undefined || firstReused(job) !== undefined;
  return isSaid || !mustBeFixed(known, job.failure)
    ? ""
    : `, unless the body has "from":${JSON.stringify(made.taskId)}`;
}

/**
 * A retry that fails may do so because of a result that it reused, which may be out of date. That
 * is likelier if the error is a new one.
 */
function orFromReused(
  known: Evidence,
  job: FailedJob,
  suspect: CompletedTask | undefined,
  again: Next,
): Next {
  const lost = lostResult(known);
  if (lost?.isOfStop === false && reusableTasks(job).includes(lost.task)) {
    return [...again, retryFrom(known, lost.task, "Or retry", "if what it returned is gone")];
  }
  const first = firstReused(job);
  if (first === undefined || first === suspect) return again;
  const of = known.created.attributes.retryOf ?? "";
  const which = `if what it reused from job ${of} is out of date`;
  if (failedAlike(known)) return [...again, retryFrom(known, first, "Or retry", which)];
  return [
    retryFrom(known, first, "Retry", which),
    ...again.map((step, at) =>
      at === 0 ? { ...step, statement: `Otherwise ${uncapital(step.statement)}` } : step
    ),
  ];
}

/** A new job counts what its predecessor had counted, but nothing that came after that had ended. */
function sendLateAgain(known: Evidence): Next {
  const statement = (eventType: string) =>
    `Then send ${eventType} again, under a new id: the new job counts none from before it.`;
  return lateEvents(known).slice(0, LIST_MAX)
    .map(({ late }) => byHand(statement(toMatchable(late).eventType), late));
}

function notBeforeText(known: Evidence): string {
  const until = retryNotBefore(known);
  return until === undefined ? "" : `, not before ${until}`;
}

function retryFrom(
  known: Evidence,
  { taskId, completedBy }: CompletedTask,
  retry: string,
  which: string,
): NextStep<LogId> {
  const { job: { jobId }, retries } = known;
  const body = { from: taskId, ...retries.length > 0 ? { again: true } : {} };
  const when = notBeforeText(known);
  const from = `${when === "" ? "" : `${when},`} from ${taskText(taskId)}, ${which}`;
  const statement = `${retry} it${from}; that task and all that follow run again:`;
  return { ...manual(statement, `/jobs/${jobId}/retry`, body), cites: [completedBy] };
}

function firstOfRival({ rival }: Evidence): Next {
  if (rival?.first === undefined) return [];
  const statement = `First ${rival.first}: until then, a retry may fail as well.`;
  return [byHand(statement, ...rival.cites)];
}

/** What must change before a retry can end differently, since it gets the same input and results. */
function repeatsItself(known: Evidence, { failure }: FailedJob): Next {
  const { failedBy, circumstances: { pauses = [] } } = known;
  const { kind, taskId, error } = failure;
  if (failedBy?.entry.eventType === "job.DeadlinePassed") {
    return pauses.slice(0, LIST_MAX).map(firstEndStep);
  }
  const task = taskText(taskId ?? MAIN_TASK);
  const unsure = unsureText(known, taskId);
  const toDo = kind === "poison"
    // A retry from there replaces what the task failed on.
    ? stepWithExpiredResult(known) === undefined ? "fix" : undefined
    : kind === "deadLetter"
    ? codeToDo(known, failure)
    : undefined;
  const statement = error.name === "NotCapable"
    ? `First start Daybook again with ${permissionText(error.message)} as well.`
    : known.twin?.job.state === "Done"
    ? `First check whether job ${known.twin.job.jobId} has done its work: then nothing is left to do.`
    : unsure !== undefined
    ? `First check what ${task} did: what ${unsure} may have happened, and a retry does it again.`
    : toDo !== undefined
    ? `First ${toDo} what ${task} failed on: ${errorText(error)}.`
    : failedBy !== undefined && hasThrown(failure, failedBy.entry)
    ? `Fix the code first: with the same input and results, run throws ${error.name} again.`
    : undefined;
  return statement === undefined ? [] : [byHand(statement, failure.because)];
}

/** Whether the same input and results fail it again, until code or a result is another. */
function mustBeFixed(known: Evidence, failure: Failure): boolean {
  const { failedBy } = known;
  return failure.kind === "poison" || codeToDo(known, failure) !== undefined ||
    failedBy !== undefined && hasThrown(failure, failedBy.entry);
}

/** A call that fails may throw a `TypeError`, too. */
const OF_CODE =
  /is not (?:a function|a constructor|defined|iterable)\b|^Cannot read properties of |^Invalid (?:time value|array length)$/;

/**
 * What to do about code that throws the error again for the same values, none of which a retry
 * would replace. A single `TypeError` may also come of a bad answer, which is not recorded.
 */
function codeToDo(known: Evidence, failure: Failure): "fix" | "check" | undefined {
  const { taskId = MAIN_TASK, error } = failure;
  const { name = "", message } = error;
  const isOfCode = /^(?:Type|Reference|Range)Error$/.test(name) && OF_CODE.test(message) &&
    tasksWithError(known).length === 0 && stepWithExpiredResult(known) === undefined;
  if (!isOfCode) return undefined;
  const alike = attemptsOf(known, taskId).filter(({ ended }) =>
    ended?.kind === "failed" && errorText(ended.error) === errorText(error)
  );
  const isSure = name === "ReferenceError" || alike.length > 1 || returnedErrors(known).length > 0;
  return isSure ? "fix" : "check";
}

const LACKS = /^Requires \w+ access to "([\w.:/[\]-]+)", run again with the (--allow-\w+) flag/;

/** Deno names the flag alone, which would permit everything of its kind. */
function permissionText(message: string): string {
  const [, target, flag] = LACKS.exec(message) ?? [];
  return target === undefined ? "the permission that it lacks" : `the permission ${flag}=${target}`;
}

/** What an attempt of the task that failed may have done: one that was stopped, or cut short. */
function unsureText(known: Evidence, taskId: TaskId | undefined): string | undefined {
  if (taskId === undefined || taskId === MAIN_TASK) return undefined;
  if (timedOut(known, taskId).length > 0) return "its time limit cut off";
  return attemptsOf(known, taskId).some(wasCutShort) ? "was cut short" : undefined;
}

/** After a passed deadline, a pause comes first; see `repeatsItself`. */
function holdsRetry({ failedBy, circumstances: { pauses = [] } }: Evidence): Next {
  if (failedBy?.entry.eventType === "job.DeadlinePassed") return [];
  return pauses.slice(0, LIST_MAX).map((pause) =>
    automatic(`The new job is held for now: ${pauseText(pause)}.`, pause.by)
  );
}

/** What was running when the job failed: it may have only begun, or its outcome had no effect. */
function underWay(known: Evidence): Next {
  const overtaken = overtakenAttempts(known)
    .filter(({ attempt: { ended } }) => ended?.kind !== "failed");
  if (overtaken.length === 0) return [];
  const statement = `Check what must be undone by hand: ${underWayText(known, overtaken)}, ` +
    "and a retry does it again.";
  const cites = overtaken.slice(0, LIST_MAX)
    .map(({ attempt }) => attempt.ended?.entry ?? attempt.started);
  return [byHand(statement, ...cites)];
}

/** `Version 2 does not take its input: /country: is required.`, or nothing. */
export function refusalText({ refusal }: Circumstances): string {
  if (refusal === undefined) return "";
  return `Version ${refusal.version} does not take its input: ${oneLine(refusal.why)}.`;
}

/** Before the retry of a job when no version of its type is loaded. */
export function firstLoadType({ job, created }: Evidence): NextStep<LogId> {
  const statement = `First load a module (--definitions) that defines type ${job.type ?? ""}.`;
  return byHand(statement, created);
}

/** Before the retry of a job whose version is not loaded. */
export function firstFit({ job, created, circumstances }: Evidence): Next {
  if (circumstances.refusal === undefined) return [];
  const statement = `First load version ${job.definitionVersion ?? 1} of type ${job.type ?? ""}, ` +
    `or a newer one that takes its input; else the new job is parked. ${
      refusalText(circumstances)
    }`;
  return [byHand(statement, created)];
}

/** When the input was removed, only the sender has it. */
function withInput(removed: JobEventLogEntry): NextStep<LogId> {
  const statement = `Submit it again with its input, which was removed at ${removed.receivedAt}: ` +
    "without it there is no retry.";
  return byHand(statement, removed);
}

/** When the input on record is not valid, which a retry would take. */
function submitAgain({ created }: Evidence): NextStep<LogId> {
  const statement = "Submit it again with an input that its definition takes; a retry of this " +
    "job would fail for the same reason unless the definition changes.";
  return byHand(statement, created);
}

/** When the event that created it gave no valid input, which would fail again. */
function sendAgain({ created }: Evidence): NextStep<LogId> {
  const statement = "Send the event again, corrected and under a new id; a retry of this job " +
    "would fail for the same reason.";
  return byHand(statement, created);
}

/** What neither a retry nor the engine can repair. */
function recovery(job: FailedJob): Next {
  if (!job.failure.recoveryRequired) return [];
  const failed = compensableTasks(job).filter((task) => !isUndone(task));
  const names = failed.length === 0 ? "what it did" : shortened(
    failed.map((task) => task.taskId + returnedText(task)),
  );
  const statement = `Undo by hand: ${names}.`;
  return [byHand(statement, ...failed.slice(0, LIST_MAX).map((task) => task.lastLogId))];
}

/** ` (which returned {"bookingId":"H-7"})`: what is to be undone, unless the error names it. */
function returnedText({ result = null, compensation }: CompletedTask): string {
  if (result === null) return "";
  const error = compensation?.status === "failed" ? errorText(compensation.error) : "";
  const isNamed = isScalar(result) && namesWord(error, `${result}`);
  return isNamed ? "" : ` (which returned ${shownValue(result)})`;
}

/** What had begun before the job failed and was cut short, so that it is unknown how far it got. */
function begun(known: Evidence, job: FailedJob): Next {
  const overtaken = new Set(overtakenAttempts(known).map(({ taskId }) => taskId));
  const cut = cutShort(job).filter(({ taskId }) => !overtaken.has(taskId));
  if (cut.length === 0) return [];
  const names = shortened(cut.map(({ taskId }) => taskText(taskId)));
  const statement = `Check how far ${names} got before ${
    cut.length === 1 ? "it was" : "they were"
  } cut short, and what of it must be undone by hand: a retry does it again.`;
  return [byHand(statement, ...cut.slice(0, LIST_MAX).map((task) => task.firstLogId))];
}

/** Effects that nothing undid, since no compensation was declared. */
function leftovers(left: readonly CompletedTask[], check: string): Next {
  if (left.length === 0) return [];
  const names = shortened(left.map(({ taskId }) => taskId));
  const statement = `${check} whether what is left in place must be undone by hand: ${names}.`;
  return [byHand(statement, ...left.slice(0, LIST_MAX).map((task) => task.completedBy))];
}

interface RetryPreview {
  /** Tasks that do not run again: their recorded results are reused. */
  readonly reuses: readonly TaskId[];
  /** Tasks that have begun, and run again when the code asks for them. */
  readonly again: readonly TaskId[];
  /** How many events counted for the job, and will count again. */
  readonly facts: number;
}

/** @param from The task from which everything runs again. */
export function retryPreview(job: JobState, from?: TaskId): RetryPreview {
  const reuses = reusableTasks(job, from).map(({ taskId }) => taskId);
  const done = new Set([MAIN_TASK, ...reuses]);
  const again = job.tasks.map(({ taskId }) => taskId).filter((taskId) => !done.has(taskId));
  return { reuses, again, facts: countedFacts(job).length };
}
