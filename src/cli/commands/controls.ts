/** `start`, `cancel`, `suspend`, `resume` and `wake`: control one job or several. */

import { CONTROLS, STATE_CONTROLS, type StateControl } from "../../core/controls.ts";
import { type Client, RefusedByServerError, SERVER_OPTIONS } from "../client.ts";
import { type Command, type CommandInput, EXIT_OK } from "../command.ts";
import { expectShape, jobPath, type JobResource, jobResource } from "../resources.ts";
import { FORM_OPTIONS, outputForm, printJson } from "../presentation.ts";
import { paintedState } from "../render/marks.ts";
import { createClient, type Surroundings } from "../surroundings.ts";
import type { Terminal } from "../terminal.ts";
import { timeoutOption, WAIT_NOTE, WAIT_OPTIONS, waitForEnd } from "../waiting.ts";

/** More than a person types; `xargs` splits longer lists into several calls. */
const JOBS_MAX = 1_000;

const EXAMPLES: Readonly<Record<StateControl, readonly string[]>> = {
  start: ["deno task daybook start order-42"],
  wake: ["deno task daybook wake order-42 --reason 'the bank is back'"],
  suspend: ["deno task daybook suspend order-42 order-43 --reason 'the till is down'"],
  resume: ["deno task daybook resume order-42 order-43"],
  cancel: [
    "deno task daybook cancel order-42 --reason 'ordered twice'",
    "deno task daybook cancel order-42 --leave --reason 'settled by hand'",
  ],
};

const LEAVE = {
  name: "leave",
  help: "for a parked or compensating job: undo nothing more, and name what is left in place",
} as const;

export function controlCommands(surroundings: Surroundings): readonly Command[] {
  return STATE_CONTROLS.map((kind) => ({
    name: kind,
    summary: CONTROLS[kind].summary,
    positionals: "<jobId>...",
    arity: [1, JOBS_MAX],
    options: [
      { name: "reason", value: "text", help: "the reason, recorded" },
      ...(kind === "cancel" ? [LEAVE] : []),
      ...FORM_OPTIONS,
      ...SERVER_OPTIONS,
    ],
    notes: [
      CONTROLS[kind].effect,
      "You can name several jobs. If one is refused, the others are still tried; the exit code " +
      "is then 65.",
    ],
    examples: EXAMPLES[kind],
    run: (input) => controlAll(kind, input, surroundings),
  }));
}

async function controlAll(
  kind: StateControl,
  input: CommandInput,
  surroundings: Surroundings,
): Promise<number> {
  outputForm(input);
  const client = createClient(input, surroundings);
  let exitCode = EXIT_OK;
  for (const path of input.positionals.map(jobPath)) {
    exitCode = Math.max(exitCode, await controlOne(`${path}/${kind}`, input, client));
  }
  return exitCode;
}

async function controlOne(path: string, input: CommandInput, client: Client): Promise<number> {
  const { terminal } = input;
  try {
    const leaves = path.endsWith("/cancel") && input.isSet("leave");
    const body = { ...reasonOption(input), ...(leaves ? { leave: true } : {}) };
    const job = expectShape(jobResource, await client.post(path, body), client);
    if (outputForm(input) === "json") printJson(input, job);
    else terminal.out(outcomeText(job, terminal, leaves));
    return EXIT_OK;
  } catch (error) {
    if (!(error instanceof RefusedByServerError)) throw error;
    terminal.err(`daybook: ${error.message}`);
    return error.exitCode;
  }
}

function outcomeText(job: JobResource, { style }: Terminal, leaves: boolean): string {
  const left = job.failure?.leftInPlace ?? [];
  const cut = job.failure?.cutShort ?? [];
  const names = leaves ? `; left in place: ${left.join(", ") || "nothing"}` : "";
  const begun = cut.length === 0 ? "" : `; cut short, possibly partly done: ${cut.join(", ")}`;
  return `${style("bold", job.jobId)} is ${paintedState(style, job)}${names}${begun}`;
}

export function reasonOption(input: CommandInput): { readonly reason?: string } {
  const reason = input.text("reason");
  return reason === undefined ? {} : { reason };
}

/** `retry`: creates a new job that continues where a failed one ended. */
export function retryCommand(surroundings: Surroundings): Command {
  return {
    name: "retry",
    summary: CONTROLS.retry.summary,
    positionals: "<jobId>",
    arity: [1, 1],
    options: [
      { name: "from", value: "taskId", help: "run this task and later ones again" },
      { name: "again", help: "even if it was already retried" },
      { name: "reason", value: "text", help: "the reason, recorded" },
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
  timeoutOption(input);
  const form = outputForm(input);
  const client = createClient(input, surroundings);
  const path = `${jobPath(input.positionals[0] ?? "")}/retry`;
  const from = input.text("from");
  const body = {
    ...reasonOption(input),
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
