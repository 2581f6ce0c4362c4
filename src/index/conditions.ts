/** A filter of jobs as a condition of SQL, with what its parameters stand for. */

import type { SQLInputValue } from "node:sqlite";
import { wordsIn } from "../engine/queries/job_search.ts";
import type { JobFilter } from "../engine/requests.ts";

export interface SqlCondition {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

/** Of jobs that are not in memory. */
export function conditionOf(filter: JobFilter): SqlCondition {
  const parts: SqlCondition[] = [{ sql: "awake = 0", values: [] }];
  const { states, conditions, types, labels, fingerprint, retried, search = "" } = filter;
  if (states !== undefined) parts.push(among("state", states));
  if (conditions !== undefined) parts.push(among("condition", conditions));
  if (types !== undefined) parts.push(among("type", types));
  if (fingerprint !== undefined) parts.push({ sql: "fingerprint = ?", values: [fingerprint] });
  if (retried !== undefined) {
    parts.push({ sql: `retried IS ${retried ? "NOT " : ""}NULL`, values: [] });
  }
  if (filter.createdAfter !== undefined) {
    parts.push({ sql: "created > ?", values: [Date.parse(filter.createdAfter)] });
  }
  if (filter.createdBefore !== undefined) {
    parts.push({ sql: "created < ?", values: [Date.parse(filter.createdBefore)] });
  }
  for (const [name, value] of labels ?? []) {
    const sql = "EXISTS (SELECT 1 FROM json_each(labels) WHERE key = ? AND value = ?)";
    parts.push({ sql, values: [name, value] });
  }
  for (const word of wordsIn(search)) {
    parts.push({ sql: "instr(text, ?) > 0", values: [word] });
  }
  return {
    sql: parts.map(({ sql }) => sql).join(" AND "),
    values: parts.flatMap(({ values }) => values),
  };
}

function among(column: string, values: readonly string[]): SqlCondition {
  return { sql: `${column} IN (${values.map(() => "?").join(", ")})`, values };
}
