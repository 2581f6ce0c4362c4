/** `tail`: follows the journal, or one job. */

import { type CommandInput, UsageError } from "../command.ts";
import { STRATUM_OPTION, stratumOption, TYPE_OPTION, typeOptions } from "../filters.ts";
import { follow } from "../event_source.ts";
import { DatedLines } from "../render/entry_line.ts";
import { entryResource, jobPath } from "../resources.ts";
import type { ServerCall, ServerCommand } from "../server_call.ts";
import { printLines } from "../terminal.ts";

export const TAIL_COMMAND: ServerCommand = {
  name: "tail",
  summary: "follow the journal, or one job",
  options: [
    { name: "job", value: "jobId", help: "only this job, from its first entry" },
    TYPE_OPTION,
    STRATUM_OPTION,
    { name: "only-transitions", help: "only entries that changed a job" },
    { name: "after", value: "logId", help: "entries after this one, then new ones" },
    { name: "from-start", help: "everything, then new entries" },
    { name: "until-end", help: "with --job: stop when the job has ended" },
  ],
  notes: [
    "If the connection is lost, or the server restarts, tail resumes where it was, without " +
    "gaps or repetitions. Ctrl-C ends it (130).",
  ],
  examples: [
    "deno task daybook tail",
    "deno task daybook tail --only-transitions",
    "deno task daybook tail --job order-42 --until-end",
    "deno task daybook tail --stratum domain --from-start --json | jq -c .attributes",
    "deno task daybook tail --type job.TaskFailed,job.JobCancelled",
  ],
  run: tail,
};

async function tail(call: ServerCall): Promise<void> {
  const path = streamPath(call.input);
  const print = createPrinter(call);
  announceWaiting(call);
  const endsItself = call.input.isSet("until-end");
  for await (const data of follow(call, path, { endsItself })) print(data);
}

/** Printed so that an empty screen at the beginning does not look like a failure. */
function announceWaiting({ input, form, surroundings: { times } }: ServerCall): void {
  if (!input.terminal.isInteractive || form === "json") return;
  const isAhead = input.text("job") === undefined && input.text("after") === undefined &&
    !input.isSet("from-start");
  const what = isAhead ? "waiting for new entries" : "following";
  input.terminal.progress(`${what}, times are in ${times.zone}; Ctrl-C ends it`, 0, 0);
}

/** @throws {UsageError} if options contradict each other. */
function streamPath(input: CommandInput): string {
  const job = input.text("job");
  const after = input.whole("after", 0, Number.MAX_SAFE_INTEGER);
  if (after !== undefined && input.isSet("from-start")) {
    throw new UsageError("give only one of --after and --from-start");
  }
  if (input.isSet("until-end") && job === undefined) {
    throw new UsageError("--until-end goes with --job");
  }
  const query = new URLSearchParams(streamFilters(input));
  if (after !== undefined || input.isSet("from-start")) query.set("after", String(after ?? 0));
  if (input.isSet("until-end")) query.set("until", "terminal");
  const path = job === undefined ? "/stream" : `${jobPath(job)}/stream`;
  return query.size === 0 ? path : `${path}?${query}`;
}

function streamFilters(input: CommandInput): Record<string, string> {
  const [types, stratum] = [typeOptions(input).join(","), stratumOption(input)];
  return {
    ...(types === "" ? {} : { types }),
    ...(stratum === undefined ? {} : { stratum }),
    ...(input.isSet("only-transitions") ? { only: "transitions" } : {}),
  };
}

function createPrinter(call: ServerCall) {
  const { input, terminal, page } = call;
  if (call.form === "json") return (data: string) => terminal.out(data);
  const lines = new DatedLines({ ...page, withJob: input.text("job") === undefined }, page.now);
  // A seal follows every burst of entries, and is of no interest here.
  const showsSeals = typeOptions(input).length > 0;
  return (data: string) => {
    const entry = call.client.parse(entryResource, data);
    if (showsSeals || entry.eventType !== "journal.Sealed") printLines(terminal, lines.of(entry));
  };
}
