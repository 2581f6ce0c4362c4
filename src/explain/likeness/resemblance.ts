/**
 * How an event that did not count resembles the expected one, and how it differs. Each event is
 * judged by its own content and effects: never by when it came, nor by how many others of its type
 * there are.
 */

import { correlationTerms } from "../../core/correlation.ts";
import { isCorrelated, isRefused, type JobEventLogEntry } from "../../core/event.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import type { ExpectedEvent, MatchableEvent } from "../../core/job_plan.ts";
import type { JobState } from "../../core/job_state.ts";
import { present } from "../../core/json.ts";
import { toMatchable } from "../../core/projector.ts";
import {
  insideForm,
  isClose,
  type Mismatch,
  mismatchDistance,
  mismatchesWith,
  OFF,
} from "./mismatch.ts";
import { looseForm } from "./loose_form.ts";
import { neighbourhood } from "./names.ts";
import { SLIP_TEXT } from "./spelling_slip.ts";
import {
  carriedValues,
  contradiction,
  demanded,
  isDistinctive,
  isIdentifier,
  looseValues,
  type OwnValue,
} from "./own_values.ts";
import { ENCODED_TEXT, isRecodingNote } from "./recoding.ts";

/**
 * In the order in which they are tried: equal but for form; right content under a neighbouring
 * type; addressed to another job or task; right content elsewhere in the event; the right event at
 * the wrong time; one misspelt value; the value within a text of JSON, or as a part of a text;
 * merely carrying the job's own values.
 */
export const LIKENESSES = [
  "form",
  "type",
  "address",
  "place",
  "time",
  "spelling",
  "encoded",
  "part",
  "values",
] as const;
export type Likeness = typeof LIKENESSES[number];

export interface Effect {
  readonly jobId: JobId;
  /** The entry that reached it: the event, or the one that stands for it there. */
  readonly logId: LogId;
  /** Expectations for which it counted there; absent when unknown. */
  readonly counted?: readonly string[];
}

/** The job that events are compared with. */
export interface Comparison {
  readonly job: JobState;
  readonly own: readonly OwnValue[];
  /** Loose forms of values that many events carry: they indicate no likeness. */
  readonly common: ReadonlySet<string>;
  /** Types that came in place of the expected one. */
  readonly successors: ReadonlySet<string>;
  /** The position of the entry that created it. */
  readonly createdBy: LogId;
  readonly causedBy: LogId | undefined;
  /** The entry after which events count; `undefined` before the start. */
  readonly started: Pick<JobEventLogEntry, "logId" | "receivedAt"> | undefined;
}

/** An event to compare, and what is known about it. */
export interface Candidate {
  readonly entry: JobEventLogEntry;
  /** Jobs that it reached, without the one that it is compared with. */
  readonly effects: readonly Effect[];
  /** Whether it counted for something else of the same job. */
  readonly hasCounted: boolean;
}

export interface Resemblance {
  readonly entry: JobEventLogEntry;
  readonly kind: Likeness;
  /** Clauses of the expectation that it fails. */
  readonly clauses: readonly Mismatch[];
  /** How its type differs; absent when it has the expected type. */
  readonly type?: string;
  /** The other job that it names. */
  readonly addressee?: JobId;
  readonly effects: readonly Effect[];
  readonly isEarly: boolean;
  /** The job's own values that it carries, when there is no other likeness. */
  readonly carried: readonly OwnValue[];
  /** The lower, the more similar. */
  readonly distance: number;
}

const DISTANCE: Readonly<Record<Likeness, number>> = {
  form: 1,
  type: 3,
  address: 4,
  place: 5,
  time: 6,
  spelling: 8,
  encoded: 9,
  part: 10,
  values: 30,
};

const SUCCESSOR = "of which none has come since the first of this type";

/** `undefined` for an event that shares only its type, or was meant for another job. */
export function toResemblance(
  comparison: Comparison,
  expected: ExpectedEvent,
  candidate: Candidate,
): Resemblance | undefined {
  const { entry } = candidate;
  const event = toMatchable(entry);
  const type = neighbourhood(expected.matcher.eventType, event.eventType) ??
    (comparison.successors.has(event.eventType) ? SUCCESSOR : undefined);
  const isType = event.eventType === expected.matcher.eventType;
  const features = { event, type, isType, clauses: mismatchesWith(expected, event) };
  return rightContent(comparison, expected, candidate, features) ??
    misspelt(comparison, candidate, features) ??
    inside(comparison, expected, candidate, features) ??
    ownContent(comparison, candidate, features);
}

interface Features {
  readonly event: MatchableEvent;
  readonly type: string | undefined;
  readonly isType: boolean;
  readonly clauses: readonly Mismatch[];
}

/** It has everything that is expected, except for form, type, address, place or time. */
function rightContent(
  comparison: Comparison,
  expected: ExpectedEvent,
  candidate: Candidate,
  { event, type, isType, clauses }: Features,
): Resemblance | undefined {
  const { entry, effects, hasCounted } = candidate;
  if (!isType && (type === undefined || entry.stratum === "framework")) return undefined;
  if (!isType && entry.causedBy !== undefined) return undefined;
  const content = clauses.filter(({ path }) => path !== "taskId");
  if (!content.every(isClose)) return undefined;
  const addressee = addresseeOf(entry, comparison);
  const others: Likeness[] = [
    ...(content.some(({ close }) => close) ? ["form"] as const : []),
    ...(isType ? [] : ["type"] as const),
    ...(addressee !== undefined || content.length < clauses.length ? ["address"] as const : []),
    ...(content.some(({ close }) => !close) ? ["place"] as const : []),
  ];
  const isEarly = isBefore(entry, comparison.started, others.length === 0);
  const kinds: Likeness[] = isEarly ? [...others, "time"] : others;
  // A difference other than form determines the kind, if there is one.
  const [kind = kinds[0]] = kinds.filter((one) => one !== "form");
  const resemblance = (kind: Likeness) => {
    const distance = kinds.reduce((sum, one) => sum + DISTANCE[one], 0) + content.length / 100;
    const more = { ...present({ type, addressee }), isEarly };
    return resemblanceOf(kind, candidate, clauses, distance, more);
  };
  const isOther = hasCounted || effects.length > 0;
  if (kind === undefined) {
    return entry.stratum === "coordination" || isRefused(entry) ? resemblance("time") : undefined;
  }
  const isOfForm = kind === "form" && isType;
  if (isOfForm && (!isOther || isAsking(expected))) return resemblance(kind);
  return identifies(comparison, expected, entry, event) ? resemblance(kind) : undefined;
}

/** The other job that an event names. */
function addresseeOf({ jobId }: JobEventLogEntry, { job }: Comparison): JobId | undefined {
  return jobId === job.jobId ? undefined : jobId;
}

/** It has everything that is expected except for one misspelt or recoded value, and reached no job. */
function misspelt(
  comparison: Comparison,
  candidate: Candidate,
  { isType, clauses }: Features,
): Resemblance | undefined {
  const [slip, ...others] = clauses.filter(({ close }) => !close);
  if (slip === undefined || others.length > 0) return undefined;
  if (slip.form !== SLIP_TEXT && !isRecodingNote(slip.form)) return undefined;
  return isType && isUnclaimed(comparison, candidate)
    ? resemblanceOf("spelling", candidate, clauses)
    : undefined;
}

/** It has everything that is expected, with values inside texts, and reached no job. */
function inside(
  comparison: Comparison,
  { matcher }: ExpectedEvent,
  candidate: Candidate,
  { isType, clauses }: Features,
): Resemblance | undefined {
  const apart = clauses.filter((clause) => !isClose(clause));
  const forms = apart.map(insideForm);
  if (forms.length === 0 || forms.includes(undefined)) return undefined;
  const paths = new Set(apart.map(({ path }) => path));
  const isRare = [...demanded(matcher.correlation)].some(([path, value]) =>
    paths.has(path) && isIdentifier(path, value) && !comparison.common.has(looseForm(value))
  );
  const kind = forms.includes(ENCODED_TEXT) ? "encoded" : "part";
  return isType && isRare && isUnclaimed(comparison, candidate)
    ? resemblanceOf(kind, candidate, clauses)
    : undefined;
}

/** Whether it came in time, from outside, and for no other job. */
function isUnclaimed(
  { job, started }: Comparison,
  { entry, effects, hasCounted }: Candidate,
): boolean {
  return entry.stratum === "domain" && !hasCounted && effects.length === 0 &&
    (entry.jobId === undefined || entry.jobId === job.jobId) && !isBefore(entry, started, false);
}

function resemblanceOf(
  kind: Likeness,
  { entry, effects }: Candidate,
  clauses: readonly Mismatch[],
  distance = DISTANCE[kind] + clauses.length / 100,
  more: Partial<Resemblance> = {},
): Resemblance {
  return { entry, kind, clauses, effects, isEarly: false, carried: [], distance, ...more };
}

/**
 * Whether an event came before the start. If something else is wrong too, the event's own time must
 * be earlier as well, since imported jobs may come with their events in another order.
 */
function isBefore(
  entry: JobEventLogEntry,
  started: Comparison["started"],
  isAll: boolean,
): boolean {
  if (started === undefined) return true;
  return entry.logId < started.logId && (isAll || entry.receivedAt < started.receivedAt);
}

/** Whether an expectation demands more than a type. */
function isAsking({ matcher, taskId }: ExpectedEvent): boolean {
  return taskId !== undefined || correlationTerms(matcher.correlation) > 0;
}

/** Whether the event says which job it is about: by its address, or by a rare value. */
function identifies(
  { job, own, common }: Comparison,
  { matcher }: ExpectedEvent,
  entry: JobEventLogEntry,
  event: MatchableEvent,
): boolean {
  if (entry.jobId === job.jobId && entry.stratum !== "framework") return true;
  const carried = looseValues(event);
  const terms = [...demanded(matcher.correlation)];
  if (terms.length === 0) {
    return own.some(({ value, loose, path }) =>
      carried.has(loose) && !common.has(loose) && isIdentifier(path, value)
    );
  }
  return terms.some(([path, value]) => {
    const loose = looseForm(value);
    return carried.has(loose) && isDistinctive(value) &&
      (isIdentifier(path, value) || !common.has(loose));
  });
}

/** It carries the job's own values, and was meant for no other. */
function ownContent(
  comparison: Comparison,
  candidate: Candidate,
  { event, type, isType, clauses }: Features,
): Resemblance | undefined {
  const { entry, effects, hasCounted } = candidate;
  const { job, own, createdBy, causedBy, started } = comparison;
  const isNamed = entry.jobId === job.jobId;
  if (hasCounted || entry.stratum === "framework" && !isCorrelated(entry)) return undefined;
  const isSentByJob = entry.causedBy !== undefined && entry.stratum !== "framework";
  if (entry.logId === causedBy || isSentByJob && !isType) return undefined;
  if (entry.logId < createdBy || effects.some(({ counted }) => counted?.length !== 0)) {
    return undefined;
  }
  const carried = carriedValues(comparison, event, isNamed);
  if (carried.length === 0 && !(isNamed && entry.stratum !== "framework")) return undefined;
  if (!isNamed && isAboutAnother(own, carried, event, clauses, isType)) return undefined;
  const apart = isType ? 0 : type === undefined ? 5 : 3;
  const distance = DISTANCE.values + apart + (isType ? mismatchDistance(clauses) / OFF : 0) -
    (isNamed ? 4 : 0) -
    Math.min(3, carried.length);
  return resemblanceOf("values", candidate, isType ? clauses : [], distance, {
    ...isType ? {} : { type: type ?? "another type" },
    ...present({ addressee: addresseeOf(entry, comparison) }),
    isEarly: isBefore(entry, started, false),
    carried,
  });
}

/** Whether it has another value where the job has an identifier. */
function isAboutAnother(
  own: readonly OwnValue[],
  carried: readonly OwnValue[],
  { attributes }: MatchableEvent,
  clauses: readonly Mismatch[],
  isType: boolean,
): boolean {
  const strong = carried.filter(({ from, path, value }) =>
    from === "id" || isIdentifier(path, value)
  );
  if (strong.some(({ from }) => from === "id" || from === "plan")) return false;
  if (contradiction(own, attributes) !== undefined) return true;
  if (strong.length > 0) return false;
  // Events share a region or a name by chance, unless the rest fits as well.
  return !isType || clauses.some(({ found, close }) => found !== "nothing" && !close);
}
