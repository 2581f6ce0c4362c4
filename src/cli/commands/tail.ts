/** `tail`: follows the journal, or one job. */

import { parseJsonText } from "../../core/json_text.ts";
import { type Client, SERVER_OPTIONS } from "../client.ts";
import { type Command, type CommandInput, EXIT_OK, UsageError } from "../command.ts";
import { STRATUM_OPTION, stratumOption, TYPE_OPTION, typeOptions } from "../entry_filters.ts";
import { follow, reportConnection } from "../event_source.ts";
import { entryResource, expectShape, jobPath } from "../resources.ts";
import { FORM_OPTIONS, outputForm, printLines, textColumns } from "../presentation.ts";
import { DatedLines } from "../render/entry_line.ts";
import { createClient, type Surroundings } from "../surroundings.ts";

export function tailCommand(surroundings: Surroundings): Command {
  return {
    name: "tail",
    summary: "follow the journal, or one job",
    positionals: "",
    arity: [0, 0],
    options: [
      { name: "job", value: "jobId", help: "only this job, from its first entry" },
      TYPE_OPTION,
      STRATUM_OPTION,
      { name: "only-transitions", help: "only entries that changed a job" },
      { name: "after", value: "logId", help: "entries after this one, then new ones" },
      { name: "from-start", help: "everything, then new entries" },
      { name: "until-end", help: "with --job: stop when the job has ended" },
      ...FORM_OPTIONS,
      ...SERVER_OPTIONS,
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
    run: (input) => tail(input, surroundings),
  };
}

async function tail(input: CommandInput, surroundings: Surroundings): Promise<number> {
  const path = streamPath(input);
  const print = createPrinter(input, surroundings);
  const client = createClient(input, surroundings);
  const endsItself = input.isSet("until-end");
  const { signal } = new AbortController();
  const losses = reportConnection(input.terminal, client);
  const { clock } = surroundings;
  announceWaiting(input, surroundings);
  for await (const data of follow({ client, clock, path, endsItself, signal, ...losses })) {
    print(data, client);
  }
  return EXIT_OK;
}

/** Printed so that an empty screen at the beginning does not look like a failure. */
function announceWaiting(input: CommandInput, { times }: Surroundings): void {
  if (!input.terminal.isInteractive || outputForm(input) === "json") return;
  const isAhead = input.text("job") === undefined && input.text("after") === undefined &&
    !input.isSet("from-start");
  const what = isAhead ? "waiting for new entries" : "following";
  input.terminal.progress(`${what}, times are in ${times.zone}; Ctrl-C ends it`, 0, 0);
}

/**
 * @throws {UsageError} if options contradict each other.
 */
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

function createPrinter(input: CommandInput, { times, clock }: Surroundings) {
  const { terminal } = input;
  if (outputForm(input) === "json") return (data: string) => terminal.out(data);
  const lines = new DatedLines({
    paint: terminal.style,
    times,
    columns: textColumns(input),
    withJob: input.text("job") === undefined,
  }, clock.now());
  // A seal follows every burst of entries, and is of no interest here.
  const showsSeals = typeOptions(input).length > 0;
  return (data: string, client: Client) => {
    const entry = expectShape(entryResource, parseJsonText(data), client);
    if (showsSeals || entry.eventType !== "journal.Sealed") printLines(input, lines.of(entry));
  };
}
