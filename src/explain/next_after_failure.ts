/** What can be done about a failed job, and what needs a person. */

import { reusableTasks } from "../core/decide.ts";
import type { JobEventLogEntry } from "../core/event.ts";
import type { Evidence } from "./evidence.ts";
import type { Next, NextStep } from "./explanation.ts";
import { type LogId, MAIN_TASK } from "../core/ids.ts";
import type { CompletedTask, FailedJob } from "../core/job_state.ts";
import { cutShort, leftInPlace } from "../core/left_in_place.ts";
import type { Pause } from "../core/pauses.ts";
import type { OutlinedHistory } from "./outlined_history.ts";
import { compensableTasks } from "./because_compensating.ts";
import { neverStarted } from "./because_ended.ts";
import { automatic, byHand, firstLoadType, manual } from "./next_step.ts";
import { overtakenAttempts, underWayText } from "./overtaken.ts";
import { firstFit } from "./parked.ts";
import { errorText } from "../core/error_text.ts";
import { firstEndStep, pauseText } from "./pause_texts.ts";
import { shortened, taskText } from "./phrases.ts";
import { tasksWithError } from "./returned_errors.ts";

const NAMES_MAX = 10;

export function afterFailure(
  outlined: OutlinedHistory,
  job: FailedJob,
  { circumstances }: Evidence,
): Next {
  const { retried } = outlined;
  const path = `/jobs/${job.jobId}/retry`;
  const reused = reusableTasks(job).map(({ taskId }) => taskId);
  const names = reused.length === 0
    ? "a new job starts from the beginning"
    : `a new job reuses the results of ${shortened(reused, NAMES_MAX)}`;
  const done = retried.map((entry) => ({
    by: "itself" as const,
    statement: `It was retried already, as job ${entry.attributes.newJobId}.`,
    cites: [entry.logId],
  }));
  const nothing = automatic("Nothing happens by itself: the job has ended.", []);
  if (neverStarted(outlined, job)) {
    return [...(done.length > 0 ? done : [nothing]), sendAgain(outlined)];
  }
  const left = [
    ...recovery(job),
    ...leftovers(job),
    ...begun(outlined, job),
    ...underWay(outlined),
  ];
  // Not over for the person who has to undo something.
  const first = done.length > 0 || left.length > 0 ? done : [nothing];
  const { inputRemoved } = outlined;
  if (inputRemoved !== undefined) return [...first, ...left, withInput(inputRemoved)];
  if (job.failure.error.name === "InvalidInput") {
    return [...first, ...left, submitAgain(outlined)];
  }
  const beforehand = [
    ...circumstances.isTypeMissing ? [firstLoadType(outlined)] : [],
    ...firstFit(outlined, circumstances),
    ...repeatsItself(outlined, job, circumstances.pauses),
  ];
  const retry = beforehand.length === 0 ? "Retry" : "Then retry";
  const [bad] = tasksWithError(outlined).filter((task) => reusableTasks(job).includes(task));
  const offer = bad !== undefined
    // A retry that reuses a result which is an error fails as before.
    ? retryFrom(job, bad, `${retry} it from ${taskText(bad.taskId)}, whose result is an error`, {
      isRetried: done.length > 0,
    })
    : done.length === 0
    ? manual(`${retry} it; ${names}:`, path)
    : manual(`${retry} it once more; ${names}:`, path, { again: true });
  return [
    ...first,
    ...left,
    ...beforehand,
    offer,
    ...holdsRetry(outlined, circumstances.pauses),
    ...anew(outlined, job, done.length > 0),
  ];
}

/** A retry that fails may do so because of a result that it took over, which may be out of date. */
function anew({ created }: OutlinedHistory, job: FailedJob, isRetried: boolean): Next {
  const first = reusableTasks(job).find(({ reusedFrom }) => reusedFrom !== undefined);
  if (first === undefined) return [];
  const of = created.attributes.retryOf ?? "";
  const why = `if what it took over from job ${of} is out of date`;
  const statement = `Or retry it from ${taskText(first.taskId)}, ${why}`;
  return [retryFrom(job, first, statement, { isRetried })];
}

function retryFrom(
  { jobId }: FailedJob,
  { taskId, completedBy }: CompletedTask,
  statement: string,
  { isRetried }: { readonly isRetried: boolean },
): NextStep<LogId> {
  const body = { from: taskId, ...isRetried ? { again: true } : {} };
  return {
    ...manual(
      `${statement}; that task and all that follow run again:`,
      `/jobs/${jobId}/retry`,
      body,
    ),
    cites: [completedBy],
  };
}

/**
 * What must change before a retry can end differently, since it gets the same input and results.
 *
 * @param pauses Those that would hold the retry.
 */
function repeatsItself(
  outlined: OutlinedHistory,
  { failure }: FailedJob,
  pauses: readonly Pause[] = [],
): Next {
  const { kind, taskId, error } = failure;
  const failedBy = outlined.failedBy?.entry.eventType;
  if (failedBy === "job.DeadlinePassed") return pauses.slice(0, NAMES_MAX).map(firstEndStep);
  const task = taskText(taskId ?? MAIN_TASK);
  const isThrown = kind === "error" && taskId === MAIN_TASK && failedBy === "job.TaskFailed";
  const statement = error.name === "CrashLoop"
    ? `First find out why the process ended during ${task}.`
    : kind === "poison"
    ? `First fix what ${task} failed on: ${errorText(error)}.`
    : isThrown
    ? `Fix the code first: with the same input and results, run throws ${error.name} again.`
    : undefined;
  return statement === undefined ? [] : [byHand(statement, [failure.because])];
}

/** After a passed deadline, a pause comes first; see `repeatsItself`. */
function holdsRetry({ failedBy }: OutlinedHistory, pauses: readonly Pause[] = []): Next {
  if (failedBy?.entry.eventType === "job.DeadlinePassed") return [];
  return pauses.slice(0, NAMES_MAX).map((pause) =>
    automatic(`The new job is held for now: ${pauseText(pause)}.`, [pause.by])
  );
}

/** What was running when the job failed: it may have only begun, or its outcome had no effect. */
function underWay(outlined: OutlinedHistory): Next {
  const overtaken = overtakenAttempts(outlined)
    .filter(({ attempt: { ended } }) => ended?.end.kind !== "failed");
  if (overtaken.length === 0) return [];
  const statement = `Check what must be undone by hand: ${underWayText(outlined, overtaken)}, ` +
    "and a retry does it again.";
  const cites = overtaken.slice(0, NAMES_MAX)
    .flatMap(({ attempt }) => attempt.ended?.entry.logId ?? attempt.started?.logId ?? []);
  return [byHand(statement, cites)];
}

/** When the input was removed, only the sender has it. */
function withInput(removed: JobEventLogEntry): NextStep<LogId> {
  const statement = `Submit it again with its input, which was removed at ${removed.receivedAt}: ` +
    "without it there is no retry.";
  return byHand(statement, [removed.logId]);
}

/** When the input on record is not valid, which a retry would take. */
function submitAgain({ created }: OutlinedHistory): NextStep<LogId> {
  const statement = "Submit it again with an input that its definition takes; a retry of this " +
    "job would fail for the same reason while the definition is what it is.";
  return byHand(statement, [created.logId]);
}

/** When the event that created it gave no valid input, which would fail again. */
function sendAgain({ created }: OutlinedHistory): NextStep<LogId> {
  const statement = "Send the event again, corrected and under a new id; a retry of this job " +
    "would fail for the same reason.";
  return byHand(statement, [created.logId]);
}

/** What neither a retry nor the engine can repair. */
function recovery(job: FailedJob): Next {
  if (!job.failure.recoveryRequired) return [];
  const failed = compensableTasks(job)
    .filter(({ compensation }) => compensation?.status !== "compensated");
  const names = failed.length === 0
    ? "what it did"
    : shortened(failed.map(({ taskId }) => taskId), NAMES_MAX);
  const statement = `Undo by hand: ${names}.`;
  return [byHand(statement, failed.slice(0, NAMES_MAX).map((task) => task.lastLogId))];
}

/** What had begun before the job failed and was cut short, so that it is unknown how far it got. */
function begun(outlined: OutlinedHistory, job: FailedJob): Next {
  const overtaken = new Set(overtakenAttempts(outlined).map(({ taskId }) => taskId));
  const cut = cutShort(job).filter(({ taskId }) => !overtaken.has(taskId));
  if (cut.length === 0) return [];
  const names = shortened(cut.map(({ taskId }) => taskText(taskId)), NAMES_MAX);
  const statement = `Check how far ${names} got before ${
    cut.length === 1 ? "it was" : "they were"
  } cut short, and what of it must be undone by hand: a retry does it again.`;
  return [byHand(statement, cut.slice(0, NAMES_MAX).map((task) => task.firstLogId))];
}

/** Effects that nothing undid, since no compensation was declared. */
function leftovers(job: FailedJob): Next {
  const left = leftInPlace(job);
  if (left.length === 0) return [];
  const names = shortened(left.map(({ taskId }) => taskId), NAMES_MAX);
  const statement = `Check whether what is left in place must be undone by hand: ${names}.`;
  return [byHand(statement, left.slice(0, NAMES_MAX).map((task) => task.completedBy))];
}
