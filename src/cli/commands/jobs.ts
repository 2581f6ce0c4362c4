/** `jobs`: lists jobs, the newest first. */

import { CONDITIONS } from "../../core/condition.ts";
import { counted } from "../../core/counted.ts";
import { STATE_NAMES } from "../../core/job_state.ts";
import { type Client, SERVER_OPTIONS } from "../client.ts";
import { type Command, type CommandInput, EXIT_OK, UsageError } from "../command.ts";
import { splitAt } from "../json_input.ts";
import { FORM_OPTIONS, formOf, printJson, printLines, textColumns } from "../presentation.ts";
import { jobTable } from "../render/job_table.ts";
import { expectShape, jobsPage, type JobSummaryResource } from "../resources.ts";
import { clientOf, type Surroundings } from "../surroundings.ts";
import { DURATION_RULE } from "../../core/duration.ts";
import { durationOf } from "../times.ts";

const LIMIT_DEFAULT = 20;
const LIMIT_MAX = 1_000_000;
/** Jobs that a server gives at a time: summaries, and whole ones. */
const PAGE_MAX = { summary: 500, full: 50 };
const FILTERS: readonly string[] = [
  "state",
  "condition",
  "type",
  "label",
  "since",
  "search",
  "fingerprint",
];

export function jobsCommand(surroundings: Surroundings): Command {
  return {
    name: "jobs",
    summary: "list jobs, newest first",
    positionals: "",
    arity: [0, 0],
    options: [
      { name: "state", value: "state", repeated: true, help: STATE_NAMES.join(", ") },
      { name: "condition", value: "name", repeated: true, help: "what it is doing; see below" },
      { name: "type", value: "type", repeated: true, help: "of this type" },
      { name: "label", short: "l", value: "name=value", repeated: true, help: "with all of these" },
      { name: "since", value: "time", help: "created after an RFC 3339 time, or in the last 2h" },
      {
        name: "search",
        short: "s",
        value: "words",
        help: "each is in the id, type, a label or an error",
      },
      { name: "fingerprint", value: "digits", help: "failures of one kind; see show --json" },
      {
        name: "limit",
        short: "n",
        value: "number",
        default: String(LIMIT_DEFAULT),
        help: "at most this many",
      },
      { name: "all", help: "all of them, whatever the limit" },
      { name: "full", help: "with --json, the whole of each job, as show --json has it" },
      ...FORM_OPTIONS,
      ...SERVER_OPTIONS,
    ],
    notes: [
      `Conditions are ${CONDITIONS.slice(0, 6).join(", ")},\n${CONDITIONS.slice(6).join(", ")}.`,
    ],
    examples: [
      "deno task daybook jobs",
      "deno task daybook jobs --state failed --since 2h",
      "deno task daybook jobs --condition waiting --condition backingOff --type order.fulfil",
      "deno task daybook jobs --search timeout --state failed",
      "deno task daybook jobs --all --label shop=berlin --json | jq -r .jobId",
    ],
    run: (input) => list(input, surroundings),
  };
}

async function list(input: CommandInput, surroundings: Surroundings): Promise<number> {
  const form = formOf(input);
  const query = queryOf(input, surroundings);
  const view = input.isSet("full") ? "full" : "summary";
  if (view === "full" && form !== "json") throw new UsageError("--full is for --json");
  const limit = input.isSet("all") ? Infinity : input.whole("limit", 1, LIMIT_MAX) ?? LIMIT_DEFAULT;
  const client = clientOf(input, surroundings);
  const shown: JobSummaryResource[] = [];
  let [isMore, isNothing] = [false, true];
  for await (const page of pages(client, query, view, limit)) {
    if (form === "json") { for (const job of page.jobs) printJson(input, job); }
    else shown.push(...page.jobs);
    isMore = page.nextCursor !== null;
    isNothing &&= page.jobs.length === 0;
  }
  if (form === "text") printTable(shown, isMore, input, surroundings);
  if (isNothing && FILTERS.some((name) => input.all(name).length > 0)) {
    input.terminal.err(
      "daybook: no job is of what was asked for; deno task daybook jobs lists all",
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

/** Pages until there are so many jobs. */
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

function queryOf(input: CommandInput, surroundings: Surroundings): URLSearchParams {
  const query = new URLSearchParams();
  for (const state of chosen(input, "state", STATE_NAMES)) query.append("state", state);
  for (const name of chosen(input, "condition", CONDITIONS)) query.append("condition", name);
  for (const type of input.all("type")) query.append("type", type);
  for (const label of input.all("label")) {
    query.append("label", splitAt(label, "--label").join(":"));
  }
  for (const name of ["search", "fingerprint"]) {
    const text = input.text(name);
    if (text !== undefined) query.set(name, text);
  }
  const since = input.text("since");
  if (since !== undefined) query.set("createdAfter", sinceOf(since, surroundings));
  return query;
}

/** In whatever letter case they are written. */
function chosen(
  input: CommandInput,
  option: string,
  known: readonly string[],
): readonly string[] {
  return input.all(option).flatMap((text) => text.split(",")).map((text) => {
    const name = known.find((one) => one.toLowerCase() === text.toLowerCase());
    if (name !== undefined) return name;
    throw new UsageError(`--${option} must be one of ${known.join(", ")}, and is ${text}`);
  });
}

function sinceOf(text: string, { clock }: Surroundings): string {
  const agoMs = durationOf(text);
  if (agoMs !== undefined) return new Date(clock.now() - agoMs).toISOString();
  if (!Number.isNaN(Date.parse(text))) return text;
  throw new UsageError(`--since must be a time or ${DURATION_RULE}, and is ${text}`);
}
