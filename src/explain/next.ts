/** What will happen by itself, and what anyone could do. */

import { assertNever } from "../core/assert_never.ts";
import { conditionOf } from "../core/condition.ts";
import { counted } from "../core/counted.ts";
import type { FrameworkEntry, JobEventLogEntry } from "../core/event.ts";
import type { NearMiss, NextStep, WaitingFor } from "./explanation.ts";
import type { LogId } from "../core/ids.ts";
import { hasCode, type JobState } from "../core/job_state.ts";
import { backsOff } from "../core/task_facts.ts";
import type { Annals } from "./annals.ts";
import { maxAttemptsOf } from "./attempts_noted.ts";
import { runningTasks } from "./because.ts";
import { compensableTasks } from "./because_compensating.ts";
import type { Circumstances, Evidence } from "./evidence.ts";
import { afterFailure } from "./next_after_failure.ts";
import { anyone, itself } from "./next_step.ts";
import { type Overtaken, unendedAttempts } from "./overtaken.ts";
import { attemptText, capital, later, matcherText, shortened, taskText } from "./phrases.ts";
import { cancelHolders } from "./queue_holders.ts";
import { isHopeless, openExpectations } from "./open_expectations.ts";
import { whileParked } from "./parked.ts";
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
  const { queue } = evidence.circumstances;
  if (
    evidence.circumstances.definition === "missing" && job.state !== "Done" &&
    job.state !== "Failed" && condition !== "parked"
  ) {
    return [loadDefinition(annals), ...eventsToSend(annals, waitingFor), ...controls(annals)];
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
      return [
        ...once(evidence, []),
        ...dueAttempts(annals),
        ...(queue === undefined ? [] : cancelHolders(queue)),
        ...controls(annals),
      ];
    case "executing":
      return [...whileExecuting(annals), ...dueAttempts(annals), ...controls(annals)];
    case "waiting":
      return [...whileWaiting(annals, waitingFor), ...controls(annals)];
    case "backingOff":
      return [...onceDue(annals, evidence), ...wakeUp(annals, evidence), ...controls(annals)];
    case "suspended":
      return [
        ...whileSuspended(annals),
        ...eventsToSend(annals, waitingFor),
        ...controls(annals),
      ];
    case "parked":
      return [...whileParked(annals), ...eventsToSend(annals, waitingFor)];
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

function loadDefinition({ job, created }: Annals): NextStep<LogId> {
  const until = job.suspendedBy === undefined
    ? "until then"
    : "until then, and until it is resumed,";
  const statement = `Start Daybook with a module that defines type ${job.type ?? ""} ` +
    `(--definitions): ${until} none of its code runs.`;
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
  const open = openExpectations(annals.job);
  if (open.every(({ expected }) => isHopeless(annals.job, expected))) {
    return [itself("Nothing can move it any more.", [annals.created.logId])];
  }
  return [itself("Nothing, until an event comes.", []), ...eventsToSend(annals, waitingFor)];
}

function eventsToSend({ job }: Annals, waitingFor: readonly WaitingFor<LogId>[]): Next {
  const open = openExpectations(job);
  return waitingFor.slice(0, EVENTS_MAX).flatMap((wait) => {
    const { expectation, matched, required, nearMisses } = wait;
    const expected = open.find((one) => one.expected.id === expectation)?.expected;
    const sample = expected && sampleEvent(expected, job.jobId);
    if (sample === undefined) return [];
    const { event, placeholders } = sample;
    const more = required - matched;
    const count = more === 1 ? "the event" : `the event (${more} of them are missing)`;
    const code = hasCode(job) ? ", with all else that its code reads" : "";
    const how = nearMisses.some(isMeant) ? `put right${code}` : `if it happened${code}`;
    const fill = placeholders.length === 0 ? "" : "; fill in what its plan leaves open";
    return [
      anyone(`Send ${count} for "${expectation}", ${how}${fill}:`, "/events", event, placeholders),
    ];
  });
}

/** Whether the event that came has all that was expected, in one way or another. */
function isMeant({ likeness }: NearMiss<LogId>): boolean {
  return likeness !== "values" && likeness !== "spelling";
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
  if (!hasCode(job)) {
    return [itself("Nothing is held up: it has no code, and events move it as ever.", cites)];
  }
  const nothing = goesOn === "" ? "Nothing" : "nothing";
  return [itself(`${goesOn}${nothing} new begins until it is resumed.`, cites)];
}

/** When it gets a worker. */
function once(
  { circumstances: { queue } }: { readonly circumstances: Pick<Circumstances, "queue"> },
  cites: readonly LogId[],
): Next {
  const pause = queue?.pause;
  if (pause === undefined) return [itself("It runs when its turn comes.", cites)];
  const path = `/pauses/${pause.pauseId}`;
  return [
    itself("Nothing begins while everything is paused; events still count.", [pause.by]),
    { by: "anyone", statement: "End the pause:", cites: [], action: { method: "DELETE", path } },
  ];
}

/** What is due already waits for a worker, whatever time is on record. */
function onceDue(annals: Annals, { circumstances: { queue } }: Evidence): Next {
  return queue === undefined
    ? dueAttempts(annals)
    : once({ circumstances: { queue } }, [annals.conditionSince.logId]);
}

/** Ends the backoff early; what is due already waits for a worker alone. */
function wakeUp({ job }: Annals, { circumstances: { queue } }: Evidence): Next {
  if (queue !== undefined || !backsOff(job.tasks)) return [];
  return [anyone("Try it again now, once what failed is put right:", `/jobs/${job.jobId}/wake`)];
}

function dueAttempts({ job, attempts }: Annals): Next {
  const backingOff = job.tasks.filter((task) => task.status === "backingOff");
  return backingOff.slice(0, NAMES_MAX).flatMap((task) => {
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
  const unended = unendedAttempts(annals);
  if (unended.length > 0) {
    const names = shortened(unended.map(({ taskId }) => taskText(taskId)), NAMES_MAX);
    const statement = `The compensation begins when ${names} ${
      unended.length === 1 ? "has" : "have"
    } ended.`;
    return [itself(statement, unended.slice(0, NAMES_MAX).flatMap(beginningOf))];
  }
  const [at] = due;
  if (at !== undefined) return [itself(`The compensation is tried again at ${at}.`, [])];
  if (tasks.length > 0 || policy === undefined) {
    return [itself("The compensation goes on, the last task first.", [])];
  }
  const { succeeded, failed } = policy;
  const nothing = `Nothing, until ${matcherText(succeeded)} or ${matcherText(failed)} comes.`;
  return [itself(nothing, [annals.created.logId]), ...eventsToSend(annals, waitingFor)];
}

function beginningOf({ attempt: { started } }: Overtaken): readonly LogId[] {
  return started === undefined ? [] : [started.logId];
}
