/** Translates a filter of jobs into SQL: the condition with its parameters, and which rows to read. */

import type { SQLInputValue } from "node:sqlite";
import type { Condition } from "../core/condition.ts";
import type { StateName } from "../core/job_state.ts";
import { wantedIn } from "../engine/writer/job_scan.ts";
import type { JobFilter } from "../engine/job_pages.ts";

interface SqlCondition {
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

function among(column: string, values: readonly string[]): SqlCondition {
  // An empty IN would keep SQLite from using an index.
  if (values.length === 0) return { sql: `${column} <> ${column}`, values };
  return { sql: `${column} IN (${values.map(() => "?").join(", ")})`, values };
}

/** The number of ended jobs in each condition. */
export type Kept = ReadonlyMap<Condition, number>;

/** The rows to read for a filter. */
export interface ScanSource {
  /** The table, and the index to use. */
  readonly table: string;
  /** Alternative conditions on the rows; each yields its rows in order of position. */
  readonly wheres: readonly SqlCondition[];
  /** The cost of reading one row. */
  readonly rowCost: number;
  /** The words to search for in each byte of text, which add to the cost. */
  readonly words: number;
}

/**
 * In tenths of a microsecond, as measured with 400,000 jobs in the index: the next row of a table
 * scan, a row found through an index, checking one label, searching the text, and a row that a
 * covering index answers alone.
 */
const COST = { next: 1, led: 12, label: 2, search: 1, covered: 5 };
/** An index is used if it leads to at most one row in this many. */
export const SPARSE = 12;

/**
 * Chooses the rows to read for a filter, and estimates their cost: rows found through an SQL index
 * if they are few; otherwise the whole table, which is read in order at little cost per row.
 */
export function chooseSource(
  filter: JobFilter,
  kept: Kept,
  areRare: (types: readonly string[]) => boolean,
): ScanSource {
  const { fingerprint, retried, types, search = "" } = filter;
  const { ids } = wantedIn(search);
  const conditions = endedConditions(filter);
  if (conditions?.length === 0) return led("jobs_by_condition", NOTHING, filter);
  if (ids !== undefined) return led("jobs_by_id", [among("job_id", ids)], filter);
  if (fingerprint !== undefined) {
    return led("jobs_by_fingerprint", [{ sql: "fingerprint = ?", values: [fingerprint] }], filter);
  }
  if (retried === true) {
    return led("jobs_retried", [{ sql: "retried IS NOT NULL", values: [] }], filter);
  }
  if (conditions !== undefined && areSparse(conditions, kept)) {
    const wheres = conditions.map((condition) => ({ sql: "condition = ?", values: [condition] }));
    return led("jobs_by_condition", wheres, filter);
  }
  if (types !== undefined && types.length > 0 && areRare(types)) {
    return led("jobs_by_type", types.map((type) => ({ sql: "type = ?", values: [type] })), filter);
  }
  return {
    table: "jobs NOT INDEXED",
    wheres: [{ sql: "true", values: [] }],
    ...costOf(filter, COST.next),
  };
}

/** Matches nothing, since every ended job has a condition. */
const NOTHING: readonly SqlCondition[] = [{ sql: "condition IS NULL", values: [] }];

/** Failed jobs. The index covers the query unless the filter has other criteria. */
export function sourceOfFailures(filter: JobFilter): ScanSource {
  const { states: _s, conditions: _c, fingerprint: _f, retried: _r, ...others } = filter;
  const wheres = [{ sql: "fingerprint IS NOT NULL", values: [] }];
  return {
    table: "jobs INDEXED BY jobs_failures",
    wheres,
    ...costOf(filter, Object.keys(others).length === 0 ? COST.covered : COST.led),
  };
}

function led(index: string, wheres: readonly SqlCondition[], filter: JobFilter): ScanSource {
  return { table: `jobs INDEXED BY ${index}`, wheres, ...costOf(filter, COST.led) };
}

function areSparse(conditions: readonly Condition[], kept: Kept): boolean {
  const all = kept.values().reduce((sum, jobs) => sum + jobs, 0);
  const some = conditions.reduce((sum, condition) => sum + (kept.get(condition) ?? 0), 0);
  return some * SPARSE <= all;
}

function costOf({ labels = [], search = "" }: JobFilter, row: number) {
  const { length: words } = wantedIn(search).words;
  const rowCost = row + labels.length * COST.label + (words === 0 ? 0 : COST.search);
  return { rowCost, words };
}
