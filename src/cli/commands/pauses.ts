/** `pause`, `pauses` and `end-pause`: begin, list and end the pauses that hold many jobs. */

import { counted } from "../../core/counted.ts";
import { DURATION_RULE } from "../../core/duration.ts";
import type { JsonObject } from "../../core/json.ts";
import { scopeText } from "../../explain/pause_texts.ts";
import { parseTime, TIME_RULE } from "../../documents/fields.ts";
import { type Client, SERVER_OPTIONS } from "../client.ts";
import {
  type Command,
  CommandError,
  type CommandInput,
  EXIT_NEGATIVE,
  EXIT_OK,
  EXIT_USAGE,
  UsageError,
} from "../command.ts";
import { splitAt } from "../json_input.ts";
import { plainText } from "../plain_text.ts";
import { FORM_OPTIONS, outputForm, printJson } from "../presentation.ts";
import { expectShape, type PauseResource, pauseResource, pausesAnswer } from "../resources.ts";
import { createClient, type Surroundings } from "../surroundings.ts";
import { parseDurationMs } from "../times.ts";

export function pauseCommands(surroundings: Surroundings): readonly Command[] {
  return [
    {
      name: "pause",
      summary: "pause jobs: no attempt starts until the pause ends",
      positionals: "",
      arity: [0, 0],
      options: [
        { name: "type", value: "type", help: "only jobs of this type" },
        { name: "label", short: "l", value: "name:value", help: "only jobs with this label" },
        { name: "key", value: "key", help: "only jobs with this key: limits.key of their type" },
        { name: "reason", value: "text", help: "the reason, recorded and shown by explain" },
        {
          name: "until",
          value: "time",
          help: "when it ends automatically: an RFC 3339 time, or 30m from now",
        },
        ...FORM_OPTIONS,
        ...SERVER_OPTIONS,
      ],
      notes: [
        "A pause holds the jobs that match every given option, or all jobs if none is given.",
        "Running attempts finish; no other starts. Jobs can be created, and events count.",
      ],
      examples: [
        "deno task daybook pause --type payment.collect --until 30m --reason 'the bank is down'",
        "deno task daybook pause --label shop:berlin --reason stocktaking",
      ],
      run: (input) => begin(input, surroundings),
    },
    {
      name: "pauses",
      summary: "list the pauses: since when, by whom, and what each holds",
      positionals: "",
      arity: [0, 0],
      options: [...FORM_OPTIONS, ...SERVER_OPTIONS],
      notes: ["deno task start --hold starts with everything paused; end-pause ends that."],
      examples: ["deno task daybook pauses"],
      run: (input) => list(input, surroundings),
    },
    {
      name: "end-pause",
      summary: "end a pause: the jobs it held can start",
      positionals: "[pauseId]",
      arity: [0, 1],
      options: [...FORM_OPTIONS, ...SERVER_OPTIONS],
      notes: [
        "If only one pause is in force, its id can be left out; the exit code is 1 if there is " +
        "none.",
      ],
      examples: [
        "deno task daybook end-pause",
        "deno task daybook end-pause pau_01J00000000000000000000001",
      ],
      run: (input) => end(input, surroundings),
    },
  ];
}

async function begin(input: CommandInput, surroundings: Surroundings): Promise<number> {
  const form = outputForm(input);
  const body = pauseBody(input, surroundings);
  const client = createClient(input, surroundings);
  const pause = expectShape(pauseResource, await client.post("/pauses", body), client);
  if (form === "json") printJson(input, pause);
  else input.terminal.out(pauseText(pause, input));
  return EXIT_OK;
}

/**
 * @throws {UsageError} if the reason is missing, or an option is invalid.
 */
function pauseBody(input: CommandInput, surroundings: Surroundings): JsonObject {
  const reason = input.text("reason");
  if (reason === undefined) throw new UsageError("pause needs a --reason, which explanations show");
  const label = input.text("label");
  const fields = {
    reason,
    type: input.text("type"),
    key: input.text("key"),
    label: label && splitAt(label, "--label", ":").join(":"),
    until: parseUntil(input.text("until"), surroundings),
  };
  return Object.fromEntries(
    Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined),
  );
}

function parseUntil(text: string | undefined, { clock }: Surroundings): string | undefined {
  if (text === undefined || parseTime(text) !== undefined) return text;
  const forMs = parseDurationMs(text);
  if (forMs !== undefined) return new Date(clock.now() + forMs).toISOString();
  throw new UsageError(`--until must be ${TIME_RULE}, or ${DURATION_RULE}, not ${text}`);
}

async function list(input: CommandInput, surroundings: Surroundings): Promise<number> {
  const form = outputForm(input);
  const pauses = await fetchPauses(createClient(input, surroundings));
  for (const pause of pauses) {
    if (form === "json") printJson(input, pause);
    else input.terminal.out(pauseText(pause, input));
  }
  if (pauses.length === 0 && form === "text") input.terminal.out("nothing is paused");
  return EXIT_OK;
}

async function end(input: CommandInput, surroundings: Surroundings): Promise<number> {
  const form = outputForm(input);
  const client = createClient(input, surroundings);
  const pauseId = input.positionals[0] ?? await onlyOne(client);
  if (pauseId === undefined) {
    input.terminal.err("daybook: nothing is paused");
    return EXIT_NEGATIVE;
  }
  const answer = await client.delete(`/pauses/${encodeURIComponent(pauseId)}`);
  const pause = expectShape(pauseResource, answer, client);
  if (form === "json") printJson(input, pause);
  else input.terminal.out(`${pause.pauseId} has ended: it held ${counted(pause.jobs, "job")}`);
  return EXIT_OK;
}

/**
 * @throws {CommandError} if several pauses are in force.
 */
async function onlyOne(client: Client): Promise<string | undefined> {
  const [first, ...others] = await fetchPauses(client);
  if (others.length === 0) return first?.pauseId;
  throw new CommandError(
    "several pauses are in force; name one: deno task daybook pauses",
    EXIT_USAGE,
  );
}

async function fetchPauses(client: Client): Promise<readonly PauseResource[]> {
  return expectShape(pausesAnswer, await client.get("/pauses"), client).pauses;
}

function pauseText(pause: PauseResource, { terminal: { style } }: CommandInput): string {
  const { pauseId, reason, since, until, actor, jobs, firstJobs } = pause;
  const who = actor === undefined ? "" : ` by ${actor}`;
  const end = until === undefined ? "" : `, until ${until}`;
  const first = firstJobs.slice(0, NAMED_MAX).join(", ");
  const named = jobs === 0 ? "" : `: ${first}${jobs > NAMED_MAX ? ", ..." : ""}`;
  const text = `${scopeText(pause)} is paused since ${since}${who}${end}, ${reason}; ` +
    `${counted(jobs, "job")} waiting${named}`;
  return `${style("bold", pauseId)}  ${plainText(text)}`;
}

const NAMED_MAX = 3;
