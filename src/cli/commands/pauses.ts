/** `pause`, `pauses` and `end-pause`: begin, list and end the pauses that hold many jobs. */

import { EXIT } from "../../core/exit_codes.ts";
import { counted } from "../../core/counted.ts";
import { pauseTimes, scopeText } from "../../explain/words/phrases.ts";
import { CommandError, UsageError } from "../command.ts";
import { splitAt } from "../json_input.ts";
import { plainText, type Terminal } from "../terminal.ts";
import { type PauseResource, pauseResource, pausesAnswer } from "../resources.ts";
import type { ServerCall, ServerCommand } from "../server_call.ts";

export const PAUSE_COMMANDS: readonly ServerCommand[] = [
  {
    name: "pause",
    summary: "pause jobs: no attempt starts until the pause ends",
    options: [
      { name: "type", value: "type", help: "only jobs of this type" },
      { name: "label", short: "l", value: "name:value", help: "only jobs with this label" },
      { name: "key", value: "key", help: "only jobs with this key: limits.key of their type" },
      { name: "reason", value: "text", help: "required; recorded and shown by explain" },
      {
        name: "until",
        value: "time",
        help: "when it ends automatically: an RFC 3339 time, or 30m from now",
      },
    ],
    notes: [
      "A pause holds the jobs that match every given option, or all jobs if none is given.",
      "Running attempts finish; no new ones start. Jobs can be created, and events count.",
    ],
    examples: [
      "deno task daybook pause --type payment.collect --until 30m --reason 'the bank is down'",
      "deno task daybook pause --label shop:berlin --reason stocktaking",
    ],
    run: begin,
  },
  {
    name: "pauses",
    summary: "list the pauses: since when, by whom, and what each holds",
    options: [],
    notes: ["deno task start --hold starts with everything paused; end-pause ends that."],
    examples: ["deno task daybook pauses"],
    run: list,
  },
  {
    name: "end-pause",
    summary: "end a pause: the jobs it held can start",
    positionals: "[pauseId]",
    options: [],
    notes: [
      "If only one pause is in force, its id can be left out; the exit code is 1 if there is " +
      "none.",
    ],
    examples: [
      "deno task daybook end-pause",
      "deno task daybook end-pause pau_01J00000000000000000000001",
    ],
    run: end,
  },
];

async function begin(call: ServerCall): Promise<void> {
  const pause = await call.client.send(pauseResource, "POST", "/pauses", pauseBody(call));
  call.print(pause, () => [pauseText(pause, call.terminal)]);
}

/** @throws {UsageError} if the reason is missing, or an option is invalid. */
function pauseBody(call: ServerCall): object {
  const { input } = call;
  const reason = input.text("reason");
  if (reason === undefined) throw new UsageError("pause needs a --reason, which explanations show");
  const label = input.text("label");
  return {
    reason,
    type: input.text("type"),
    key: input.text("key"),
    label: label && splitAt(label, "--label", ":").join(":"),
    until: call.time("until", "after"),
  };
}

async function list(call: ServerCall): Promise<void> {
  const { pauses } = await call.client.get(pausesAnswer, "/pauses");
  for (const pause of pauses) call.print(pause, () => [pauseText(pause, call.terminal)]);
  if (pauses.length === 0 && call.form === "text") call.terminal.out("nothing is paused");
}

async function end(call: ServerCall): Promise<number> {
  const pauseId = call.input.positionals[0] ?? await onlyOne(call);
  if (pauseId === undefined) {
    call.input.warn("nothing is paused");
    return EXIT.negative;
  }
  const path = `/pauses/${encodeURIComponent(pauseId)}`;
  const pause = await call.client.send(pauseResource, "DELETE", path);
  call.print(pause, () => [`${pause.pauseId} has ended: it held ${counted(pause.jobs, "job")}`]);
  return EXIT.ok;
}

/** @throws {CommandError} if several pauses are in force. */
async function onlyOne(call: ServerCall): Promise<string | undefined> {
  const { pauses: [first, ...others] } = await call.client.get(pausesAnswer, "/pauses");
  if (others.length === 0) return first?.pauseId;
  throw new CommandError(
    "several pauses are in force; name one: deno task daybook pauses",
    EXIT.usage,
  );
}

function pauseText(pause: PauseResource, { style }: Terminal): string {
  const { pauseId, reason, jobs, firstJobs } = pause;
  const first = firstJobs.slice(0, NAMED_MAX).join(", ");
  const named = jobs === 0 ? "" : `: ${first}${jobs > NAMED_MAX ? ", ..." : ""}`;
  const text = `${scopeText(pause)} has been paused ${pauseTimes(pause)}, ${reason}; ` +
    `${counted(jobs, "job")} waiting${named}`;
  return `${style("bold", pauseId)}  ${plainText(text)}`;
}

const NAMED_MAX = 3;
