/** Describes an entry in a few words, the same in a terminal and on a page. */

import type { JobEventLogEntry } from "../core/event.ts";
import type { FrameworkEventType } from "../core/framework_events.ts";
import { type JsonObject, jsonPrefix } from "../core/json.ts";
import { type DayTimes, EVENT_TEXTS } from "../explain/words/event_texts.ts";
import { refuseEntry } from "../engine/writer/framework_schemas.ts";

/** The parts of an entry that its note needs, from a file or from a server. */
export interface NotedEntry {
  readonly stratum: string;
  readonly eventType: string;
  readonly attributes: object;
}

/** Lines are cut long before they contain this much JSON. */
const JSON_LENGTH_MAX = 2_000;

/** In plain words; facts from outside and unknown ones as JSON. */
export function entryNote(entry: NotedEntry, times: DayTimes): string {
  const { eventType, attributes, stratum } = entry;
  const isKnown = stratum === "framework" && Object.hasOwn(EVENT_TEXTS, eventType) &&
    refuseEntry(entry as unknown as JobEventLogEntry) === undefined;
  if (!isKnown) return jsonNote(attributes as JsonObject);
  const { note } = EVENT_TEXTS[eventType as FrameworkEventType];
  return (note as (attributes: object, times: DayTimes) => string)(attributes, times);
}

function jsonNote(attributes: JsonObject): string {
  const text = JSON.stringify(jsonPrefix(attributes, JSON_LENGTH_MAX));
  return text === "{}" ? "" : text;
}
