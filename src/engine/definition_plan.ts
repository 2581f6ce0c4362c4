/** The plan that a definition gives a job, depending on its input. */

import { CORRELATION_SIZE_MAX, correlationFlaw, correlationSize } from "../core/correlation.ts";
import {
  type Deadline,
  ERRORS_MAX,
  type EventMatcher,
  EXPECTATIONS_MAX,
  EXPECTED_EVENT_KINDS,
  type ExpectedEvent,
  type JobPlan,
  MAIN_EXPECTATION,
  MAIN_EXPECTATION_ID,
  MAIN_ONLY_PLAN,
  MATCHES_MAX,
  type Multiplicity,
  PLAN_SIZE_MAX,
  requiredMatches,
  REST_MS_MAX,
  sharedPlan,
  TIMES_MAX,
  YEARS_MAX,
} from "../core/job_plan.ts";
import { type EventType, eventType, ID_PATTERN, ID_RULE } from "../core/ids.ts";
import { copyJson } from "../core/json.ts";
import type { AnyJobDefinition, ErrorMatcher, Expectation } from "./definition.ts";

/**
 * The plan of a job of this definition: its `run`, and what it expects.
 *
 * @throws {TypeError} when the definition names an expectation `main`, uses an event type that is
 * not legal, or makes too large a plan.
 */
export function planFor(definition: AnyJobDefinition, input: unknown): JobPlan {
  if (awaitsMainAlone(definition)) return MAIN_ONLY_PLAN;
  const expects = definition.expects?.(input) ?? {};
  if (typeof expects !== "object" || expects instanceof Promise || Array.isArray(expects)) {
    throw new TypeError(`Cannot expect ${String(expects)}: it must be an object of expectations`);
  }
  const errors = definition.errors?.(input) ?? [];
  if (!Array.isArray(errors)) {
    throw new TypeError(`Cannot fail on ${String(errors)}: errors must return a list`);
  }
  const specs: readonly [string, Expectation][] = Object.entries(expects);
  requireFew("have", specs.length, EXPECTATIONS_MAX, "expectations");
  requireFew("fail on", errors.length, ERRORS_MAX, "events");
  const named = specs.map(([id, spec]) => expectedEvent(id, spec));
  const failing = Array.from(errors, (spec) => {
    requireMembers("Cannot fail on an event", spec, ERROR_MEMBERS);
    return toMatcher(spec);
  });
  const wanted = named.reduce((sum, one) => sum + requiredMatches(one.multiplicity), 0);
  requireFew("expect", wanted, MATCHES_MAX, "events with all expectations together");
  requireSmall([...named.map(({ matcher }) => matcher), ...failing]);
  return sharedPlan({
    expected: [MAIN_EXPECTATION, ...named],
    policy: { errors: failing, onCompensated: definition.onCompensated ?? "Failed" },
  });
}

/** Most definitions do, whatever the input. */
function awaitsMainAlone({ expects, errors, onCompensated = "Failed" }: AnyJobDefinition): boolean {
  return expects === undefined && errors === undefined && onCompensated === "Failed";
}

/** The same limits as for a plan from outside, since the input may come from outside. */
function requireFew(what: string, count: number, max: number, of: string): void {
  if (count <= max) return;
  throw new TypeError(`Cannot ${what} ${count} ${of}: a plan may have at most ${max}`);
}

function requireSmall(matchers: readonly EventMatcher[]): void {
  let total = 0;
  for (const { eventType, correlation } of matchers) {
    const size = correlationSize(correlation);
    total += size;
    if (size <= CORRELATION_SIZE_MAX && total <= PLAN_SIZE_MAX) continue;
    throw new TypeError(
      `Cannot match ${eventType}: a correlation may have at most ${CORRELATION_SIZE_MAX} values ` +
        `and predicates, and all of a plan together ${PLAN_SIZE_MAX}`,
    );
  }
}

function expectedEvent(id: string, spec: Expectation): ExpectedEvent {
  if (id === MAIN_EXPECTATION_ID) {
    throw new TypeError(`Cannot expect an event under the name ${id}: it stands for run itself`);
  }
  if (!ID_PATTERN.test(id)) {
    throw new TypeError(`Cannot expect ${JSON.stringify(id)}: its name must be ${ID_RULE}`);
  }
  requireMembers(`Cannot expect ${id}`, spec, EXPECTATION_MEMBERS);
  const kind = spec.kind ?? "DomainFact";
  if (!EXPECTED_EVENT_KINDS.includes(kind)) {
    throw new TypeError(`Cannot expect ${id}: kind is none of ${EXPECTED_EVENT_KINDS.join(", ")}`);
  }
  return {
    id,
    kind,
    matcher: toMatcher(spec),
    multiplicity: checkedMultiplicity(id, spec),
    ...(spec.within === undefined ? {} : { within: checkedDeadline(id, spec.within) }),
  };
}

const ERROR_MEMBERS = ["eventType", "correlation"];
const EXPECTATION_MEMBERS = [...ERROR_MEMBERS, "kind", "multiplicity", "within"];
export const STARTS_ON_MEMBERS: readonly string[] = [...ERROR_MEMBERS, "input"];

/**
 * Without its correlation, such as one that is misspelt, any event of the type would count.
 *
 * @throws {TypeError}
 */
export function requireMembers(cannot: string, spec: object, known: readonly string[]): void {
  if (typeof spec !== "object" || spec === null) {
    throw new TypeError(`${cannot}: it must be an object with an eventType`);
  }
  for (const name in spec) {
    if (known.includes(name)) continue;
    throw new TypeError(`${cannot}: it has no member ${name}; it may have ${known.join(", ")}`);
  }
}

function checkedMultiplicity(
  id: string,
  { multiplicity = "ExactlyOnce" }: Expectation,
): Multiplicity {
  if (multiplicity === "ExactlyOnce" || multiplicity === "AtLeastOnce") return multiplicity;
  const { times } = multiplicity;
  if (Number.isInteger(times) && times >= 1 && times <= TIMES_MAX) return { times };
  throw new TypeError(
    `Cannot expect ${id}: multiplicity must be ExactlyOnce, AtLeastOnce or {times} with a whole ` +
      `number from 1 to ${TIMES_MAX}`,
  );
}

function checkedDeadline(id: string, { ms, otherwise }: Deadline): Deadline {
  const isTime = Number.isFinite(ms) && ms > 0 && ms <= REST_MS_MAX;
  if (isTime && (otherwise === "fail" || otherwise === "waive")) return { ms, otherwise };
  throw new TypeError(
    `Cannot expect ${id}: within must be {ms, otherwise} with milliseconds up to ${YEARS_MAX} ` +
      'years and "fail" or "waive"',
  );
}

export function toMatcher(spec: ErrorMatcher): EventMatcher {
  const type: EventType = eventType(spec.eventType);
  const correlation = spec.correlation ?? "any";
  const flaw = correlationFlaw(correlation);
  if (flaw !== undefined) throw new TypeError(`Cannot expect ${type}: ${flaw}`);
  // The caller may change its own later.
  return { eventType: type, correlation: copyJson(correlation) };
}
