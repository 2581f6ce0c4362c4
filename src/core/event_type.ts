/** Names of events: `ec.shipment.ShipmentCompleted`. */

import type { Branded } from "./ids.ts";

/** A defined, past-tense, dot-namespaced name. */
export type EventType = Branded<string, "EventType">;

export const EVENT_TYPE_MAX_LENGTH = 200;
export const EVENT_TYPE_PATTERN = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;

/** The rule, for error messages. */
export const EVENT_TYPE_RULE = "parts of A-Z a-z 0-9 _ - joined by dots, at most 200 characters";

/** Namespaces that only the framework may write. */
const RESERVED_NAMESPACES: readonly string[] = ["job.", "journal."];

export function isEventType(text: string): text is EventType {
  return typeof text === "string" && text.length <= EVENT_TYPE_MAX_LENGTH &&
    EVENT_TYPE_PATTERN.test(text);
}

/** @throws {TypeError} when the text is not a legal event type. */
export function eventType(text: string): EventType {
  if (!isEventType(text)) {
    throw new TypeError(
      `Cannot use ${JSON.stringify(text)} as an event type: it must be ${EVENT_TYPE_RULE}`,
    );
  }
  return text;
}

export function isReserved(text: string): boolean {
  return RESERVED_NAMESPACES.some((namespace) => text.startsWith(namespace));
}
