/** `submit`: creates a job, and optionally waits for its end. */

import { RefusedByServerError } from "../client.ts";
import { CommandError, UsageError } from "../command.ts";
import { FIELD_OPTION, hintAtRefusal, JSON_NOTE, jsonInput, splitAt } from "../json_input.ts";
import { JOBS_NOTE, JOBS_OPTION, submitMany } from "../many_jobs.ts";
import { plainText } from "../plain_text.ts";
import { paintedState } from "../render/marks.ts";
import { type JobResource, jobResource } from "../resources.ts";
import type { ServerCall, ServerCommand } from "../server_call.ts";
import { readInput, type Surroundings } from "../surroundings.ts";
import type { Terminal } from "../terminal.ts";
import { printAccepted, timeoutOption, WAIT_NOTE, WAIT_OPTIONS } from "../waiting.ts";

export const SUBMIT_COMMAND: ServerCommand = {
  name: "submit",
  summary: "submit a job, or many",
  positionals: "[<type> [input]]",
  options: [
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
      help: "a name and value to search for",
    },
    { name: "start-at", value: "time", help: "RFC 3339, or from now, such as +90s" },
    { name: "no-start", help: "create the job without starting it" },
    JOBS_OPTION,
    ...WAIT_OPTIONS,
  ],
  notes: [JSON_NOTE, JOBS_NOTE, WAIT_NOTE],
  examples: [
    `deno task daybook submit order.fulfil '{"orderId":"42","amount":1999}'`,
    `deno task daybook submit order.fulfil -f 'orderId="42"' -f amount=1999 --wait --timeout 60s`,
    "deno task daybook submit csv.import --file csv=- -f columns.latitude=number --wait < airports.csv",
    "deno task daybook submit order.fulfil - --key checkout-42 --label shop:berlin < order.json",
    `deno task daybook submit --plan '{"expected":[{"id":"paid","eventType":"shop.Paid"}]}' --id order-7`,
    "deno task daybook submit --jobs - --key import-7 < orders.ndjson",
  ],
  run: async (call) => {
    const jobs = call.input.text(JOBS_OPTION.name);
    return await (jobs === undefined
      ? submit(call)
      : submitMany(jobs, SUBMIT_COMMAND.options, call));
  },
};

async function submit(call: ServerCall): Promise<number> {
  const { input, terminal } = call;
  timeoutOption(input);
  if (input.isSet("wait") && input.isSet("no-start")) {
    throw new UsageError("--wait would wait forever with --no-start");
  }
  const response = await posted(call);
  const job = await call.client.json(jobResource, response);
  const isReplayed = response.headers.has("idempotency-replayed");
  return await printAccepted(job, submittedText(job, isReplayed, terminal), call);
}

/**
 * @throws {CommandError} with a hint at what the command line could have meant.
 */
async function posted(call: ServerCall): Promise<Response> {
  const request = await submission(call);
  try {
    return await call.client.request("/jobs", request);
  } catch (error) {
    if (!(error instanceof RefusedByServerError)) throw error;
    const hint = error.problem["type"] === "/problems/job-exists"
      ? "use another --id, or add --key, which makes it repeatable"
      : hintAtRefusal(call.input.all(FIELD_OPTION.name), error.problem);
    throw hint === undefined
      ? error
      : new CommandError(`${error.message}; ${hint}`, error.exitCode);
  }
}

function submittedText(job: JobResource, isReplayed: boolean, { style }: Terminal): string {
  const type = job.type === null ? "" : ` of type ${plainText(job.type)}`;
  const what = `${style("bold", job.jobId)}${type}`;
  // The answer is the original one, so it does not have the current state of the job.
  if (isReplayed) return `${what} was already submitted with this key`;
  return `${what} is ${paintedState(style, job)}`;
}

/**
 * @throws {UsageError} if options are invalid or contradict each other.
 * @throws {CommandError} if a file cannot be read.
 */
async function submission(call: ServerCall): Promise<RequestInit> {
  const { input, surroundings } = call;
  const document = { ...await readWork(call), ...jobSettings(call) };
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
async function readWork({ input, surroundings }: ServerCall): Promise<object> {
  const [type, argument] = input.positionals;
  const plan = await jsonInput("the plan", input.text("plan"), [], surroundings);
  const fields = input.all(FIELD_OPTION.name);
  if (plan !== undefined) {
    const excess = type ?? fields[0] ?? input.all("file")[0];
    if (excess !== undefined) throw new UsageError(`a plan has no type and no input: ${excess}`);
    return { plan };
  }
  if (type === undefined) throw new UsageError("submit needs a type of job, or --plan");
  return { type, input: await jsonInput("the input", argument, fields, surroundings) };
}

function jobSettings(call: ServerCall): object {
  const { input } = call;
  const labels = input.all("label").map((label) => splitAt(label, "--label", ":"));
  return {
    jobId: input.text("id"),
    priority: parsePriority(input.text("priority")),
    labels: labels.length === 0 ? undefined : Object.fromEntries(labels),
    startAt: call.time("start-at", "after", "+"),
    start: input.isSet("no-start") ? false : undefined,
  };
}

function parsePriority(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^-?\d{1,4}$/.test(text)) return Number(text);
  throw new UsageError(`--priority must be a whole number, not ${text}`);
}

async function formWith(
  files: readonly string[],
  document: object,
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
