/** `explain`: explains the state of a job, a standstill of all work, or where a value appears. */

import * as v from "valibot";
import { explanationText, queueExplanationText } from "../../explain/explanation_text.ts";
import type {
  Action,
  Citation,
  Explanation,
  QueueExplanation,
} from "../../explain/statements/explanation.ts";
import { UsageError } from "../command.ts";
import { AT_OPTION } from "../filters.ts";
import { plainPage } from "../terminal.ts";
import { paintedExplanation } from "../render/marks.ts";
import { explanationAnswer, jobPath, queueExplanationAnswer } from "../resources.ts";
import type { ServerCall, ServerCommand } from "../server_call.ts";
import { CONTROL_NAMES } from "../../core/controls.ts";
import type { JsonObject, JsonValue } from "../../core/json.ts";
import { shellWord } from "../../core/shell_word.ts";

/** Longer lines are hard to read, however wide the screen. */
const SCREEN_COLUMNS_MAX = 100;

export const EXPLAIN_COMMAND: ServerCommand = {
  name: "explain",
  summary: "explain a job, a stopped queue, or where a value appears, citing entries",
  positionals: "[jobId]",
  options: [
    AT_OPTION,
    {
      name: "about",
      value: "value",
      help: "instead of a job: all jobs and events with this value",
    },
  ],
  notes: ["Piped output is text too, ready to paste; --json gives one JSON value."],
  examples: [
    "deno task daybook explain order-42",
    "deno task daybook explain",
    "deno task daybook explain order-42 --at 2026-01-31T03:00:00Z",
    "deno task daybook explain --about 77",
    "deno task daybook explain order-42 > ticket.txt",
    "deno task daybook explain order-42 --json | jq -r '.waitingFor[].nearMisses[].statement'",
  ],
  piped: "text",
  run: explain,
};

async function explain(call: ServerCall): Promise<void> {
  const { input, client, terminal } = call;
  const [jobId] = input.positionals;
  const about = input.text("about");
  const path = explainPath(jobId, input.text("at"), about);
  const explained = call.form === "json"
    ? await client.get(v.unknown(), path)
    : terminal.isInteractive && about === undefined
    ? await proseForScreen(call, jobId, path)
    : await client.text(await client.request(path, { headers: { accept: "text/plain" } }));
  call.print(explained, () => paintedExplanation(plainPage(String(explained)), terminal.style));
}

/** The path of the explanation on the server. */
function explainPath(jobId: string | undefined, at: string | undefined, about: string | undefined) {
  if (about !== undefined) {
    if (jobId !== undefined || at !== undefined) {
      throw new UsageError("--about takes no job and no --at");
    }
    return `/explain?about=${encodeURIComponent(about)}`;
  }
  if (jobId === undefined) {
    if (at !== undefined) throw new UsageError("--at takes a <jobId>");
    return "/queue/explain";
  }
  return `${jobPath(jobId)}/explain${at === undefined ? "" : `?at=${encodeURIComponent(at)}`}`;
}

/** Wrapped to the width of the screen, with Daybook's own commands instead of curl. */
async function proseForScreen(
  call: ServerCall,
  jobId: string | undefined,
  path: string,
): Promise<string> {
  const { input, terminal } = call;
  const schema = jobId === undefined ? queueExplanationAnswer : explanationAnswer;
  const answer = await call.client.get(schema, path);
  const curls = new Map<unknown, string | undefined>(
    answer.next.map(({ action, curl }) => [action, curl]),
  );
  const flags = ["url", "journal", "token-file"].flatMap((name) => {
    const value = input.text(name);
    return value === undefined ? [] : [`--${name}`, value];
  });
  const options = {
    nowMs: Date.now(),
    width: Math.min(terminal.columns - 2, SCREEN_COLUMNS_MAX),
    commandOf: (action: Action) => commandOfAction(action, flags) ?? curls.get(action) ?? "",
  };
  return jobId === undefined
    ? queueExplanationText(answer as unknown as QueueExplanation<Citation>, options)
    : explanationText(answer as unknown as Explanation<Citation>, options);
}

const CONTROL = /^\/jobs\/([^/]+)\/([a-z]+)$/;

/** Commands for what explanations suggest to end: a pause, or a change of limits. */
const ENDINGS: readonly (readonly [path: RegExp, command: string])[] = [
  [/^\/pauses\/([^/]+)$/, "end-pause"],
  [/^\/limits\/([^/]+)$/, "restore-limits"],
];

/** Options of `deno task daybook event`, by the members that they set. */
const EVENT_OPTIONS: Readonly<Record<string, string>> = {
  eventId: "--id",
  jobId: "--job",
  taskId: "--task",
  occurredAt: "--occurred-at",
};

/**
 * The command for a request; `undefined` if no command can send all of it.
 *
 * @param flags The options that name the server, such as `--journal x`.
 */
export function commandOfAction(action: Action, flags: readonly string[]): string | undefined {
  const words = commandWords(action);
  return words && ["deno", "task", "daybook", ...words, ...flags].map(shellWord).join(" ");
}

function commandWords(action: Action): readonly string[] | undefined {
  const { path, body = {} } = action;
  for (const [pattern, command] of ENDINGS) {
    const [, name] = pattern.exec(path) ?? [];
    if (name !== undefined) return [command, decodeURIComponent(name)];
  }
  return path === "/events" ? eventWords(body) : controlWords(action);
}

function controlWords({ path, body = {} }: Action): readonly string[] | undefined {
  const [, id = "", name] = CONTROL.exec(path) ?? [];
  const control = CONTROL_NAMES.find((known) => known === name);
  const { leave, again, ...fields } = body;
  const options = commandOptions(fields, { reason: "--reason", from: "--from" });
  if (control === undefined || options === undefined) return undefined;
  const flags = [...(leave === true ? ["--leave"] : []), ...(again === true ? ["--again"] : [])];
  return [control, decodeURIComponent(id), ...flags, ...options];
}

function eventWords({ eventType, attributes, ...rest }: JsonObject): readonly string[] | undefined {
  const options = commandOptions(rest, EVENT_OPTIONS);
  if (typeof eventType !== "string" || options === undefined) return undefined;
  const isEmpty = attributes === undefined || JSON.stringify(attributes) === "{}";
  return ["event", eventType, ...(isEmpty ? [] : [JSON.stringify(attributes)]), ...options];
}

/** `undefined` if there is a member that no option sets. */
function commandOptions(
  fields: Readonly<Record<string, JsonValue>>,
  names: Readonly<Record<string, string>>,
): readonly string[] | undefined {
  const words: string[] = [];
  for (const [field, value] of Object.entries(fields)) {
    const option = Object.hasOwn(names, field) ? names[field] : undefined;
    if (option === undefined || typeof value !== "string") return undefined;
    words.push(option, value);
  }
  return words;
}
