/** `submit`: creates a job, and optionally waits for its end. */

import { type Client, RefusedByServerError, SERVER_OPTIONS } from "../client.ts";
import {
  type Command,
  CommandError,
  type CommandInput,
  type CommandOption,
  EXIT_OK,
  UsageError,
} from "../command.ts";
import { FIELD_OPTION, hintAtRefusal, JSON_NOTE, jsonInput, splitAt } from "../json_input.ts";
import { JOBS_NOTE, JOBS_OPTION, submitMany } from "../many_jobs.ts";
import { FORM_OPTIONS, outputForm, printJson } from "../presentation.ts";
import { plainText } from "../plain_text.ts";
import { paintedState } from "../render/marks.ts";
import { expectShape, type JobResource, jobResource } from "../resources.ts";
import { createClient, readInput, type Surroundings } from "../surroundings.ts";
import { timeoutOption, WAIT_NOTE, WAIT_OPTIONS, waitForEnd } from "../waiting.ts";
import type { JsonObject, JsonValue } from "../../core/json.ts";
import { parseTime, TIME_RULE } from "../../documents/fields.ts";
import { DURATION_RULE } from "../../core/duration.ts";
import { parseDurationMs } from "../times.ts";

export function submitCommand(surroundings: Surroundings): Command {
  return {
    name: "submit",
    summary: "submit a job, or many",
    positionals: "[<type> [input]]",
    arity: [0, 2],
    options: OPTIONS,
    notes: [JSON_NOTE, JOBS_NOTE, WAIT_NOTE],
    examples: [
      `deno task daybook submit order.fulfil '{"orderId":"42","amount":1999}'`,
      `deno task daybook submit order.fulfil -f 'orderId="42"' -f amount=1999 --wait --timeout 60s`,
      "deno task daybook submit csv.import --file csv=- -f columns.latitude=number --wait < airports.csv",
      "deno task daybook submit order.fulfil - --key checkout-42 --label shop:berlin < order.json",
      `deno task daybook submit --plan '{"expected":[{"id":"paid","eventType":"shop.Paid"}]}' --id order-7`,
      "deno task daybook submit --jobs - --key import-7 < orders.ndjson",
    ],
    run: (input) => {
      const jobs = input.text(JOBS_OPTION.name);
      return jobs === undefined
        ? submit(input, surroundings)
        : submitMany(jobs, OPTIONS, input, surroundings);
    },
  };
}

const OPTIONS: readonly CommandOption[] = [
  FIELD_OPTION,
  {
    name: "file",
    value: "name=path",
    repeated: true,
    help: "a file, or -, as a field of the input",
  },
  { name: "plan", value: "json", help: "a plan instead of a type: JSON, @file.json or -" },
  { name: "id", value: "jobId", help: "the id of the job; generated if left out" },
  { name: "key", value: "text", help: "Idempotency-Key: a repetition creates nothing" },
  { name: "priority", value: "number", help: "-1000 to 1000; lower runs sooner" },
  {
    name: "label",
    short: "l",
    value: "name:value",
    repeated: true,
    help: "a name and value to " +
      "search for",
  },
  { name: "start-at", value: "time", help: "RFC 3339, or from now, such as +90s" },
  { name: "no-start", help: "create the job without starting it" },
  JOBS_OPTION,
  ...WAIT_OPTIONS,
  ...FORM_OPTIONS,
  ...SERVER_OPTIONS,
];

async function submit(input: CommandInput, surroundings: Surroundings): Promise<number> {
  timeoutOption(input);
  const form = outputForm(input);
  if (input.isSet("wait") && input.isSet("no-start")) {
    throw new UsageError("--wait would wait forever with --no-start");
  }
  const client = createClient(input, surroundings);
  const response = await posted(client, input, surroundings);
  const job = expectShape(jobResource, await client.json(response), client);
  const isReplayed = response.headers.has("idempotency-replayed");
  if (form === "text") input.terminal.out(submittedText(job, isReplayed, input));
  if (input.isSet("wait")) return await waitForEnd(job.jobId, client, input, surroundings);
  if (form === "json") printJson(input, job);
  return EXIT_OK;
}

/**
 * @throws {CommandError} with a hint at what the command line could have meant.
 */
async function posted(
  client: Client,
  input: CommandInput,
  surroundings: Surroundings,
): Promise<Response> {
  const request = await submission(input, surroundings);
  try {
    return await client.request("/jobs", request);
  } catch (error) {
    if (!(error instanceof RefusedByServerError)) throw error;
    const hint = error.problem["type"] === "/problems/job-exists"
      ? "use another --id, or add --key, which makes it repeatable"
      : hintAtRefusal(input.all(FIELD_OPTION.name), error.problem);
    throw hint === undefined
      ? error
      : new CommandError(`${error.message}; ${hint}`, error.exitCode);
  }
}

function submittedText(job: JobResource, isReplayed: boolean, { terminal }: CommandInput): string {
  const type = job.type === null ? "" : ` of type ${plainText(job.type)}`;
  const what = `${terminal.style("bold", job.jobId)}${type}`;
  // The answer is the original one, so it does not have the current state of the job.
  if (isReplayed) return `${what} was already submitted with this key`;
  return `${what} is ${paintedState(terminal.style, job)}`;
}

/**
 * @throws {UsageError} if options are invalid or contradict each other.
 * @throws {CommandError} if a file cannot be read.
 */
async function submission(
  input: CommandInput,
  surroundings: Surroundings,
): Promise<RequestInit> {
  const document = { ...await readWork(input, surroundings), ...jobSettings(input, surroundings) };
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
async function readWork(input: CommandInput, surroundings: Surroundings): Promise<JsonObject> {
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

function jobSettings(input: CommandInput, surroundings: Surroundings): JsonObject {
  const labels = input.all("label").map((label) => splitAt(label, "--label", ":"));
  return present({
    jobId: input.text("id"),
    priority: parsePriority(input.text("priority")),
    labels: labels.length === 0 ? undefined : Object.fromEntries(labels),
    startAt: parseStartAt(input.text("start-at"), surroundings),
    start: input.isSet("no-start") ? false : undefined,
  });
}

function parsePriority(text: string | undefined): number | undefined {
  if (text === undefined || /^-?\d{1,4}$/.test(text)) {
    return text === undefined ? undefined : Number(text);
  }
  throw new UsageError(`--priority must be a whole number, not ${text}`);
}

/** A time is passed on unchanged; `+90s` is relative to now. */
function parseStartAt(text: string | undefined, { clock }: Surroundings): string | undefined {
  if (text === undefined || parseTime(text) !== undefined) return text;
  const delayMs = text.startsWith("+") ? parseDurationMs(text.slice(1)) : undefined;
  if (delayMs !== undefined) return new Date(clock.now() + delayMs).toISOString();
  throw new UsageError(
    `--start-at must be ${TIME_RULE}, or + and ${DURATION_RULE}, not ${plainText(text)}`,
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
    form.append(name, new Blob([await readInput(path, surroundings)]), name);
  }
  return form;
}

/** Without `undefined` members. */
function present(fields: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  return Object.fromEntries(
    Object.entries(fields).filter((field): field is [string, JsonValue] => field[1] !== undefined),
  );
}
