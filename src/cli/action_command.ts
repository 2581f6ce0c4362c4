/** What an explanation advises, as a command of `deno task daybook`. */

import { CONTROL_NAMES } from "../core/controls.ts";
import type { Action } from "../explain/explanation.ts";
import type { JsonObject, JsonValue } from "../core/json.ts";
import { shellWord } from "../core/shell_word.ts";

const CONTROL = /^\/jobs\/([^/]+)\/([a-z]+)$/;

/** There it can only be ended. */
const PAUSE = /^\/pauses\/([^/]+)$/;

/** Options of `deno task daybook event`, by the fields that they set. */
const EVENT_OPTIONS: Readonly<Record<string, string>> = {
  eventId: "--id",
  jobId: "--job",
  taskId: "--task",
  occurredAt: "--occurred-at",
};

/**
 * The command that sends the request; `undefined` when none sends all of it.
 *
 * @param flags What names the server, such as `--journal x`.
 */
export function commandOfAction(action: Action, flags: readonly string[]): string | undefined {
  const words = wordsOf(action);
  return words && ["deno", "task", "daybook", ...words, ...flags].map(shellWord).join(" ");
}

function wordsOf(action: Action): readonly string[] | undefined {
  const { path, body = {} } = action;
  const [, pauseId] = PAUSE.exec(path) ?? [];
  if (pauseId !== undefined) return ["end-pause", decodeURIComponent(pauseId)];
  return path === "/events" ? eventWords(body) : controlWords(action);
}

function controlWords({ path, body = {} }: Action): readonly string[] | undefined {
  const [, id = "", name] = CONTROL.exec(path) ?? [];
  const control = CONTROL_NAMES.find((known) => known === name);
  const { leave, again, ...fields } = body;
  const options = optionsOf(fields, { reason: "--reason", from: "--from" });
  if (control === undefined || options === undefined) return undefined;
  const flags = [...(leave === true ? ["--leave"] : []), ...(again === true ? ["--again"] : [])];
  return [control, decodeURIComponent(id), ...flags, ...options];
}

function eventWords({ eventType, attributes, ...rest }: JsonObject): readonly string[] | undefined {
  const options = optionsOf(rest, EVENT_OPTIONS);
  if (typeof eventType !== "string" || options === undefined) return undefined;
  const isEmpty = attributes === undefined || JSON.stringify(attributes) === "{}";
  return ["event", eventType, ...(isEmpty ? [] : [JSON.stringify(attributes)]), ...options];
}

/** `undefined` when there is a field that no option sets. */
function optionsOf(
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
