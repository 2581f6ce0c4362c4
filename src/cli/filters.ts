/** Options that filter jobs or entries, shared by several commands, and converted for the API. */

import * as v from "valibot";
import { CONDITIONS } from "../core/condition.ts";
import { STATE_NAMES } from "../core/job_state.ts";
import { FILTER_PARAMETERS } from "../documents/job_filter.ts";
import { choice, type Parameter } from "../documents/parameters.ts";
import { type CommandInput, type CommandOption, UsageError } from "./command.ts";
import { splitAt } from "./json_input.ts";
import type { ServerCall } from "./server_call.ts";
import { STRATA, type Stratum } from "../core/event.ts";

export const FILTER_OPTIONS: readonly CommandOption[] = [
  { name: "state", value: "state", repeated: true, help: STATE_NAMES.join(", ") },
  { name: "condition", value: "name", repeated: true, help: "only in this condition; see below" },
  { name: "type", value: "type", repeated: true, help: "only of this type" },
  {
    name: "label",
    short: "l",
    value: "name:value",
    repeated: true,
    help: "only with all of these labels",
  },
  { name: "since", value: "time", help: "only created after an RFC 3339 time, or within 2h" },
  {
    name: "search",
    short: "s",
    value: "words",
    help: "words, each in the id, type, a label or an error",
  },
  {
    name: "fingerprint",
    value: "digits",
    help: "only failures of one kind; the command failures lists them",
  },
];

export const FILTER_NOTE = `Conditions are ${CONDITIONS.slice(0, 6).join(", ")},\n${
  CONDITIONS.slice(6).join(", ")
}.`;

/** Filters by the parameters of `GET /jobs`, which are also the members of `filter` in a body. */
type JobFilterFields = Readonly<Record<string, string | readonly string[]>>;

/** @throws {UsageError} if an option is invalid. */
export function parseFilter(call: ServerCall): JobFilterFields {
  const { input } = call;
  const fields = {
    state: chosen(input, "state"),
    condition: chosen(input, "condition"),
    // As in a query, where commas separate values; in a body they do not.
    type: input.all("type").flatMap((types) => types.split(",")),
    label: input.all("label").map((label) => splitAt(label, "--label", ":").join(":")),
    search: input.text("search"),
    fingerprint: input.text("fingerprint"),
    createdAfter: call.time("since", "before"),
  };
  // An empty text is not left out: a script may have given an unset variable, and without the filter
  // the command would select every job.
  const given = Object.entries(fields)
    .filter((field): field is [string, string | readonly string[]] =>
      field[1] !== undefined && (typeof field[1] === "string" || field[1].length > 0)
    );
  return Object.fromEntries(given);
}

export function filterQuery(fields: JobFilterFields): URLSearchParams {
  const pairs = Object.entries(fields)
    .flatMap(([name, values]) => [values].flat().map((value) => [name, value]));
  return new URLSearchParams(pairs);
}

function chosen(input: CommandInput, option: "state" | "condition"): readonly string[] {
  return input.all(option).flatMap((text) => text.split(","))
    .map((text) => checkedOption(option, FILTER_PARAMETERS[option].schema, text));
}

/** @throws {UsageError} if the schema refuses the text. */
function checkedOption<Value>(
  option: string,
  schema: Parameter<Value>["schema"],
  text: string,
): Value {
  const { success, output, issues } = v.safeParse(schema, text);
  if (success) return output;
  throw new UsageError(`--${option} ${issues[0].message}, not ${text}`);
}

export const AT_OPTION: CommandOption = {
  name: "at",
  value: "point",
  help: "as of a logId, an eventId (event/17 if it is digits) or a time",
};

/** `--limit`: the most items to show. */
export function limitOption(byDefault: number, help: string): CommandOption {
  return { name: "limit", short: "n", value: "number", default: String(byDefault), help };
}

export const TYPE_OPTION: CommandOption = {
  name: "type",
  value: "eventType",
  repeated: true,
  help: "only this type; several with commas",
};

export const STRATUM_OPTION: CommandOption = {
  name: "stratum",
  value: "stratum",
  help: `only this stratum: ${STRATA.join(", ")}`,
};

/**
 * The types of `--type`; empty for all.
 *
 * @throws {UsageError} if it names none.
 */
export function typeOptions(input: CommandInput): readonly string[] {
  const lists = input.all(TYPE_OPTION.name);
  const names = lists.flatMap((list) => list.split(",")).map((name) => name.trim())
    .filter((name) => name !== "");
  if (lists.length > 0 && names.length === 0) throw new UsageError("--type is empty");
  return names;
}

/** @throws {UsageError} if the option is not a stratum. */
export function stratumOption(input: CommandInput): Stratum | undefined {
  const given = input.text(STRATUM_OPTION.name);
  return given === undefined
    ? undefined
    : checkedOption(STRATUM_OPTION.name, choice(STRATA), given);
}
