/** The values that identify a job. An event that carries one may have been meant for it. */

import { type Correlation, termsOf } from "../../core/correlation.ts";
import { MAIN_TASK } from "../../core/ids.ts";
import type { MatchableEvent } from "../../core/job_plan.ts";
import type { JobState, TaskState } from "../../core/job_state.ts";
import { isScalar, type JsonObject, type JsonScalar, valueAt } from "../../core/json.ts";
import { placePath, placesIn } from "./elsewhere.ts";
import { looseForm, TEXT_LENGTH_MAX } from "./loose_form.ts";

/** At most this many are searched. */
const VALUES_MAX = 64;

export interface OwnValue {
  readonly from: "id" | "plan" | "label" | "input" | "result";
  /** Where the job has it: a path in its plan, input or a result, or the name of a label. */
  readonly path: string;
  readonly value: JsonScalar;
  readonly loose: string;
}

/** The most significant first: its id, what its plan correlates, labels, input scalars. */
export function ownValues(job: JobState): readonly OwnValue[] {
  return distinctive(givenValues(job));
}

/**
 * The same, and last ids that its steps returned, as another service gives them: an event with one
 * may be meant for the job.
 */
export function soughtValues(job: JobState): readonly OwnValue[] {
  return distinctive([
    ...givenValues(job),
    ...job.tasks.slice(0, VALUES_MAX).flatMap(returnedIds),
  ]);
}

function givenValues({ jobId, plan, labels, input, sealed }: JobState): readonly OwnValue[] {
  const planned = plan.expected.flatMap(({ matcher }) => [...demanded(matcher.correlation)]);
  return [
    own("id", "jobId", jobId),
    ...planned.map(([path, value]) => own("plan", path, value)),
    ...Object.entries(labels ?? {}).map(([name, value]) => own("label", name, value)),
    ...(sealed === undefined ? scalarsOf(input) : []).map(([path, value]) =>
      own("input", path, value)
    ),
  ];
}

/** Each value once, as it was found first. */
function distinctive(found: readonly OwnValue[]): readonly OwnValue[] {
  const first = new Map<string, OwnValue>();
  for (const one of found) {
    if (isDistinctive(one.value) && !first.has(one.loose)) first.set(one.loose, one);
  }
  return [...first.values()].slice(0, VALUES_MAX);
}

function own(from: OwnValue["from"], path: string, value: JsonScalar): OwnValue {
  return { from, path, value, loose: looseForm(value) };
}

/** The names of ids that other services give, and the form of many: `ch_3N4x`. */
const OF_ID = /(?:id|ref|reference|key|number|no)$/i;
const ID = /^[a-z]{2,8}_\S+$/;

/** Numbers are measures as often as ids. */
function returnedIds(task: TaskState): readonly OwnValue[] {
  if (task.status !== "completed" || task.taskId === MAIN_TASK) return [];
  const { taskId, result = null } = task;
  return placesIn({ [taskId]: result }).flatMap((place) => {
    const [path, { value }] = [placePath(place), place];
    if (typeof value !== "string" || !OF_ID.test(path) && !ID.test(value)) return [];
    return isIdentifier(path, value) ? [own("result", path, value)] : [];
  });
}

function scalarsOf(input: JobState["input"]): readonly (readonly [string, JsonScalar])[] {
  if (isScalar(input)) return [["input", input]];
  if (typeof input !== "object" || Array.isArray(input)) return [];
  return placesIn(input as JsonObject).map((place) => [placePath(place), place.value]);
}

/** The values that a correlation demands, without those that it excludes. */
export function* demanded(
  correlation: Correlation,
): Iterable<readonly [path: string, value: JsonScalar]> {
  if (correlation === "any" || "not" in correlation) return;
  for (const [path, allowed] of termsOf(correlation)) {
    for (const value of allowed) yield [path, value];
  }
  if ("all" in correlation) { for (const part of correlation.all) yield* demanded(part); }
  if ("anyOf" in correlation) { for (const part of correlation.anyOf) yield* demanded(part); }
}

/** Flags and single characters are found in many events by chance. */
export function isDistinctive(value: JsonScalar): boolean {
  if (typeof value === "number") return true;
  return typeof value === "string" && value.trim().length > 1 && value.length <= TEXT_LENGTH_MAX;
}

/** Names of measures, which identify nothing. */
const MEASURE =
  /(?:^|[_-])(amount|price|cents|balance|fee|tax|total|sum|count|quantity|qty|size|weight|rate|percent|currency|hours|minutes|seconds|ms|days|date|day|time|at|version|attempt|attempts|priority|number_of|limit)$/;

/** `2027-13-01` or `31.12.2027`, alone or before a time of day. */
export const OF_DATE =
  /^\s*(?:(?:19|20)\d\d([-/.])\d\d?\1\d\d?|\d\d?([-/.])\d\d?\2(?:19|20)\d\d)(?=[T\s]|$)/;

/** Whether a value is a day, a time, or a text that begins with one. */
export function beginsWithDay(value: JsonScalar): boolean {
  return typeof value === "string" && /^\d{4}-\d\d-\d\d/.test(value);
}

/**
 * Whether a value identifies one thing among many of its kind, as an order number does, and a
 * region or an amount does not. A rule of thumb for deciding which differences show that an event
 * is about something else.
 */
export function isIdentifier(path: string, value: JsonScalar): boolean {
  const name = path.split(".").at(-1) ?? "";
  if (/(?:^|[a-z_-])(id|no|nr|key|ref|uuid|number|code|sku)$/i.test(name)) {
    return isDistinctive(value);
  }
  // Only the last word of the name counts: an `account` is not a `count`.
  if (MEASURE.test(wordsOf(name))) return false;
  if (typeof value === "number") return Number.isInteger(value) && Math.abs(value) >= 10;
  return typeof value === "string" && isDistinctive(value) && !beginsWithDay(value) &&
    (/\d/.test(value) || value.includes("@"));
}

/** `retry_after`, for `retryAfter`. */
export function wordsOf(name: string): string {
  return name.replaceAll(/([a-z\d])([A-Z])/g, "$1_$2").toLowerCase();
}

export function looseValues(
  { attributes }: Pick<MatchableEvent, "attributes">,
): ReadonlySet<string> {
  return new Set(placesIn(attributes).map(({ value }) => looseForm(value)));
}

/** The job's values that an event has, and that only few events have. */
export function carriedValues(
  { own, common }: { readonly own: readonly OwnValue[]; readonly common: ReadonlySet<string> },
  event: MatchableEvent,
  isNamed: boolean,
): readonly OwnValue[] {
  const values = looseValues(event);
  return own.filter(({ from, loose }) =>
    values.has(loose) && !common.has(loose) || from === "id" && isNamed
  );
}

/** An identifier of a job, and the other value that an event has at its place. */
export interface Contradiction {
  readonly own: OwnValue;
  readonly found: JsonScalar;
}

/** The first identifier of the job that an event contradicts. */
export function contradiction(
  own: readonly OwnValue[],
  attributes: MatchableEvent["attributes"],
): Contradiction | undefined {
  const given = own.filter(({ from }) => from !== "id" && from !== "result");
  const byPath = Map.groupBy(given, ({ path }) => path);
  for (const [path, values] of byPath) {
    const first = values.find(({ value }) => isIdentifier(path, value));
    const found = valueAt(attributes, path) ?? valueAt(attributes, path.split(".").at(-1) ?? path);
    // A value that is missing is none of another thing.
    if (first === undefined || !isScalar(found) || found === null) continue;
    if (values.every(({ loose }) => looseForm(found) !== loose)) return { own: first, found };
  }
  return undefined;
}
