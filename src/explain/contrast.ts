/**
 * What jobs that share a failure or a wait have in common, and others of their type do not. The
 * rule: all similar jobs have the value, at least three of them, and none of at least ten other
 * jobs has it. With fewer jobs it could be chance. If no value does, failed jobs may all have been
 * created after the others, as when something changed that all of them need.
 */

import type { JobState } from "../core/job_state.ts";
import type { JsonValue } from "../core/json.ts";
import { SECRET_MARK } from "../core/sealed_input.ts";
import { shownScalar } from "../core/shown_value.ts";

/** A value that all similar jobs have, and none of the others. */
export interface Trait {
  /** `label tenant`, `input.card.country`, `version`, `createdAfter`. */
  readonly name: string;
  readonly value: string | number | boolean | null;
}

export interface Contrast {
  /** The values that are shown. The first is a label, if there is one. */
  readonly traits: readonly Trait[];
  readonly alike: number;
  readonly others: number;
}

const ALIKE_MIN = 3;
const OTHERS_MIN = 10;
/** How many jobs of each kind are compared: the newest. */
export const ALIKE_MAX = 100;
export const OTHERS_MAX = 250;
const TRAITS_MAX = 2;
/** How many scalars of one input are compared, from its outer levels. */
const SCALARS_MAX = 32;
const DEPTH_MAX = 4;
/** A longer text is a document, not a trait. */
const TEXT_LENGTH_MAX = 200;

type Scalar = Trait["value"];

/** @param alike Includes the job itself. */
export function findContrast(
  alike: readonly JobState[],
  others: readonly JobState[],
): Contrast | undefined {
  const [first, ...rest] = alike;
  if (first === undefined || alike.length < ALIKE_MIN || others.length < OTHERS_MIN) {
    return undefined;
  }
  const common = traitsOf(first);
  for (const job of rest) keepEqual(common, traitsOf(job));
  for (const job of others) {
    const theirs = traitsOf(job);
    for (const [name, value] of common) {
      if (theirs.get(name) === value) common.delete(name);
    }
    if (common.size === 0) break;
  }
  const traits = common.size === 0
    ? createdAfter(alike, others)
    : [...common].map(([name, value]) => ({ name, value })).slice(0, TRAITS_MAX);
  return traits.length === 0 ? undefined : { traits, alike: alike.length, others: others.length };
}

const CREATED_AFTER = "createdAfter";

/** Jobs that wait have always come after those that no longer do. */
function createdAfter(alike: readonly JobState[], others: readonly JobState[]): readonly Trait[] {
  const last = others.reduce((one, other) => one.firstLogId > other.firstLogId ? one : other);
  return alike.every(({ state, firstLogId }) => state === "Failed" && firstLogId > last.firstLogId)
    ? [{ name: CREATED_AFTER, value: last.createdAt }]
    : [];
}

/** `All 3 jobs that failed like this have label tenant = "nordwind"; none of the 211 that went through has.` */
export function contrastText({ traits, alike, others }: Contrast, how: "failed" | "wait"): string {
  const all = alike < ALIKE_MAX ? `All ${alike}` : `The newest ${alike}`;
  const of = others < OTHERS_MAX ? `${others}` : `newest ${others}`;
  const [first] = traits;
  if (first?.name === CREATED_AFTER) {
    return `${all} jobs that ${how} like this were created after the ${of} that went through, the ` +
      `last of them at ${first.value}.`;
  }
  const shown = traits.map(({ name, value }) => `${name} = ${shownScalar(value)}`).join(" and ");
  const none = `none of the ${of}`;
  return `${all} jobs that ${how} like this have ${shown}; ${none} that went through has.`;
}

function keepEqual(common: Map<string, Scalar>, theirs: ReadonlyMap<string, Scalar>): void {
  for (const [name, value] of common) {
    if (theirs.get(name) !== value) common.delete(name);
  }
}

/** Labels first, since they are meant to distinguish jobs. */
function traitsOf(job: JobState): Map<string, Scalar> {
  const traits = new Map<string, Scalar>(
    Object.entries(job.labels).map(([name, value]) => [`label ${name}`, value]),
  );
  if (job.definitionVersion !== undefined) traits.set("version", job.definitionVersion);
  addScalars(traits, "input", job.input, 0);
  return traits;
}

function addScalars(
  traits: Map<string, Scalar>,
  path: string,
  value: JsonValue | undefined,
  depth: number,
): void {
  if (value === undefined || traits.size >= SCALARS_MAX) return;
  if (value === null || typeof value !== "object") {
    const isLong = typeof value === "string" && value.length > TEXT_LENGTH_MAX;
    if (!isLong && value !== SECRET_MARK) traits.set(path, value);
  } else if (!Array.isArray(value) && depth < DEPTH_MAX) {
    for (const [name, member] of Object.entries(value)) {
      addScalars(traits, `${path}.${name}`, member, depth + 1);
    }
  }
}
