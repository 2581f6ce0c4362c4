/** Translates a filter of jobs into an SQL condition and its parameters. */

import type { SQLInputValue } from "node:sqlite";
import type { Condition } from "../core/condition.ts";
import type { StateName } from "../core/job_state.ts";
import { wantedIn } from "../engine/writer/job_scan.ts";
import type { JobFilter } from "../engine/job_pages.ts";

export interface SqlCondition {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

const ENDED: readonly (readonly [condition: Condition, state: StateName])[] = [
  ["succeeded", "Done"],
  ["failed", "Failed"],
  ["cancelled", "Failed"],
];

export const ENDED_CONDITIONS = ENDED.map(([condition]) => condition);

/** The conditions in which a filter may find ended jobs; `undefined` for all of them. */
export function endedConditions(
  { states, conditions }: JobFilter,
): readonly Condition[] | undefined {
  const possible = ENDED
    .filter(([, state]) => states?.includes(state) ?? true)
    .map(([condition]) => condition)
    .filter((condition) => conditions?.includes(condition) ?? true);
  return possible.length === ENDED.length ? undefined : possible;
}

/** Selects jobs that are not in memory. */
export function toSql(filter: JobFilter): SqlCondition {
  const parts: SqlCondition[] = [{ sql: "awake = 0", values: [] }];
  const { types, labels, fingerprint, retried, search = "" } = filter;
  const conditions = endedConditions(filter);
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
  if (filter.continuesAfter !== undefined) {
    parts.push({ sql: "last > ?", values: [filter.continuesAfter] });
  }
  for (const [name, value] of labels ?? []) {
    const sql = "EXISTS (SELECT 1 FROM json_each(labels) WHERE key = ? AND value = ?)";
    parts.push({ sql, values: [name, value] });
  }
  const { ids, words } = wantedIn(search);
  if (ids !== undefined) parts.push(among("job_id", ids));
  for (const word of words) {
    parts.push({ sql: "instr(text, ?) > 0", values: [searchable(word)] });
  }
  return {
    sql: parts.map(({ sql }) => sql).join(" AND "),
    values: parts.flatMap(({ values }) => values),
  };
}

/** The text without what SQLite would not return: lone surrogates, and everything after a NUL. */
export function searchable(text: string): string {
  const whole = text.isWellFormed() ? text : text.toWellFormed();
  return whole.includes("\0") ? whole.replaceAll("\0", "\ufffd") : whole;
}

export function among(column: string, values: readonly string[]): SqlCondition {
  // An empty IN would keep SQLite from using an index.
  if (values.length === 0) return { sql: `${column} <> ${column}`, values };
  return { sql: `${column} IN (${values.map(() => "?").join(", ")})`, values };
}
