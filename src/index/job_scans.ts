/**
 * Scans the narrow rows of the index for lists, counts and groups of failures: through the index of
 * SQLite that leads to the fewest, or all of them.
 */

import type { Condition } from "../core/condition.ts";
import type { LogId } from "../core/ids.ts";
import type { JobState } from "../core/job_state.ts";
import type { JobSummary } from "../core/job_summary.ts";
import type {
  CreatedFrom,
  FoundFailures,
  FoundJob,
  IndexedFailures,
  IndexScan,
} from "../engine/job_index.ts";
import type { JobCount, JobFilter, JobRange, ScanRange } from "../engine/job_pages.ts";
import {
  chooseSource,
  ENDED_CONDITIONS,
  endedConditions,
  type Kept,
  type ScanSource,
  sourceOfFailures,
  SPARSE,
  toSql,
} from "./conditions.ts";
import type { Database, Row } from "./database.ts";
import { type RowWindow, WindowWalk } from "./window_walk.ts";

/** A function that returns the next rows of a range in scan order, at most `most` of them. */
function toWindows(
  database: Database,
  { wheres, words }: ScanSource,
  oldestFirst: boolean,
): (from: LogId, to: LogId, most: number) => RowWindow {
  const each = (columns: string) =>
    wheres.map(({ sql }) => `SELECT ${columns} FROM jobs WHERE ${sql} AND first >= ? AND first < ?`)
      .join(" UNION ALL ");
  const order = oldestFirst ? "ASC" : "DESC";
  const edgeSql = `${each("first")} ORDER BY first ${order} LIMIT 1 OFFSET ?`;
  const countSql = `SELECT sum(rows) AS rows FROM (${each("count(*) AS rows")})`;
  const bytesSql = `SELECT sum(bytes) AS bytes FROM (${each("sum(octet_length(text)) AS bytes")})`;
  const valuesOf = (from: LogId, to: LogId) =>
    wheres.flatMap(({ values }) => [...values, from, to]);

  return (from, to, most) => {
    const edge = database.get(edgeSql, ...valuesOf(from, to), most - 1)?.["first"] as
      | LogId
      | undefined;
    const end = edge === undefined ? (oldestFirst ? to : from) : oldestFirst ? edge + 1 : edge;
    const range = oldestFirst ? valuesOf(from, end) : valuesOf(end, to);
    return {
      isLast: edge === undefined,
      end,
      rows: edge === undefined ? database.get(countSql, ...range)?.["rows"] as number : most,
      bytes: words === 0 ? 0 : (database.get(bytesSql, ...range)?.["bytes"] ?? 0) as number,
    };
  };
}

/** Reads the jobs that a scan has found; may throw an `IndexDamagedError`. */
interface FoundReader {
  summary(first: LogId): JobSummary;
  /** @param row Has `first` and `last`. */
  job(row: Row): JobState;
}

/** How many jobs of a type show how dense they are. */
const PROBED = 64;

/** The cost of reading a found job, in tenths of a microsecond. */
const READ_COST = { summary: 100, job: 400 };

export class JobScans {
  constructor(private readonly database: Database, private readonly reader: FoundReader) {}

  scan(filter: JobFilter, range: ScanRange, kept: Kept): IndexScan {
    const { sql, values } = toSql(filter);
    const source = this.#sourceFor(filter, range, kept);
    const order = range.oldestFirst ? "ASC" : "DESC";
    const select = `SELECT first, last, condition, type, retried FROM ${source.table} ` +
      `WHERE first >= ? AND first < ? AND ${sql} ORDER BY first ${order}`;
    const found = (row: Row): FoundJob =>
      new IndexedJob(row, this.reader, (cost) => walk.spend(cost));
    const walk = this.#walk(
      source,
      range,
      (from, to) => this.database.all(select, from, to, ...values).map(found),
      ({ firstLogId }) => firstLogId,
    );
    return walk;
  }

  /** A binary search by position, since times have no index of their own. */
  createdFrom(ms: number): CreatedFrom {
    const last =
      (this.database.get("SELECT max(first) AS first FROM jobs")?.["first"] ?? 0) as LogId;
    const next = "SELECT first, created FROM jobs WHERE first >= ? ORDER BY first LIMIT 1";
    let [low, high] = [1, last + 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const row = this.database.get(next, middle) ?? {};
      if ((row["created"] as number) < ms) low = (row["first"] as LogId) + 1;
      else high = middle;
    }
    return { logId: low, isThere: low <= last };
  }

  count(filter: JobFilter, range: JobRange, kept: Kept): JobCount {
    if (isOfAll(range) && isByConditionAlone(filter)) return countIn(kept, filter);
    const { sql, values } = toSql(filter);
    const source = this.#sourceFor(filter, range, kept);
    // Sums cost less than GROUP BY, which makes SQLite sort.
    const sums = ENDED_CONDITIONS.map((one) => `sum(condition = '${one}') AS ${one}`);
    const select = `SELECT ${sums.join(", ")} FROM ${source.table} ` +
      `WHERE first >= ? AND first < ? AND ${sql}`;
    const walk = this.#walk(
      source,
      range,
      (from, to) => this.database.all(select, from, to, ...values),
      () => undefined,
    );
    const conditions = new Map<Condition, number>();
    let jobs = 0;
    for (const window of walk) {
      for (const condition of ENDED_CONDITIONS) {
        const count = (window[condition] ?? 0) as number;
        if (count > 0) conditions.set(condition, (conditions.get(condition) ?? 0) + count);
        jobs += count;
      }
    }
    const { reach } = walk;
    return reach === undefined ? { jobs, conditions } : { jobs, conditions, searched: reach };
  }

  failures(filter: JobFilter): FoundFailures {
    const { sql, values } = toSql(filter);
    const source = sourceOfFailures(filter);
    const select = "SELECT fingerprint, count(*) AS jobs, count(retried) AS retried, " +
      "sum(condition <> 'succeeded' AND retried IS NULL) AS open, max(first) AS newest, " +
      `min(first) AS oldest FROM ${source.table} WHERE first >= ? AND first < ? ` +
      `AND fingerprint IS NOT NULL AND ${sql} GROUP BY fingerprint`;
    const walk = this.#walk(
      source,
      {},
      (from, to) =>
        this.database.all(select, from, to, ...values) as unknown as readonly IndexedFailures[],
      () => undefined,
    );
    const groups = new Map<string, IndexedFailures>();
    for (const found of walk) {
      const before = groups.get(found.fingerprint);
      groups.set(found.fingerprint, before === undefined ? found : joined(before, found));
    }
    return { groups: [...groups.values()], reach: walk.reach };
  }

  #sourceFor(filter: JobFilter, range: ScanRange, kept: Kept): ScanSource {
    return chooseSource(filter, kept, (types) => this.#areRare(types, range));
  }

  /**
   * Whether jobs of these types are few where the scan begins: between some of them lie many others.
   */
  #areRare(types: readonly string[], range: ScanRange): boolean {
    const { from, to, oldestFirst } = boundsOf(range);
    const order = oldestFirst ? "ASC" : "DESC";
    const nth = (table: string, where: string) =>
      `SELECT first FROM ${table} WHERE ${where} AND first >= ? AND first < ?`;
    const each = types.map(() => nth("jobs INDEXED BY jobs_by_type", "type = ?"));
    const edge = this.database.get(
      `${each.join(" UNION ALL ")} ORDER BY first ${order} LIMIT 1 OFFSET ?`,
      ...types.flatMap((type) => [type, from, to]),
      PROBED - 1,
    )?.["first"] as LogId | undefined;
    // There are fewer than that, so reading them costs little.
    if (edge === undefined) return true;
    const beyond = this.database.get(
      `${nth("jobs NOT INDEXED", "true")} ORDER BY first ${order} LIMIT 1 OFFSET ?`,
      ...oldestFirst ? [from, edge] : [edge, to],
      PROBED * SPARSE - 1,
    );
    return beyond !== undefined;
  }

  #walk<Found>(
    source: ScanSource,
    range: ScanRange,
    find: (from: LogId, to: LogId) => readonly Found[],
    positionOf: (found: Found) => LogId | undefined,
  ): WindowWalk<Found> {
    const { rowCost, words } = source;
    const { from, to, oldestFirst } = boundsOf(range);
    return new WindowWalk({
      window: toWindows(this.database, source, oldestFirst),
      createdAt: (logId) => this.#createdNear(logId, oldestFirst),
      ...{ from, to, oldestFirst, limit: range.limit, rowCost, words, find, positionOf },
    });
  }

  /** When the job at which a walk stopped was created: RFC 3339. */
  #createdNear(logId: LogId, oldestFirst: boolean): string {
    const row = this.database.get(
      oldestFirst
        ? "SELECT created FROM jobs WHERE first < ? ORDER BY first DESC LIMIT 1"
        : "SELECT created FROM jobs WHERE first >= ? ORDER BY first LIMIT 1",
      logId,
    );
    return new Date((row?.["created"] ?? 0) as number).toISOString();
  }
}

/** The first position of a range, and the one after the last. */
function boundsOf({ after = 0, before = Infinity, oldestFirst = false }: ScanRange) {
  return { from: after + 1, to: Math.min(before, Number.MAX_SAFE_INTEGER), oldestFirst };
}

/** A found job, read on demand. */
class IndexedJob implements FoundJob {
  readonly firstLogId: LogId;
  readonly condition: Condition;
  readonly type: string | null;
  readonly retriedAt: LogId | null;
  #job: JobState | undefined;

  constructor(
    private readonly row: Row,
    private readonly reader: FoundReader,
    private readonly spend: (cost: number) => void,
  ) {
    this.firstLogId = row["first"] as LogId;
    this.condition = row["condition"] as Condition;
    this.type = row["type"] as string | null;
    this.retriedAt = row["retried"] as LogId | null;
  }

  get summary(): JobSummary {
    this.spend(READ_COST.summary);
    return this.reader.summary(this.firstLogId);
  }

  get job(): JobState {
    if (this.#job === undefined) this.spend(READ_COST.job);
    return this.#job ??= this.reader.job(this.row);
  }
}

function isOfAll({ before, after }: JobRange): boolean {
  return before === undefined && after === undefined;
}

function isByConditionAlone({ states: _s, conditions: _c, ...others }: JobFilter): boolean {
  return Object.values(others).every((value) => value === undefined);
}

/** Answers from the counts that are kept in memory. */
function countIn(kept: Kept, filter: JobFilter): JobCount {
  const wanted = endedConditions(filter);
  const conditions = new Map(
    [...kept].filter(([condition, jobs]) => jobs > 0 && (wanted?.includes(condition) ?? true)),
  );
  return { jobs: conditions.values().reduce((sum, jobs) => sum + jobs, 0), conditions };
}

function joined(one: IndexedFailures, other: IndexedFailures): IndexedFailures {
  return {
    fingerprint: one.fingerprint,
    jobs: one.jobs + other.jobs,
    retried: one.retried + other.retried,
    open: one.open + other.open,
    newest: Math.max(one.newest, other.newest),
    oldest: Math.min(one.oldest, other.oldest),
  };
}
