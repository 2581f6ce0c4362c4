/** Cursors of pages: opaque to clients, and good only for the list that gave them. */

import type { LogId } from "../../core/ids.ts";

export type CursorScope = "jobs" | "history" | "journal" | "steps";

export function cursorOf(scope: CursorScope, logId: LogId): string {
  return btoa(`${scope}:${logId}`).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** `undefined` when the text is no cursor of this scope. */
export function positionOf(scope: CursorScope, cursor: string): LogId | undefined {
  // What is only supposed lies between two positions.
  const match = /^([a-z]+):(\d{1,16}(?:\.\d{1,3})?)$/.exec(decoded(cursor));
  const logId = Number(match?.[2]);
  const isPosition = scope === "steps"
    ? logId <= Number.MAX_SAFE_INTEGER
    : Number.isSafeInteger(logId);
  return match?.[1] === scope && isPosition ? logId : undefined;
}

function decoded(cursor: string): string {
  try {
    return atob(cursor.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return "";
  }
}
