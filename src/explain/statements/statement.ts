/** Makes statements: reasons with their evidence, and next steps. */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import { type JsonObject, present } from "../../core/json.ts";
import type { Action, NextStep, Reasons, Statement } from "./explanation.ts";

/** An entry that a statement rests on, or its position; one that is not on record is left out. */
type Cited = LogId | Pick<JobEventLogEntry, "logId"> | undefined;

export function reason(statement: string, ...cited: readonly Cited[]): Statement<LogId> {
  const cites = cited.flatMap((one) => typeof one === "object" ? one.logId : one ?? []);
  return { statement, cites: [...new Set(cites)] };
}

/** What happens by itself. */
export function automatic(statement: string, ...cited: readonly Cited[]): NextStep<LogId> {
  return { by: "itself", ...reason(statement, ...cited) };
}

/** Something that a person can do, and no request. */
export function byHand(statement: string, ...cited: readonly Cited[]): NextStep<LogId> {
  return { by: "anyone", ...reason(statement, ...cited) };
}

/** A request that a person can send. */
export function manual(
  statement: string,
  path: string,
  body?: JsonObject,
  placeholders: readonly string[] = [],
): NextStep<LogId> {
  const fill = placeholders.length === 0 ? undefined : placeholders;
  const action: Action = { method: "POST", path, ...present({ body, placeholders: fill }) };
  return { by: "anyone", statement, cites: [], action };
}

const SHOWN_MAX = 50;

/**
 * Describes some of many similar items, and counts the rest.
 *
 * @param cited The entry that the count rests on.
 */
export function showSome<Item>(
  items: readonly Item[],
  cited: Cited,
  describe: (item: Item) => Reasons,
): Reasons {
  const shown = items.slice(0, SHOWN_MAX).flatMap(describe);
  const more = items.length - SHOWN_MAX;
  if (more <= 0) return shown;
  return [...shown, reason(`${more} more ${more === 1 ? "is" : "are"} like these.`, cited)];
}
