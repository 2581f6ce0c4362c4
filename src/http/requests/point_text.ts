/** Points of a job's life as text: a position, a time, or an event's id. */

import { ID_PATTERN } from "../../core/ids.ts";
import type { EventId } from "../../core/ids.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Point } from "../../core/point.ts";
import { millisecondsOf, TIME_RULE, wholeNumberOf } from "./fields.ts";

/** In JSON Schema. */
export const POINT_FORMS: JsonObject = {
  anyOf: [
    { type: "integer", minimum: 1, description: "A logId." },
    { type: "string", format: "date-time" },
    { type: "string", pattern: ID_PATTERN.source, description: "An eventId." },
  ],
};

export const POINT_RULE = `must be a logId, an eventId, or ${TIME_RULE}`;

/**
 * What a text names: 1 to 15 digits a position, an RFC 3339 time a time, and any other
 * legal id an event. `undefined` when it can be none of them.
 */
export function pointOf(text: string): Point | undefined {
  const logId = wholeNumberOf(text);
  if (logId !== undefined) return { kind: "logId", logId };
  const milliseconds = millisecondsOf(text);
  if (milliseconds !== undefined) {
    return { kind: "time", time: new Date(milliseconds).toISOString() };
  }
  return ID_PATTERN.test(text) ? { kind: "eventId", eventId: text as EventId } : undefined;
}
