/**
 * What sets a job apart from jobs of its type that succeeded. The rule: at least ten of these, and
 * either all of at least three jobs that failed or wait like it share a value that none of the ten
 * has, or each of the ten has one of few that recur, and no such job has: values, their form, or what
 * results consist of.
 * With fewer jobs it could be chance. If nothing differs so, a number may lie beyond those of all
 * others, that of a single job far beyond, as in another unit; or no other may have been created
 * between or after those that failed, as in an outage, or when something changed that all need.
 */

import type { LogId } from "../../core/ids.ts";
import { durationText } from "../../core/duration.ts";
import { type JsonScalar, present } from "../../core/json.ts";
import { shownScalar } from "../../core/shown_value.ts";
import type { Work } from "../../core/work.ts";
import { beyond, FAR, type How, type Part } from "./beyond.ts";
import {
  type ComparedJob,
  type Facts,
  LENGTH,
  placeOf,
  RESULT,
  TASK,
  type Trait,
  wayOf,
} from "./compared_job.ts";
import { CREATED_AFTER, createdApart } from "./created_apart.ts";
import { beginsWithDay, wordsOf } from "./own_values.ts";
import { reshaped } from "./shapes.ts";

export interface Contrast {
  /** The traits that are shown. The first is a label, if there is one. */
  readonly traits: readonly Trait[];
  readonly alike: number;
  readonly others: number;
  /** Whether the others were created after a stop of the process. */
  readonly areLater?: true;
  /** How many of the others, if these were created before a stop, have the trait too. */
  readonly had?: number;
  /** If they were created apart: the first entries of the last of the others, and of the first of them. */
  readonly apart?: { readonly from: LogId; readonly to: LogId };
  /** The first of the jobs, if results set them apart; and whether all others came before it. */
  readonly first?: Pick<ComparedJob, "jobId" | "createdAt"> & { readonly isAfter: boolean };
}

export const ALIKE_MIN = 3;
export const OTHERS_MIN = 10;
/** The same for a job that is suspected of something. */
export const BESIDE_SUSPECT_MIN = 5;
/** How many jobs of each kind are compared: the newest. */
export const COMPARED_MAX = 100;
const TRAITS_MAX = 2;

/**
 * @param alike The job itself, then those that failed or wait alike. A job that succeeded is
 * compared alone, and only set apart if it did something else than the others, or is suspected of
 * something.
 */
export function* findContrast(
  alike: readonly ComparedJob[],
  others: readonly ComparedJob[],
  how: Suspicion = {},
): Work<Contrast | undefined> {
  if (others.length < (how.isSuspect ? BESIDE_SUSPECT_MIN : OTHERS_MIN)) return undefined;
  const traits = (yield* findTraits(alike, others, { ...how, areAll: true }))
    .slice(0, TRAITS_MAX);
  if (traits.length === 0) return undefined;
  const counts = { alike: alike.length, others: others.length };
  const isOfResults = traits[0]?.name.startsWith(RESULT) === true && alike.length >= ALIKE_MIN;
  if (!isOfResults && traits[0]?.name !== CREATED_AFTER) return { traits, ...counts };
  const first = alike.reduce((one, other) => other.firstLogId < one.firstLogId ? other : one);
  const from = Math.max(...others.map(({ firstLogId }) => firstLogId)) as LogId;
  const isAfter = first.firstLogId > from;
  return {
    ...{ traits, ...counts },
    ...isAfter ? { apart: { from, to: first.firstLogId } } : {},
    ...isOfResults && alike.length < COMPARED_MAX
      ? { first: { jobId: first.jobId, createdAt: first.createdAt, isAfter } }
      : {},
  };
}

/** Whether `findContrast` may find anything, after the first few of both: `false` is final. */
export function* maySetApart(
  alike: readonly ComparedJob[],
  others: readonly ComparedJob[],
  how: Suspicion = {},
): Work<boolean> {
  return (yield* findTraits(alike, others, { ...how, areAll: false })).length > 0;
}

interface Suspicion {
  /** Of a job that succeeded. */
  readonly isSuspect?: boolean;
  /** A job of another type that failed alike: then only what it has too may be the cause. */
  readonly elsewhere?: ComparedJob | undefined;
}

interface Comparison extends Suspicion {
  /** Without it there may be more of both, and what more could refute is a trait too. */
  readonly areAll: boolean;
}

function* findTraits(
  alike: readonly ComparedJob[],
  others: readonly ComparedJob[],
  { areAll, isSuspect = false, elsewhere }: Comparison,
): Work<readonly Trait[]> {
  const isKind = alike.length >= ALIKE_MIN;
  const [mine, theirs] = [alike.map(({ given }) => given), others.map(({ given }) => given)];
  if (elsewhere !== undefined) {
    if (!isKind) return [];
    const both = sharedValues([...mine, elsewhere.given], theirs);
    return both.length > 0 ? both : createdApart(alike, others);
  }
  const shared = isKind ? sharedValues(mine, theirs) : [];
  if (shared.length > 0) return shared;
  const hasSucceeded = alike[0]?.state === "Done";
  // Of few jobs, two values may recur by chance.
  const knownMax = others.length < OTHERS_MIN && isSuspect ? 1 : KNOWN_MAX;
  const lacked = yield* lackedBy(mine, theirs, { areAll, hasSucceeded, knownMax });
  const shapes = hasSucceeded
    ? []
    : yield* reshaped(alike.map(({ shape }) => shape), others.map(({ shape }) => shape));
  const isOfShape = (name: string) =>
    shapes.some((one) => `${placeOf(name)}.`.startsWith(`${one.name}.`));
  // A task without a result did not run; only a job that has succeeded runs no more.
  const way = (job: ComparedJob) => hasSucceeded ? wayOf(job) : job.doneBy;
  const [myWay, theirWays] = [alike.map(way), others.map(way)];
  const values = (yield* lackedBy(myWay, theirWays, { areAll, hasSucceeded, knownMax }))
    .filter((trait) => !isAsLongAsGiven(trait, [...alike, ...others]))
    .filter(({ name, value }) => value !== undefined || hasSucceeded && name.startsWith(TASK))
    .filter(({ name }) => !isOfShape(name));
  // The time at which steps ran, and how long they took, differ by themselves.
  const same = isKind
    ? sharedValues(myWay, theirWays).filter(({ name, value }) =>
      !values.some((one) => one.name === name) && !isOfShape(name) && !OF_LENGTH.test(name) &&
      !beginsWithDay(value ?? null)
    )
    : [];
  const ways: readonly Trait[] = [
    ...shapes.map(({ step: _, ...trait }) => trait),
    ...values,
    ...same,
  ];
  if (hasSucceeded && (ways.length > 0 || isSuspect)) return [...ways.slice(0, 1), ...lacked];
  // What a step made of it is nearer to the failure than a second value.
  const made = ways.find(({ value }) => value !== lacked[0]?.value);
  if (lacked.length > 0 && !hasSucceeded) return made ? [...lacked.slice(0, 1), made] : lacked;
  if (ways.length > 0) return ways;
  if (hasSucceeded) return beyondInResults(alike, others, areAll);
  const far = isKind ? 1 : FAR;
  const limits = [
    ...farOlder(alike, others, areAll),
    ...inputBeyond(alike, others, { areAll, far }),
    ...isKind ? lastDays(alike, others, areAll) : [],
    // Results are of more kinds than inputs, and some are beyond others by chance.
    ...resultsBeyond(alike, others, { areAll, far: FAR }),
  ];
  return limits.length > 0 || !isKind ? limits : createdApart(alike, others);
}

/** Whether a list that a step returned is as long as one that each job was given, or as a number says. */
function isAsLongAsGiven({ name }: Trait, jobs: readonly ComparedJob[]): boolean {
  if (!name.startsWith(LENGTH)) return false;
  const follows = (part: Part, from: string) =>
    jobs.every((job) => part(job).get(from)?.[0] === job.doneLengths.get(name)?.[0]);
  return GIVEN.some((part) => jobs[0] && part(jobs[0]).keys().some((from) => follows(part, from)));
}

const GIVEN: readonly Part[] = [({ lengths }) => lengths, ({ given }) => given];

/** A job that was given more than others does more, and what a step only passes on is not news. */
function beyondInResults(
  alike: readonly ComparedJob[],
  others: readonly ComparedJob[],
  areAll: boolean,
): readonly Trait[] {
  if (areAll && inputBeyond(alike, others, { areAll, far: 1 }).length > 0) return [];
  const [steps, values] = [new Set<string>(), new Set<JsonScalar | undefined>()];
  return resultsBeyond(alike, others, { areAll, far: FAR, isByFar: true })
    .filter(({ name, value }) => {
      const [step = ""] = name.split(".", 1);
      if (steps.has(step) || values.has(value) || NO_AMOUNT.test(wordsOf(name))) return false;
      steps.add(step);
      values.add(value);
      return true;
    });
}

function inputBeyond(
  alike: readonly ComparedJob[],
  others: readonly ComparedJob[],
  how: How,
): readonly Trait[] {
  return [
    ...beyond(alike, others, ({ given }) => given, how),
    ...beyond(alike, others, ({ lengths }) => lengths, how),
  ];
}

/** Not every month has days after the 28th. */
const EVERY_MONTH_MAX = 28;

function lastDays(
  alike: readonly ComparedJob[],
  others: readonly ComparedJob[],
  areAll: boolean,
): readonly Trait[] {
  return beyond(alike, others, ({ days }) => days, { areAll, far: 1, isMore: true })
    .filter(({ name }) => alike.every(({ days }) => Number(days.get(name)?.[0]) > EVERY_MONTH_MAX));
}

/** What is younger is not old, however young that of others was. */
const OLD_MS = 60_000;

/** Times that were far older than those of others when the job was given them. */
function farOlder(
  alike: readonly ComparedJob[],
  others: readonly ComparedJob[],
  areAll: boolean,
): readonly Trait[] {
  const how = { areAll, far: FAR, isMore: true, show: durationText };
  return beyond(alike, others, ({ ages }) => ages, how)
    .filter(({ name }) => alike.every(({ ages }) => Number(ages.get(name)?.[0]) > OLD_MS));
}

/** How many times more than others a job was given that has more work. */
const MORE = 3;

/** Of what a job was given, or its steps returned, how much is far more than all others had. */
export function moreThanOthers(
  own: ComparedJob,
  others: readonly ComparedJob[],
): readonly Trait[] {
  if (others.length < OTHERS_MIN) return [];
  const how = { areAll: false, isMore: true };
  return [
    ...inputBeyond([own], others, { ...how, far: MORE }),
    ...resultsBeyond([own], others, { ...how, far: FAR, isByFar: true }),
  ].slice(0, TRAITS_MAX);
}

function resultsBeyond(
  alike: readonly ComparedJob[],
  others: readonly ComparedJob[],
  how: How,
): readonly Trait[] {
  return [
    ...beyond(alike, others, ({ doneBy }) => doneBy, how),
    ...beyond(alike, others, ({ doneLengths }) => doneLengths, how),
  ].filter(({ name }) => !OF_LENGTH.test(name));
}

/** How long a step took depends on the machine. */
const OF_LENGTH = /(?:ms|millis|seconds|minutes|duration|took|elapsed|latency)$/i;

/** Names of numbers that say which, where or what is left, but not how much was done. */
const NO_AMOUNT =
  /(?:^|[^a-z])(?:id|no|nr|key|ref|code|version|crc|hash|checksum|cursor|offset|position|port|pid|seq|sequence|remaining)$/;

/** What all that are alike have under a name, and none of the others. */
function sharedValues(alike: readonly Facts[], others: readonly Facts[]): readonly Trait[] {
  return [...alike[0] ?? []].flatMap(([name, values]): Trait[] => {
    const has = (value: JsonScalar) => (facts: Facts) => facts.get(name)?.includes(value) === true;
    const value = values.find((one) => alike.every(has(one)) && !others.some(has(one)));
    return value === undefined ? [] : [{ name, value }];
  });
}

/** Ways to compare what is under a name, the most precise first, and how they are shown. */
const VIEWS: readonly {
  /** Whether what all others have is worth comparing; by default, it is. */
  readonly isTelling?: (known: readonly JsonScalar[]) => boolean;
  view(values: readonly JsonScalar[]): readonly JsonScalar[];
  text(known: readonly JsonScalar[]): string;
}[] = [
  { view: (values) => values, text: (known) => known.map(shownScalar).toSorted().join(" or ") },
  { view: ({ length }) => [length > 0], text: ([isGiven]) => isGiven === true ? "one" : "none" },
  { view: (values) => values.map(formOf), text: (known) => formsText(known.map(String)) },
  {
    isTelling: ([length, another]) => another === undefined && Number(length) >= LENGTH_MIN,
    view: (values) => values.map((value) => typeof value === "string" ? value.length : 0),
    text: ([length]) => `a text of ${length} characters`,
  },
];

/** Shorter texts are counted up, and then have one character more. */
const LENGTH_MIN = 12;

/**
 * What all others have, and none of those that are alike. In the order in which a job went, since
 * what comes later may follow from where it first went another way.
 */
function* lackedBy(
  alike: readonly Facts[],
  others: readonly Facts[],
  { areAll, hasSucceeded, knownMax }: {
    readonly areAll: boolean;
    readonly hasSucceeded: boolean;
    readonly knownMax: number;
  },
): Work<readonly Trait[]> {
  const own: Facts = alike[0] ?? new Map();
  const traits: Trait[] = [];
  for (const name of new Set([...own.keys(), ...others[0]?.keys() ?? []])) {
    for (const { view, text, isTelling = () => true } of VIEWS) {
      const under = (facts: Facts) => view(facts.get(name) ?? []);
      const known = knownTo(others, under, areAll, knownMax);
      const isStrange = (one: JsonScalar) => known?.includes(one) === false;
      const areStrange = alike.every((facts) =>
        under(facts).length === 0 || under(facts).some(isStrange)
      );
      if (known === undefined || !areStrange || !isTelling(known)) continue;
      const values = own.get(name) ?? [];
      const strange = Math.max(0, values.findIndex((one) => view([one]).some(isStrange)));
      const trait = { name, ...present({ value: values[strange] }), others: text(known) };
      if (hasSucceeded && isByChance(trait, known)) continue;
      traits.push(trait);
      break;
    }
    yield;
  }
  return traits;
}

/** A value that one of the others alone has does not show that there are no more. */
const KNOWN_MAX = 3;
const KNOWN_TO_MIN = 2;

/** What all others have, if it is one of few that recur; `undefined` if any may be strange. */
function knownTo(
  others: readonly Facts[],
  under: (facts: Facts) => readonly JsonScalar[],
  areAll: boolean,
  knownMax: number,
): readonly JsonScalar[] | undefined {
  const counts = new Map<JsonScalar, number>();
  for (const facts of others) {
    const own = new Set(under(facts));
    for (const one of own) counts.set(one, (counts.get(one) ?? 0) + 1);
    if (own.size === 0 || counts.size > knownMax) return undefined;
  }
  return !areAll || [...counts.values()].every((count) => count >= KNOWN_TO_MIN)
    ? [...counts.keys()]
    : undefined;
}

/** How the form or the length of texts is shown. */
const OF_TEXT = /^(?:one of the form|a text of) /;

/** What succeeded may have a text of any form, and a measure that only happens to recur. */
function isByChance({ value, others = "" }: Trait, known: readonly JsonScalar[]): boolean {
  return OF_TEXT.test(others) ||
    typeof value === "number" && known.filter((one) => typeof one === "number").length > 1;
}

/** `Aa-9`, for `Bx-117`: the kinds of characters. */
export function maskOf(text: string): string {
  return text.replaceAll(/\p{Lu}+/gu, "A").replaceAll(/[a-z]+/g, "a")
    .replaceAll(/(?![Aa])\p{L}+/gu, "é").replaceAll(/\d+/g, "9");
}

const FORM = "one of the form ";
const OF_MASK = { 9: "digits", A: "capitals", a: "small letters", é: "other letters" };

/** `one of the form "A-9" (9 for digits, A for capitals)`. */
function formsText(forms: readonly string[]): string {
  const masks = forms.filter((one) => one.startsWith(FORM)).map((one) => one.slice(FORM.length));
  const legend = Object.entries(OF_MASK).filter(([kind]) => masks.some((one) => one.includes(kind)))
    .map(([kind, meaning]) => `${kind} for ${meaning}`).join(", ");
  return forms.toSorted().join(" or ") + (legend === "" ? "" : ` (${legend})`);
}

/** With nothing else of another job. */
function formOf(value: JsonScalar): string {
  if (typeof value === "string") return `${FORM}${shownScalar(maskOf(value))}`;
  if (typeof value !== "number") return `${value}`;
  const sign = value === 0 ? "0" : value < 0 ? "negative" : "positive";
  return `a ${sign} ${Number.isInteger(value) ? "whole number" : "fraction"}`;
}
