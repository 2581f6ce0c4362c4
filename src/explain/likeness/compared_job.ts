/** What is compared of a job: values under names. */

import { isOwnEvent } from "../../core/awaited_events.ts";
import type { LogId, TaskId } from "../../core/ids.ts";
import { type CompletedTask, isStep, type JobState } from "../../core/job_state.ts";
import { isScalar, type JsonObject, type JsonScalar, type JsonValue } from "../../core/json.ts";
import { SECRET_MARK } from "../../core/sealed_input.ts";
import { shownText } from "../../core/shown_value.ts";
import { beginsWithDay } from "./own_values.ts";
import { type Shape, shapeOf } from "./shapes.ts";

/** How many scalars of one input, or of all results, are compared, from its outer levels. */
const SCALARS_MAX = 32;
const DEPTH_MAX = 4;
/** The elements of a longer list are data, not traits. */
const LIST_LENGTH_MAX = 8;
/** A longer text is a document, not a trait. */
const TEXT_LENGTH_MAX = 200;

/** What a job has under each name: several values if they are in a list. */
export type Facts = ReadonlyMap<string, readonly JsonScalar[]>;

/** What sets jobs apart, under one name. */
export interface Trait {
  /** `label tenant`, `input.card.country`, `version`, `task mail`, `result of send.failed`. */
  readonly name: string;
  /** What the job has there; absent if nothing. */
  readonly value?: JsonScalar;
  /** What it is there, if that sets it apart: `a list`. */
  readonly kind?: string;
  /** What all others have there: `"email"`, `none`, `at most 9`; absent if just not the value. */
  readonly others?: string;
}

type JobInOrder = Pick<JobState, "jobId" | "state" | "createdAt" | "firstLogId">;

/** What is compared of a job. */
export interface ComparedJob extends JobInOrder {
  readonly given: Facts;
  readonly doneBy: Facts;
  /** How many elements the lists of its input have. */
  readonly lengths: Facts;
  /** The days of the month of the dates in its input. */
  readonly days: Facts;
  /** How old the times were in its input, results and events when it was given them. */
  readonly ages: Facts;
  /** The same of its results. */
  readonly doneLengths: Facts;
  /** Of its results. */
  readonly shape: Shape;
}

/** @param hasShape Whether the forms of results are compared too, which takes the most time. */
export function compared(job: JobState, hasShape = true): ComparedJob {
  const results = job.tasks.slice(0, SCALARS_MAX).filter(isStep)
    .map(({ taskId, result = null }) => [resultName(taskId), result] as const);
  const facts = given(job);
  const done = doneBy(job);
  return {
    ...inOrder(job),
    given: facts,
    days: daysOf(facts),
    doneBy: done,
    ages: new Map([
      ...agesOf(facts, () => job.createdAt),
      ...agesOf(done, (name) => stepOf(job, { name })?.endedAt ?? ""),
    ]),
    lengths: new Map(lengthsOf("input", job.input)),
    doneLengths: new Map(results.flatMap(([name, result]) => lengthsOf(name, result))),
    shape: hasShape ? shapeOf(results) : new Map(),
  };
}

function inOrder({ jobId, state, createdAt, firstLogId }: JobInOrder): JobInOrder {
  return { jobId, state, createdAt, firstLogId };
}

/** The last event that counted for each expectation, as the position of its entry. */
export interface CountedEvent {
  readonly expectation: string;
  readonly by: LogId;
}

const EVENTS_MAX = 4;

export function countedEvents({ plan, expected }: JobState): readonly CountedEvent[] {
  return plan.expected.flatMap((one, at) => {
    const by = isOwnEvent(one) ? undefined : expected[at]?.by.at(-1);
    return by === undefined ? [] : [{ expectation: one.id, by }];
  }).slice(0, EVENTS_MAX);
}

/** A job with the events to compare it by; not the whole of it, which may be large. */
export interface CountedJob extends JobInOrder {
  readonly events: readonly CountedEvent[];
}

/** With those of the given expectations alone: what a job did not get to says nothing of its cause. */
export function countedJob(job: JobState, expectations: ReadonlySet<string>): CountedJob {
  const events = countedEvents(job).filter(({ expectation }) => expectations.has(expectation));
  return { ...inOrder(job), events };
}

/** What is compared of an event that counted. */
export interface EventFacts {
  readonly given: Facts;
  readonly ages: Facts;
}

export function eventFacts(
  expectation: string,
  { attributes, receivedAt }: { readonly attributes: JsonObject; readonly receivedAt: string },
): EventFacts {
  const given = new Map<string, JsonScalar[]>();
  addScalars(given, `event of ${expectation}`, attributes);
  return { given, ages: agesOf(given, () => receivedAt) };
}

/** A job, compared by the events that counted for it alone. */
export function comparedByEvents(
  job: CountedJob,
  events: readonly EventFacts[],
): ComparedJob {
  const given = new Map(events.flatMap((facts) => [...facts.given]).slice(0, SCALARS_MAX));
  const ages = new Map(events.flatMap((facts) => [...facts.ages]));
  const none: Facts = new Map();
  return {
    ...inOrder(job),
    ...{
      given,
      ages,
      doneBy: none,
      lengths: none,
      days: none,
      doneLengths: none,
      shape: new Map(),
    },
  };
}

/** The beginning of a trait that is a task which completed. */
export const TASK = "task ";

/** The beginning of a trait that says whether a list has any. */
export const ELEMENTS = "elements in ";

/** The beginning of a trait that is how long a text or a list is. */
export const LENGTH = "length of ";

/** The beginning of a trait that is how old a time was when the job was given it, in milliseconds. */
export const AGE = "age of ";

/** The beginning of a trait that is a task's result, or a part of it. */
export const RESULT = "result of ";

/** The name of a trait that is the version of the job's code. */
export const VERSION = "version";

/** The name of a trait that is a task's result, and the beginning of those that are members of it. */
export function resultName(taskId: TaskId): string {
  return RESULT + taskId;
}

/** The step that returned what a trait is about. */
export function stepOf({ tasks }: JobState, { name }: Trait): CompletedTask | undefined {
  return tasks.find((task): task is CompletedTask =>
    isStep(task) && `${placeOf(name)}.`.startsWith(`${resultName(task.taskId)}.`)
  );
}

/** Where the value is that a trait is about: `result of collect.rows`, of its length or its elements. */
export function placeOf(name: string): string {
  return name.replace(ELEMENTS, "").replace(LENGTH, "");
}

/** What its steps returned, with how long the lists are, in the order of the steps. */
export function wayOf({ doneBy, doneLengths }: ComparedJob): Facts {
  return new Map(
    doneBy.entries().flatMap(([name, values]) => {
      const length = name.startsWith(ELEMENTS) ? LENGTH + placeOf(name) : "";
      const [count] = doneLengths.get(length) ?? [];
      const fact = [name, values] as const;
      return count === undefined ? [fact] : [fact, [length, [count]] as const];
    }),
  );
}

/** Labels first, since they are meant to distinguish jobs. */
function given({ labels, definitionVersion: version, input }: JobState): Facts {
  const facts = new Map<string, JsonScalar[]>(
    Object.entries(labels).map(([name, value]) => [`label ${shownText(name)}`, [value]]),
  );
  if (version !== undefined) facts.set(VERSION, [version]);
  addScalars(facts, "input", input);
  return facts;
}

function daysOf(given: Facts): Facts {
  return new Map(
    given.entries().flatMap(([name, [value]]) =>
      value !== undefined && beginsWithDay(value)
        ? [[`day of ${name}`, [Number(`${value}`.slice(8, 10))]] as const]
        : []
    ),
  );
}

/** A younger time counts as of this age: less differs from job to job. */
const AGE_MS_MIN = 1_000;
const TIME_TEXT = /^\d{4}-\d\d-\d\dT\d\d:\d\d.*(?:Z|[-+]\d\d:\d\d)$/;

/**
 * The ages of values that are times, except of those to come.
 *
 * @param givenAt When the job was given what has this name; RFC 3339.
 */
function agesOf(facts: Facts, givenAt: (name: string) => string): Facts {
  return new Map(
    facts.entries().flatMap(([name, [value, ...others]]) => {
      if (typeof value !== "string" || others.length > 0 || !TIME_TEXT.test(value)) return [];
      const ms = Date.parse(givenAt(name)) - Date.parse(value);
      return ms >= 0 ? [[AGE + name, [Math.max(AGE_MS_MIN, ms)]] as const] : [];
    }),
  );
}

/** How long a list is, or those among its members. */
function lengthsOf(
  path: string,
  value: JsonValue | undefined,
): readonly (readonly [name: string, length: readonly JsonScalar[]])[] {
  if (value === undefined || isScalar(value)) return [];
  const members = Array.isArray(value)
    ? [[path, value] as const]
    : firstMembers(value, SCALARS_MAX).map(([name, member]) =>
      [`${path}.${shownText(name)}`, member] as const
    );
  return members.flatMap(([name, member]) =>
    Array.isArray(member) ? [[LENGTH + name, [member.length]] as const] : []
  );
}

/** The tasks that completed, and their results. */
function doneBy({ tasks }: JobState): Facts {
  const facts = new Map<string, JsonScalar[]>();
  for (const task of tasks.slice(0, SCALARS_MAX)) {
    if (!isStep(task)) continue;
    facts.set(`${TASK}${task.taskId}`, [true]);
    addScalars(facts, resultName(task.taskId), task.result);
  }
  return facts;
}

/** How many members, of all levels, are looked at for these scalars. */
const MEMBERS_MAX = 256;

function firstMembers(
  value: JsonObject | readonly JsonValue[],
  count: number,
): readonly (readonly [name: string, member: JsonValue])[] {
  const names = Iterator.from(Object.keys(value)).take(count);
  return names.map((name) => [name, (value as JsonObject)[name] ?? null] as const).toArray();
}

function addScalars(
  facts: Map<string, JsonScalar[]>,
  path: string,
  value: JsonValue | undefined,
  depth = 0,
  left = { count: MEMBERS_MAX },
): void {
  if (value === undefined || facts.size >= SCALARS_MAX) return;
  if (isScalar(value)) {
    const isLong = typeof value === "string" && value.length > TEXT_LENGTH_MAX;
    if (isLong || value === SECRET_MARK) return;
    const before = facts.get(path);
    if (before === undefined) facts.set(path, [value]);
    else before.push(value);
  } else if (depth < DEPTH_MAX) {
    const isList = Array.isArray(value);
    if (isList) facts.set(`${ELEMENTS}${path}`, [value.length > 0]);
    if (isList && value.length > LIST_LENGTH_MAX) return;
    for (const [name, member] of firstMembers(value, left.count)) {
      if (left.count-- <= 0) return;
      addScalars(facts, isList ? path : `${path}.${shownText(name)}`, member, depth + 1, left);
    }
  }
}
