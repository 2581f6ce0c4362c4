/** Explains a job that waits for events. */

import { isUnmeetable, openExpectations } from "../../core/awaited_events.ts";
import { countText } from "../../core/counted.ts";
import { holds } from "../../core/correlation.ts";
import { type JobId, type LogId, MAIN_TASK } from "../../core/ids.ts";
import { type ExpectedEvent, MAIN_EXPECTATION_ID } from "../../core/job_plan.ts";
import { findTask, hasCode, isSleep } from "../../core/job_state.ts";
import { present } from "../../core/json.ts";
import { matchedText } from "../words/expectations.ts";
import { lastCompleted } from "../past/attempts.ts";
import { countedTwice } from "../ended/counted_events.ts";
import type { Case } from "../statements/evidence.ts";
import type { NearMiss, Next, NextStep, Reasons } from "../statements/explanation.ts";
import {
  FEW_MAX,
  LIST_MAX,
  shortened,
  SUMMARY_MAX,
  taskText,
  uncapital,
} from "../words/phrases.ts";
import { sampleEvent } from "./requests_to_send.ts";
import { moveSender } from "./senders.ts";
import { automatic, manual, reason } from "../statements/statement.ts";
import { besideSleepsText, endsByTime, sleepReasons } from "./due_times.ts";
import { likeliestText } from "./waiting_for.ts";

/** The beginning of the reasons that name what a job waits for. */
export const WAITS_FOR = "It waits for ";

export function waitingText({ job, waitingFor }: Case): string {
  const waits = openExpectations(job).map(({ expected, matched }) =>
    `"${expected.id}" (${expected.matcher.eventType}), ${matchedText(expected, matched)}`
  );
  if (waits.length === 0) return "is waiting, and its code will continue with what it has.";
  const ended = findTask(job, MAIN_TASK)?.status === "completed" ? ", after its code ended" : "";
  return `is waiting for ${shortened(waits, SUMMARY_MAX)}${ended}${besideSleepsText(job)}` +
    causeText(waitingFor);
}

/** `: shop.Paid came at ... and did not count: ...`, or that nothing resembles what is missing. */
function causeText(waitingFor: Case["waitingFor"]): string {
  const likeliest = likeliestText(waitingFor);
  if (likeliest !== undefined) return `: ${likeliest}`;
  const remark = waitingFor[0]?.remark;
  return remark === undefined ? "." : `: ${uncapital(remark)}`;
}

export function waitingReasons(known: Case): Reasons {
  const waits = known.waitingFor.slice(0, LIST_MAX);
  return [
    ...waits.map(({ statement, cites }) => reason(WAITS_FOR + statement, ...cites)),
    ...countedTwice(known),
    ...sleepReasons(known),
    ...runReasons(known),
  ];
}

function runReasons({ job, waiting }: Case): Reasons {
  const main = findTask(job, MAIN_TASK);
  if (main?.status === "completed") {
    const open = shortened(openExpectations(job).map(({ expected }) => `"${expected.id}"`));
    const are = open.includes('" and ') ? "are" : "is";
    const statement = `run ended at ${main.endedAt}, but ${open} ${are} still expected.`;
    return [reason(statement, main.completedBy)];
  }
  if (main?.status !== "waiting" || waiting === undefined) return [];
  const names = main.expectations.filter((name) => name !== MAIN_EXPECTATION_ID);
  if (names.length === 0) return [];
  const asked = shortened(names.map((name) => `"${name}"`));
  const before = lastCompleted(job);
  const after = before === undefined
    ? ""
    : isSleep(before)
    ? `, after sleep ${before.taskId} ended`
    : `, after ${taskText(before.taskId)} completed`;
  const statement = `run asked for ${asked} at ${waiting.receivedAt}${after}.`;
  return [reason(statement, waiting, before?.completedBy)];
}

export function whileWaiting(known: Case): Next {
  const { job, created } = known;
  if (openExpectations(job).every(({ expected }) => isUnmeetable(job, expected))) {
    return [automatic("Nothing can complete it any more.", created)];
  }
  const first = [...endsByTime(known), ...moveSenders(known)];
  return [
    ...first.length > 0 ? first : [automatic("Nothing, until an event comes.")],
    ...eventsToSend(known),
  ];
}

/** The jobs that were to send what nothing on record resembles. */
function moveSenders({ candidates, waitingFor }: Case): Next {
  return waitingFor.slice(0, FEW_MAX).flatMap(({ expectation, nearMisses }) => {
    const sender = candidates.get(expectation)?.sender;
    return sender === undefined || nearMisses.length > 0 ? [] : moveSender(sender);
  });
}

export function eventsToSend({ job, waitingFor }: Case): Next {
  const open = openExpectations(job);
  return waitingFor.slice(0, FEW_MAX).flatMap((wait) => {
    const { expectation, matched, required, nearMisses } = wait;
    const expected = open.find((one) => one.expected.id === expectation)?.expected;
    const meant = nearMisses.find(isMeant);
    const again = expected && meant && repeated(expected, job.jobId, meant);
    if (again !== undefined) return [again];
    const read = hasCode(job) && meant?.likeness === "form" ? meant.attributes : {};
    const sample = expected && sampleEvent(expected, job.jobId, read);
    if (sample === undefined) return [];
    const { event, placeholders } = sample;
    const more = required - matched;
    const count = more === 1 ? "" : ` (${countText(more)} are missing)`;
    const code = hasCode(job) ? ", with any other fields its code reads" : "";
    const how = meant === undefined ? `if it happened${code}` : `corrected${code}`;
    const fill = placeholders.length === 0 ? "" : "; replace the placeholders";
    return [
      manual(
        `Send the event for "${expectation}"${count}, ${how}${fill}:`,
        "/events",
        event,
        placeholders,
      ),
    ];
  });
}

/** An event that only came too early, as it came. */
function repeated(
  { id, matcher: { eventType, correlation }, taskId }: ExpectedEvent,
  jobId: JobId,
  { likeness, attributes }: NearMiss<LogId>,
): NextStep<LogId> | undefined {
  if (likeness !== "time" || !holds(correlation, attributes)) return undefined;
  const event = { eventType, jobId, ...present({ taskId }), attributes };
  return manual(`Send the event for "${id}" again, as it came:`, "/events", event);
}

/**
 * Whether the event has everything that was expected, except for form, type, address, place or
 * time.
 */
function isMeant({ likeness, policy }: NearMiss<LogId>): boolean {
  return policy === undefined && likeness !== "values" && likeness !== "spelling";
}
