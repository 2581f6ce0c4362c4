/** Fields that an error says are not valid, by their names alone, and the step that returned them. */

import type { CompletedTask, FailedJob, JobState } from "../../core/job_state.ts";
import { isScalar, type JsonObject, type JsonScalar } from "../../core/json.ts";
import { SECRET_MARK } from "../../core/sealed_input.ts";
import { shownScalar, shownText } from "../../core/shown_value.ts";
import { givenBeforeFailure } from "../history/given_values.ts";
import type { OutlinedHistory } from "../history/outlined_history.ts";
import { type Place, placePath, placesIn } from "../likeness/elsewhere.ts";
import { wordsOf } from "../likeness/own_values.ts";
import type { Reasons } from "../statements/explanation.ts";
import { reason } from "../statements/statement.ts";
import { capital, taskText } from "../words/phrases.ts";
import { firstFailing } from "./named_results.ts";

/** Longer ones are documents. */
const MESSAGE_MAX = 1_000;
const TEXT_MAX = 60;
/** How many results are looked at, the first ones, and how many fields are shown. */
const RESULTS_MAX = 64;
const SHOWN_MAX = 2;

/** Errors of code name what it read, and not what is wrong. */
const OF_CODE = /^(?:Type|Reference|Range|Syntax)Error$/;

const INVALID = String.raw`(?:invalid|malformed|illegal|unknown|unsupported|unrecogni[sz]ed|` +
  String.raw`missing|required|rejected|must|expected|cannot|not\b|out of range|too \w+)`;
/** What is said of a name is close to it. */
const BETWEEN = String.raw`.{0,40}`;

/** Names with these are sentences when they are written with spaces: `retry after`. */
const OF_SENTENCE =
  /^(?:a|after|and|at|before|by|for|from|has|in|is|last|next|no|not|of|on|or|since|the|to|until|was|with)$/;
/** Of every error, whatever it is about. */
const OF_ERRORS =
  /^(?:request|trace|correlation|span|error|status|response|http|event)(?:id|code|type|name|status|message|text|reason)?$/;
const OF_SECRETS =
  /token|secret|passw|pwd|key|credential|auth|session|cookie|signature|cvc|cvv|otp|hash/i;

/** Whether an error says of a field, by its name, that it is not valid. */
export function isSaidOf({ name = "", message }: FailedJob["failure"]["error"], place: Place) {
  if (message.length > MESSAGE_MAX || OF_CODE.test(name)) return false;
  const pattern = fieldPattern(message.toLowerCase(), place);
  return pattern !== undefined && new RegExp(pattern, "i").test(message) &&
    new RegExp(`${INVALID}${BETWEEN}${pattern}|${pattern}${BETWEEN}${INVALID}`, "is").test(message);
}

/** A name of several words in any notation; one of a single word in quotes, or after its object. */
function fieldPattern(said: string, { names }: Place): string | undefined {
  const [name = "", object] = [names.at(-1), names.at(-2)];
  const words = wordsOf(name).split(/[^\p{L}\d]+/u).filter((word) => word !== "");
  // Most names are not in the message, which is quickly known.
  if (words.length === 0 || !words.every((word) => said.includes(word))) return undefined;
  if (OF_ERRORS.test(words.join("")) || OF_SECRETS.test(name)) {
    return undefined;
  }
  if (words.length > 1) {
    const divider = words.some((word) => OF_SENTENCE.test(word)) ? "[_-]?" : "[ _-]?";
    return String.raw`(?<![\w-])${words.map((word) => RegExp.escape(word)).join(divider)}(?![\w-])`;
  }
  const quoted = String.raw`["'\`]${RegExp.escape(name)}\\?["'\`](?!\s*:)`;
  return object === undefined
    ? quoted
    : String.raw`(?:${quoted}|\b${RegExp.escape(object)}[./]${RegExp.escape(name)}(?![\w-]))`;
}

interface NamedFields {
  readonly task: CompletedTask;
  readonly places: readonly Place[];
}

/** The first step that returned such fields, if no other step or the input has another of the name. */
export function namedFields(known: OutlinedHistory): NamedFields | undefined {
  return found.getOrInsertComputed(known.job, () => findFields(known));
}

/** Several parts of an explanation name them. */
const found = new WeakMap<JobState, NamedFields | undefined>();

function findFields(known: OutlinedHistory): NamedFields | undefined {
  const { job } = known;
  if (job.state !== "Failed") return undefined;
  const { error } = job.failure;
  const began = firstFailing(known) ?? 0;
  const results = givenBeforeFailure(known)
    .flatMap(({ task, value }) =>
      task === undefined || task.completedBy > began ? [] : [{
        task,
        places: isScalar(value) ? [] : placesIn(value as JsonObject),
      }]
    )
    .toSorted((one, other) => one.task.completedBy - other.task.completedBy)
    .slice(0, RESULTS_MAX);
  const inputs = inputPlaces(job);
  for (const { task, places } of results) {
    const named = places.filter((place) => isShort(place.value) && isSaidOf(error, place));
    const isOnly = (place: Place) =>
      !inputs.some((one) => isSameField(one, place)) &&
      results.every((one) =>
        one.places.every((other) => !isSameField(other, place) || other.value === place.value)
      );
    if (named.length > 0) {
      return named.every(isOnly) ? { task, places: named.slice(0, SHOWN_MAX) } : undefined;
    }
  }
  return undefined;
}

function inputPlaces({ input, sealed }: JobState): readonly Place[] {
  return sealed !== undefined || input === undefined || isScalar(input)
    ? []
    : placesIn({ input } as JsonObject);
}

function isSameField(one: Place, other: Place): boolean {
  return wordsOf(one.names.at(-1) ?? "") === wordsOf(other.names.at(-1) ?? "");
}

function isShort(value: JsonScalar): boolean {
  return value !== SECRET_MARK && (typeof value !== "string" || value.length <= TEXT_MAX);
}

/** `Task period had returned period_end = "2027-02-31", which is no day of the calendar.` */
export function namedFieldReasons(known: OutlinedHistory): Reasons {
  const named = namedFields(known);
  if (named === undefined) return [];
  const { task, places } = named;
  const shown = places.map((place) => {
    const of = isNoDay(place.value) ? ", which is no day of the calendar" : "";
    return `${shownText(placePath(place))} = ${shownScalar(place.value)}${of}`;
  });
  const statement = `${capital(taskText(task.taskId))} had returned ${shown.join(" and ")}.`;
  return [reason(statement, task.completedBy)];
}

const DAY = /^(\d{4})-(\d\d)-(\d\d)(?!\d)/;

/** Code that reads it may make the first of March of it. */
function isNoDay(value: JsonScalar): boolean {
  const [, year, month, day] = typeof value === "string" ? DAY.exec(value) ?? [] : [];
  if (day === undefined) return false;
  const time = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  return time.getUTCDate() !== Number(day) || time.getUTCMonth() !== Number(month) - 1;
}
