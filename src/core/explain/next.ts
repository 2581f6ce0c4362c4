/** What will happen by itself, and what anyone could do. */

import { assertNever } from "../assert_never.ts";
import { conditionOf } from "../condition.ts";
import { counted } from "../counted.ts";
import { reusableTasks } from "../decide.ts";
import type { FrameworkEntry, JobEventLogEntry } from "../event.ts";
import type { NextStep, WaitingFor } from "../explanation.ts";
import type { LogId } from "../ids.ts";
import { type FailedJob, hasCode, type JobState } from "../job_state.ts";
import type { JsonObject } from "../json.ts";
import { type Annals, maxAttemptsOf } from "./annals.ts";
import { runningTasks } from "./because.ts";
import { neverStarted } from "./because_ended.ts";
import { compensableTasks, leftInPlace, matcherText } from "./because_compensating.ts";
import type { Evidence } from "./evidence.ts";
import { attemptText, capital, later, shortened, taskText } from "./phrases.ts";
import { isOwnEvent, openExpectations } from "./open_expectations.ts";
import { sampleEvent } from "./sample_event.ts";

type Next = readonly NextStep<LogId>[];

const EVENTS_MAX = 3;
const NAMES_MAX = 10;

export function nextOf(
  annals: Annals,
  evidence: Evidence,
  waitingFor: readonly WaitingFor<LogId>[],
): Next {
  const { job } = annals;
  const condition = conditionOf(job);
  if (
    evidence.circumstances.definition === "missing" && job.state !== "Done" &&
    job.state !== "Failed"
  ) {
    return [loadDefinition(annals), ...controls(annals)];
  }
  if (evidence.circumstances.full && job.state !== "Done" && job.state !== "Failed") {
    const statement = "Nothing, until there is room on the disk; then it goes on by itself.";
    return [itself(statement, [annals.conditionSince.logId])];
  }
  switch (condition) {
    case "created":
      return [itself("Nothing happens by itself.", []), ...controls(annals)];
    case "scheduled": {
      const startAt = annals.created.attributes.startAt ?? "";
      return [itself(`It starts at ${startAt}.`, [annals.created.logId]), ...controls(annals)];
    }
    case "queued":
      return [itself("It runs when its turn comes.", []), ...controls(annals)];
    case "executing":
      return [...whileExecuting(annals), ...dueAttempts(annals), ...controls(annals)];
    case "waiting":
      return [...whileWaiting(annals, waitingFor), ...controls(annals)];
    case "backingOff":
      return [...onceDue(annals, evidence), ...controls(annals)];
    case "suspended":
      return [...whileSuspended(annals), ...controls(annals)];
    case "compensating":
      return [...whileCompensating(annals, waitingFor), ...controls(annals)];
    case "succeeded":
      return [itself("Nothing: it is over.", [])];
    case "failed":
    case "cancelled":
      return job.state === "Failed" ? afterFailure(annals, job) : [];
    default:
      return assertNever(condition, "condition");
  }
}

function itself(statement: string, cites: readonly LogId[]): NextStep<LogId> {
  return { by: "itself", statement, cites };
}

function anyone(statement: string, path: string, body?: JsonObject): NextStep<LogId> {
  const action = body === undefined
    ? { method: "POST", path } as const
    : { method: "POST", path, body } as const;
  return { by: "anyone", statement, cites: [], action };
}

function loadDefinition({ job, created }: Annals): NextStep<LogId> {
  const statement = `Start Daybook with a module that defines type ${job.type ?? ""} ` +
    "(--definitions), and the job goes on.";
  return { by: "anyone", statement, cites: [created.logId] };
}

/** The controls that the job's state takes. */
function controls({ job }: Annals): Next {
  const path = `/jobs/${job.jobId}`;
  switch (job.state) {
    case "Created":
      return [anyone("Start it now:", `${path}/start`), ...cancelOf(job, path)];
    case "Running":
      return job.suspendedBy === undefined
        ? cancelOf(job, path)
        : [anyone("Resume it:", `${path}/resume`), ...cancelOf(job, path)];
    case "Compensating":
      return job.suspendedBy === undefined ? [] : [anyone("Resume it:", `${path}/resume`)];
    case "Done":
    case "Failed":
      return [];
    default:
      return assertNever(job, "state");
  }
}

/** A plan that expects nothing cannot be cancelled: it would start as Done. */
function cancelOf(job: JobState, path: string): Next {
  return job.plan.expected.length === 0 ? [] : [anyone("Give it up:", `${path}/cancel`)];
}

function whileExecuting({ job, attempts }: Annals): Next {
  return runningTasks(job).slice(0, NAMES_MAX).map((task) => {
    const recorded = attempts.get(task.taskId) ?? [];
    const max = maxAttemptsOf(recorded);
    const left = max === undefined ? undefined : max - task.failures - 1;
    const after = left === undefined
      ? ""
      : left > 0
      ? `; should it fail, ${counted(left, "attempt")} ${left === 1 ? "is" : "are"} left`
      : "; should it fail, none is left";
    const until = untilText(recorded.at(-1)?.started);
    const statement = `${capital(taskText(task.taskId))} goes on until it ends${until}${after}.`;
    return itself(statement, [task.lastLogId]);
  });
}

/** When an attempt is ended at the latest; of those that do not say, nothing is known. */
function untilText(started: JobEventLogEntry | undefined): string {
  if (started?.eventType !== "job.TaskStarted") return "";
  const { attributes, receivedAt } = started as FrameworkEntry<"job.TaskStarted">;
  const { timeoutMs, maxAttempts } = attributes;
  if (timeoutMs !== undefined) return `, at ${later(receivedAt, timeoutMs)} at the latest`;
  return maxAttempts === undefined ? "" : ", however long that takes, for it has no time limit";
}

function whileWaiting(annals: Annals, waitingFor: readonly WaitingFor<LogId>[]): Next {
  const isHopeless = !hasCode(annals.job) &&
    openExpectations(annals.job).every(({ expected }) => isOwnEvent(expected));
  if (isHopeless) return [itself("Nothing can move it any more.", [annals.created.logId])];
  return [itself("Nothing, until an event comes.", []), ...eventsToSend(annals, waitingFor)];
}

function eventsToSend({ job }: Annals, waitingFor: readonly WaitingFor<LogId>[]): Next {
  const open = openExpectations(job);
  return waitingFor.slice(0, EVENTS_MAX).flatMap((wait) => {
    const { expectation, matched, required, nearMisses } = wait;
    const expected = open.find((one) => one.expected.id === expectation)?.expected;
    if (expected === undefined) return [];
    const event = sampleEvent(expected, job.jobId, nearMisses[0]?.attributes);
    if (event === undefined) return [];
    const more = required - matched;
    const count = more === 1 ? "the event" : `the event (${more} of them are missing)`;
    const whole = nearMisses.length > 0
      ? "put right"
      : hasCode(job)
      ? "with all else that its code reads from it"
      : "if it happened";
    return [anyone(`Send ${count} for "${expectation}", ${whole}:`, "/events", event)];
  });
}

/** What is running ends and is recorded; the rest waits. */
function whileSuspended({ job, suspended }: Annals): Next {
  const cites = suspended === undefined ? [] : [suspended.logId];
  const running = runningTasks(job).map(({ taskId }) => taskText(taskId));
  const goesOn = running.length === 0
    ? ""
    : `${capital(shortened(running, NAMES_MAX))} ${running.length === 1 ? "goes" : "go"} on to ${
      running.length === 1 ? "its" : "their"
    } end; `;
  const nothing = goesOn === "" ? "Nothing" : "nothing";
  return [itself(`${goesOn}${nothing} new begins until it is resumed.`, cites)];
}

/** What is due already waits for a worker, whatever time is on record. */
function onceDue(annals: Annals, { circumstances: { queue } }: Evidence): Next {
  return queue === undefined
    ? dueAttempts(annals)
    : [itself("It runs when its turn comes.", [annals.conditionSince.logId])];
}

function dueAttempts({ job, attempts }: Annals): Next {
  return job.tasks.flatMap((task) => {
    if (task.status !== "backingOff") return [];
    const which = attemptText(task.failures + 1, maxAttemptsOf(attempts.get(task.taskId) ?? []));
    const statement = `${
      capital(taskText(task.taskId))
    } is tried again at ${task.retryAt}: ${which}.`;
    return [itself(statement, [task.lastLogId])];
  });
}

function whileCompensating(
  annals: Annals,
  waitingFor: readonly WaitingFor<LogId>[],
): Next {
  const { job } = annals;
  const tasks = compensableTasks(job);
  const policy = job.plan.policy.compensation;
  const due = tasks.flatMap(({ compensation }) =>
    compensation?.status === "backingOff" ? [compensation.retryAt] : []
  );
  const [at] = due;
  if (at !== undefined) return [itself(`The compensation is tried again at ${at}.`, [])];
  if (tasks.length > 0 || policy === undefined) {
    return [itself("The compensation goes on, the last task first.", [])];
  }
  const { succeeded, failed } = policy;
  const nothing = `Nothing, until ${matcherText(succeeded)} or ${matcherText(failed)} comes.`;
  return [itself(nothing, [annals.created.logId]), ...eventsToSend(annals, waitingFor)];
}

function afterFailure(annals: Annals, job: FailedJob): Next {
  const { retried } = annals;
  const path = `/jobs/${job.jobId}/retry`;
  const reused = reusableTasks(job).map(({ taskId }) => taskId);
  const names = reused.length === 0
    ? "a new job does everything anew"
    : `a new job reuses the results of ${shortened(reused, NAMES_MAX)}`;
  const done = retried.map((entry) => ({
    by: "itself" as const,
    statement: `It was retried already, as job ${entry.attributes.newJobId}.`,
    cites: [entry.logId],
  }));
  const first = done.length > 0 ? done : [itself("Nothing: it is over.", [])];
  if (neverStarted(annals, job)) return [...first, sendAgain(annals)];
  return [...first, ...recovery(job), ...leftovers(job), anyone(`Retry it; ${names}:`, path)];
}

/** An event that gave no valid input made it: the same input would fail again. */
function sendAgain({ created }: Annals): NextStep<LogId> {
  const statement = "Send the event again, put right and under a new id; a retry of this job " +
    "would fail for the same reason.";
  return { by: "anyone", statement, cites: [created.logId] };
}

/** What no retry and no engine can mend. */
function recovery(job: FailedJob): Next {
  if (!job.failure.recoveryRequired) return [];
  const failed = compensableTasks(job)
    .filter(({ compensation }) => compensation?.status !== "compensated");
  const names = failed.length === 0
    ? "what it did"
    : shortened(failed.map(({ taskId }) => taskId), NAMES_MAX);
  const statement = `Undo by hand: ${names}. Daybook does not try again.`;
  return [{
    by: "anyone",
    statement,
    cites: failed.slice(0, NAMES_MAX).map((task) => task.lastLogId),
  }];
}

/** What nothing undid, because nothing was declared that could. */
function leftovers(job: FailedJob): Next {
  const left = leftInPlace(job);
  if (left.length === 0) return [];
  const names = shortened(left.map(({ taskId }) => taskId), NAMES_MAX);
  const statement = `See whether what is left in place must be undone by hand: ${names}.`;
  return [{
    by: "anyone",
    statement,
    cites: left.slice(0, NAMES_MAX).map((task) => task.completedBy),
  }];
}
