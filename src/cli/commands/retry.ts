/** `retry`: a new job that takes up where a failed one ended. */

import { CONTROLS } from "../../core/controls.ts";
import { SERVER_OPTIONS } from "../client.ts";
import { type Command, type CommandInput, EXIT_OK } from "../command.ts";
import { jobPath } from "../job_path.ts";
import { FORM_OPTIONS, formOf, printJson } from "../presentation.ts";
import { paintedState } from "../render/marks.ts";
import { expectShape, type JobResource, jobResource } from "../resources.ts";
import { clientOf, type Surroundings } from "../surroundings.ts";
import { timeoutOf, WAIT_NOTE, WAIT_OPTIONS, waitForEnd } from "../waiting.ts";
import { reasonOf } from "./controls.ts";

export function retryCommand(surroundings: Surroundings): Command {
  return {
    name: "retry",
    summary: CONTROLS.retry.summary,
    positionals: "<jobId>",
    arity: [1, 1],
    options: [
      { name: "from", value: "taskId", help: "run this task and those after it again" },
      { name: "again", help: "also when there is a retry of it already" },
      { name: "reason", value: "text", help: "why; it is recorded" },
      ...WAIT_OPTIONS,
      ...FORM_OPTIONS,
      ...SERVER_OPTIONS,
    ],
    notes: [CONTROLS.retry.effect, WAIT_NOTE],
    examples: [
      "deno task daybook retry order-43",
      "deno task daybook retry order-43 --from charge --reason 'a new card' --wait",
    ],
    run: (input) => retry(input, surroundings),
  };
}

async function retry(input: CommandInput, surroundings: Surroundings): Promise<number> {
  timeoutOf(input);
  const form = formOf(input);
  const client = clientOf(input, surroundings);
  const path = `${jobPath(input.positionals[0] ?? "")}/retry`;
  const from = input.text("from");
  const body = {
    ...reasonOf(input),
    ...(from === undefined ? {} : { from }),
    ...(input.isSet("again") ? { again: true } : {}),
  };
  const job = expectShape(jobResource, await client.post(path, body), client);
  if (form === "text") input.terminal.out(retriedText(job, input));
  if (input.isSet("wait")) return await waitForEnd(job.jobId, client, input, surroundings);
  if (form === "json") printJson(input, job);
  return EXIT_OK;
}

function retriedText(job: JobResource, { terminal }: CommandInput): string {
  const state = paintedState(terminal.style, job);
  return `${terminal.style("bold", job.jobId)} retries ${job.retryOf ?? "it"}, and is ${state}`;
}
