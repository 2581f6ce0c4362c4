/** Steps that come next: what happens by itself, and what anyone could do. */

import type { NextStep } from "../explanation.ts";
import type { LogId } from "../ids.ts";
import type { JsonObject } from "../json.ts";

export function itself(statement: string, cites: readonly LogId[]): NextStep<LogId> {
  return { by: "itself", statement, cites };
}

export function anyone(statement: string, path: string, body?: JsonObject): NextStep<LogId> {
  const action = body === undefined
    ? { method: "POST", path } as const
    : { method: "POST", path, body } as const;
  return { by: "anyone", statement, cites: [], action };
}
