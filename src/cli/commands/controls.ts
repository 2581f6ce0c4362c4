/** `start`, `cancel`, `suspend`, `resume` and `wake`: for one job or several. */

import { type Client, RefusedError, SERVER_OPTIONS } from "../client.ts";
import { type Command, type CommandInput, EXIT_OK } from "../command.ts";
import { jobPath } from "../job_path.ts";
import { FORM_OPTIONS, formOf, printJson } from "../presentation.ts";
import { paintedState } from "../render/marks.ts";
import { expectShape, type JobResource, jobResource } from "../resources.ts";
import { clientOf, type Surroundings } from "../surroundings.ts";
import type { Terminal } from "../terminal.ts";

/** More than anybody types; `xargs` makes several calls of it. */
const JOBS_MAX = 1_000;

interface Control {
  readonly kind: "start" | "cancel" | "suspend" | "resume" | "wake";
  readonly summary: string;
  readonly examples: readonly string[];
}

const CONTROLS: readonly Control[] = [
  {
    kind: "start",
    summary: "start jobs that were only created",
    examples: ["deno task daybook start order-42"],
  },
  {
    kind: "cancel",
    summary: "cancel jobs; what they did is undone where it can be",
    examples: [
      "deno task daybook cancel order-42 --reason 'ordered twice'",
      "deno task daybook cancel order-42 --leave --reason 'settled by hand'",
      "deno task daybook jobs --state running --label shop=berlin --all --json |\n" +
      "    jq -r .jobId | xargs deno task daybook cancel --reason 'the shop closes'",
    ],
  },
  {
    kind: "suspend",
    summary: "suspend jobs: no new attempt begins, and facts still count",
    examples: ["deno task daybook suspend order-42 order-43 --reason 'the till is down'"],
  },
  {
    kind: "resume",
    summary: "resume suspended jobs, or let parked ones try again",
    examples: ["deno task daybook resume order-42 order-43"],
  },
  {
    kind: "wake",
    summary: "retry at once what waits for its next attempt",
    examples: ["deno task daybook wake order-42 --reason 'the bank is back'"],
  },
];

const LEAVE = {
  name: "leave",
  help: "of a parked job: undo nothing, and name what is left in place",
} as const;

export function controlCommands(surroundings: Surroundings): readonly Command[] {
  return CONTROLS.map(({ kind, summary, examples }) => ({
    name: kind,
    summary,
    positionals: "<jobId>...",
    arity: [1, JOBS_MAX],
    options: [
      { name: "reason", value: "text", help: "why; it is recorded" },
      ...(kind === "cancel" ? [LEAVE] : []),
      ...FORM_OPTIONS,
      ...SERVER_OPTIONS,
    ],
    notes: [
      "One that is refused does not keep the others from being asked; the exit code is 65 then.",
    ],
    examples,
    run: (input) => controlAll(kind, input, surroundings),
  }));
}

async function controlAll(
  kind: Control["kind"],
  input: CommandInput,
  surroundings: Surroundings,
): Promise<number> {
  formOf(input);
  const client = clientOf(input, surroundings);
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
    const body = { ...reasonOf(input), ...(leaves ? { leave: true } : {}) };
    const job = expectShape(jobResource, await client.post(path, body), client);
    if (formOf(input) === "json") printJson(input, job);
    else terminal.out(outcomeText(job, terminal, leaves));
    return EXIT_OK;
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    terminal.err(`daybook: ${error.message}`);
    return error.exitCode;
  }
}

function outcomeText(job: JobResource, { style }: Terminal, leaves: boolean): string {
  const left = job.failure?.leftInPlace ?? [];
  const cut = job.failure?.cutShort ?? [];
  const names = leaves ? `; left in place: ${left.join(", ") || "nothing"}` : "";
  const begun = cut.length === 0 ? "" : `; cut short, perhaps done in part: ${cut.join(", ")}`;
  return `${style("bold", job.jobId)} is ${paintedState(style, job)}${names}${begun}`;
}

export function reasonOf(input: CommandInput): { readonly reason?: string } {
  const reason = input.text("reason");
  return reason === undefined ? {} : { reason };
}
