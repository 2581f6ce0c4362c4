/**
 * What is notable about a job that continued anyway: where its time went, steps that may have
 * happened twice, failures that a later attempt fixed, and events that came too late.
 */

import { isCorrelated, isFromOutside, type JobEventLogEntry } from "../core/event.ts";
import { isWithdrawal } from "../core/framework_events.ts";
import type { Reasons } from "./explanation.ts";
import { type LogId, MAIN_TASK } from "../core/ids.ts";
import { expectationAccepts, type ExpectedEvent, requiredMatches } from "../core/job_plan.ts";
import { type JsonObject, jsonSize } from "../core/json.ts";
import { correlationPaths } from "../core/correlation.ts";
import { isTerminal, type JobState } from "../core/job_state.ts";
import { toMatchable } from "../core/projector.ts";
import { shownScalar, shownText, shownValue } from "../core/shown_value.ts";
import { countText } from "../core/size.ts";
import { originalId, type OutlinedHistory } from "./outlined_history.ts";
import { causeCited, compensationSubject, cutShortText, recordedAttemptText } from "./attempts.ts";
import { type Attempt, endedBadly, findMaxAttempts } from "./attempts_noted.ts";
import { lengthMs } from "./condition_spans.ts";
import { durationText } from "../core/duration.ts";
import type { Evidence } from "./evidence.ts";
import { errorText } from "../core/error_text.ts";
import { contradiction, looseValues } from "./likeness/carried_values.ts";
import { isIdentifier, ownValues } from "./likeness/own_values.ts";
import { capital, shortened, taskText } from "./phrases.ts";
import { timeSpent, timeText } from "./time_spent.ts";

/** The beginning of the reason that says where the time went. */
export const SPENT = "It spent ";

const TASKS_SHOWN_MAX = 3;
const VALUES_SHOWN_MAX = 3;

/**
 * Steps, and compensations, that ran again after an attempt was cut short, whose first attempt may
 * have had an effect.
 */
export function repeatedSteps(
  { attempts, compensations }: OutlinedHistory,
  causes: Evidence["causes"],
): Reasons {
  const all = [
    ...[...attempts].flatMap(([taskId, ofTask]) =>
      taskId === MAIN_TASK ? [] : [[taskText(taskId), ofTask] as const]
    ),
    ...[...compensations].map(([taskId, of]) => [compensationSubject(taskId), of] as const),
  ];
  return all.flatMap(([subject, ofTask]) => {
    const lastStart = ofTask.findLastIndex(({ started }) => started !== undefined);
    const cut = ofTask.slice(0, Math.max(0, lastStart)).filter(isCutShort);
    const [attempt, ended] = [cut.at(-1), cut.at(-1)?.ended];
    if (attempt === undefined || ended?.end.kind !== "interrupted") return [];
    const again = ofTask.slice(ofTask.indexOf(attempt) + 1)
      .find(({ started }) => started !== undefined);
    const own = [ended.entry, attempt.started, again?.started].flatMap((one) => one?.logId ?? []);
    const cites = [...own, ...causeCited(ended.entry, causes)];
    const why = cutShortText(ended.entry, ended.end.reason, causes);
    const numbers = shortened(cut.map((one) => `${one.attempt}`), TASKS_SHOWN_MAX);
    const which = cut.length === 1 ? `attempt ${numbers} was` : `attempts ${numbers} were`;
    const times = cut.length === 1 ? "twice" : `${countText(cut.length + 1)} times`;
    const statement = `${capital(subject)} may have happened ${times}: its ${which} cut ` +
      `short (${
        cut.length === 1 ? "" : "the last: "
      }${why}), possibly after doing some or all of ` +
      `${cut.length === 1 ? "its" : "their"} work, and attempt ${
        again?.attempt ?? 0
      } started over.`;
    return [{ statement, cites }];
  }).slice(0, TASKS_SHOWN_MAX);
}

function isCutShort({ ended, started }: Attempt): boolean {
  return started !== undefined && ended?.end.kind === "interrupted" &&
    !isWithdrawal(ended.end.reason);
}

/** Tasks that failed, and completed in the end. */
export function recoveredFailures(outlined: OutlinedHistory): Reasons {
  const recovered = outlined.job.tasks.flatMap(({ taskId, status }) => {
    const ofTask = outlined.attempts.get(taskId) ?? [];
    const failed = ofTask.filter((attempt) =>
      endedBadly(attempt) && attempt.ended?.end.kind === "failed"
    );
    const last = failed.at(-1)?.ended;
    if (status !== "completed" || last === undefined || last.end.kind !== "failed") return [];
    const count = failed.length + (ofTask[0]?.badBefore ?? 0);
    const max = findMaxAttempts(ofTask);
    const of = max === undefined ? "" : ` of ${max}`;
    const [first] = failed;
    const times = count === 1 && first !== undefined
      ? recordedAttemptText(first, max)
      : `${count} attempts${of}`;
    const [before, done] = [failed.at(-1)?.attempt ?? 0, ofTask.at(-1)?.attempt ?? 0];
    const then = done === before + 1 ? "the next" : `attempt ${done}`;
    const isUnsure = failed.some(({ ended }) =>
      ended?.end.kind === "failed" && ended.end.timedOutMs !== undefined
    );
    const unsure = isUnsure
      ? " What an attempt had begun before its time limit may have happened all the same."
      : "";
    const statement = `${capital(taskText(taskId))} failed in ${times}, and completed in ` +
      `${then}: ${errorText(last.end.error)}.${unsure}`;
    return [{
      statement,
      cites: failed.slice(-3).flatMap(({ ended }) => ended?.entry.logId ?? []),
    }];
  });
  return recovered.slice(0, TASKS_SHOWN_MAX);
}

/** Where the time went in an ended job that took far longer than others. */
export function whereTimeWent(outlined: OutlinedHistory, evidence: Evidence): Reasons {
  const parts = timeSpent(outlined, evidence);
  if (parts.length === 0) return [];
  const statement = `${SPENT}${timeText(parts)}.`;
  return [{ statement, cites: [...new Set(parts.flatMap(({ cites }) => cites))] }];
}

/** How many expectations are looked at for events that came too late or counted twice. */
const EXPECTATIONS_MAX = 16;
/** How many events of one expectation are compared, and how large each may be, in characters. */
const COUNTED_MAX = 64;
const CONTENT_MAX = 4_096;
/** How long an event may take to be recorded. */
const UNTIL_RECORDED_MS = 1_000;

/**
 * Two events that count for one expectation and have the same content, as when a sender repeats one
 * with a new id. Events with only what the plan asks for are alike by nature.
 */
export function countedTwice(outlined: OutlinedHistory): Reasons {
  const { job } = outlined;
  const several = job.plan.expected.flatMap(({ id, matcher, multiplicity }, at) => {
    const by = job.expected[at]?.by ?? [];
    return by.length < 2 || requiredMatches(multiplicity) < 2 ? [] : [{ id, matcher, by }];
  });
  return several.slice(0, EXPECTATIONS_MAX).flatMap(({ id, matcher, by }) => {
    const asked = correlationPaths(matcher.correlation);
    const before = new Map<string, JobEventLogEntry>();
    for (const logId of by.slice(0, COUNTED_MAX)) {
      const entry = outlined.entries.get(logId);
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
      return [{ statement, cites: [first.logId, entry.logId] }];
    }
    return [];
  }).slice(0, TASKS_SHOWN_MAX);
}

/**
 * Events that counted, or failed the job, although they have another value where the job has an
 * identifier, and none of its identifiers: what accepts them compares too little.
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
    if (own.some(({ path, value, loose }) => isIdentifier(path, value) && values.has(loose))) {
      return [];
    }
    const other = contradiction(own, attributes);
    if (other === undefined) return [];
    const name = shownText(other.own.path);
    const statement = `${eventType} ${what}, although its ${name} is ` +
      `${shownScalar(other.found)} and this job's is ${shownScalar(other.own.value)}: ` +
      `${who} does not compare ${name}.`;
    return [{
      statement,
      cites: [...entry.causedBy ? [entry.causedBy] : [], entry.logId, job.firstLogId],
    }];
  }).slice(0, TASKS_SHOWN_MAX);
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

/** The entry with which a job gave up on an expectation, or failed; `undefined` if it did not. */
export function givenUpAt(job: JobState, at: number): LogId | undefined {
  const [planned, progress] = [job.plan.expected[at], job.expected[at]];
  if (planned === undefined || progress === undefined || !isTerminal(job)) return undefined;
  if (progress.matched >= requiredMatches(planned.multiplicity)) return undefined;
  const wait = job.waits?.findLast(({ expectation }) => expectation === planned.id);
  return progress.waived ?? wait?.passedBy ??
    (job.state === "Failed" ? job.failure.because : undefined);
}

/** Events that came after the job had given up on them, or had failed. */
export function eventsTooLate(outlined: OutlinedHistory, { later = new Map() }: Evidence): Reasons {
  const { job } = outlined;
  const unmet = job.plan.expected.flatMap((expected, at) => {
    const gaveUp = outlined.entries.get(givenUpAt(job, at) ?? 0);
    return gaveUp === undefined ? [] : [{ expected, gaveUp }];
  });
  return unmet.slice(0, EXPECTATIONS_MAX).flatMap(({ expected, gaveUp }) => {
    const { id, matcher } = expected;
    const late = firstAfter(gaveUp, expected, outlined, later);
    if (late === undefined) return [];
    const after = durationText(lengthMs(gaveUp.receivedAt, late.receivedAt));
    const statement =
      `${matcher.eventType} for "${id}" came at ${late.receivedAt}, ${after} after ` +
      `the job had ${goneText(gaveUp)}.`;
    return [{ statement, cites: [gaveUp.logId, late.logId] }];
  }).slice(0, TASKS_SHOWN_MAX);
}

/** @param gaveUp The entry with which a job gave up on an expectation, or failed. */
function goneText({ eventType }: JobEventLogEntry): string {
  if (eventType === "job.DeadlinePassed") return "given up on it";
  return eventType === "job.JobCancelled" ? "been cancelled" : "failed";
}

/** The event that an expectation took, when another one that would have matched came too late. */
export function overlookedEvents(
  outlined: OutlinedHistory,
  { later = new Map() }: Evidence,
): Reasons {
  const { job } = outlined;
  return job.plan.expected.flatMap((expected, at) => {
    const by = job.expected[at]?.by ?? [];
    const taken = outlined.entries.get(by.at(-1) ?? 0);
    if (taken === undefined || by.length < requiredMatches(expected.multiplicity)) return [];
    const late = firstAfter(taken, expected, outlined, later);
    if (late === undefined) return [];
    const statement = lateText(expected.id, correlationPaths(expected.matcher.correlation), {
      taken,
      late,
    });
    const cites = [taken, late].flatMap(({ logId, causedBy }) =>
      causedBy === undefined ? [logId] : [causedBy, logId]
    );
    return statement === undefined ? [] : [{ statement, cites }];
  }).slice(0, TASKS_SHOWN_MAX);
}

interface Two {
  readonly taken: JobEventLogEntry;
  readonly late: JobEventLogEntry;
}

/** Attributes that the plan does not ask about; empty when the two are equal. */
function lateText(
  id: string,
  asked: ReadonlySet<string>,
  { taken, late }: Two,
): string | undefined {
  const [first, second] = [toMatchable(taken).attributes, toMatchable(late).attributes];
  const names = Object.keys({ ...first, ...second }).filter((name) =>
    !asked.has(name) && shownValue(first[name]) !== shownValue(second[name])
  );
  if (names.length === 0) return undefined;
  const after = durationText(lengthMs(taken.receivedAt, late.receivedAt));
  return `"${id}" took the event of ${taken.receivedAt} with ${values(first, names)}; one with ${
    values(second, names)
  } came ${after} later, too late.`;
}

function values(attributes: JsonObject, names: readonly string[]): string {
  const shown = names.slice(0, VALUES_SHOWN_MAX);
  return shortened(
    shown.map((name) => `${name} ${shownValue(attributes[name])}`),
    VALUES_SHOWN_MAX,
  );
}

/** The first event after an entry that an expectation would have accepted. */
function firstAfter(
  { logId }: JobEventLogEntry,
  expected: ExpectedEvent,
  { facts }: OutlinedHistory,
  later: NonNullable<Evidence["later"]>,
): JobEventLogEntry | undefined {
  const own = (facts.get(expected.matcher.eventType) ?? []).filter((entry) =>
    entry.logId > logId && expectationAccepts(expected, toMatchable(entry))
  );
  const all = [...own, ...later.get(expected.id) ?? []];
  return all.toSorted((left, right) => left.logId - right.logId)[0];
}
