/** An event that would satisfy an expectation, for whoever wants to send it. */

import { type Correlation, holds } from "../core/correlation.ts";
import { isScalar, type JsonObject, type JsonScalar } from "../core/json.ts";
import { pointerTo } from "../core/json_pointer.ts";
import type { ExpectedEvent } from "../core/job_plan.ts";
import { shownScalar } from "../core/shown_value.ts";

/** Of the values that would do, so many are named in a placeholder. */
const VALUES_TOLD_MAX = 5;
/** Of attributes that the plan does not ask about. */
const REST_MAX = 10;

/** An event to be sent, made from the job's plan alone. */
export interface SampleEvent {
  readonly event: JsonObject;
  /** What the plan leaves open, and a placeholder stands for: JSON pointers into the event. */
  readonly placeholders: readonly string[];
}

/**
 * `undefined` when none can be made up, as for some negations.
 *
 * @param meant Attributes of an event that was meant and did not count: what the plan does not ask
 * about, and code may read, becomes a placeholder that shows the value.
 */
export function sampleEvent(
  expected: ExpectedEvent,
  jobId: string,
  meant: JsonObject = {},
): SampleEvent | undefined {
  const { eventType, correlation } = expected.matcher;
  if (eventType.startsWith("job.") || eventType.startsWith("journal.")) return undefined;
  const terms = termsOf(correlation);
  const certain = matchingAttributes(correlation);
  if (certain === undefined) return undefined;
  const { taskId } = expected;
  const rest = Object.entries(meant)
    .flatMap(([name, value]) =>
      isScalar(value) && !Object.hasOwn(certain, name)
        ? [[name, `<such as ${shownScalar(value)}>`] as const]
        : []
    )
    .slice(0, REST_MAX);
  const attributes = {
    ...nested(terms.map((term) => [term.path, told(term)])),
    ...Object.fromEntries(rest),
  };
  const task = taskId === undefined ? {} : { taskId };
  const open = [
    ...terms.filter((term) => isOpen(term)).map(({ path }) => path.split(".")),
    ...rest.map(([name]) => [name]),
  ];
  const placeholders = open.map((path) => pointerTo(["attributes", ...path]));
  return { event: { eventType, jobId, ...task, attributes }, placeholders };
}

/**
 * What an event has to say so that a correlation holds, of alternatives the first; `undefined`
 * when nothing can be made up, as for some negations.
 */
export function matchingAttributes(correlation: Correlation): JsonObject | undefined {
  const attributes = nested(termsOf(correlation).map(first));
  return holds(correlation, attributes) ? attributes : undefined;
}

/** What has to be at a path: one of these. */
interface Term {
  readonly path: string;
  readonly allowed: readonly JsonScalar[];
  /** Other alternatives do without it. */
  readonly isOptional?: true;
}

/** What to set so that the correlation holds; of alternatives, the first that can be met. */
function termsOf(correlation: Correlation): readonly Term[] {
  if (correlation === "any" || "not" in correlation) return [];
  if ("equals" in correlation) {
    return Object.entries(correlation.equals).map(([path, value]) => ({ path, allowed: [value] }));
  }
  if ("in" in correlation) {
    return Object.entries(correlation.in).map(([path, allowed]) => ({ path, allowed }));
  }
  if ("all" in correlation) return correlation.all.flatMap(termsOf);
  return alternativeTerms(correlation.anyOf);
}

/** Those of the first that can be met, with the values that the others have in their places. */
function alternativeTerms(branches: readonly Correlation[]): readonly Term[] {
  const all = branches.map((part) => ({ part, terms: termsOf(part) }));
  const possible = all.find(({ part, terms }) => holds(part, nested(terms.map(first))));
  return (possible?.terms ?? []).map((term): Term => {
    const same = all.map(({ terms }) => terms.find(({ path }) => path === term.path));
    const allowed = [...new Set([term, ...same].flatMap((one) => one?.allowed ?? []))];
    return same.includes(undefined)
      ? { path: term.path, allowed, isOptional: true }
      : { path: term.path, allowed };
  });
}

function first({ path, allowed }: Term): readonly [string, JsonScalar] {
  return [path, allowed[0] ?? null];
}

function isOpen({ allowed, isOptional }: Term): boolean {
  return allowed.length > 1 || isOptional === true;
}

/** The value, where there is one that would do; else what to put there. */
function told(term: Term): JsonScalar {
  const { allowed } = term;
  if (!isOpen(term)) return allowed[0] ?? null;
  const more = allowed.length > VALUES_TOLD_MAX ? ", ..." : "";
  return `<one of ${allowed.slice(0, VALUES_TOLD_MAX).map(shownScalar).join(", ")}${more}>`;
}

/** Whether a text is one that stands for a value which nobody filled in. */
export function isPlaceholder(value: unknown): boolean {
  return typeof value === "string" && /^<(?:one of|such as) .*>$/s.test(value);
}

/**
 * The JSON with placeholders that are no texts: a server refuses it until they are filled in. What
 * is escaped stays so, but for quotation marks.
 */
export function withBarePlaceholders(json: string): string {
  return json.replace(
    /"<(?:one of|such as) (?:[^"\\]|\\.)*>"/g,
    (quoted) => quoted.slice(1, -1).replaceAll('\\"', '"'),
  );
}

type Draft = { [name: string]: JsonScalar | Draft };

function nested(terms: readonly (readonly [path: string, value: JsonScalar])[]): JsonObject {
  const attributes: Draft = {};
  for (const [path, value] of terms) {
    const names = path.split(".");
    const last = names.pop() ?? "";
    let inner = attributes;
    for (const name of names) {
      const next = Object.hasOwn(inner, name) ? inner[name] : undefined;
      const isNested = typeof next === "object" && next !== null;
      inner = isNested ? next : set<Draft>(inner, name, {});
    }
    set(inner, last, value);
  }
  return attributes as JsonObject;
}

/** Also for names such as `__proto__`, which plain assignment would take for something else. */
function set<Value extends JsonScalar | Draft>(object: Draft, name: string, value: Value): Value {
  Object.defineProperty(object, name, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
  return value;
}
