/**
 * Chooses the rows to read for a filter, and estimates their cost: rows found through an SQL index
 * if they are few; otherwise the whole table, which is read in order at little cost per row.
 */

import type { Condition } from "../core/condition.ts";
import { wordsIn } from "../engine/queries/job_scan.ts";
import type { JobFilter } from "../engine/job_pages.ts";
import { endedConditions, type SqlCondition } from "./conditions.ts";

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
const SPARSE = 12;

/** @param kept How many jobs the index has of each condition. */
export function chooseSource(filter: JobFilter, kept: ReadonlyMap<Condition, number>): ScanSource {
  const { fingerprint, retried } = filter;
  const conditions = endedConditions(filter);
  if (conditions?.length === 0) return led("jobs_by_condition", NOTHING, filter);
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

function areSparse(
  conditions: readonly Condition[],
  kept: ReadonlyMap<Condition, number>,
): boolean {
  const all = kept.values().reduce((sum, jobs) => sum + jobs, 0);
  const some = conditions.reduce((sum, condition) => sum + (kept.get(condition) ?? 0), 0);
  return some * SPARSE <= all;
}

function costOf({ labels = [], search = "" }: JobFilter, row: number) {
  const words = wordsIn(search).length;
  const rowCost = row + labels.length * COST.label + (words === 0 ? 0 : COST.search);
  return { rowCost, words };
}
