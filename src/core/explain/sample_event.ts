/** An event that would satisfy an expectation, for whoever wants to send it. */

import { type Correlation, holds } from "../correlation.ts";
import { copyOf, type JsonObject, type JsonScalar } from "../json.ts";
import type { ExpectedEvent } from "../job_plan.ts";
import { correlationDistance, nearestOf } from "../nearness.ts";

/**
 * `undefined` when none can be made up, as for some negations.
 *
 * @param like What an event said that was nearly it; the sample says the same, put right.
 */
export function sampleEvent(
  expected: ExpectedEvent,
  jobId: string,
  like: JsonObject = {},
): JsonObject | undefined {
  const { eventType, correlation } = expected.matcher;
  if (eventType.startsWith("job.") || eventType.startsWith("journal.")) return undefined;
  const attributes: JsonObject = holds(correlation, like)
    ? like
    : nested(copyOf(like) as Draft, termsOf(correlation, like));
  if (!holds(correlation, attributes)) return undefined;
  const { taskId } = expected;
  return taskId === undefined
    ? { eventType, jobId, attributes }
    : { eventType, jobId, taskId, attributes };
}

type Terms = readonly (readonly [path: string, value: JsonScalar])[];

/**
 * What to set so that the correlation holds, as far as that can be read off it: where it
 * leaves a choice, what is nearest to what the event said, as its near miss is told.
 */
function termsOf(correlation: Correlation, like: JsonObject): Terms {
  if (correlation === "any" || "not" in correlation) return [];
  if ("equals" in correlation) return Object.entries(correlation.equals);
  if ("in" in correlation) {
    return Object.entries(correlation.in).flatMap(([path, values]): Terms => {
      const nearest = nearestValue(path, values, like);
      return nearest === undefined ? [] : [[path, nearest]];
    });
  }
  if ("all" in correlation) return correlation.all.flatMap((part) => termsOf(part, like));
  const branch = nearestOf(correlation.anyOf, (part) => correlationDistance(part, like));
  return branch === undefined ? [] : termsOf(branch, like);
}

function nearestValue(
  path: string,
  values: readonly JsonScalar[],
  like: JsonObject,
): JsonScalar | undefined {
  const distanceTo = (value: JsonScalar) =>
    correlationDistance({ equals: { [path]: value } }, like);
  return nearestOf(values, distanceTo);
}

type Draft = { [name: string]: JsonScalar | Draft };

function nested(attributes: Draft, terms: Terms): JsonObject {
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
