/** What Daybook sees of `run`: its calls of `ctx`, and how it ends. */

import { equalJson, type JsonObject, type JsonValue } from "../core/json.ts";
import { parseJsonText } from "../core/json_text.ts";
import { shownValue } from "../core/shown_value.ts";
import { thrownText } from "../engine/run/divergence.ts";

export type RunStep =
  /** `options` are the arguments besides the name. */
  | { readonly kind: "asked"; readonly call: string; readonly options: JsonValue }
  | { readonly kind: "returned"; readonly output: JsonValue }
  | { readonly kind: "threw"; readonly error: string };

export function requestedStep(method: string, [name, ...others]: readonly unknown[]): RunStep {
  const call = `ctx.${method}(${JSON.stringify(name)})`;
  const [options, ...more] = others.filter((one) => typeof one !== "function");
  return { kind: "asked", call, options: form(more.length === 0 ? options : others) };
}

export function returnedStep(output: unknown): RunStep {
  return { kind: "returned", output: form(output) };
}

export function threwStep(error: unknown): RunStep {
  return { kind: "threw", error: thrownText(error) };
}

/**
 * The difference between two calls at the same step, as a predicate; `undefined` if there is none.
 */
export function stepDifference(first: RunStep, second: RunStep | undefined): string | undefined {
  if (first.kind === "asked" && second?.kind === "asked" && first.call === second.call) {
    return describeCall(`asked for ${first.call} with`, "options", first.options, second.options);
  }
  if (first.kind === "returned" && second?.kind === "returned") {
    return describeCall("returned", "output", first.output, second.output);
  }
  const [one, other] = [textOf(first), textOf(second)];
  return one === other ? undefined : `${one} the first time, and ${other} the second`;
}

function textOf(step: RunStep | undefined): string {
  switch (step?.kind) {
    case "asked":
      return `asked for ${step.call}`;
    case "returned":
      return "returned";
    case "threw":
      return `threw ${step.error}`;
    case undefined:
      return "asked for nothing more";
  }
}

function describeCall(
  verb: string,
  name: string,
  first: JsonValue,
  second: JsonValue,
): string | undefined {
  if (equalJson(first, second)) return undefined;
  const [path, one, other] = differenceAt(name, first, second);
  return `${verb} ${path} ${shownValue(one)} the first time, and ${shownValue(other)} the second`;
}

type At = readonly [path: string, first: JsonValue | undefined, second: JsonValue | undefined];

/** The innermost path at which two values differ, the first of several. */
function differenceAt(path: string, first: JsonValue, second: JsonValue): At {
  if (!isObject(first) || !isObject(second)) return [path, first, second];
  for (const name of new Set([...Object.keys(first), ...Object.keys(second)])) {
    const [one, other] = [first[name], second[name]];
    const place = Array.isArray(first) ? `${path}[${name}]` : `${path}.${name}`;
    if (one === undefined || other === undefined) return [place, one, other];
    if (!equalJson(one, other)) return differenceAt(place, one, other);
  }
  return [path, first, second];
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === "object" && value !== null;
}

/** As JSON; of a function, only its presence counts. */
function form(value: unknown): JsonValue {
  try {
    const text = JSON.stringify(
      value,
      (_, part) => typeof part === "function" ? "function" : part,
    );
    return text === undefined ? null : parseJsonText(text) as JsonValue;
  } catch {
    // The engine refuses what JSON cannot hold.
    return null;
  }
}
