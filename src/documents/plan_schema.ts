/**
 * Plans in requests: expectations are flat, as in the job resource, and correlations are predicates
 * as data.
 */

import * as v from "valibot";
import {
  DEFAULT_POLICY,
  ERRORS_MAX,
  type EventMatcher,
  EXPECTATIONS_MAX,
  EXPECTED_EVENT_KINDS,
  type ExpectedEvent,
  type JobPlan,
  MAIN_EXPECTATION_ID,
  MATCHES_MAX,
  PLAN_SIZE_MAX,
  requiredMatches,
  REST_MS_MAX,
  TIMES_MAX,
  YEARS_MAX,
} from "../core/job_plan.ts";
import {
  chosenFrom,
  eventTypeField,
  id,
  mapSchema,
  scalarField,
  strictObject,
  taskIdField,
  wholeField,
} from "./fields.ts";
import { isObject, type JsonObject, type PointedIssue } from "../core/json.ts";
import { hasCode, type JobState } from "../core/job_state.ts";
import {
  type Correlation,
  CORRELATION_DEPTH_MAX,
  CORRELATION_SIZE_MAX,
  correlationSize,
} from "../core/correlation.ts";

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

/** The recursion is bounded by the depth of the document. */
function depthOf(correlation: Correlation): number {
  if (correlation === "any" || "equals" in correlation || "in" in correlation) return 1;
  if ("not" in correlation) return 1 + depthOf(correlation.not);
  const parts = "all" in correlation ? correlation.all : correlation.anyOf;
  // Not spread into arguments, since there may be more parts than a call allows.
  return 1 + parts.reduce((deepest, inner) => Math.max(deepest, depthOf(inner)), 0);
}

const times = strictObject({ times: wholeField(1, TIMES_MAX) });

const quantifier = v.picklist(
  ["ExactlyOnce", "AtLeastOnce"],
  'must be "ExactlyOnce", "AtLeastOnce" or {"times": n}',
);

export const multiplicityField = chosenFrom(
  [quantifier, times],
  (value) => isObject(value) ? times : quantifier,
);

const CORRELATION_SIZE_RULE = `must have at most ${CORRELATION_SIZE_MAX} values and predicates`;
const PLAN_SIZE_RULE =
  `must have at most ${PLAN_SIZE_MAX} values and predicates in all its correlations`;

/** The most JSON values per value or predicate, including its share of the plan. */
const VALUES_EACH = 4;

/** Input that is far too large is refused before each value is validated, which would take long. */
function unlessHuge<Output>(
  schema: v.GenericSchema<unknown, Output>,
  sizeMax: number,
  rule: string,
): v.GenericSchema<unknown, Output> {
  const huge: v.GenericSchema<unknown, Output> = v.custom<Output>(() => false, rule);
  return v.lazy((value) => valuesLeft(value, sizeMax * VALUES_EACH) < 0 ? huge : schema);
}

/**
 * How many more JSON values are allowed; stops counting at `room`. A huge correlation is reported
 * by itself, and counts as one value.
 */
function valuesLeft(value: unknown, room: number): number {
  let left = room - 1;
  if (typeof value !== "object" || value === null) return left;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length && left >= 0; at++) left = valuesLeft(value[at], left);
    return left;
  }
  for (const name in value) {
    if (left < 0) break;
    const member = (value as Record<string, unknown>)[name];
    left = name === "correlation" ? left - takenBy(member) : valuesLeft(member, left);
  }
  return left;
}

function takenBy(correlation: unknown): number {
  const room = CORRELATION_SIZE_MAX * VALUES_EACH;
  const left = valuesLeft(correlation, room);
  return left < 0 ? 1 : room - left;
}

const correlation = unlessHuge(
  v.pipe(
    correlationField,
    v.check((one) => correlationSize(one) <= CORRELATION_SIZE_MAX, CORRELATION_SIZE_RULE),
  ),
  CORRELATION_SIZE_MAX,
  CORRELATION_SIZE_RULE,
);

/** The time limit of an expectation. */
export const withinField = strictObject({
  ms: v.pipe(
    v.number(),
    v.check(
      (ms) => ms > 0 && ms <= REST_MS_MAX,
      `must be more than 0 and at most ${YEARS_MAX} years`,
    ),
    v.description("Milliseconds from the start of the job."),
  ),
  otherwise: v.pipe(
    v.picklist(["fail", "waive"]),
    v.description("`fail` the job, or `waive` the expectation, which then counts as satisfied."),
  ),
});

const expectation = strictObject({
  id: id<string>(),
  kind: v.exactOptional(v.picklist(EXPECTED_EVENT_KINDS)),
  eventType: eventTypeField,
  correlation: v.exactOptional(correlation),
  multiplicity: v.exactOptional(multiplicityField),
  taskId: v.exactOptional(taskIdField),
  within: v.exactOptional(withinField),
});

const matcher = strictObject({
  eventType: eventTypeField,
  correlation: v.exactOptional(correlation),
});

const policy = strictObject({
  errors: v.exactOptional(
    v.pipe(v.array(matcher), v.maxLength(ERRORS_MAX, `must have at most ${ERRORS_MAX} entries`)),
  ),
  compensation: v.exactOptional(strictObject({ succeeded: matcher, failed: matcher })),
  onCompensated: v.exactOptional(v.picklist(["Done", "Failed"])),
});

/** A plan of any size. */
export const planObject = strictObject({
  expected: v.pipe(
    v.array(expectation),
    v.maxLength(EXPECTATIONS_MAX, `must have at most ${EXPECTATIONS_MAX} entries`),
  ),
  policy: v.exactOptional(policy),
});

export const planField = unlessHuge(
  v.pipe(
    planObject,
    v.check((one) => planSize(one) <= PLAN_SIZE_MAX, PLAN_SIZE_RULE),
    v.check(
      (one) => wantedBy(one) <= MATCHES_MAX,
      `must expect at most ${MATCHES_MAX} events in all`,
    ),
  ),
  PLAN_SIZE_MAX,
  PLAN_SIZE_RULE,
);

function planSize({ expected, policy = {} }: v.InferOutput<typeof planObject>): number {
  const { errors = [], compensation } = policy;
  const ends = compensation === undefined ? [] : [compensation.succeeded, compensation.failed];
  const all = [...expected, ...errors, ...ends];
  return all.reduce((sum, { correlation = "any" }) => sum + correlationSize(correlation), 0);
}

/** Problems of a single expectation are reported at the expectation only. */
function wantedBy({ expected }: v.InferOutput<typeof planObject>): number {
  return expected.reduce((sum, { multiplicity = "ExactlyOnce" }) => {
    return sum + Math.min(TIMES_MAX, requiredMatches(multiplicity));
  }, 0);
}

type PlanInput = v.InferOutput<typeof planField>;

/** An issue for each expectation whose id repeats an earlier one. */
export function repeatedIdIssues({ expected }: PlanInput): readonly PointedIssue[] {
  const seen = new Set<string>();
  return expected.flatMap(({ id }, index) => {
    const isNew = !seen.has(id);
    seen.add(id);
    const pointer = `/plan/expected/${index}/id`;
    return isNew ? [] : [{ pointer, detail: "is the id of an earlier expectation" }];
  });
}

/** The plan in the form of the core, with defaults filled in. */
export function toPlan({ expected, policy = {} }: PlanInput): JobPlan {
  const { errors = [], compensation, onCompensated = DEFAULT_POLICY.onCompensated } = policy;
  return {
    expected: expected.map(toExpectation),
    policy: {
      errors: errors.map(toMatcher),
      ...(compensation === undefined ? {} : {
        compensation: {
          succeeded: toMatcher(compensation.succeeded),
          failed: toMatcher(compensation.failed),
        },
      }),
      onCompensated,
    },
  };
}

function toExpectation(input: v.InferOutput<typeof expectation>): ExpectedEvent {
  return {
    id: input.id,
    kind: input.kind ?? "DomainFact",
    matcher: toMatcher(input),
    multiplicity: input.multiplicity ?? "ExactlyOnce",
    ...(input.taskId === undefined ? {} : { taskId: input.taskId }),
    ...(input.within === undefined ? {} : { within: input.within }),
  };
}

function toMatcher(input: v.InferOutput<typeof matcher>): EventMatcher {
  return { eventType: input.eventType, correlation: input.correlation ?? "any" };
}

/** The part of a job's plan that a supposition may replace; the end of `run` is always expected. */
export function toPlanDocument(job: JobState) {
  const { expected, policy } = job.plan;
  const own = hasCode(job) ? expected.filter(({ id }) => id !== MAIN_EXPECTATION_ID) : expected;
  return planDocument({ expected: own, policy });
}

export function planDocument({ expected, policy }: JobPlan) {
  const all = expected.map(({ id, kind, matcher, ...rest }) => ({ id, kind, ...matcher, ...rest }));
  return { expected: all, policy } as unknown as {
    readonly expected: readonly (JsonObject & Pick<ExpectedEvent, "id">)[];
    readonly policy: JsonObject;
  };
}
