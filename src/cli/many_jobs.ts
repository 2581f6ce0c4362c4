/** `submit --jobs`: sends many jobs, from an array or NDJSON, in several requests. */

import { counted } from "../core/counted.ts";
import {
  type CommandInput,
  type CommandOption,
  EXIT_OK,
  EXIT_REFUSED,
  UsageError,
} from "./command.ts";
import { parseJsonInput } from "./json_input.ts";
import { plainText } from "./plain_text.ts";
import { paintedState } from "./render/marks.ts";
import { type JobReceiptResource, jobReceiptsAnswer } from "./resources.ts";
import type { ServerCall } from "./server_call.ts";
import { readInput, type Surroundings } from "./surroundings.ts";

export const JOBS_OPTION: CommandOption = {
  name: "jobs",
  value: "path",
  help: "many jobs: NDJSON or a JSON array in a file, or -",
};

export const JOBS_NOTE =
  "With --jobs each line, or member of the array, is a job as for POST /jobs. Jobs are checked " +
  "one by one: if one is refused, the others are still created, and the exit code is 65. With " +
  "--key the same jobs can be sent again: none is created twice.";

/** Jobs per request: fewer than any server refuses, unless its limits are low. */
const SLICE_JOBS = 500;
const SLICE_CHARACTERS = 256 * 1024;

/** Options of `submit` that can be combined with `--jobs`. */
const TOGETHER = new Set(["jobs", "key"]);

/**
 * @param options Those of `submit`.
 * @throws {UsageError} if there are options for a single job.
 */
export async function submitMany(
  path: string,
  options: readonly CommandOption[],
  call: ServerCall,
): Promise<number> {
  const { input, terminal } = call;
  const excess = options.find(({ name }) => !TOGETHER.has(name) && isGiven(input, name));
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
  return rejected === 0 ? EXIT_OK : EXIT_REFUSED;
}

function isGiven(input: CommandInput, name: string): boolean {
  return input.isSet(name) || input.all(name).length > 0;
}

/** The text of each job, which the server checks. */
async function documentsIn(path: string, surroundings: Surroundings): Promise<readonly string[]> {
  const text = new TextDecoder().decode(await readInput(path, surroundings));
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

/**
 * @param place The number of the job, from 1.
 */
function printReceipt(receipt: JobReceiptResource, place: number, call: ServerCall): void {
  const { terminal } = call;
  const { jobId, disposition, reason, state = "" } = receipt;
  if (call.form === "json") return terminal.out(JSON.stringify(receipt));
  if (disposition === "rejected") {
    const name = jobId === null ? "" : `, ${jobId}`;
    return terminal.err(`daybook: job ${place}${name}: ${plainText(reason ?? "was refused")}`);
  }
  const id = terminal.style("bold", jobId ?? "");
  terminal.out(
    disposition === "duplicate"
      ? `${id} was already submitted with this key`
      : `${id} is ${paintedState(terminal.style, { state, condition: "" }, state)}`,
  );
}
