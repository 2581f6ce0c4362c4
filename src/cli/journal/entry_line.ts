/** One entry on one line of a screen. */

import type { JobEventLogEntry, Stratum } from "../../core/event.ts";
import type { JsonObject, JsonValue } from "../../core/json.ts";
import { fitted, plainText } from "../plain_text.ts";
import type { Style, Terminal } from "../terminal.ts";

const STYLES: Readonly<Record<Stratum, Style>> = {
  framework: "blue",
  domain: "green",
  coordination: "magenta",
};
const LOG_ID_COLUMNS = 7;
const NOTE_MIN = 20;

/** Time, position, job, type, task, and as much of the attributes as there is room for. */
export function entryLine(entry: JobEventLogEntry, terminal: Terminal): string {
  const { receivedAt, logId, jobId, eventType, taskId, stratum } = entry;
  const parts = [
    plainText(receivedAt.replace("T", " ").replace("Z", "")),
    String(logId).padStart(LOG_ID_COLUMNS),
    plainText(jobId ?? "-"),
    plainText(eventType),
    ...(taskId === undefined ? [] : [plainText(taskId)]),
  ];
  const room = terminal.columns - parts.join("  ").length - 2;
  const told = plainText(noteOf(entry.attributes as unknown as JsonObject));
  const note = fitted(told, Math.max(room, NOTE_MIN));
  const [time = "", position = "", job = "", type = "", ...task] = parts;
  return [
    terminal.style("dim", time),
    position,
    terminal.style("cyan", job),
    terminal.style(colourOf(entry) ?? STYLES[stratum], type),
    ...task.map((id) => terminal.style("bold", id)),
    ...(note === "" ? [] : [terminal.style("dim", note)]),
  ].join("  ");
}

/** What went wrong stands out. */
function colourOf({ eventType }: JobEventLogEntry): Style | undefined {
  if (/Failed$|RecoveryRequired$/.test(eventType)) return "red";
  return /Interrupted$|Cancelled$|^journal\.Re/.test(eventType) ? "yellow" : undefined;
}

/** `attempt 1, error "no stock"`: names with short values, and what has a message by it. */
function noteOf(attributes: JsonObject): string {
  return Object.entries(attributes).map(([name, value]) => `${name} ${shortOf(value)}`).join(", ");
}

function shortOf(value: JsonValue): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.length}]`;
  const { message } = value as JsonObject;
  return message === undefined ? "{...}" : JSON.stringify(message);
}
