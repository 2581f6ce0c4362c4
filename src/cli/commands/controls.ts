/** Controls of one job or several, `retry` of one, and `bulk`: one control for all that match. */

import { EXIT } from "../../core/exit_codes.ts";
import {
  BULK_CONTROLS,
  type BulkControl,
  CONTROLS,
  STATE_CONTROLS,
  type StateControl,
} from "../../core/controls.ts";
import { RefusedByServerError } from "../client.ts";
import { type CommandInput, UsageError } from "../command.ts";
import { paintedState } from "../render/marks.ts";
import {
  bulkAnswer,
  bulkPreview,
  jobPath,
  type JobResource,
  jobResource,
  type RetryPreview,
  retryPreview,
} from "../resources.ts";
import type { ServerCall, ServerCommand } from "../server_call.ts";
import { plainText, type Terminal } from "../terminal.ts";
import { printAccepted, timeoutOption, WAIT_NOTE, WAIT_OPTIONS } from "../waiting.ts";
import { counted } from "../../core/counted.ts";
import { FILTER_NOTE, FILTER_OPTIONS, parseFilter } from "../filters.ts";
import { jobTable } from "../render/job_page.ts";

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
  let exitCode: number = EXIT.ok;
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
    return EXIT.ok;
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

export const RETRY_COMMAND: ServerCommand = {
  name: "retry",
  summary: CONTROLS.retry.summary,
  positionals: "<jobId>",
  options: [
    { name: "from", value: "taskId", help: "run this task and later ones again" },
    { name: "dry-run", help: "only show what it would reuse, and what to check first" },
    { name: "again", help: "even if it was already retried" },
    { name: "reason", value: "text", help: "the reason, recorded" },
    ...WAIT_OPTIONS,
  ],
  notes: [CONTROLS.retry.effect, WAIT_NOTE],
  examples: [
    "deno task daybook retry order-43 --dry-run",
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
  if (input.isSet("dry-run")) {
    if (input.isSet("wait")) throw new UsageError("--wait has no use with --dry-run");
    const answer = await call.client.send(retryPreview, "POST", path, { ...body, dryRun: true });
    call.print(answer, () => previewLines(answer));
    return EXIT.ok;
  }
  const job = await call.client.send(jobResource, "POST", path, body);
  return await printAccepted(job, retriedText(job, call.terminal), call);
}

function previewLines({ reuses, again, facts, first }: RetryPreview): readonly string[] {
  return [
    ...first.map(({ statement }) => plainText(statement)),
    `reuses the results of: ${reuses.join(", ") || "nothing"}`,
    `calls run, and runs again: ${again.join(", ") || "no task"}`,
    ...facts === 0 ? [] : [`${counted(facts, "recorded event")} will count again`],
  ];
}

function retriedText(job: JobResource, { style }: Terminal): string {
  const state = paintedState(style, job);
  return `${style("bold", job.jobId)} retries ${job.retryOf ?? "it"}, and is ${state}`;
}

export const BULK_COMMAND: ServerCommand = {
  name: "bulk",
  summary: `${BULK_CONTROLS.slice(0, -1).join(", ")} or ${
    BULK_CONTROLS.at(-1)
  } all jobs that match`,
  positionals: `<${BULK_CONTROLS.join("|")}>`,
  options: [
    ...FILTER_OPTIONS,
    { name: "all", help: "all jobs, if no filter is given" },
    { name: "dry-run", help: "only count the jobs, and show the newest" },
    { name: "yes", short: "y", help: "confirm a cancel, which cannot be undone" },
    { name: "again", help: "also retry jobs that were already retried" },
    { name: "reason", value: "text", help: "the reason, recorded with each job" },
  ],
  notes: [
    ...BULK_CONTROLS.map((name) => `${name}: ${CONTROLS[name].effect}`),
    "Jobs created meanwhile are skipped, and each job is checked when its turn comes. The exit " +
    "code is 65 if some were refused, or if it stopped early: finished jobs stay finished, and " +
    "the same command continues with the rest.",
    FILTER_NOTE,
  ],
  examples: [
    "deno task daybook bulk retry --type payment.collect --since 2h --dry-run",
    "deno task daybook bulk retry --fingerprint 3f2a9c01d4e7 --reason 'the bank is back'",
    "deno task daybook bulk cancel --label shop:berlin --yes --reason 'the shop closes'",
  ],
  run: bulk,
};

async function bulk(call: ServerCall): Promise<number> {
  const { input } = call;
  const action = actionIn(input);
  const filter = parseFilter(call);
  if (Object.keys(filter).length === 0 && !input.isSet("all")) {
    throw new UsageError("bulk needs a filter, or --all");
  }
  const again = input.isSet("again") || undefined;
  const body = { action, filter, again, reason: input.text("reason") };
  if (input.isSet("dry-run")) return await preview(action, body, call);
  if (CONTROLS[action].confirm && !input.isSet("yes")) {
    throw new UsageError(`${action} cannot be undone: check with --dry-run, then give --yes`);
  }
  return await applyToAll(action, body, call);
}

function actionIn({ positionals: [name = ""] }: CommandInput): BulkControl {
  const action = BULK_CONTROLS.find((known) => known === name);
  if (action !== undefined) return action;
  throw new UsageError(`bulk takes one of ${BULK_CONTROLS.join(", ")}, not ${plainText(name)}`);
}

async function preview(action: BulkControl, body: object, call: ServerCall): Promise<number> {
  const answer = await call.client.send(bulkPreview, "POST", "/jobs/bulk", {
    ...body,
    dryRun: true,
  });
  const { jobs, sample, retried, byHand, searched } = answer;
  const more = searched === undefined ? "" : " or more";
  call.print(answer, () => [
    ...jobTable(sample, call.page),
    `${action} would apply to ${jobs}${more} ${jobs === 1 ? "job" : "jobs"}`,
    ...retried > 0 ? [`${counted(retried, "job")} already retried; --again includes them`] : [],
    ...byHand > 0 ? [`${counted(byHand, "job")} skipped: to be fixed by hand first`] : [],
  ]);
  return EXIT.ok;
}

/** Sends one request after the other, until no jobs are left. */
async function applyToAll(action: BulkControl, body: object, call: ServerCall): Promise<number> {
  const { input, terminal } = call;
  let [done, refused, place] = [0, 0, {}];
  for (;;) {
    const answer = await call.client.send(bulkAnswer, "POST", "/jobs/bulk", { ...body, ...place });
    done += answer.done.length;
    refused += answer.refused.reduce((sum, { jobIds }) => sum + jobIds.length, 0);
    call.print(answer, () => answer.done.map((job) => doneText(action, job)));
    for (const { reason, jobIds } of answer.refused) {
      input.warn(`skipped, ${plainText(reason)}: ${jobIds.join(" ")}`);
    }
    if (answer.stopped !== undefined) {
      input.warn(`${answer.stopped.detail}; ${counted(answer.left.jobs, "job")} left`);
    }
    if (answer.next === null || answer.stopped !== undefined) {
      const what = `${CONTROLS[action].done} ${counted(done, "job")}`;
      if (call.form === "text") terminal.out(what);
      return answer.stopped === undefined && refused === 0 ? EXIT.ok : EXIT.refused;
    }
    place = { upTo: answer.upTo, before: answer.next };
  }
}

function doneText(
  action: BulkControl,
  { jobId, newJobId }: { readonly jobId: string; readonly newJobId?: string | undefined },
): string {
  const as = newJobId === undefined ? "" : ` as ${newJobId}`;
  return `${CONTROLS[action].done.toLowerCase()} ${jobId}${as}`;
}
