/** `submit`: creates a job, and waits for its end if asked to. */

import { type Client, RefusedByServerError, SERVER_OPTIONS } from "../client.ts";
import {
  type Command,
  CommandError,
  type CommandInput,
  type CommandOption,
  EXIT_OK,
  UsageError,
} from "../command.ts";
import { hintAtRefusal } from "../field_hint.ts";
import { FIELD_OPTION, JSON_NOTE } from "../json_input.ts";
import { JOBS_NOTE, JOBS_OPTION, submitMany } from "../many_jobs.ts";
import { FORM_OPTIONS, formOf, printJson } from "../presentation.ts";
import { plainText } from "../plain_text.ts";
import { paintedState } from "../render/marks.ts";
import { expectShape, type JobResource, jobResource } from "../resources.ts";
import { submission } from "../submission.ts";
import { clientOf, type Surroundings } from "../surroundings.ts";
import { timeoutOf, WAIT_NOTE, WAIT_OPTIONS, waitForEnd } from "../waiting.ts";

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
  { name: "plan", value: "json", help: "a plan in place of a type: JSON, @file.json or -" },
  { name: "id", value: "jobId", help: "the id of the job; else one is made" },
  { name: "key", value: "text", help: "Idempotency-Key: repeating it creates nothing" },
  { name: "priority", value: "number", help: "-1000 to 1000, lower goes first" },
  { name: "label", short: "l", value: "name:value", repeated: true, help: "for finding it" },
  { name: "start-at", value: "time", help: "RFC 3339, or from now as in +90s" },
  { name: "no-start", help: "only create it" },
  JOBS_OPTION,
  ...WAIT_OPTIONS,
  ...FORM_OPTIONS,
  ...SERVER_OPTIONS,
];

async function submit(input: CommandInput, surroundings: Surroundings): Promise<number> {
  timeoutOf(input);
  const form = formOf(input);
  if (input.isSet("wait") && input.isSet("no-start")) {
    throw new UsageError("--wait would wait for ever with --no-start");
  }
  const client = clientOf(input, surroundings);
  const response = await posted(client, input, surroundings);
  const job = expectShape(jobResource, await client.json(response), client);
  const isReplayed = response.headers.has("idempotency-replayed");
  if (form === "text") input.terminal.out(submittedText(job, isReplayed, input));
  if (input.isSet("wait")) return await waitForEnd(job.jobId, client, input, surroundings);
  if (form === "json") printJson(input, job);
  return EXIT_OK;
}

/** @throws {CommandError} also with what the command line could have meant. */
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
      ? "use another --id, or give --key as well, which makes it repeatable"
      : hintAtRefusal(input.all(FIELD_OPTION.name), error.problem);
    throw hint === undefined
      ? error
      : new CommandError(`${error.message}; ${hint}`, error.exitCode);
  }
}

function submittedText(job: JobResource, isReplayed: boolean, { terminal }: CommandInput): string {
  const type = job.type === null ? "" : ` of type ${plainText(job.type)}`;
  const what = `${terminal.style("bold", job.jobId)}${type}`;
  // The answer is that of the first time: what the job is now, it does not tell.
  if (isReplayed) return `${what} was submitted before with this key`;
  return `${what} is ${paintedState(terminal.style, job)}`;
}
