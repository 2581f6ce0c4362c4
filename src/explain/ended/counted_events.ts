/**
 * Events that counted although they may not have been meant to, and those that came too late to
 * count.
 */

import { inOrder } from "../../core/ascending.ts";
import { policyExpectations } from "../../core/awaited_events.ts";
import { type Correlation, correlationPaths } from "../../core/correlation.ts";
import { durationText, lengthMs } from "../../core/duration.ts";
import {
  isCorrelated,
  isFromOutside,
  isOfType,
  isRefused,
  type JobEventLogEntry,
} from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import {
  type EventMatcher,
  expectationAccepts,
  type ExpectedEvent,
  type MatchableEvent,
  matcherAccepts,
  requiredMatches,
} from "../../core/job_plan.ts";
import { isTerminal, type JobState } from "../../core/job_state.ts";
import { type JsonObject, type JsonScalar, jsonSize } from "../../core/json.ts";
import { toMatchable } from "../../core/projector.ts";
import { shownScalar, shownText, shownValue } from "../../core/shown_value.ts";
import type { Reasons } from "../statements/explanation.ts";
import { originalId, type OutlinedHistory } from "../history/outlined_history.ts";
import { reason } from "../statements/statement.ts";
import type { Evidence } from "../statements/evidence.ts";
import {
  contradiction,
  isIdentifier,
  looseValues,
  type OwnValue,
  ownValues,
} from "../likeness/own_values.ts";
import { correlationMismatches, isClose, mismatchesText } from "../likeness/mismatch.ts";
import { correlationText } from "../words/expectations.ts";
import { FEW_MAX, shortened, taskText } from "../words/phrases.ts";

/** How many expectations are looked at. */
const EXPECTATIONS_MAX = 16;
/** How many events of one expectation are compared, and how large each may be, in characters. */
const COUNTED_MAX = 64;
const CONTENT_MAX = 4_096;
/** An error before the start is about the same work if it came this shortly before. */
const SHORTLY_MS = 3_600_000;
/** How long an event may take to be recorded. */
const UNTIL_RECORDED_MS = 1_000;

/**
 * Two events that count for one expectation and have the same content, as when a sender repeats one
 * with a new id. Events with only what the plan asks for are alike by nature.
 */
export function countedTwice({ job, entries }: OutlinedHistory): Reasons {
  const several = job.plan.expected.flatMap(({ id, matcher, multiplicity }, at) => {
    const by = job.expected[at]?.by ?? [];
    return by.length < 2 || requiredMatches(multiplicity) < 2 ? [] : [{ id, matcher, by }];
  });
  return several.slice(0, EXPECTATIONS_MAX).flatMap(({ id, matcher, by }) => {
    const asked = correlationPaths(matcher.correlation);
    const before = new Map<string, JobEventLogEntry>();
    for (const logId of by.slice(0, COUNTED_MAX)) {
      const entry = entries.get(logId);
      const content = entry && contentBeside(asked, entry);
      if (entry === undefined || content === undefined) continue;
      const first = before.get(content);
      if (first === undefined) {
        before.set(content, entry);
        continue;
      }
      const statement = `Two events that counted for "${id}" have the same content under ` +
        `different ids, ${shownText(originalId(first))} and ${shownText(originalId(entry))}: one ` +
        "may have been sent twice.";
      return [reason(statement, first, entry)];
    }
    return [];
  }).slice(0, FEW_MAX);
}

/** What a sender chose, apart from the id; `undefined` if it is only what is asked for, or large. */
function contentBeside(asked: ReadonlySet<string>, entry: JobEventLogEntry): string | undefined {
  const { attributes, taskId } = toMatchable(entry);
  const isTelling = Object.keys(attributes).some((name) => !asked.has(name));
  if (!isTelling || jsonSize(attributes) > CONTENT_MAX) return undefined;
  const { occurredAt } = isCorrelated(entry) ? entry.attributes : entry;
  // Without a time from its sender, an event occurred when it came, just before it was recorded.
  const isOwnTime = lengthMs(occurredAt, entry.receivedAt) > UNTIL_RECORDED_MS;
  return JSON.stringify([attributes, taskId, isOwnTime ? occurredAt : null]);
}

/**
 * Events that counted, or failed the job, although they have another value where the job has an
 * identifier: what accepts them compares too little. If they have another identifier of the job,
 * only what its plan asks of other events is compared: the event of a customer may be of another order.
 */
export function countedOfAnother({ job, entries, failedBy }: OutlinedHistory): Reasons {
  const own = ownValues(job);
  const counted = job.plan.expected.slice(0, EXPECTATIONS_MAX).flatMap(({ id }, at) =>
    (job.expected[at]?.by ?? []).slice(0, COUNTED_MAX).flatMap((logId) => {
      const entry = entries.get(logId);
      return entry === undefined ? [] : [{ entry, what: `counted for "${id}"`, who: `"${id}"` }];
    })
  );
  const failing = failedBy === undefined
    ? []
    : [{ entry: failedBy.entry, what: "failed the job", who: "its policy" }];
  return [...failing, ...counted].flatMap(({ entry, what, who }) => {
    if (!isFromOutside(entry)) return [];
    const { eventType, attributes } = toMatchable(entry);
    const values = looseValues({ attributes });
    const carriesOwn = own.some(({ path, value, loose }) =>
      isIdentifier(path, value) && values.has(loose)
    );
    const other = contradiction(
      carriesOwn ? own.filter(({ from }) => from === "plan") : own,
      attributes,
    );
    if (other === undefined) return [];
    const name = shownText(other.own.path);
    const statement = `${eventType} ${what}, although its ${name} is ` +
      `${shownScalar(other.found)} and this job's is ${shownScalar(other.own.value)}: ` +
      `${who} does not compare ${name}.`;
    return [reason(statement, entry.causedBy, entry, job.firstLogId)];
  }).slice(0, FEW_MAX);
}

/**
 * Events that counted for another job as well, and have an identifier of that job, and none of this
 * one but what its plan compares: they may be about the other one only.
 */
export function countedForOther({ job, entries, sharers = new Map() }: Evidence): Reasons {
  const own = ownValues(job);
  const compared = new Set(own.filter(({ from }) => from === "plan").map(({ loose }) => loose));
  return [...sharers].flatMap(([logId, other]) => {
    const entry = entries.get(logId);
    if (entry === undefined) return [];
    const { eventType, attributes } = toMatchable(entry);
    const values = looseValues({ attributes });
    const isCarried = ({ path, value, loose }: OwnValue) =>
      isIdentifier(path, value) && values.has(loose);
    const theirs = own.some((one) => isCarried(one) && !compared.has(one.loose))
      ? undefined
      : ownValues(other).find((one) =>
        isCarried(one) && !compared.has(one.loose) && !isSmall(one.value)
      );
    const mine = own.find(({ path }) => path === theirs?.path);
    if (theirs === undefined || mine === undefined) return [];
    const statement = `${eventType} counted for this job, although it has the ` +
      `${shownText(mine.path)} of job ${other.jobId}, ${shownScalar(theirs.value)}, for which it ` +
      `counted as well; this job's is ${shownScalar(mine.value)}.`;
    return [reason(statement, entry.causedBy, entry, other.firstLogId, job.firstLogId)];
  }).slice(0, FEW_MAX);
}

/** Two things may share a smaller number by chance. */
const SMALL = 1_000;

function isSmall(value: JsonScalar): boolean {
  return typeof value === "number" && Math.abs(value) < SMALL;
}

/** What names an event an error in the policy of a job. */
export function failingMatcher(
  { plan }: JobState,
  event: MatchableEvent,
): EventMatcher | undefined {
  return plan.policy.errors.find((one) => matcherAccepts(one, event));
}

/**
 * That the event which failed a job is nearly one that its policy excepts, as when `not status =
 * "ok"` holds since the event has the value in another form or place.
 */
export function nearlyExcluded({ job, failedBy }: Evidence): Reasons {
  if (failedBy === undefined || !isFromOutside(failedBy.entry)) return [];
  const event = toMatchable(failedBy.entry);
  const { correlation } = failingMatcher(job, event) ?? {};
  return excludedBy(correlation).flatMap((excluded) => {
    const clauses = correlationMismatches(excluded, event.attributes);
    if (clauses.length === 0 || !clauses.every(isClose)) return [];
    const statement = `Its policy excepts ${correlationText(excluded)}, which the event nearly ` +
      `has: ${mismatchesText(clauses)}.`;
    return [reason(statement, failedBy.entry.causedBy, failedBy.entry, job.firstLogId)];
  });
}

function excludedBy(correlation: Correlation | undefined): readonly Correlation[] {
  if (correlation === undefined || correlation === "any") return [];
  if ("not" in correlation) return [correlation.not];
  return "all" in correlation ? correlation.all.flatMap(excludedBy) : [];
}

/** The task that sent the event which failed a job: of this job or another. */
export function sentByTask({ job, failedBy, causes, entries }: Evidence): Reasons {
  const on = (logId: LogId | undefined = 0) => causes.get(logId) ?? entries.get(logId);
  const event = on(failedBy?.entry.causedBy);
  const sent = on(event?.causedBy);
  if (event === undefined || !isOfType(sent, "job.TaskCompleted")) return [];
  const { taskId = "", jobId } = sent;
  const task = taskText(taskId);
  const by = jobId === job.jobId ? `its own ${task}` : `${task} of job ${jobId}`;
  return [reason(`${toMatchable(event).eventType} was sent by ${by}.`, sent, event)];
}

/** The entry with which a job gave up on an expectation, or failed; `undefined` if it did not. */
export function givenUpAt(job: JobState, at: number): LogId | undefined {
  const [planned, progress] = [job.plan.expected[at], job.expected[at]];
  if (planned === undefined || progress === undefined || !isTerminal(job)) return undefined;
  if (progress.matched >= requiredMatches(planned.multiplicity)) return undefined;
  const wait = job.waits?.findLast(({ expectation }) => expectation === planned.id);
  return progress.waived ?? wait?.passedBy ??
    (job.state === "Failed" ? job.failure.because : undefined);
}

/** A shorter time only says that it was close. */
const RIGHT_AFTER_MS = 1_000;

interface LateEvent {
  readonly expected: ExpectedEvent;
  /** The entry with which the job gave up on it, or failed. */
  readonly gaveUp: JobEventLogEntry;
  readonly late: JobEventLogEntry;
}

/** Events that came after the job had given up on them, or had failed. */
export function lateEvents(known: Evidence): readonly LateEvent[] {
  const { job, entries } = known;
  const unmet = job.plan.expected.flatMap((expected, at) => {
    const gaveUp = entries.get(givenUpAt(job, at) ?? 0);
    return gaveUp === undefined ? [] : [{ expected, gaveUp }];
  });
  return unmet.slice(0, EXPECTATIONS_MAX).flatMap(({ expected, gaveUp }) => {
    const late = after(known, expected, gaveUp).find((entry) => !isRefused(entry));
    return late === undefined ? [] : [{ expected, gaveUp, late }];
  }).slice(0, FEW_MAX);
}

export function eventsTooLate(known: Evidence): Reasons {
  return lateEvents(known).map(({ expected, gaveUp, late }) => {
    const ms = lengthMs(gaveUp.receivedAt, late.receivedAt);
    const after = ms < RIGHT_AFTER_MS ? "right after" : `${durationText(ms)} after`;
    const statement = `${expected.matcher.eventType} for "${expected.id}" came at ` +
      `${late.receivedAt}, ${after} the job had ${goneText(gaveUp)}${waitedText(known, gaveUp)}.`;
    return reason(statement, gaveUp, late);
  });
}

/** @param gaveUp The entry with which a job gave up on an expectation, or failed. */
function goneText({ eventType }: JobEventLogEntry): string {
  if (eventType === "job.DeadlinePassed") return "given up on it";
  return eventType === "job.JobCancelled" ? "been cancelled" : "failed";
}

/** `, having waited 3 d`: a time that was given in another unit shows. */
function waitedText({ job: { waits = [] }, entries }: Evidence, gaveUp: JobEventLogEntry): string {
  const { setBy = 0 } = waits.find(({ passedBy }) => passedBy === gaveUp.logId) ?? {};
  const began = entries.get(setBy)?.receivedAt;
  return began === undefined
    ? ""
    : `, having waited ${durationText(lengthMs(began, gaveUp.receivedAt))}`;
}

/**
 * Events that the policy of a job which is Done names errors, and that did not count, since they
 * came shortly before the job started, or after it had ended.
 */
export function errorsOutOfTime(known: Evidence): Reasons {
  const { job, later, started, endedBy } = known;
  if (job.state !== "Done" || started === undefined || endedBy === undefined) return [];
  return policyExpectations(job.plan).flatMap(({ expected: { id } }) => {
    const entry = later?.get(id)?.filter((one) => !isRefused(one)).find(({ logId, receivedAt }) =>
      logId > endedBy.entry.logId ||
      logId < started.logId && lengthMs(receivedAt, started.receivedAt) <= SHORTLY_MS
    );
    if (entry === undefined) return [];
    const [when, ms] = entry.logId < started.logId
      ? ["before the job started", lengthMs(entry.receivedAt, started.receivedAt)]
      : ["after the job had ended", lengthMs(endedBy.entry.receivedAt, entry.receivedAt)];
    const statement = `${toMatchable(entry).eventType}, which its policy names an error, came at ` +
      `${entry.receivedAt}, ${durationText(ms)} ${when}.`;
    return [reason(statement, entry)];
  }).slice(0, FEW_MAX);
}

/**
 * The event that an expectation took, when another one that would have matched came too late, or
 * was refused for its id: the attributes in which they differ, and that the plan does not ask about.
 * One that came after the job had failed has nothing to do with that.
 */
export function overlookedEvents(known: Evidence): Reasons {
  const { job, entries, failedBy } = known;
  const end = failedBy?.entry.logId ?? Infinity;
  return job.plan.expected.flatMap((expected, at) => {
    const by = job.expected[at]?.by ?? [];
    const taken = entries.get(by.at(-1) ?? 0);
    if (taken === undefined || by.length < requiredMatches(expected.multiplicity)) return [];
    const late = after(known, expected, taken)
      .find((entry) => entry.logId < end || isRefused(entry));
    if (late === undefined) return [];
    const [first, second] = [taken, late].map((entry) => toMatchable(entry).attributes);
    const asked = correlationPaths(expected.matcher.correlation);
    const names = Object.keys({ ...first, ...second }).filter((name) =>
      !asked.has(name) && shownValue(first?.[name]) !== shownValue(second?.[name])
    ).slice(0, FEW_MAX);
    if (names.length === 0) return [];
    const values = (attributes: JsonObject = {}) =>
      shortened(names.map((name) => `${name} ${shownValue(attributes[name])}`), FEW_MAX);
    const length = durationText(lengthMs(taken.receivedAt, late.receivedAt));
    const fate = isRefused(late)
      ? `, but was refused: its id, ${shownText(late.attributes.eventId)}, was on record already`
      : ", too late";
    const statement = `"${expected.id}" took the event of ${taken.receivedAt} with ` +
      `${values(first)}; one with ${values(second)} came ${length} later${fate}.`;
    return [reason(statement, taken.causedBy, taken, late.causedBy, late)];
  }).slice(0, FEW_MAX);
}

/** The events after an entry that an expectation would have accepted. */
function after(
  { job, facts, later }: Evidence,
  expected: ExpectedEvent,
  { logId }: JobEventLogEntry,
): readonly JobEventLogEntry[] {
  const counted = new Set(job.expected.flatMap(({ by }) => by));
  const own = (facts.get(expected.matcher.eventType) ?? []).filter((entry) =>
    entry.logId > logId && !counted.has(entry.logId) &&
    expectationAccepts(expected, toMatchable(entry))
  );
  return inOrder([...own, ...later?.get(expected.id) ?? []]);
}
