/** `jobs`: lists jobs, the newest first. */

import { counted } from "../../core/counted.ts";
import { type Client, SERVER_OPTIONS } from "../client.ts";
import { type Command, type CommandInput, EXIT_OK, UsageError } from "../command.ts";
import {
  FILTER_NOTE,
  FILTER_OPTIONS,
  filterQuery,
  limitOption,
  parseFilter,
} from "../job_filter.ts";
import { FORM_OPTIONS, outputForm, printJson, printLines, textColumns } from "../presentation.ts";
import { jobTable } from "../render/job_table.ts";
import { expectShape, jobsPage, type JobSummaryResource } from "../resources.ts";
import { createClient, type Surroundings } from "../surroundings.ts";

const LIMIT_DEFAULT = 20;
const LIMIT_MAX = 1_000_000;
/** Jobs per request: summaries, and whole jobs. */
const PAGE_MAX = { summary: 500, full: 50 };

export function jobsCommand(surroundings: Surroundings): Command {
  return {
    name: "jobs",
    summary: "list jobs, newest first",
    positionals: "",
    arity: [0, 0],
    options: [
      ...FILTER_OPTIONS,
      limitOption(LIMIT_DEFAULT, "the most jobs to list"),
      { name: "all", help: "all jobs, without a limit" },
      { name: "full", help: "with --json, whole jobs, as in show --json" },
      ...FORM_OPTIONS,
      ...SERVER_OPTIONS,
    ],
    notes: [FILTER_NOTE],
    examples: [
      "deno task daybook jobs",
      "deno task daybook jobs --state failed --since 2h",
      "deno task daybook jobs --condition waiting --condition backingOff --type order.fulfil",
      "deno task daybook jobs --search timeout --state failed",
      "deno task daybook jobs --all --label shop:berlin --json | jq -r .jobId",
    ],
    run: (input) => list(input, surroundings),
  };
}

async function list(input: CommandInput, surroundings: Surroundings): Promise<number> {
  const form = outputForm(input);
  const filter = parseFilter(input, surroundings);
  const view = input.isSet("full") ? "full" : "summary";
  if (view === "full" && form !== "json") throw new UsageError("--full is for --json");
  const limit = input.isSet("all") ? Infinity : input.whole("limit", 1, LIMIT_MAX) ?? LIMIT_DEFAULT;
  const client = createClient(input, surroundings);
  const shown: JobSummaryResource[] = [];
  let [isMore, isNothing] = [false, true];
  for await (const page of pages(client, filterQuery(filter), view, limit)) {
    if (form === "json") { for (const job of page.jobs) printJson(input, job); }
    else shown.push(...page.jobs);
    isMore = page.nextCursor !== null;
    isNothing &&= page.jobs.length === 0;
  }
  if (form === "text") printTable(shown, isMore, input, surroundings);
  if (isNothing && Object.keys(filter).length > 0) {
    input.terminal.err(
      "daybook: no jobs match; deno task daybook jobs lists all",
    );
  }
  return EXIT_OK;
}

function printTable(
  jobs: readonly JobSummaryResource[],
  isMore: boolean,
  input: CommandInput,
  { clock }: Surroundings,
): void {
  const { terminal } = input;
  const table = { paint: terminal.style, now: clock.now(), columns: textColumns(input) };
  if (jobs.length > 0) printLines(input, jobTable(jobs, table));
  const count = counted(jobs.length, "job");
  terminal.out(terminal.style("dim", isMore ? `${count}, and there are more: --all` : count));
}

/** Reads pages until it has this many jobs. */
async function* pages(
  client: Client,
  query: URLSearchParams,
  view: keyof typeof PAGE_MAX,
  limit: number,
) {
  if (view === "full") query.set("view", view);
  let room = limit;
  for (let cursor: string | null = ""; cursor !== null && room > 0;) {
    query.set("limit", String(Math.min(room, PAGE_MAX[view])));
    if (cursor !== "") query.set("cursor", cursor);
    const page = expectShape(jobsPage, await client.get(`/jobs?${query}`), client);
    yield page;
    room -= page.jobs.length;
    cursor = page.nextCursor;
  }
}
