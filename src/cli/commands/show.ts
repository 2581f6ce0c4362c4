/** `show`: prints one job as a page. */

import { shortType } from "../../core/event.ts";
import { PAGE_MAX } from "../../documents/parameters.ts";
import { UsageError } from "../command.ts";
import { AT_OPTION } from "../filters.ts";
import { fitted, padded, plainText, printLines, textWidth } from "../terminal.ts";
import { EntryLines } from "../render/entry_line.ts";
import { jobPage, type PageOptions, section } from "../render/job_page.ts";
import {
  entriesPage,
  jobPath,
  jobResource,
  type ReplayAnswer,
  replayAnswer,
} from "../resources.ts";
import type { ServerCall, ServerCommand } from "../server_call.ts";

export const SHOW_COMMAND: ServerCommand = {
  name: "show",
  summary: "show one job: state, expectations, tasks, failure, output",
  positionals: "<jobId>",
  options: [
    { name: "events", short: "e", help: "also the entries of the job" },
    AT_OPTION,
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
  run: show,
};

async function show(call: ServerCall): Promise<void> {
  const { input } = call;
  const at = input.text("at");
  if (at !== undefined && input.isSet("events")) {
    throw new UsageError("--at shows each step, and takes no --events");
  }
  const path = jobPath(input.positionals[0] ?? "");
  if (at !== undefined) return await showThen(path, at, call);
  const job = await call.client.get(jobResource, path);
  call.print(job, () => jobPage(job, call.page));
  if (input.isSet("events")) await showEntries(path, call);
}

async function showEntries(path: string, call: ServerCall): Promise<void> {
  const { client, page, form, terminal } = call;
  const lines = new EntryLines({ ...page, columns: page.columns - 2, withJob: false });
  if (form === "text") printLines(terminal, section("entries", [""], page).slice(0, -1));
  const query = new URLSearchParams({ limit: String(PAGE_MAX.entries) });
  for await (const { entries } of client.pages(entriesPage, `${path}/events`, query)) {
    for (const entry of entries) call.print(entry, () => [`  ${lines.line(entry)}`]);
  }
}

async function showThen(path: string, at: string, call: ServerCall): Promise<void> {
  const { page, form } = call;
  const replay = await replayTo(path, at, call);
  const then = form === "json" ? page.now : await findTime(at, replay.job.lastLogId, call);
  const options = { ...page, now: Math.min(page.now, then) };
  call.print(replay, () => [
    ...jobPage(replay.job, options),
    ...section("steps", stepLines(replay.steps, page), page),
  ]);
}

/** The replay, with the steps of all pages. */
async function replayTo(
  path: string,
  at: string,
  call: ServerCall,
): Promise<Omit<ReplayAnswer, "nextCursor">> {
  const pages = call.client.pages(replayAnswer, `${path}/replay`, new URLSearchParams({ at }));
  let replay: ReplayAnswer | undefined;
  const steps: Step[] = [];
  for await (const page of pages) {
    replay ??= page;
    steps.push(...page.steps);
  }
  const { nextCursor: _, ...first } = replay as ReplayAnswer;
  return { ...first, steps };
}

/** The time of the point, in milliseconds since the epoch: ages are relative to it. */
async function findTime(at: string, lastLogId: number, call: ServerCall): Promise<number> {
  const named = /^\d+$/.test(at) ? NaN : Date.parse(at);
  if (!Number.isNaN(named)) return named;
  const { entries } = await call.client.get(entriesPage, `/events?after=${lastLogId - 1}&limit=1`);
  return Date.parse(entries[0]?.receivedAt ?? "");
}

type Step = ReplayAnswer["steps"][number];

/** The sentence is wrapped and not cut, since it is the answer. */
function stepLines(steps: readonly Step[], { paint, columns }: PageOptions): readonly string[] {
  const types = steps.map(({ eventType }) => plainText(shortType(eventType)));
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
