/** The schema of correlations: predicates as data, from outside. */

import * as v from "valibot";
import { type Correlation, CORRELATION_DEPTH_MAX } from "../core/correlation.ts";
import { isObject, mapSchema, scalarField, strictObject } from "./fields.ts";

export const PATH_LENGTH_MAX = 256;

const RULE = 'must be "any" or an object with one of equals, in, all, anyOf, not';

const path = v.pipe(
  v.string(),
  v.nonEmpty("must be a dotted path into attributes"),
  v.maxLength(PATH_LENGTH_MAX, `must be a path of at most ${PATH_LENGTH_MAX} characters`),
);

type CorrelationSchema = v.GenericSchema<Correlation>;

/** Chosen by the member that is present, so that errors are about the intended predicate. */
const part: CorrelationSchema = v.lazy((value) =>
  value === undefined ? correlationForms : schemaFor(value)
);

/** Without a choice no event can match. */
function filled<Item extends v.GenericSchema>(item: Item) {
  return v.pipe(v.array(item), v.minLength(1, "must not be empty: no event could match"));
}

const PREDICATES: Readonly<Record<string, CorrelationSchema>> = {
  equals: strictObject({ equals: mapSchema(path, scalarField) }),
  in: strictObject({ in: mapSchema(path, filled(scalarField)) }),
  all: strictObject({ all: v.array(part) }),
  anyOf: strictObject({ anyOf: filled(part) }),
  not: strictObject({ not: part }),
};

const any: CorrelationSchema = v.literal("any", RULE);

/** All forms of a correlation. `chosenFrom` cannot express it, because it is recursive. */
export const correlationForms: CorrelationSchema = v.union([any, ...Object.values(PREDICATES)]);

function schemaFor(value: unknown): CorrelationSchema {
  if (!isObject(value)) return any;
  const name = Object.keys(value).find((key) => Object.hasOwn(PREDICATES, key));
  return (name === undefined ? undefined : PREDICATES[name]) ?? any;
}

export const correlationField = v.pipe(
  part,
  v.check(
    (correlation) => depthOf(correlation) <= CORRELATION_DEPTH_MAX,
    `must be nested at most ${CORRELATION_DEPTH_MAX} deep`,
  ),
);

/**
 * The number of values and predicates. The time to compare an event with a plan is proportional to
 * it.
 */
export function correlationSize(correlation: Correlation): number {
  if (correlation === "any") return 1;
  if ("equals" in correlation) return 1 + Object.keys(correlation.equals).length;
  if ("in" in correlation) {
    return 1 + total(Object.values(correlation.in), (values) => 1 + values.length);
  }
  if ("not" in correlation) return 1 + correlationSize(correlation.not);
  const parts = "all" in correlation ? correlation.all : correlation.anyOf;
  return 1 + total(parts, correlationSize);
}

function total<Item>(items: readonly Item[], sizeOf: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + sizeOf(item), 0);
}

/** The recursion is bounded by the depth of the document. */
function depthOf(correlation: Correlation): number {
  if (correlation === "any" || "equals" in correlation || "in" in correlation) return 1;
  if ("not" in correlation) return 1 + depthOf(correlation.not);
  const parts = "all" in correlation ? correlation.all : correlation.anyOf;
  // Not spread into arguments, since there may be more parts than a call allows.
  return 1 + parts.reduce((deepest, inner) => Math.max(deepest, depthOf(inner)), 0);
}
