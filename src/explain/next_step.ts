/** Next steps: what happens by itself, and what a person can do. */

import type { Action, NextStep } from "./explanation.ts";
import type { LogId } from "../core/ids.ts";
import type { OutlinedHistory } from "./outlined_history.ts";
import type { JsonObject } from "../core/json.ts";

export function automatic(statement: string, cites: readonly LogId[]): NextStep<LogId> {
  return { by: "itself", statement, cites };
}

export function manual(
  statement: string,
  path: string,
  body?: JsonObject,
  placeholders: readonly string[] = [],
): NextStep<LogId> {
  const action: Action = {
    method: "POST",
    path,
    ...(body === undefined ? {} : { body }),
    ...(placeholders.length === 0 ? {} : { placeholders }),
  };
  return { by: "anyone", statement, cites: [], action };
}

/** Something that no request can do. */
export function byHand(statement: string, cites: readonly LogId[]): NextStep<LogId> {
  return { by: "anyone", statement, cites };
}

/** Before the retry of a job when no version of its type is loaded. */
export function firstLoadType({ job, created }: OutlinedHistory): NextStep<LogId> {
  const statement = `First load a module (--definitions) that defines type ${job.type ?? ""}.`;
  return byHand(statement, [created.logId]);
}
