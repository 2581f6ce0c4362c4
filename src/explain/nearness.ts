/**
 * Computes how far an event is from what is expected, without describing it: among many
 * expectations, only the nearest is described.
 */

import { type Correlation, type Equalities, holds } from "../core/correlation.ts";
import type { ExpectedEvent, MatchableEvent } from "../core/job_plan.ts";
import { isScalar, type JsonObject, type JsonScalar, valueAt } from "../core/json.ts";
import { misplacedValue } from "./elsewhere.ts";
import { looseForm } from "./likeness/loose_form.ts";
import { CLOSE, correlationMismatches, mismatchDistance, MISPLACED, OFF } from "./mismatch.ts";

/** The one that an event fails least, the first of several; `undefined` if there is none. */
export function findNearest<Candidate>(
  candidates: readonly Candidate[],
  distanceTo: (candidate: Candidate) => number,
): Candidate | undefined {
  let nearest: Candidate | undefined;
  let least = Infinity;
  for (const candidate of candidates) {
    const distance = distanceTo(candidate);
    if (distance < least) [nearest, least] = [candidate, distance];
  }
  return nearest;
}

/** `mismatchDistance(mismatchesWith(expected, event))`. */
export function expectationDistance(expected: ExpectedEvent, event: MatchableEvent): number {
  const { taskId, matcher } = expected;
  const distance = correlationDistance(matcher.correlation, event.attributes);
  return taskId === undefined || taskId === event.taskId
    ? distance
    : distance + valueDistance([taskId], event.taskId);
}

/** `mismatchDistance(correlationMismatches(correlation, attributes))`. */
export function correlationDistance(correlation: Correlation, attributes: JsonObject): number {
  if (correlation === "any") return 0;
  if ("equals" in correlation) return equalsDistance(correlation.equals, attributes);
  if ("in" in correlation) return inDistance(correlation.in, attributes);
  if ("all" in correlation) {
    return correlation.all.reduce((sum, part) => sum + correlationDistance(part, attributes), 0);
  }
  if ("anyOf" in correlation) {
    const { anyOf } = correlation;
    const least = anyOf.reduce(
      (least, part) => Math.min(least, correlationDistance(part, attributes)),
      Infinity,
    );
    return anyOf.length === 0 ? OFF : least;
  }
  return holds(correlation, attributes)
    ? 0
    : mismatchDistance(correlationMismatches(correlation, attributes));
}

function equalsDistance(equals: Equalities, attributes: JsonObject): number {
  let distance = 0;
  for (const path in equals) {
    const value = equals[path];
    if (value !== undefined) distance += termDistance(path, [value], attributes);
  }
  return distance;
}

function inDistance(
  terms: Readonly<Record<string, readonly JsonScalar[]>>,
  attributes: JsonObject,
): number {
  let distance = 0;
  for (const path in terms) distance += termDistance(path, terms[path] ?? [], attributes);
  return distance;
}

function termDistance(
  path: string,
  allowed: readonly JsonScalar[],
  attributes: JsonObject,
): number {
  const found = valueAt(attributes, path);
  if (isScalar(found)) return valueDistance(allowed, found);
  return misplacedValue(path, allowed, attributes)?.close === true ? MISPLACED : OFF;
}

function valueDistance(allowed: readonly JsonScalar[], found: JsonScalar | undefined): number {
  if (found === undefined) return OFF;
  if (allowed.includes(found)) return 0;
  const loose = looseForm(found);
  return allowed.some((value) => looseForm(value) === loose) ? CLOSE : OFF;
}
