/** `show`: prints one job as a page. */

import { type Client, SERVER_OPTIONS } from "../client.ts";
import { type Command, type CommandInput, EXIT_OK, UsageError } from "../command.ts";
import {
  entriesPage,
  type EntryResource,
  expectShape,
  jobPath,
  jobResource,
  type ReplayAnswer,
  replayAnswer,
} from "../resources.ts";
import { FORM_OPTIONS, outputForm, printJson, printLines, textColumns } from "../presentation.ts";
import { EntryLines } from "../render/entry_line.ts";
import { jobPage, type PageOptions, section } from "../render/job_page.ts";
import { createClient, type Surroundings } from "../surroundings.ts";
import { fitted, padded, plainText, textWidth } from "../plain_text.ts";
import type { Paint } from "../render/marks.ts";

const PAGE_LIMIT = 1_000;

export function showCommand(surroundings: Surroundings): Command {
  return {
    name: "show",
    summary: "show one job: state, expectations, tasks, failure, output",
    positionals: "<jobId>",
    arity: [1, 1],
    options: [
      { name: "events", short: "e", help: "also the entries of the job" },
      {
        name: "at",
        value: "point",
        help: "as of a logId, an eventId (event/17 if it is digits) or a time",
      },
      ...FORM_OPTIONS,
      ...SERVER_OPTIONS,
    ],
    notes: [
      "JSON output is the job on one line, with --events followed by one line per entry; with " +
      "--at it is the answer of GET /jobs/:id/replay.",
    ],
    examples: [
      "deno task daybook show order-42",
      "deno task daybook show order-42 --events",
      "deno task daybook show order-42 --at 17",
      "deno task daybook show order-42 --json | jq .expected",
    ],
    run: (input) => show(input, surroundings),
  };
}

async function show(input: CommandInput, surroundings: Surroundings): Promise<number> {
  const form = outputForm(input);
  const at = input.text("at");
  if (at !== undefined && input.isSet("events")) {
    throw new UsageError("--at shows each step, and takes no --events");
  }
  const client = createClient(input, surroundings);
  const path = jobPath(input.positionals[0] ?? "");
  const options = pageOptions(input, surroundings);
  if (at !== undefined) return await showThen(path, at, client, input, options);
  const job = expectShape(jobResource, await client.get(path), client);
  if (form === "json") printJson(input, job);
  else printLines(input, jobPage(job, options));
  if (input.isSet("events")) await showEntries(path, client, input, options);
  return EXIT_OK;
}

function pageOptions(input: CommandInput, { times, clock }: Surroundings): PageOptions {
  return { paint: input.terminal.style, times, now: clock.now(), columns: textColumns(input) };
}

async function showEntries(
  path: string,
  client: Client,
  input: CommandInput,
  options: PageOptions,
): Promise<void> {
  const isJson = outputForm(input) === "json";
  const columns = options.columns - 2;
  const lines = new EntryLines({ ...options, columns, withJob: false });
  if (!isJson) printLines(input, section("entries", [""], options).slice(0, -1));
  for await (const entry of jobEntries(path, client)) {
    if (isJson) printJson(input, entry);
    else input.terminal.out(`  ${lines.line(entry)}`);
  }
}

/** All entries of one job, oldest first, page by page. */
async function* jobEntries(path: string, client: Client): AsyncGenerator<EntryResource> {
  const query = new URLSearchParams({ limit: String(PAGE_LIMIT) });
  for (let cursor: string | null = ""; cursor !== null;) {
    if (cursor !== "") query.set("cursor", cursor);
    const page = expectShape(entriesPage, await client.get(`${path}/events?${query}`), client);
    yield* page.entries;
    cursor = page.nextCursor;
  }
}

async function showThen(
  path: string,
  at: string,
  client: Client,
  input: CommandInput,
  options: PageOptions,
): Promise<number> {
  const replay = await replayTo(path, at, client);
  if (outputForm(input) === "json") {
    printJson(input, replay);
    return EXIT_OK;
  }
  const now = Math.min(options.now, await findTime(at, replay.job.lastLogId, client));
  const steps = section("steps", stepLines(replay.steps, options), options);
  printLines(input, [...jobPage(replay.job, { ...options, now }), ...steps]);
  return EXIT_OK;
}

/** The replay, with the steps of all pages. */
async function replayTo(
  path: string,
  at: string,
  client: Client,
): Promise<Omit<ReplayAnswer, "nextCursor">> {
  const first = `${path}/replay?at=${encodeURIComponent(at)}`;
  const { nextCursor, ...replay } = expectShape(replayAnswer, await client.get(first), client);
  const steps = [...replay.steps];
  for (let cursor = nextCursor; typeof cursor === "string";) {
    const page = expectShape(replayAnswer, await client.get(`${first}&cursor=${cursor}`), client);
    steps.push(...page.steps);
    cursor = page.nextCursor;
  }
  return { ...replay, steps };
}

/** The time of the point, in milliseconds since the epoch: ages are relative to it. */
async function findTime(at: string, lastLogId: number, client: Client): Promise<number> {
  const named = /^\d+$/.test(at) ? NaN : Date.parse(at);
  if (!Number.isNaN(named)) return named;
  const path = `/events?after=${lastLogId - 1}&limit=1`;
  const { entries } = expectShape(entriesPage, await client.get(path), client);
  return Date.parse(entries[0]?.receivedAt ?? "");
}

interface StepLinesOptions {
  readonly paint: Paint;
  readonly columns: number;
}

type Step = ReplayAnswer["steps"][number];

/** The sentence is wrapped and not cut, since it is the answer. */
function stepLines(
  steps: readonly Step[],
  { paint, columns }: StepLinesOptions,
): readonly string[] {
  const types = steps.map(({ eventType }) => plainText(eventType.replace(/^job\./, "")));
  const typeColumns = Math.max(0, ...types.map(textWidth));
  const idColumns = Math.max(0, ...steps.map(({ logId }) => String(logId).length));
  const indent = " ".repeat(idColumns + typeColumns + 4);
  return steps.flatMap((step, index) => {
    const id = String(step.logId).padStart(idColumns);
    const head = `${id}  ${padded(types[index] ?? "", typeColumns)}`;
    const rule = fitted(plainText(ruleText(step)), columns - indent.length - 2);
    return [`${head}  ${plainText(step.why)}`, indent + paint("dim", rule)];
  });
}

/** `running/satisfied: state Running → Done, condition waiting → succeeded`. */
function ruleText({ rule, changed }: Step): string {
  const changes = changed.map(({ path, from, to }) =>
    `${path} ${valueText(from)} → ${valueText(to)}`
  );
  return `${rule}: ${changes.length === 0 ? "nothing changed" : changes.join(", ")}`;
}

function valueText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value) ?? "nothing";
}
