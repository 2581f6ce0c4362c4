/**
 * What sets a job apart from jobs of its type that succeeded. The rule: at least ten of these, and
 * either all of at least three jobs that failed or wait like it share a value that none of the ten
 * has, or all of the ten share what no such job has: a value, whether there is one, or its form.
 * With fewer jobs it could be chance. If nothing differs so, a number of at least three jobs may lie
 * beyond those of all others; or failed jobs may all have been created after the others, as when
 * something changed that all of them need.
 */

import { MAIN_TASK } from "../core/ids.ts";
import { isSleep, type JobState } from "../core/job_state.ts";
import { isScalar, type JsonScalar, type JsonValue } from "../core/json.ts";
import { SECRET_MARK } from "../core/sealed_input.ts";
import { shownScalar } from "../core/shown_value.ts";
import type { Work } from "../core/work.ts";

/** What sets jobs apart, under one name. */
export interface Trait {
  /** `label tenant`, `input.card.country`, `version`, `task mail`, `result of send.failed`. */
  readonly name: string;
  /** What the job has there; `null` if nothing. */
  readonly value: JsonScalar;
  /** What all others have there: `"email"`, `none`, `at most 9`; absent if just not the value. */
  readonly others?: string;
}

export interface Contrast {
  /** The traits that are shown. The first is a label, if there is one. */
  readonly traits: readonly Trait[];
  readonly alike: number;
  readonly others: number;
}

export const ALIKE_MIN = 3;
const OTHERS_MIN = 10;
/** How many jobs of each kind are compared: the newest. */
export const ALIKE_MAX = 100;
export const OTHERS_MAX = 250;
const TRAITS_MAX = 2;
/** How many scalars of one input, or of all results, are compared, from its outer levels. */
const SCALARS_MAX = 32;
const DEPTH_MAX = 4;
/** The elements of a longer list are data, not traits. */
const LIST_LENGTH_MAX = 8;
/** A longer text is a document, not a trait. */
const TEXT_LENGTH_MAX = 200;

/** What a job has under each name: several values if they are in a list. */
type Facts = ReadonlyMap<string, readonly JsonScalar[]>;

/**
 * @param alike The job itself, then those that failed or wait alike. A job that succeeded is
 * compared alone, and only set apart if it did something else than the others.
 */
export function* findContrast(
  alike: readonly JobState[],
  others: readonly JobState[],
): Work<Contrast | undefined> {
  if (others.length < OTHERS_MIN) return undefined;
  const traits = (yield* findTraits(alike, others)).slice(0, TRAITS_MAX);
  return traits.length === 0 ? undefined : { traits, alike: alike.length, others: others.length };
}

function* findTraits(
  alike: readonly JobState[],
  others: readonly JobState[],
): Work<readonly Trait[]> {
  const [mine, theirs] = [yield* factsOf(alike, given), yield* factsOf(others, given)];
  const isKind = alike.length >= ALIKE_MIN;
  const shared = isKind ? sharedValues(mine, theirs) : [];
  if (shared.length > 0) return shared;
  const lacked = lackedBy(mine, theirs);
  const hasSucceeded = alike[0]?.state === "Done";
  if (lacked.length > 0 && !hasSucceeded) return lacked;
  const ways = lackedBy(yield* factsOf(alike, doneBy), yield* factsOf(others, doneBy));
  if (hasSucceeded) {
    return ways.length === 0 ? [] : [...ways.slice(0, 1), ...lacked, ...ways.slice(1)];
  }
  // Jobs that failed, or wait, have not done what comes later.
  const other = ways.filter(({ value }) => value !== null);
  if (other.length > 0) return other;
  const limits = beyond(mine, theirs);
  return limits.length > 0 || !isKind ? limits : createdApart(alike, others);
}

function* factsOf(
  jobs: readonly JobState[],
  take: (job: JobState) => Facts,
): Work<readonly Facts[]> {
  const facts: Facts[] = [];
  for (const job of jobs) {
    facts.push(take(job));
    yield;
  }
  return facts;
}

/** What all of some jobs have under a name, and none of the others. */
function onlyIn(
  some: readonly Facts[],
  others: readonly Facts[],
  under: (facts: Facts) => readonly JsonScalar[],
): JsonScalar | undefined {
  const [first] = some;
  return first && under(first).find((one) =>
    some.every((facts) => under(facts).includes(one)) &&
    !others.some((facts) => under(facts).includes(one))
  );
}

function sharedValues(alike: readonly Facts[], others: readonly Facts[]): readonly Trait[] {
  return [...alike[0]?.keys() ?? []].flatMap((name) => {
    const value = onlyIn(alike, others, (facts) => facts.get(name) ?? []);
    return value === undefined ? [] : [{ name, value }];
  });
}

/** Ways to compare what is under a name, the most precise first, and how they are shown. */
const VIEWS: readonly {
  view(values: readonly JsonScalar[]): readonly JsonScalar[];
  text(shared: JsonScalar, example: JsonScalar): string;
}[] = [
  { view: (values) => values, text: shownScalar },
  { view: ({ length }) => [length > 0], text: (isGiven) => isGiven === true ? "one" : "none" },
  { view: (values) => values.map(formOf), text: (_, example) => formText(example) },
];

/**
 * What all others have, and none of those that are alike. In the order in which a job went, since
 * what comes later may follow from where it first went another way.
 */
function lackedBy(alike: readonly Facts[], others: readonly Facts[]): readonly Trait[] {
  const [own, other] = [alike[0], others[0]];
  return [...new Set([...own?.keys() ?? [], ...other?.keys() ?? []])].flatMap((name): Trait[] => {
    const [[value = null], [example = null]] = [own?.get(name) ?? [], other?.get(name) ?? []];
    for (const { view, text } of VIEWS) {
      const shared = onlyIn(others, alike, (facts) => view(facts.get(name) ?? []));
      if (shared !== undefined) return [{ name, value, others: text(shared, example) }];
    }
    return [];
  });
}

/** `one like "Aa-999"`, for `Bx-117`: it shows nothing of another job but the kinds of characters. */
function formText(value: JsonScalar): string {
  if (typeof value === "string") return `one like ${shownScalar(maskOf(value))}`;
  if (typeof value !== "number") return `${value}`;
  const sign = value === 0 ? "0" : value < 0 ? "negative" : "positive";
  return `a ${sign} ${Number.isInteger(value) ? "whole number" : "fraction"}`;
}

/** Two texts of one form differ only in how many characters of a kind are in a row. */
function formOf(value: JsonScalar): string {
  return typeof value === "string"
    ? `"${maskOf(value).replaceAll(/([Aaé9])\1+/g, "$1")}`
    : formText(value);
}

function maskOf(text: string): string {
  return text.replaceAll(/\p{Lu}/gu, "A").replaceAll(/[a-z]/g, "a")
    .replaceAll(/(?![Aa])\p{L}/gu, "é").replaceAll(/\d/g, "9");
}

/** How far beyond the number of a single job has to be: another unit. */
const FAR = 10;

/** Numbers, and lengths of texts, beyond those of all others; not those that grow from job to job. */
function beyond(alike: readonly Facts[], others: readonly Facts[]): readonly Trait[] {
  return [...alike[0] ?? []].flatMap(([name, [value = null]]): Trait[] => {
    const [mine, theirs] = [numbersIn(alike, name), numbersIn(others, name)];
    const grows = theirs.every((one, at) => one >= (theirs[at + 1] ?? -Infinity));
    if (mine.length < alike.length || theirs.length < others.length || grows) return [];
    const [most, least] = [Math.max(...theirs), Math.min(...theirs)];
    const far = mine.length < ALIKE_MIN ? FAR : 1;
    const [isOver, isUnder] = [
      most >= 0 && Math.min(...mine) > most * far,
      least > 0 && Math.max(...mine) * far < least,
    ];
    if (!isOver && !isUnder) return [];
    const limit = isOver ? `at most ${most}` : `at least ${least}`;
    const what = typeof value === "string" ? `length of ${name}` : name;
    return [{ name: what, value: mine[0] ?? null, others: limit }];
  });
}

function numbersIn(jobs: readonly Facts[], name: string): readonly number[] {
  return jobs.flatMap((facts) => {
    const [value] = facts.get(name) ?? [];
    return typeof value === "number" ? [value] : typeof value === "string" ? [value.length] : [];
  });
}

const CREATED = "created";
const CREATED_AFTER = "createdAfter";

/**
 * That none of the others was created among them, or after them. Jobs that wait have always come
 * after those that no longer do.
 */
function createdApart(alike: readonly JobState[], others: readonly JobState[]): readonly Trait[] {
  const failed = alike.toSorted((one, other) => one.firstLogId - other.firstLogId);
  const [first, last] = [failed[0], failed.at(-1)];
  if (first === undefined || last?.state !== "Failed") return [];
  const after = others.filter(({ firstLogId }) => firstLogId > first.firstLogId);
  const before = others.find((other) => !after.includes(other));
  if (after.some(({ firstLogId }) => firstLogId < last.firstLogId)) return [];
  return after.length === 0 && before !== undefined
    ? [{ name: CREATED_AFTER, value: before.createdAt }]
    : [{ name: CREATED, value: first.createdAt, others: last.createdAt }];
}

/**
 * `All 3 jobs that failed like this have label tenant = "nordwind"; none of the 211 that went
 * through has.`, or `This job has no input.phone, where all 12 that went through have one.`
 */
export function contrastText(
  { traits, alike, others }: Contrast,
  how: "failed" | "fail" | "wait",
): string {
  const isOne = alike === 1;
  const all = alike < ALIKE_MAX ? `All ${alike}` : `The newest ${alike}`;
  const subject = isOne ? "This job" : `${alike === 2 ? "Both" : all} jobs that ${how} like this`;
  const have = isOne ? "has" : "have";
  const of = others < OTHERS_MAX ? `${others}` : `newest ${others}`;
  const [first] = traits;
  if (first?.name === CREATED) {
    return `${subject} were created from ${first.value} to ${first.others}, and none of the ${of} ` +
      "that went through.";
  }
  if (first?.name === CREATED_AFTER) {
    return `${subject} were created after the ${of} that went through, the last of them at ` +
      `${first.value}.`;
  }
  if (first?.others === undefined) {
    const shown = traits.map(({ name, value }) => `${name} = ${shownScalar(value)}`).join(" and ");
    return `${subject} ${have} ${shown}; none of the ${of} that went through has.`;
  }
  const [sentence = "", next] = traits.map((trait, at) =>
    at === 0
      ? `${subject} ${have} ${againstText(trait, isOne, `${of} that went through`)}`
      : `${isOne ? "it" : "they"} ${have} ${againstText(trait, isOne, "others")}`
  );
  return `${sentence}${next === undefined ? "" : `; ${next}`}.`;
}

const TASK = "task ";

/** `no input.phone, where all 12 that went through have one`. */
function againstText({ name, value, others = "" }: Trait, isOne: boolean, of: string): string {
  if (name.startsWith(TASK)) {
    return value === null
      ? `not run ${name}, which all ${of} have`
      : `run ${name}, which none of the ${of} has`;
  }
  const is = isOne ? "=" : "such as";
  const own = value === null ? `no ${name}` : `${name} ${is} ${shownScalar(value)}`;
  return `${own}, where all ${of} have ${others}`;
}

/** Labels first, since they are meant to distinguish jobs. */
function given({ labels, definitionVersion: version, input }: JobState): Facts {
  const facts = new Map<string, JsonScalar[]>(
    Object.entries(labels).map(([name, value]) => [`label ${name}`, [value]]),
  );
  if (version !== undefined) facts.set("version", [version]);
  addScalars(facts, "input", input, 0);
  return facts;
}

/** The tasks that completed, and their results. */
function doneBy({ tasks }: JobState): Facts {
  const facts = new Map<string, JsonScalar[]>();
  for (const task of tasks.slice(0, SCALARS_MAX)) {
    if (task.status !== "completed" || task.taskId === MAIN_TASK || isSleep(task)) continue;
    facts.set(`${TASK}${task.taskId}`, [true]);
    addScalars(facts, `result of ${task.taskId}`, task.result, 0);
  }
  return facts;
}

function addScalars(
  facts: Map<string, JsonScalar[]>,
  path: string,
  value: JsonValue | undefined,
  depth: number,
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
    if (isList && value.length > LIST_LENGTH_MAX) return;
    for (const [name, member] of Object.entries(value)) {
      addScalars(facts, isList ? path : `${path}.${name}`, member, depth + 1);
    }
  }
}
