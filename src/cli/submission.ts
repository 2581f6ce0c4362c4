/** The request that a command line of `submit` stands for. */

import type { JsonObject, JsonValue } from "../core/json.ts";
import { millisecondsOf, TIME_RULE } from "../http/requests/fields.ts";
import { type CommandInput, UsageError } from "./command.ts";
import { FIELD_OPTION, jsonInput, splitAt } from "./json_input.ts";
import { plainText } from "./plain_text.ts";
import { bytesOf, type Surroundings } from "./surroundings.ts";
import { DURATION_RULE } from "../core/duration.ts";
import { durationOf } from "./times.ts";

/**
 * @throws {UsageError} when options do not fit together, or hold what they must not.
 * @throws {CommandError} when a file cannot be read.
 */
export async function submission(
  input: CommandInput,
  surroundings: Surroundings,
): Promise<RequestInit> {
  const document = { ...await workOf(input, surroundings), ...settingsOf(input, surroundings) };
  const key = input.text("key");
  const headers: Record<string, string> = key === undefined ? {} : { "idempotency-key": key };
  const files = input.all("file");
  if (files.length > 0) {
    return { method: "POST", headers, body: await formWith(files, document, surroundings) };
  }
  headers["content-type"] = "application/json";
  return { method: "POST", headers, body: JSON.stringify(document) };
}

/** The type with its input, or the plan. */
async function workOf(input: CommandInput, surroundings: Surroundings): Promise<JsonObject> {
  const [type, argument] = input.positionals;
  const plan = await jsonInput("the plan", input.text("plan"), [], surroundings);
  const fields = input.all(FIELD_OPTION.name);
  if (plan !== undefined) {
    const excess = type ?? fields[0] ?? input.all("file")[0];
    if (excess !== undefined) throw new UsageError(`a plan has no type and no input: ${excess}`);
    return { plan };
  }
  if (type === undefined) throw new UsageError("submit needs a type of job, or --plan");
  const value = await jsonInput("the input", argument, fields, surroundings);
  return { type, ...present({ input: value }) };
}

function settingsOf(input: CommandInput, surroundings: Surroundings): JsonObject {
  const labels = input.all("label").map((label) => splitAt(label, "--label", ":"));
  return present({
    jobId: input.text("id"),
    priority: priorityOf(input.text("priority")),
    labels: labels.length === 0 ? undefined : Object.fromEntries(labels),
    startAt: startAtOf(input.text("start-at"), surroundings),
    start: input.isSet("no-start") ? false : undefined,
  });
}

function priorityOf(text: string | undefined): number | undefined {
  if (text === undefined || /^-?\d{1,4}$/.test(text)) {
    return text === undefined ? undefined : Number(text);
  }
  throw new UsageError(`--priority must be a whole number, and is ${text}`);
}

/** A time is passed on as it is; `+90s` is counted from now. */
function startAtOf(text: string | undefined, { clock }: Surroundings): string | undefined {
  if (text === undefined || millisecondsOf(text) !== undefined) return text;
  const delayMs = text.startsWith("+") ? durationOf(text.slice(1)) : undefined;
  if (delayMs !== undefined) return new Date(clock.now() + delayMs).toISOString();
  throw new UsageError(
    `--start-at must be ${TIME_RULE}, or + and ${DURATION_RULE}, and is ${plainText(text)}`,
  );
}

async function formWith(
  files: readonly string[],
  document: JsonObject,
  surroundings: Surroundings,
): Promise<FormData> {
  const form = new FormData();
  form.set("job", JSON.stringify(document));
  for (const file of files) {
    const [name, path] = splitAt(file, "--file");
    form.append(name, new Blob([await bytesOf(path, surroundings)]), name);
  }
  return form;
}

/** Without what is `undefined`. */
function present(fields: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  return Object.fromEntries(
    Object.entries(fields).filter((field): field is [string, JsonValue] => field[1] !== undefined),
  );
}
