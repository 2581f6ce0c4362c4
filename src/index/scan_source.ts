/**
 * Which rows are looked at for a filter, and what each costs: those of an index of SQL where that
 * leads to few, else all of the table, which come one after the other and so cost little each.
 */

import type { Condition } from "../core/condition.ts";
import { wordsIn } from "../engine/queries/job_search.ts";
import type { JobFilter } from "../engine/job_pages.ts";
import { endedConditions, type SqlCondition } from "./conditions.ts";

export interface ScanSource {
  /** The table, with the index that is to be used. */
  readonly table: string;
  /** Rows for which one of these holds; each gives them in the order of their positions. */
  readonly wheres: readonly SqlCondition[];
  /** What it costs to look at one. */
  readonly rowCost: number;
  /** And this many words for each byte of the text that is searched. */
  readonly words: number;
}

/**
 * In tenths of a microsecond, as measured with 400,000 jobs in the index: a row that comes next
 * in the table, and one that an index leads to; a label that is looked for in it, and a search;
 * a row of an index that tells all that is wanted.
 */
const COST = { next: 1, led: 12, label: 2, search: 1, covered: 5 };
/** An index is used where it leads to no more than one row in this many. */
const SPARSE = 12;

/** @param kept How many jobs there are of each condition. */
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

/** No job that has ended is in any other condition. */
const NOTHING: readonly SqlCondition[] = [{ sql: "condition IS NULL", values: [] }];

/**
 * Failures, of which the index itself tells all that is wanted where the filter asks for no more.
 */
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
