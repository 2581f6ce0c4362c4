/** `pauses` and `end-pause`: what holds every job at once, and its end. */

import { counted } from "../../core/counted.ts";
import { type Client, SERVER_OPTIONS } from "../client.ts";
import {
  type Command,
  CommandError,
  type CommandInput,
  EXIT_NEGATIVE,
  EXIT_OK,
  EXIT_USAGE,
} from "../command.ts";
import { plainText } from "../plain_text.ts";
import { FORM_OPTIONS, formOf, printJson } from "../presentation.ts";
import { expectShape, type PauseResource, pauseResource, pausesAnswer } from "../resources.ts";
import { clientOf, type Surroundings } from "../surroundings.ts";

export function pauseCommands(surroundings: Surroundings): readonly Command[] {
  return [
    {
      name: "pauses",
      summary: "list what is paused, since when and by whom",
      positionals: "",
      arity: [0, 0],
      options: [...FORM_OPTIONS, ...SERVER_OPTIONS],
      notes: ["deno task start --hold begins with everything paused; end-pause ends that."],
      examples: ["deno task daybook pauses"],
      run: (input) => list(input, surroundings),
    },
    {
      name: "end-pause",
      summary: "end a pause: what it held begins",
      positionals: "[pauseId]",
      arity: [0, 1],
      options: [...FORM_OPTIONS, ...SERVER_OPTIONS],
      notes: [
        "Where one pause is in force, it need not be named; exit code 1 where there is none.",
      ],
      examples: [
        "deno task daybook end-pause",
        "deno task daybook end-pause pau_01J00000000000000000000001",
      ],
      run: (input) => end(input, surroundings),
    },
  ];
}

async function list(input: CommandInput, surroundings: Surroundings): Promise<number> {
  const form = formOf(input);
  const pauses = await pausesOf(clientOf(input, surroundings));
  for (const pause of pauses) {
    if (form === "json") printJson(input, pause);
    else input.terminal.out(textOf(pause, input));
  }
  if (pauses.length === 0 && form === "text") input.terminal.out("nothing is paused");
  return EXIT_OK;
}

async function end(input: CommandInput, surroundings: Surroundings): Promise<number> {
  const form = formOf(input);
  const client = clientOf(input, surroundings);
  const pauseId = input.positionals[0] ?? await onlyOne(client);
  if (pauseId === undefined) {
    input.terminal.err("daybook: nothing is paused");
    return EXIT_NEGATIVE;
  }
  const answer = await client.delete(`/pauses/${encodeURIComponent(pauseId)}`);
  const pause = expectShape(pauseResource, answer, client);
  if (form === "json") printJson(input, pause);
  else input.terminal.out(`${pause.pauseId} is over: ${counted(pause.jobs, "job")} waited for it`);
  return EXIT_OK;
}

/** @throws {CommandError} when there are several. */
async function onlyOne(client: Client): Promise<string | undefined> {
  const [first, ...others] = await pausesOf(client);
  if (others.length === 0) return first?.pauseId;
  throw new CommandError(
    "several pauses are in force; name one: deno task daybook pauses",
    EXIT_USAGE,
  );
}

async function pausesOf(client: Client): Promise<readonly PauseResource[]> {
  return expectShape(pausesAnswer, await client.get("/pauses"), client).pauses;
}

function textOf(pause: PauseResource, { terminal: { style } }: CommandInput): string {
  const { pauseId, reason, since, actor, jobs } = pause;
  const who = actor === undefined ? "" : ` by ${actor}`;
  return `${style("bold", pauseId)}  everything is paused since ${since}${plainText(who)}, ` +
    `${plainText(reason)}; ${counted(jobs, "job")} waiting`;
}
