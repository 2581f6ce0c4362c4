/**
 * The requests that an explanation gives a person to send: a sample event that would satisfy an
 * expectation, and calls of curl to paste into a shell, once the placeholders are filled in.
 */

import { type Correlation, holds, termsOf } from "../../core/correlation.ts";
import type { ExpectedEvent } from "../../core/job_plan.ts";
import { isScalar, type JsonObject, type JsonScalar, pointerTo } from "../../core/json.ts";
import { shellWord } from "../../core/shell_word.ts";
import { shownScalar, visible } from "../../core/shown_value.ts";
import type { Action } from "../statements/explanation.ts";

/** How many of the possible values a placeholder names. */
const VALUES_SHOWN_MAX = 5;
/** How many attributes are added that the plan does not ask about. */
const REST_MAX = 10;

/** An event to send, made from the job's plan alone. */
interface SampleEvent {
  readonly event: JsonObject;
  /** JSON pointers into the event, to placeholders for what the plan leaves open. */
  readonly placeholders: readonly string[];
}

/**
 * `undefined` when none can be made, as for some negations.
 *
 * @param meant Attributes of an event that was meant and did not count. Those that the plan does
 * not ask about, but code may read, become placeholders that show their values.
 */
export function sampleEvent(
  expected: ExpectedEvent,
  jobId: string,
  meant: JsonObject = {},
): SampleEvent | undefined {
  const { eventType, correlation } = expected.matcher;
  if (eventType.startsWith("job.") || eventType.startsWith("journal.")) return undefined;
  const terms = termsToSet(correlation);
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
    ...nested(terms.map((term) => [term.path, sampleValue(term)])),
    ...Object.fromEntries(rest),
  };
  const task: JsonObject = taskId === undefined ? {} : { taskId };
  const open = [
    ...terms.filter((term) => isOpen(term)).map(({ path }) => path.split(".")),
    ...rest.map(([name]) => [name]),
  ];
  const placeholders = open.map((path) => pointerTo(["attributes", ...path]));
  return { event: { eventType, jobId, ...task, attributes }, placeholders };
}

/**
 * Attributes for which a correlation holds, using the first alternative; `undefined` when none can
 * be made, as for some negations.
 */
export function matchingAttributes(correlation: Correlation): JsonObject | undefined {
  const attributes = nested(termsToSet(correlation).map(first));
  return holds(correlation, attributes) ? attributes : undefined;
}

/** A value that must be at a path: one of these. */
interface Term {
  readonly path: string;
  readonly allowed: readonly JsonScalar[];
  /** Other alternatives do not need it. */
  readonly isOptional?: true;
}

/** What to set so that the correlation holds, using the first alternative that can be met. */
function termsToSet(correlation: Correlation): readonly Term[] {
  if (correlation === "any") return [];
  if ("all" in correlation) return correlation.all.flatMap(termsToSet);
  if ("anyOf" in correlation) return alternativeTerms(correlation.anyOf);
  return termsOf(correlation).map(([path, allowed]) => ({ path, allowed }));
}

/** The terms of the first alternative that can be met, with the other alternatives' values. */
function alternativeTerms(branches: readonly Correlation[]): readonly Term[] {
  const all = branches.map((part) => ({ part, terms: termsToSet(part) }));
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

/** A possible value, or else a placeholder. */
function sampleValue(term: Term): JsonScalar {
  const { allowed } = term;
  if (!isOpen(term)) return allowed[0] ?? null;
  const more = allowed.length > VALUES_SHOWN_MAX ? ", ..." : "";
  return `<one of ${allowed.slice(0, VALUES_SHOWN_MAX).map(shownScalar).join(", ")}${more}>`;
}

/** Whether a text is a placeholder that was not filled in. */
export function isPlaceholder(value: unknown): boolean {
  return typeof value === "string" && /^<(?:one of|such as) .*>$/s.test(value);
}

/**
 * The JSON with placeholders unquoted, so that a server refuses it until they are filled in.
 * Escapes stay, except for those of quotation marks.
 */
function withBarePlaceholders(json: string): string {
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

/** Unlike a plain assignment, works for names such as `__proto__` too. */
function set<Value extends JsonScalar | Draft>(object: Draft, name: string, value: Value): Value {
  Object.defineProperty(object, name, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
  return value;
}

/**
 * @param base The address of the server as the client uses it, without a slash at the end.
 * @param needsToken Whether the call must carry the token, which is taken from the environment.
 */
export function curlCall(
  { method, path, body, placeholders }: Action,
  base: string,
  needsToken: boolean,
): string {
  const url = shellWord(base + path);
  if (body === undefined) return `curl -s${tokenOption(needsToken)} -X ${method} ${url}`;
  const json = visible(JSON.stringify(body));
  const data = shellWord(placeholders === undefined ? json : withBarePlaceholders(json));
  const put = method === "PUT" ? " -X PUT" : "";
  return `curl -s${tokenOption(needsToken)}${put} ${url} ${JSON_OPTION} -d ${data}`;
}

/** The same with the body in a file. */
export function curlOfFile(
  { path }: Action,
  file: string,
  base: string,
  needsToken: boolean,
): string {
  const url = shellWord(base + path);
  return `curl -s${tokenOption(needsToken)} ${url} ${JSON_OPTION} -d @${shellWord(file)}`;
}

const JSON_OPTION = "-H 'content-type: application/json'";

/** The same for a request that only reads. */
export function curlRead(path: string, base: string, needsToken: boolean): string {
  return `curl -s${tokenOption(needsToken)} ${shellWord(base + path)}`;
}

/** The same for a stream, which is shown as it comes. */
export function curlFollow(path: string, base: string, needsToken: boolean): string {
  return `curl -sN${tokenOption(needsToken)} ${shellWord(base + path)}`;
}

/** The token itself is not shown, since it would end up in the history of the shell. */
function tokenOption(needsToken: boolean): string {
  return needsToken ? ` -H "authorization: Bearer $DAYBOOK_TOKEN"` : "";
}
