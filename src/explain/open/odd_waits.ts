/**
 * What a wait for an event shows beside events that may have been meant: when similar jobs had
 * theirs, and why fewer may come than the plan counts.
 */

import type { OpenExpectation } from "../../core/awaited_events.ts";
import { countText } from "../../core/counted.ts";
import { durationText } from "../../core/duration.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import { requiredMatches } from "../../core/job_plan.ts";
import type { JobState } from "../../core/job_state.ts";
import { isScalar, type JsonScalar, type JsonValue, present } from "../../core/json.ts";
import { toMatchable } from "../../core/projector.ts";
import { shownScalar, shownText } from "../../core/shown_value.ts";
import type { OutlinedHistory } from "../history/outlined_history.ts";
import { placesIn } from "../likeness/elsewhere.ts";
import type { Candidates, Evidence, Repeat } from "../statements/evidence.ts";
import type { Statement } from "../statements/explanation.ts";
import { reason } from "../statements/statement.ts";

/** Fewer others do not tell what is usual. */
export const OTHERS_MIN = 10;
/** Of more events that counted, none is looked at. */
const CAME_MAX = 32;

/** Why no more events may come, or `undefined`. */
export function fewerEvents(
  known: Evidence,
  open: OpenExpectation,
  candidates: Candidates | undefined,
): Statement<LogId> | undefined {
  return combinedEvent(known, open, candidates) ?? repeatedElement(known, open);
}

/**
 * One of the events that came has more elements in a list than all others of its type, and together
 * they have as many as events are expected: it may stand for several.
 */
function combinedEvent(
  known: Evidence,
  open: OpenExpectation,
  candidates: Candidates | undefined,
): Statement<LogId> | undefined {
  const came = eventsOf(known, open);
  for (const [name, { events, least, most }] of candidates?.lists ?? []) {
    const lengths = came.flatMap((entry) => lengthIn(entry, name) ?? []);
    const sum = lengths.reduce((one, other) => one + other, 0);
    const [odd, another] = came.filter((_, at) => (lengths[at] ?? 0) > most);
    const others = events + came.length - 1;
    const isOdd = lengths.length === came.length && odd !== undefined && another === undefined;
    if (!isOdd || others < OTHERS_MIN || sum !== requiredMatches(open.expected.multiplicity)) {
      continue;
    }
    const [length = 0, fewest] = [lengthIn(odd, name), Math.min(least, ...lengths)];
    const usual = fewest === most ? `${most}` : `at most ${most}`;
    const statement =
      `The ${countText(came.length)} that came have ${countText(sum)} elements in ` +
      `${shownText(name)}: the one of ${odd.receivedAt} has ${countText(length)}, where ` +
      `${countText(others)} others of this type have ${usual}.`;
    return reason(statement, odd);
  }
  return undefined;
}

/** The entries of the events that counted; none unless all are known. */
function eventsOf(
  { entries }: Pick<OutlinedHistory, "entries">,
  { by }: OpenExpectation,
): readonly JobEventLogEntry[] {
  const came = by.length > CAME_MAX ? [] : by.flatMap((logId) => entries.get(logId) ?? []);
  return came.length === by.length ? came : [];
}

function lengthIn(entry: JobEventLogEntry, name: string): number | undefined {
  return listsIn(toMatchable(entry).attributes).find(([list]) => list === name)?.[1].length;
}

/** The lists that are members of an object. */
export function listsIn(
  value: JsonValue | undefined,
): readonly (readonly [name: string, elements: readonly JsonValue[]])[] {
  if (value === undefined || isScalar(value) || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    Array.isArray(member) ? [[name, member] as const] : []
  );
}

function repeatedElement(
  { job, similarWaits }: Evidence,
  { expected }: OpenExpectation,
): Statement<LogId> | undefined {
  if (similarWaits?.expectation !== expected.id || similarWaits.repeat === undefined) {
    return undefined;
  }
  const { list, member, value, times, others } = similarWaits.repeat;
  const what = `${member === undefined ? "" : `${shownText(member)} = `}${shownScalar(value)}`;
  const often = times === 2 ? "twice" : `${countText(times)} times`;
  const statement = `Its input has ${what} ${often} in ${shownText(list)}, where all differ in ` +
    `${countText(others)} others of its type, and as many events came as differ here.`;
  return reason(statement, job.firstLogId);
}

/** Where each element of a list is told from the others by a text or number. */
export type Distinction = Pick<Repeat, "list" | "member">;

/**
 * What a list of the input has several times, if it has an element for each expected event, and as
 * many came as it has different ones, with one of them for what it has several times.
 */
export function repeatsIn(
  known: OutlinedHistory,
  open: OpenExpectation,
): readonly Omit<Repeat, "others">[] {
  const { input, sealed } = known.job;
  const { expected: { multiplicity }, matched } = open;
  const came = eventsOf(known, open);
  if (came.length === 0 || sealed !== undefined) return [];
  const values = new Set(
    came.flatMap((entry) => placesIn(toMatchable(entry).attributes)).map(({ value }) => value),
  );
  return listsIn(input).flatMap(([list, elements]) => {
    if (elements.length !== requiredMatches(multiplicity)) return [];
    return membersOf(elements[0]).flatMap((member) => {
      const counts = countsOf(elements, member);
      const [value, times = 0] = [...counts ?? []].find(([value, times]) =>
        times > 1 && values.has(value)
      ) ?? [];
      return value === undefined || counts?.size !== matched
        ? []
        : [{ list, value, times, ...present({ member }) }];
    });
  });
}

/** Whether the elements of that list all differ there; `undefined` if it has not several. */
export function areDistinct(
  { input }: JobState,
  { list, member }: Distinction,
): boolean | undefined {
  const elements = listsIn(input).find(([name]) => name === list)?.[1] ?? [];
  const counts = elements.length < 2 ? undefined : countsOf(elements, member);
  return counts && counts.size === elements.length;
}

/** Under what elements like this one may be told apart: themselves, or by a member. */
function membersOf(element: JsonValue | undefined): readonly (string | undefined)[] {
  if (element === undefined || Array.isArray(element)) return [];
  return isScalar(element) ? [undefined] : Object.keys(element).slice(0, CAME_MAX);
}

/** The elements of a longer list are not compared. */
const ELEMENTS_MAX = 100;

/** How often each text or number is there; `undefined` if an element has none. */
function countsOf(
  elements: readonly JsonValue[],
  member: string | undefined,
): ReadonlyMap<JsonScalar, number> | undefined {
  if (elements.length > ELEMENTS_MAX) return undefined;
  const counts = new Map<JsonScalar, number>();
  for (const element of elements) {
    const value = member === undefined
      ? element
      : isScalar(element) || Array.isArray(element)
      ? undefined
      : (element as Record<string, JsonValue>)[member];
    if (typeof value !== "string" && typeof value !== "number") return undefined;
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return counts;
}

/** `; this job started at ..., and the 30 ... had theirs 2 s to 8 s after their start`, or nothing. */
export function usualWaitText(
  { job, similarWaits }: Evidence,
  { expected }: OpenExpectation,
): string {
  const usual = similarWaits?.expectation === expected.id ? similarWaits.usual : undefined;
  if (usual === undefined || !("startedAt" in job)) return "";
  const { jobs, leastMs, medianMs, mostMs, isLonger } = usual;
  const most = durationText(mostMs);
  const others = `the ${jobs} of its type before it that succeeded`;
  return isLonger
    ? `; this job started at ${job.startedAt}, and has waited longer than all of ${others}: they ` +
      `had theirs at most ${most} after their start`
    : `; this job started at ${job.startedAt}, and ${others} had theirs ` +
      `${durationText(leastMs)} to ${most} after their start, in the median ` +
      durationText(medianMs);
}
