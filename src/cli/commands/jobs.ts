/** `jobs` and `failures`: list jobs, the newest first, and failures by kind. */

import { counted } from "../../core/counted.ts";
import { distanceText } from "../../core/duration.ts";
import { FINGERPRINT_RULE } from "../../core/error_fingerprint.ts";
import { messageText } from "../../core/error_text.ts";
import { PAGE_MAX } from "../../documents/parameters.ts";
import { UsageError } from "../command.ts";
import { FILTER_NOTE, FILTER_OPTIONS, filterQuery, limitOption, parseFilter } from "../filters.ts";
import { plainText, printLines } from "../terminal.ts";
import { jobTable } from "../render/job_page.ts";
import {
  type FailureKindResource,
  failuresAnswer,
  jobsPage,
  type JobSummaryResource,
} from "../resources.ts";
import type { ServerCall, ServerCommand } from "../server_call.ts";

const LIMIT_DEFAULT = 20;
const LIMIT_MAX = 1_000_000;

export const JOBS_COMMAND: ServerCommand = {
  name: "jobs",
  summary: "list jobs, newest first",
  options: [
    ...FILTER_OPTIONS,
    limitOption(LIMIT_DEFAULT, "the most jobs to list"),
    { name: "all", help: "all jobs, without a limit" },
    { name: "full", help: "with --json, whole jobs, as in show --json" },
  ],
  notes: [FILTER_NOTE],
  examples: [
    "deno task daybook jobs",
    "deno task daybook jobs --state failed --since 2h",
    "deno task daybook jobs --condition waiting --condition backingOff --type order.fulfil",
    "deno task daybook jobs --search timeout --state failed",
    "deno task daybook jobs --all --label shop:berlin --json | jq -r .jobId",
  ],
  run: list,
};

async function list(call: ServerCall): Promise<void> {
  const { input, form, terminal } = call;
  const filter = parseFilter(call);
  const view = input.isSet("full") ? "full" : "summary";
  if (view === "full" && form !== "json") throw new UsageError("--full is for --json");
  const limit = input.isSet("all") ? Infinity : input.whole("limit", 1, LIMIT_MAX) ?? LIMIT_DEFAULT;
  const query = filterQuery(filter);
  if (view === "full") query.set("view", view);
  const shown: JobSummaryResource[] = [];
  let [count, isMore] = [0, false];
  const pageMax = view === "full" ? PAGE_MAX.wholeJobs : PAGE_MAX.jobs;
  const setLimit = () => query.set("limit", String(Math.min(limit - count, pageMax)));
  setLimit();
  for await (const { jobs, nextCursor } of call.client.pages(jobsPage, "/jobs", query)) {
    if (form === "json") printLines(terminal, jobs.map((job) => JSON.stringify(job)));
    else shown.push(...jobs);
    count += jobs.length;
    isMore = nextCursor !== null;
    if (count >= limit) break;
    setLimit();
  }
  if (form === "text") printTable(shown, isMore, call);
  // A program that reads the lines would take them for all.
  else if (isMore && input.all("limit").length === 0) {
    input.warn(`these are the newest ${count} jobs, and there are more: --all`);
  }
  if (count === 0 && Object.keys(filter).length > 0) {
    input.warn("no jobs match; deno task daybook jobs lists all");
  }
}

function printTable(jobs: readonly JobSummaryResource[], isMore: boolean, call: ServerCall): void {
  const { terminal } = call;
  printLines(terminal, jobTable(jobs, call.page));
  const count = counted(jobs.length, "job");
  terminal.out(terminal.style("dim", isMore ? `${count}, and there are more: --all` : count));
}

/** Failures that were not retried, the most frequent first. */
export const FAILURES_COMMAND: ServerCommand = {
  name: "failures",
  summary: "list failures that were not retried, by kind",
  options: [...FILTER_OPTIONS, limitOption(50, "the most kinds to list")],
  notes: [
    `The most frequent come first. ${FINGERPRINT_RULE}`,
    FILTER_NOTE,
  ],
  examples: [
    "deno task daybook failures",
    "deno task daybook failures --type payment.collect --since 2h",
  ],
  run: listFailures,
};

async function listFailures(call: ServerCall): Promise<void> {
  const { terminal } = call;
  const query = filterQuery(parseFilter(call));
  query.set("limit", String(call.input.whole("limit", 1, PAGE_MAX.failureKinds)));
  const { summary, failures, more, searched } = await call.client.get(
    failuresAnswer,
    `/failures?${query}`,
  );
  if (call.form !== "json" && failures.length > 0) terminal.out(plainText(summary));
  for (const kind of failures) call.print(kind, () => failureLines(kind, call));
  if (call.form === "json") return;
  if (failures.length === 0) terminal.out("no failures left to retry");
  if (more > 0) terminal.out(`${more} rarer kinds are not shown: --limit`);
  if (searched !== undefined) {
    terminal.out(`examined ${counted(searched.jobs, "job")}, back to ${searched.backTo}`);
  }
}

function failureLines(
  { fingerprint, type, taskId, error, open, jobs, newest }: FailureKindResource,
  { terminal: { style }, surroundings: { clock } }: ServerCall,
): readonly string[] {
  const where = `${type ?? "plan"}${taskId === null ? "" : `, task ${taskId}`}`;
  const many = open === jobs ? counted(open, "job") : `${open} of ${counted(jobs, "job")}`;
  const age = distanceText(clock.now() - Date.parse(newest.createdAt));
  return [
    `${style("bold", fingerprint)}  ${many}, the newest ${age} ago: ${plainText(where)}`,
    `  ${style("red", plainText(error.name))}: ${plainText(messageText(error))}`,
  ];
}
