/**
 * Where a value that an error shows came from, if it came with the event that created the job: the
 * task that sent the event, and the text of which that task read only the beginning.
 */

import { isOfType, type JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import type { JobState } from "../../core/job_state.ts";
import { isScalar, type JsonObject, type JsonScalar, type JsonValue } from "../../core/json.ts";
import { toMatchable } from "../../core/projector.ts";
import { shownScalar, shownText, shownValue } from "../../core/shown_value.ts";
import { givenUpTo } from "../history/given_values.ts";
import { type Place, placePath, placesIn } from "../likeness/elsewhere.ts";
import { misreadNumber } from "../likeness/misread_numbers.ts";
import { isDistinctive, isIdentifier } from "../likeness/own_values.ts";
import type { Evidence } from "../statements/evidence.ts";
import type { Reasons } from "../statements/explanation.ts";
import { reason } from "../statements/statement.ts";
import { namesWord, taskText, uncapital } from "../words/phrases.ts";

/** An id in an error says what it is about, and not that the id is wrong. */
export function sentWithValue({ job, created, causes, creator }: Evidence): Reasons {
  const event = causes.get(created.causedBy ?? 0);
  const sent = causes.get(event?.causedBy ?? 0);
  if (event === undefined || !isOfType(sent, "job.TaskCompleted")) return [];
  const shown = shownInError(job, event);
  if (shown === undefined) return [];
  const { taskId = "", jobId } = sent;
  const text = creator === undefined ? undefined : misreadText(creator, sent.logId, shown, event);
  const statement = `${toMatchable(event).eventType}, which created this job with ` +
    `${shownText(placePath(shown))} = ${shownScalar(shown.value)}, was sent by ` +
    `${taskText(taskId)} of job ${jobId}${text?.statement ?? ""}.`;
  return [reason(statement, sent, event, ...text?.cites ?? [])];
}

/** Smaller whole numbers occur in errors by chance. */
const SMALL_MAX = 1_000;
/** Numbers that are none of a value: HTTP statuses and ports. */
const OF_TRANSPORT =
  /^\W*[1-5]\d\d\b|\b(?:HTTP(?:\/\d(?:\.\d)?)?|status(?: code)?)\W+[1-5]\d\d\b|:(?<=\.[\w-]+:)\d+/gi;

/** The first measure of an event that the input has too, and that the error shows. */
function shownInError(job: JobState, event: JobEventLogEntry): Place | undefined {
  if (job.state !== "Failed" || job.sealed !== undefined || job.input === undefined) {
    return undefined;
  }
  const message = job.failure.error.message.replace(OF_TRANSPORT, "");
  const given = placesIn({ input: job.input } as JsonObject);
  return placesIn(toMatchable(event).attributes).find((place) => {
    const { value, names } = place;
    const name = names.at(-1) ?? "";
    return isDistinctive(value) && !isIdentifier(placePath(place), value) &&
      shows(message, name, value) &&
      given.some((one) => one.value === value && one.names.at(-1) === name);
  });
}

/** Whether an error shows a value: a common word only in quotes, or beside its name. */
function shows(message: string, name: string, value: JsonScalar): boolean {
  if (typeof value === "number") {
    const isSmall = Number.isInteger(value) && Math.abs(value) < SMALL_MAX;
    return namesWord(message, `${value}`) && (!isSmall || namesWord(message, name));
  }
  return ['"', "'", "`"].some((quote) => message.includes(quote + value + quote)) ||
    BESIDE.some((between) => namesWord(message, `${name}${between}${value}`)) ||
    namesWord(message, `${value} ${name}`);
}

/** What may be between a name and its value. */
const BESIDE = [" ", ": ", "=", " = ", " is "];

/** How many values of the results and the input of a job are looked at. */
const VALUES_MAX = 5_000;
/** Longer texts are not rows. */
const ROW_MAX = 500;
/** What divides the columns of a row. */
const COLUMNS = /[;|\t]/;

interface Written {
  /** `raw = "1.611,12"`, or a row that has it. */
  readonly text: string;
  /** Whether it is beside another value of the event. */
  readonly isSame: boolean;
}

/** `; that returned raw = "1.611,12", of which 1.611 is only the beginning`. */
function misreadText(
  sender: JobState,
  sentBy: LogId,
  { value }: Place,
  event: JobEventLogEntry,
) {
  const beside = placesIn(toMatchable(event).attributes).map((place) => place.value)
    .filter((one) => one !== value && isDistinctive(one));
  const left = { count: VALUES_MAX };
  for (const one of givenUpTo(sender, sentBy)) {
    const written = [...writtenIn(one.value, value, beside, left)];
    const found = written.find(({ isSame }) => isSame) ?? written[0];
    if (found === undefined) continue;
    const statement = `: ${uncapital(one.has)} ${found.text}, of which ${
      shownScalar(value)
    } is only the beginning`;
    return reason(statement, one.by);
  }
  return undefined;
}

/** The texts in a value, or in rows of it, of which code that reads the beginning makes a number. */
function* writtenIn(
  value: JsonValue,
  misread: JsonScalar,
  beside: readonly JsonScalar[],
  left: { count: number },
  name = "",
  siblings: readonly JsonValue[] = [],
): Iterable<Written> {
  if (left.count-- <= 0) return;
  if (Array.isArray(value)) {
    for (const member of value.slice(0, left.count)) {
      yield* writtenIn(member, misread, beside, left);
    }
  } else if (!isScalar(value)) {
    const members = Object.entries(value).slice(0, left.count);
    const beneath = members.map(([, member]) => member);
    for (const [name, member] of members) {
      yield* writtenIn(member, misread, beside, left, name, beneath);
    }
  } else if (typeof value === "string" && value.length <= ROW_MAX) {
    const columns = value.split(COLUMNS).map((column) => column.trim());
    if (!columns.some((column) => misreadNumber(column) === misread)) return;
    const isSame = beside.some((one) => siblings.includes(one) || columns.includes(`${one}`));
    yield { text: `${name === "" ? "" : `${shownText(name)} = `}${shownValue(value)}`, isSame };
  }
}
