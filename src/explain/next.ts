/** What will happen by itself, and what a person can do. */

import { countText } from "../core/size.ts";
import { assertNever } from "../core/assert_never.ts";
import { deriveCondition } from "../core/condition.ts";
import { counted } from "../core/counted.ts";
import type { FrameworkEntry, JobEventLogEntry } from "../core/event.ts";
import type { NearMiss, Next, NextStep, WaitingFor } from "./explanation.ts";
import type { LogId } from "../core/ids.ts";
import { hasCode, type JobState } from "../core/job_state.ts";
import { backsOff } from "../core/task_facts.ts";
import type { OutlinedHistory } from "./outlined_history.ts";
import { findMaxAttempts } from "./attempts_noted.ts";
import { attemptToCome, compensationSubject } from "./attempts.ts";
import { runningTasks } from "./because.ts";
import { compensableTasks } from "./because_compensating.ts";
import type { Circumstances, Evidence } from "./evidence.ts";
import { afterFailure } from "./next_after_failure.ts";
import { automatic, byHand, manual } from "./next_step.ts";
import { type Overtaken, unendedAttempts } from "./overtaken.ts";
import { holdingLater, isPaused, pauseSteps } from "./pause_texts.ts";
import { capital, later, matcherText, shortened, taskText } from "./phrases.ts";
import { cancelHolders, rateOpensAt, restoreLimit } from "./queue_holders.ts";
import { isUnmeetable, openExpectations } from "./open_expectations.ts";
import { leaveInPlace, whileParked } from "./parked.ts";
import { retrySender } from "./senders.ts";
import { sampleEvent } from "./sample_event.ts";
import { openWaits } from "../core/waits.ts";
import { deadlineSteps, endsByTime, openSleeps } from "./times.ts";

const EVENTS_MAX = 3;
const NAMES_MAX = 10;
/** How many pauses are shown. */
const PAUSES_MAX = 3;

export function nextSteps(
  outlined: OutlinedHistory,
  evidence: Evidence,
  waitingFor: readonly WaitingFor<LogId>[],
): Next {
  const { job } = outlined;
  const condition = deriveCondition(job);
  const { queue, definition, silentSince, full } = evidence.circumstances;
  if (job.state === "Failed") return afterFailure(outlined, job, evidence);
  if (job.state === "Done") return [automatic("Nothing: the job has ended.", [])];
  const events = eventsToSend(outlined, waitingFor);
  if (definition === "missing" && condition !== "parked") {
    return [loadDefinition(outlined), ...events, ...controls(outlined)];
  }
  const missing = silentSince !== undefined
    ? "the database answers"
    : full
    ? "there is room on the disk"
    : undefined;
  if (missing !== undefined) {
    const statement = `Nothing, until ${missing}; then it continues by itself.`;
    return [automatic(statement, [outlined.conditionSince.logId])];
  }
  const ends = endsByTime(outlined, evidence);
  const pauses = holdingLater(outlined, evidence).slice(0, PAUSES_MAX).flatMap(pauseSteps);
  const others = controls(outlined);
  switch (condition) {
    case "created":
      return [automatic("Nothing happens by itself.", []), ...pauses, ...others];
    case "scheduled": {
      const starts = `It starts at ${outlined.created.attributes.startAt ?? ""}.`;
      return [automatic(starts, [outlined.created.logId]), ...pauses, ...others];
    }
    case "queued":
      return [
        ...once(queue, []),
        ...dueAttempts(outlined, evidence),
        ...ends,
        ...(queue === undefined ? [] : [...restoreLimit(queue), ...cancelHolders(queue)]),
        ...others,
      ];
    case "executing":
      return [...whileExecuting(outlined), ...dueAttempts(outlined, evidence), ...ends, ...others];
    case "waiting":
      return [
        ...whileWaiting(outlined, ends, [...retrySenders(evidence, waitingFor), ...events]),
        ...pauses,
        ...others,
      ];
    case "sleeping":
      return [...ends, ...pauses, ...others];
    case "backingOff":
      return [
        ...queue === undefined
          ? dueAttempts(outlined, evidence)
          // A retry that is due waits for a worker, whatever time is on record.
          : once(queue, [outlined.conditionSince.logId]),
        ...pauses,
        ...wakeUp(outlined, evidence),
        ...deadlineSteps(outlined),
        ...others,
      ];
    case "suspended":
      return [...whileSuspended(outlined), ...ends, ...events, ...pauses, ...others];
    case "parked":
      return [...whileParked(outlined, evidence), ...pauses, ...ends, ...events];
    case "compensating":
      return [
        ...queue?.pauses === undefined
          ? whileCompensating(outlined, evidence, events)
          : once(queue, []),
        ...pauses,
        ...wakeUp(outlined, evidence),
        ...others,
        ...whatNothingElseEnds(job),
      ];
    case "succeeded":
    case "failed":
    case "cancelled":
      return [];
    default:
      return assertNever(condition, "condition");
  }
}

function loadDefinition({ job, created }: OutlinedHistory): NextStep<LogId> {
  const until = job.suspendedBy === undefined
    ? "until then"
    : "until then, and until it is resumed,";
  const statement = `Start Daybook with a module that defines type ${job.type ?? ""} ` +
    `(--definitions): ${until} none of its code runs.`;
  return byHand(statement, [created.logId]);
}

/** The controls that the job accepts now. */
function controls({ job }: OutlinedHistory): Next {
  const path = `/jobs/${job.jobId}`;
  switch (job.state) {
    case "Created":
      return [manual("Start it now:", `${path}/start`), ...cancelStep(job, path)];
    case "Running":
      return job.suspendedBy === undefined
        ? cancelStep(job, path)
        : [manual("Resume it:", `${path}/resume`), ...cancelStep(job, path)];
    case "Compensating":
      return job.suspendedBy === undefined ? [] : [manual("Resume it:", `${path}/resume`)];
    case "Done":
    case "Failed":
      return [];
    default:
      return assertNever(job, "state");
  }
}

/** A plan that expects nothing cannot be cancelled: it would start as Done. */
function cancelStep(job: JobState, path: string): Next {
  return job.plan.expected.length === 0 ? [] : [manual("Cancel it:", `${path}/cancel`)];
}

function whileExecuting({ job, attempts }: OutlinedHistory): Next {
  return runningTasks(job).slice(0, NAMES_MAX).map((task) => {
    const recorded = attempts.get(task.taskId) ?? [];
    const max = findMaxAttempts(recorded);
    const left = max === undefined ? undefined : max - task.failures - 1;
    const after = left === undefined
      ? ""
      : left > 0
      ? `; should it fail, ${counted(left, "attempt")} ${left === 1 ? "is" : "are"} left`
      : "; should it fail, none is left";
    const until = untilText(recorded.at(-1)?.started);
    const statement = `${capital(taskText(task.taskId))} continues until it ends${until}${after}.`;
    return automatic(statement, [task.lastLogId]);
  });
}

/** When an attempt ends at the latest, if it has a time limit. */
function untilText(started: JobEventLogEntry | undefined): string {
  if (started?.eventType !== "job.TaskStarted") return "";
  const { attributes, receivedAt } = started as FrameworkEntry<"job.TaskStarted">;
  const { timeoutMs, maxAttempts } = attributes;
  if (timeoutMs !== undefined) return `, at ${later(receivedAt, timeoutMs)} at the latest`;
  return maxAttempts === undefined ? "" : ", however long that takes, for it has no time limit";
}

function whileWaiting(outlined: OutlinedHistory, ends: Next, events: Next): Next {
  const open = openExpectations(outlined.job);
  if (open.every(({ expected }) => isUnmeetable(outlined.job, expected))) {
    return [automatic("Nothing can move it any more.", [outlined.created.logId])];
  }
  const nothing = automatic("Nothing, until an event comes.", []);
  return [...(ends.length > 0 ? ends : [nothing]), ...events];
}

/** The jobs that were to send what nothing on record resembles. */
function retrySenders({ candidates }: Evidence, waitingFor: readonly WaitingFor<LogId>[]): Next {
  return waitingFor.slice(0, EVENTS_MAX).flatMap(({ expectation, nearMisses }) => {
    const sender = candidates.get(expectation)?.sender;
    return sender === undefined || nearMisses.length > 0 ? [] : retrySender(sender);
  });
}

function eventsToSend({ job }: OutlinedHistory, waitingFor: readonly WaitingFor<LogId>[]): Next {
  const open = openExpectations(job);
  return waitingFor.slice(0, EVENTS_MAX).flatMap((wait) => {
    const { expectation, matched, required, nearMisses } = wait;
    const expected = open.find((one) => one.expected.id === expectation)?.expected;
    const meant = nearMisses.find(isMeant);
    const read = hasCode(job) && meant?.likeness === "form" ? meant.attributes : {};
    const sample = expected && sampleEvent(expected, job.jobId, read);
    if (sample === undefined) return [];
    const { event, placeholders } = sample;
    const more = required - matched;
    const count = more === 1 ? "the event" : `the event (${countText(more)} of them are missing)`;
    const code = hasCode(job) ? ", with any other fields its code reads" : "";
    const how = meant === undefined ? `if it happened${code}` : `corrected${code}`;
    const fill = placeholders.length === 0 ? "" : "; replace the placeholders";
    return [
      manual(`Send ${count} for "${expectation}", ${how}${fill}:`, "/events", event, placeholders),
    ];
  });
}

/**
 * Whether the event has everything that was expected, except for form, type, address, place or
 * time.
 */
function isMeant({ likeness, policy }: NearMiss<LogId>): boolean {
  return policy === undefined && likeness !== "values" && likeness !== "spelling";
}

/** What is running continues to its end; the rest waits. */
function whileSuspended({ job, suspended }: OutlinedHistory): Next {
  const cites = suspended === undefined ? [] : [suspended.logId];
  const running = runningTasks(job).map(({ taskId }) => taskText(taskId));
  const untilEnd = running.length === 0
    ? ""
    : `${capital(shortened(running, NAMES_MAX))} ${
      running.length === 1 ? "continues" : "continue"
    } to ${running.length === 1 ? "its" : "their"} end; `;
  if (!hasCode(job)) {
    return [automatic("Nothing is held up: the job has no code, and events still move it.", cites)];
  }
  const nothing = untilEnd === "" ? "Nothing" : "nothing";
  return [automatic(`${untilEnd}${nothing} new begins until it is resumed.`, cites)];
}

/** When it gets a worker. */
function once(queue: Circumstances["queue"], cites: readonly LogId[]): Next {
  if (queue?.pauses !== undefined) return queue.pauses.slice(0, PAUSES_MAX).flatMap(pauseSteps);
  const opensAt = queue && rateOpensAt(queue);
  if (queue !== undefined && opensAt !== undefined) {
    const { ahead } = queue;
    const statement = ahead === 0
      ? `It may begin at ${opensAt}, when its turn has come.`
      : `The rate lets the next job begin at ${opensAt}, and ${
        counted(ahead, "job goes", "jobs go")
      } before this one.`;
    return [automatic(statement, cites)];
  }
  const place = queue?.limit === undefined ? "" : "a place is free and ";
  return [automatic(`It runs when ${place}its turn comes.`, cites)];
}

/** Ends the backoff early. A retry that is due only waits for a worker. */
function wakeUp({ job }: OutlinedHistory, { circumstances: { queue } }: Evidence): Next {
  if (queue !== undefined || !backsOff(job.tasks)) return [];
  const others = openSleeps(job).length > 0 || openWaits(job).length > 0
    ? "; this also ends its sleeps and its waits until a time"
    : "";
  const statement = `Try it again now, once the cause is fixed${others}:`;
  return [manual(statement, `/jobs/${job.jobId}/wake`)];
}

function dueAttempts({ job, attempts }: OutlinedHistory, evidence: Evidence): Next {
  const again = againText(evidence);
  const backingOff = job.tasks.filter((task) => task.status === "backingOff");
  return backingOff.slice(0, NAMES_MAX).flatMap((task) => {
    const which = attemptToCome(task, attempts.get(task.taskId) ?? []);
    const statement = `${capital(taskText(task.taskId))} ${again} at ${task.retryAt}: ${which}.`;
    return [automatic(statement, [task.lastLogId])];
  });
}

function againText(evidence: Evidence): string {
  return isPaused(evidence) ? "is due to be tried again" : "is tried again";
}

function whileCompensating(outlined: OutlinedHistory, evidence: Evidence, events: Next): Next {
  const { job } = outlined;
  const tasks = compensableTasks(job);
  const policy = job.plan.policy.compensation;
  const due = tasks.flatMap(({ compensation }) =>
    compensation?.status === "backingOff" ? [compensation.retryAt] : []
  );
  const unended = unendedAttempts(outlined);
  if (unended.length > 0) {
    const names = shortened(unended.map(({ taskId }) => taskText(taskId)), NAMES_MAX);
    const statement = `The compensation begins when ${names} ${
      unended.length === 1 ? "has" : "have"
    } ended.`;
    return [automatic(statement, unended.slice(0, NAMES_MAX).flatMap(beginningOf))];
  }
  const [at] = due;
  if (at !== undefined) {
    return [automatic(`The compensation ${againText(evidence)} at ${at}.`, [])];
  }
  const running = tasks.find(({ compensation }) => compensation?.status === "running");
  if (running !== undefined) {
    const statement = `${capital(compensationSubject(running.taskId))} continues until it ends, ` +
      "however long that takes, for it has no time limit.";
    return [automatic(statement, [running.lastLogId])];
  }
  if (tasks.length > 0 || policy === undefined) {
    return [automatic("The compensation continues, the last task first.", [])];
  }
  const { succeeded, failed } = policy;
  const nothing = `Nothing, until ${matcherText(succeeded)} or ${matcherText(failed)} comes.`;
  return [automatic(nothing, [outlined.created.logId]), ...events];
}

/** A compensation under way has no time limit, and one from outside needs its event. */
function whatNothingElseEnds(job: JobState): Next {
  const tasks = compensableTasks(job);
  const isRunning = tasks.some(({ compensation }) => compensation?.status === "running");
  if (isRunning) return [leaveInPlace(job)];
  if (tasks.length > 0) return [];
  const statement = "Cancel it as it is, if that event never comes:";
  return [manual(statement, `/jobs/${job.jobId}/cancel`, { leave: true })];
}

function beginningOf({ attempt: { started } }: Overtaken): readonly LogId[] {
  return started === undefined ? [] : [started.logId];
}
