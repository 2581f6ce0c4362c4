/** `start`, `cancel`, `suspend`, `resume` and `wake`: control one job or several. */

import { CONTROLS, STATE_CONTROLS, type StateControl } from "../../core/controls.ts";
import { RefusedByServerError } from "../client.ts";
import { EXIT_OK } from "../command.ts";
import { paintedState } from "../render/marks.ts";
import { jobPath, type JobResource, jobResource } from "../resources.ts";
import type { ServerCall, ServerCommand } from "../server_call.ts";
import type { Terminal } from "../terminal.ts";
import { printAccepted, timeoutOption, WAIT_NOTE, WAIT_OPTIONS } from "../waiting.ts";

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
  help: "undo nothing more of a parked or compensating job; name the rest",
} as const;

export const CONTROL_COMMANDS = STATE_CONTROLS.map((kind): ServerCommand => ({
  name: kind,
  summary: CONTROLS[kind].summary,
  positionals: "<jobId>...",
  positionalsMax: JOBS_MAX,
  options: [
    { name: "reason", value: "text", help: "the reason, recorded" },
    ...(kind === "cancel" ? [LEAVE] : []),
  ],
  notes: [
    CONTROLS[kind].effect,
    "You can name several jobs. If one is refused, the others are still tried; the exit code " +
    "is then 65.",
  ],
  examples: EXAMPLES[kind],
  run: (call) => controlAll(kind, call),
}));

async function controlAll(kind: StateControl, call: ServerCall): Promise<number> {
  let exitCode = EXIT_OK;
  for (const path of call.input.positionals.map(jobPath)) {
    exitCode = Math.max(exitCode, await controlOne(`${path}/${kind}`, call));
  }
  return exitCode;
}

async function controlOne(path: string, call: ServerCall): Promise<number> {
  const { input, terminal } = call;
  try {
    const leave = input.isSet("leave") || undefined;
    const job = await call.client.send(jobResource, "POST", path, {
      reason: input.text("reason"),
      leave,
    });
    call.print(job, () => [outcomeText(job, terminal, leave === true)]);
    return EXIT_OK;
  } catch (error) {
    if (!(error instanceof RefusedByServerError)) throw error;
    input.warn(error.message);
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

/** `retry`: creates a new job that continues where a failed one ended. */
export const RETRY_COMMAND: ServerCommand = {
  name: "retry",
  summary: CONTROLS.retry.summary,
  positionals: "<jobId>",
  options: [
    { name: "from", value: "taskId", help: "run this task and later ones again" },
    { name: "again", help: "even if it was already retried" },
    { name: "reason", value: "text", help: "the reason, recorded" },
    ...WAIT_OPTIONS,
  ],
  notes: [CONTROLS.retry.effect, WAIT_NOTE],
  examples: [
    "deno task daybook retry order-43",
    "deno task daybook retry order-43 --from charge --reason 'a new card' --wait",
  ],
  run: retry,
};

async function retry(call: ServerCall): Promise<number> {
  const { input } = call;
  timeoutOption(input);
  const path = `${jobPath(input.positionals[0] ?? "")}/retry`;
  const again = input.isSet("again") || undefined;
  const body = { reason: input.text("reason"), from: input.text("from"), again };
  const job = await call.client.send(jobResource, "POST", path, body);
  return await printAccepted(job, retriedText(job, call.terminal), call);
}

function retriedText(job: JobResource, { style }: Terminal): string {
  const state = paintedState(style, job);
  return `${style("bold", job.jobId)} retries ${job.retryOf ?? "it"}, and is ${state}`;
}
