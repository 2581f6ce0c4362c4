/** `submit`: creates a job, and optionally waits for its end. */

import { EXIT } from "../../core/exit_codes.ts";
import { PRIORITY_MAX } from "../../documents/create_request.ts";
import { RefusedByServerError } from "../client.ts";
import { CommandError, type CommandOption, UsageError } from "../command.ts";
import {
  FIELD_OPTION,
  hintAtRefusal,
  JSON_NOTE,
  jsonInput,
  parseJsonInput,
  splitAt,
} from "../json_input.ts";
import { plainText, type Terminal } from "../terminal.ts";
import { paintedState } from "../render/marks.ts";
import {
  type JobReceiptResource,
  jobReceiptsAnswer,
  type JobResource,
  jobResource,
} from "../resources.ts";
import {
  readInput,
  readText,
  type ServerCall,
  type ServerCommand,
  type Surroundings,
} from "../server_call.ts";
import { printAccepted, timeoutOption, WAIT_NOTE, WAIT_OPTIONS } from "../waiting.ts";
import { counted } from "../../core/counted.ts";

const JOBS_OPTION: CommandOption = {
  name: "jobs",
  value: "path",
  help: "many jobs: NDJSON or a JSON array in a file, or -",
};

const JOBS_NOTE =
  "With --jobs each line, or member of the array, is a job as for POST /jobs. Jobs are checked " +
  "one by one: if one is refused, the others are still created, and the exit code is 65. With " +
  "--key the same jobs can be sent again: none is created twice.";

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
    {
      name: "priority",
      value: "number",
      help: `-${PRIORITY_MAX} to ${PRIORITY_MAX}; lower runs sooner`,
    },
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
    return await (jobs === undefined ? submit(call) : submitMany(jobs, call));
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

/** @throws {CommandError} with a hint at what the command line could have meant. */
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

/** Jobs per request: fewer than any server refuses, unless its limits are low. */
const SLICE_JOBS = 500;
const SLICE_CHARACTERS = 256 * 1024;

/** Options of `submit` that can be combined with `--jobs`. */
const TOGETHER = new Set(["jobs", "key"]);

/**
 * `--jobs`: sends many jobs, from an array or NDJSON, in several requests.
 *
 * @throws {UsageError} if there are options for a single job.
 */
async function submitMany(path: string, call: ServerCall): Promise<number> {
  const { input, terminal } = call;
  const excess = SUBMIT_COMMAND.options.find(({ name }) =>
    !TOGETHER.has(name) && (input.isSet(name) || input.all(name).length > 0)
  );
  const [argument] = input.positionals;
  if (excess !== undefined || argument !== undefined) {
    const what = excess === undefined ? plainText(argument ?? "") : `--${excess.name}`;
    throw new UsageError(`${what} is for one job; with --jobs each job has its own`);
  }
  const documents = await documentsIn(path, call.surroundings);
  let [sent, rejected] = [0, 0];
  for (const [index, slice] of [...toSlices(documents)].entries()) {
    for (const receipt of await submitSlice(slice, index, call)) {
      sent++;
      if (receipt.disposition === "rejected") rejected++;
      printReceipt(receipt, sent, call);
    }
  }
  if (call.form === "text") {
    const left = rejected === 0 ? "" : `, ${rejected} refused`;
    terminal.out(`submitted ${counted(sent - rejected, "job")}${left}`);
  }
  return rejected === 0 ? EXIT.ok : EXIT.refused;
}

/** The text of each job, which the server checks. */
async function documentsIn(path: string, surroundings: Surroundings): Promise<readonly string[]> {
  const text = await readText(path, surroundings);
  if (!text.trimStart().startsWith("[")) {
    return text.split("\n").filter((line) => line.trim() !== "");
  }
  const document = parseJsonInput("the jobs", text);
  return Array.isArray(document) ? document.map((one) => JSON.stringify(one)) : [text];
}

/** Keys that are the same for the same jobs, so that they can be sent again. */
function* toSlices(documents: readonly string[]): Generator<readonly string[]> {
  let slice: string[] = [];
  let characters = 0;
  for (const document of documents) {
    const isFull = slice.length === SLICE_JOBS || characters + document.length > SLICE_CHARACTERS;
    if (slice.length > 0 && isFull) {
      yield slice;
      [slice, characters] = [[], 0];
    }
    slice.push(document);
    characters += document.length;
  }
  if (slice.length > 0) yield slice;
}

async function submitSlice(
  slice: readonly string[],
  index: number,
  call: ServerCall,
): Promise<readonly JobReceiptResource[]> {
  const { input, client } = call;
  const key = input.text("key");
  const response = await client.request("/jobs", {
    method: "POST",
    headers: {
      "content-type": "application/x-ndjson",
      ...(key === undefined ? {} : { "idempotency-key": `${key}.${index + 1}` }),
    },
    body: slice.join("\n"),
  });
  return (await client.json(jobReceiptsAnswer, response)).receipts;
}

/** @param place The number of the job, from 1. */
function printReceipt(receipt: JobReceiptResource, place: number, call: ServerCall): void {
  const { terminal } = call;
  const { jobId, disposition, reason, state = "" } = receipt;
  if (call.form === "json") return terminal.out(JSON.stringify(receipt));
  if (disposition === "rejected") {
    const name = jobId === null ? "" : `, ${jobId}`;
    return call.input.warn(`job ${place}${name}: ${plainText(reason ?? "was refused")}`);
  }
  const id = terminal.style("bold", jobId ?? "");
  terminal.out(
    disposition === "duplicate"
      ? `${id} was already submitted with this key`
      : `${id} is ${paintedState(terminal.style, { state, condition: "" }, state)}`,
  );
}
