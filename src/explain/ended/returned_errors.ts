/**
 * Steps that completed although their result is an error, as some services answer with 200, and
 * values that later code failed on: none, or one of another type.
 */

import { MAIN_TASK } from "../../core/ids.ts";
import { attemptsOf } from "../past/attempts.ts";
import { type Meanwhile, processStop, processStopText } from "../past/process_history.ts";
import { type CompletedTask, isStep, type JobState } from "../../core/job_state.ts";
import { isScalar, type JsonObject, type JsonValue } from "../../core/json.ts";
import { shownText, shownValue } from "../../core/shown_value.ts";
import type { Reasons } from "../statements/explanation.ts";
import { givenBeforeFailure, stepsBeforeEnd } from "../history/given_values.ts";
import type { OutlinedHistory } from "../history/outlined_history.ts";
import { placePath, placesIn } from "../likeness/elsewhere.ts";
import { capital, FEW_MAX, taskText } from "../words/phrases.ts";
import { reason } from "../statements/statement.ts";
import { unreadableElements } from "./unreadable_elements.ts";

/** Results of an ended job that report an error, and those that its failure shows are missing. */
export function returnedErrors(known: OutlinedHistory): Reasons {
  const bad = tasksWithError(known).map((task) =>
    reason(`${capital(badResultText(task))}.`, task.completedBy)
  );
  return bad.length > 0 ? bad : unfitResults(known);
}

function badResultText({ taskId, result }: CompletedTask): string {
  return `${taskText(taskId)} completed, but its result is an error: ${errorIn(result)}`;
}

/** The same for any job, as parts of a sentence. */
export function resultsWithError({ tasks }: JobState): readonly string[] {
  return tasks.filter(isStep).filter(({ result }) => errorIn(result) !== "")
    .slice(0, FEW_MAX).map(badResultText);
}

/** The first of the tasks with such a result. */
export function tasksWithError(known: OutlinedHistory): readonly CompletedTask[] {
  return withError.getOrInsertComputed(
    known.job,
    () =>
      stepsBeforeEnd(known).filter(({ result }) => errorIn(result) !== "")
        .slice(0, FEW_MAX),
  );
}

/** Several parts of an explanation name them, and a job may have thousands of results. */
const withError = new WeakMap<JobState, readonly CompletedTask[]>();

/** `Cannot read properties of undefined (reading 'id')`: a step may have forgotten to return it. */
const OF_NOTHING = /\b(undefined|null)\b/;

/** Whether a job failed since its code read a member of nothing. */
export function hasReadNothing({ job }: Pick<OutlinedHistory, "job">): boolean {
  if (job.state !== "Failed") return false;
  const { name, message } = job.failure.error;
  return name === "TypeError" && OF_NOTHING.test(message);
}

/** The last result before a stop of the process, if code read a member of nothing after that. */
export function resultsBeforeStop(known: Meanwhile): Reasons {
  const before = hasReadNothing(known) ? resultBeforeStop(known) : undefined;
  if (before === undefined) return [];
  const { task, stop } = before;
  const statement = `${capital(taskText(task.taskId))} had completed before ${
    processStopText(stop)
  }: other code may have made its result.`;
  return [reason(statement, task.completedBy, stop)];
}

/**
 * The last step that had completed before the process stopped, if a later one failed the job, or
 * was its last.
 */
export function resultBeforeStop(known: Meanwhile) {
  const { job } = known;
  const later = job.state === "Failed" ? job.failure.taskId : stepsBeforeEnd(known).at(-1)?.taskId;
  const began = attemptsOf(known, later ?? MAIN_TASK).at(-1)?.started;
  if (began === undefined || (later ?? MAIN_TASK) === MAIN_TASK) return undefined;
  for (const task of stepsBeforeEnd(known).toReversed()) {
    const stop = processStop(known, task.completedBy, began.logId);
    if (stop !== undefined) return { task, stop };
  }
  return undefined;
}

/** What is not what later code failed to read: nothing, a page for JSON, or an odd value. */
function unfitResults(known: OutlinedHistory): Reasons {
  const { job } = known;
  const { name, message } = job.state === "Failed" ? job.failure.error : { name: "", message: "" };
  const isOfNothing = hasReadNothing(known);
  const unfit = name === "TypeError" && !isOfNothing
    ? unfitValues(known, message)
    : isOfNothing || name === "SyntaxError"
    ? unfitWholes(known, isOfNothing)
    : [];
  if (unfit.length > 0) return unfit;
  return isOfNothing ? oddElements(known, message) : unreadableElements(known, message);
}

function unfitWholes(known: OutlinedHistory, isOfNothing: boolean): Reasons {
  return stepsBeforeEnd(known).flatMap(({ taskId, completedBy, result = null }) => {
    const unfit = isOfNothing ? result === null ? "nothing" : "" : pageIn(result);
    if (unfit === "") return [];
    const statement = `${capital(taskText(taskId))} completed, but returned ${unfit}.`;
    return [reason(statement, completedBy)];
  }).slice(0, FEW_MAX);
}

/** `Cannot read properties of undefined (reading 'trim')`: what the code took for a text. */
const READING = /\(reading '(\w+)'\)/;
/** How many elements of a list, and how many members of each, are compared. */
const ELEMENTS_MAX = 1_000;
const ELEMENTS_MIN = 4;

/** Elements of lists that lack what all others have, if that is what the code failed to read. */
function oddElements(known: OutlinedHistory, message: string): Reasons {
  const [, member] = READING.exec(message) ?? [];
  // Most values have a length.
  if (member === undefined || member === "length") return [];
  return givenBeforeFailure(known).flatMap(({ has, value, by }) => {
    const lists = Array.isArray(value) ? [["", value] as const] : Object.entries(value ?? {});
    return lists.slice(0, MEMBERS_MAX).flatMap(([list, elements]) => {
      const odd = Array.isArray(elements) ? oddElement(elements, member) : undefined;
      if (odd === undefined) return [];
      const at = `${shownText(list)}[${odd.at}]`;
      const statement = `${has} no "${shownText(odd.name)}" in ${at}, where all ` +
        `${odd.others} others have one.`;
      return [reason(statement, by)];
    });
  }).slice(0, VALUES_SHOWN_MAX);
}

/**
 * The only element without a member that all others have, and that has what the code read; none if
 * several members are lacking so.
 */
function oddElement(elements: readonly JsonValue[], member: string) {
  const compared = elements.slice(0, ELEMENTS_MAX).map((one) => isScalar(one) ? {} : one);
  if (compared.length < ELEMENTS_MIN) return undefined;
  const names = Object.keys({ ...compared[0], ...compared[1] }).slice(0, MEMBERS_MAX);
  const [odd, another] = names.flatMap((name) => {
    const values = compared.map((one) => (one as JsonObject)[name] ?? null);
    const at = values.indexOf(null);
    const isOnly = at >= 0 && values.every((value, index) => index === at || has(value, member));
    return isOnly ? [{ name, at, others: compared.length - 1 }] : [];
  });
  return another === undefined ? odd : undefined;
}

/** Whether code may read a member of a value. */
function has(value: JsonValue, member: string): boolean {
  if (value === null) return false;
  const type = METHODS.find(([, methods]) => methods.test(member))?.[0];
  if (Array.isArray(value)) return type === "list" || member === "length";
  return typeof value === "object"
    ? member in value
    : type === typeOf(value) || member === "length" && typeof value === "string";
}

/** `order.at.getTime is not a function`: a `Date` is recorded as text. */
const METHOD = /(?:^|\.)(\w+)\.(\w+) is not a function/;

/** The methods by which code treats a value as one of a type. */
const METHODS: readonly (readonly [type: string, methods: RegExp])[] = [
  ["number", /^to(?:Fixed|Precision|Exponential)$/],
  ["date", /^(?:[gs]et(?:UTC)?[A-Z]\w+|to(?:ISO|UTC|Date|Time)String)$/],
  [
    "text",
    /^(?:trim\w*|split|to(?:Lower|Upper)Case|(?:starts|ends)With|pad\w+|replace\w*|match|sub\w+|charAt)$/,
  ],
  ["list", /^(?:map|flatMap|filter|forEach|reduce|find\w*|some|every|join|push|sort|toSorted)$/],
];

/** Values of another type than the code takes them for, under the name that the error has. */
function unfitValues(known: OutlinedHistory, message: string): Reasons {
  const [, name = "", method = ""] = METHOD.exec(message) ?? [];
  const type = METHODS.find(([, methods]) => methods.test(method))?.[0];
  if (type === undefined) return [];
  return givenBeforeFailure(known).flatMap(({ has, value, by, task }) => {
    const place = isScalar(value) ? undefined : placesIn(value as JsonObject)
      .find((one) => one.names.at(-1) === name && one.value !== null && typeOf(one.value) !== type);
    if (place === undefined) return [];
    const given = task && `${capital(taskText(task.taskId))} completed, but returned`;
    const shown = `"${shownText(placePath(place))}" as the ${typeOf(place.value)} ` +
      shownValue(place.value);
    const meant = type === "date" ? "" : `, not as a ${type}`;
    return [reason(`${given ?? has} ${shown}${meant}.`, by)];
  }).slice(0, VALUES_SHOWN_MAX);
}

const VALUES_SHOWN_MAX = 2;

function typeOf(value: JsonValue): string {
  return typeof value === "string" ? "text" : typeof value;
}

/** `a page titled "Sign in"`, from the result itself or one of its members. */
function pageIn(result: JsonValue): string {
  const members = isScalar(result) || Array.isArray(result) ? [result] : Object.values(result);
  const title = members.slice(0, MEMBERS_MAX).map(titleOf).find((one) => one !== undefined);
  return title === undefined ? "" : `a page titled ${shownValue(title)}`;
}

/** An error as text, or the page of a server that does not work. */
const ERROR_TEXT = /^\w*(?:Error|Exception): /;
const PAGE = /^\s*<(?:!doctype html|html)/i;
const TITLE = /<title>([^<]{1,200})</i;
const TITLE_OF_ERROR =
  /error|not found|unavailable|maintenance|forbidden|denied|bad gateway|time-?out|\b[45]\d\d\b/i;
/** How many characters of a text, and how many members of a result, are looked at. */
const TEXT_MAX = 5_000;
const MEMBERS_MAX = 32;

/** `status "error", message "quota exceeded"`; empty for a result that reports no error. */
function errorIn(result: JsonValue | undefined): string {
  if (typeof result === "string") return errorInText(result);
  if (isScalar(result) || result === undefined || Array.isArray(result)) return "";
  const members = Object.entries(result as JsonObject).slice(0, MEMBERS_MAX);
  return errorInMembers(members) || members.map(([name, value]) => {
    const error = isScalar(value) || Array.isArray(value)
      ? errorInText(value)
      : errorInMembers(Object.entries(value).slice(0, MEMBERS_MAX));
    return error === "" ? "" : `${shownText(name)} ${error}`;
  }).find((error) => error !== "") || "";
}

function errorInText(value: JsonValue): string {
  if (typeof value !== "string") return "";
  if (ERROR_TEXT.test(value)) return shownValue(value);
  const title = titleOf(value) ?? "";
  return TITLE_OF_ERROR.test(title) ? `a page titled ${shownValue(title)}` : "";
}

/** The title of a page; empty if it has none; `undefined` for anything else. */
function titleOf(value: JsonValue): string | undefined {
  if (typeof value !== "string" || !PAGE.test(value)) return undefined;
  return TITLE.exec(value.slice(0, TEXT_MAX))?.[1]?.trim() ?? "";
}

function errorInMembers(members: readonly (readonly [string, JsonValue])[]): string {
  const signs = members.filter(([name, value]) => SIGNS.get(name)?.(value) === true);
  if (signs.length === 0) return "";
  const texts = members.filter(([name]) => DETAILS.has(name));
  return [...new Map([...signs, ...texts])].slice(0, FEW_MAX)
    .map(([name, value]) => `${shownText(name)} ${shownValue(value)}`).join(", ");
}

const isFalse = (value: JsonValue) => value === false;
const isCodeOfError = (value: JsonValue) =>
  typeof value === "number" && value >= 400 && value < 600;
const isStatusOfError = (value: JsonValue) =>
  isCodeOfError(value) ||
  typeof value === "string" && /^(error|failed|failure|time-?out|timed[ _-]?out)$/i.test(value);
const isError = (value: JsonValue) =>
  typeof value === "string" ? value.trim() !== "" : !isScalar(value);
const areErrors = (value: JsonValue) => Array.isArray(value) && value.length > 0;

/** The members that tell an error, and the values with which they do. */
const SIGNS: ReadonlyMap<string, (value: JsonValue) => boolean> = new Map([
  ["error", isError],
  ["errors", areErrors],
  ["ok", isFalse],
  ["success", isFalse],
  ["status", isStatusOfError],
  ["statusCode", isCodeOfError],
]);
const DETAILS: ReadonlySet<string> = new Set(["message", "detail", "reason", "title"]);
