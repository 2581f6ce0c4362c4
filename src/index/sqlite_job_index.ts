/**
 * The index of ended jobs in SQLite, which Deno brings along. Each state has a checksum, and
 * what cannot be read is never guessed: the index is then made again at the next start.
 */

import { crc32 } from "node:zlib";
import type { SQLInputValue } from "node:sqlite";
import type { Condition } from "../core/condition.ts";
import type { JobId, LogId } from "../core/ids.ts";
import { sharedPlan } from "../core/job_plan.ts";
import { type JobState, shared } from "../core/job_state.ts";
import { parseJsonText } from "../core/json_text.ts";
import { messageOf } from "../core/thrown.ts";
import type {
  EndedJob,
  FoundJob,
  IndexedFailures,
  IndexScan,
  JobIndex,
} from "../engine/job_index.ts";
import type { Clock, JournalHead } from "../engine/ports.ts";
import type { JobCount, JobFilter, JobRange, ListQuery, Stop } from "../engine/requests.ts";
import type { IdRow } from "../engine/writer/id_rows.ts";
import { type Trail, trailBytes, trailOf } from "../engine/writer/trail.ts";
import { conditionOf } from "./conditions.ts";
import { IdTable } from "./id_table.ts";
import { Database, type DatabaseOptions, type Row } from "./database.ts";
import { WindowWalk } from "./window_walk.ts";

/** Put in a transaction: a few milliseconds. */
const BATCH = 128;

/** Points that are remembered: the snapshots that there are rest on the last of them. */
const POINTS_KEPT = 8;

export interface SqliteJobIndexOptions extends DatabaseOptions {
  readonly clock: Pick<Clock, "monotonic">;
  /** Jobs that are put at a time. */
  readonly batch?: number;
}

export class SqliteJobIndex implements JobIndex {
  readonly #options: SqliteJobIndexOptions;
  readonly #database: Database;
  readonly #ids: IdTable;
  readonly batch: number;
  readonly #conditions = new Map<Condition, number>();
  /** Jobs that are in memory again, and have a row all the same. */
  #awake = 0;
  #isWarned = false;

  constructor(options: SqliteJobIndexOptions) {
    this.#options = options;
    this.#database = new Database(options);
    this.#ids = new IdTable(this.#database);
    this.batch = options.batch ?? BATCH;
  }

  get conditions(): ReadonlyMap<Condition, number> {
    return this.#conditions;
  }

  begin(point: JournalHead | undefined): boolean {
    try {
      return this.#begin(point);
    } catch (error) {
      this.#options.warn(`Cannot use the index as it is: ${messageOf(error)}`);
      if (point !== undefined) return false;
      this.#database.reopen(true);
      this.#count();
      return true;
    }
  }

  put(jobs: readonly EndedJob[], ids: readonly IdRow[] = []): boolean {
    try {
      this.#database.within(() => {
        for (const ended of jobs) this.#put(ended);
        this.#ids.add(ids);
      });
      for (const { condition } of jobs) this.#add(condition, 1);
      this.#isWarned = false;
      return true;
    } catch (error) {
      if (!this.#isWarned) {
        this.#options.warn(`The index takes no jobs, they stay in memory: ${messageOf(error)}`);
      }
      this.#isWarned = true;
      return false;
    }
  }

  wake(firstLogId: LogId): void {
    const row = this.#database.get("SELECT condition FROM jobs WHERE first = ?", firstLogId);
    this.#database.run("UPDATE jobs SET awake = 1 WHERE first = ?", firstLogId);
    if (row === undefined) return;
    this.#add(row.condition as Condition, -1);
    this.#awake++;
  }

  mark({ logId, chain }: JournalHead): void {
    this.#database.within(() => {
      const jobs = this.#size + this.#awake;
      this.#database.run("INSERT OR REPLACE INTO points VALUES (?, ?, ?)", logId, chain, jobs);
      const kept = "SELECT logId FROM points ORDER BY logId DESC LIMIT ?";
      this.#database.run(`DELETE FROM points WHERE logId NOT IN (${kept})`, POINTS_KEPT);
    });
  }

  job(jobId: JobId): JobState | undefined {
    const row = this.#database.get("SELECT last FROM jobs WHERE job_id = ? AND awake = 0", jobId);
    return row === undefined ? undefined : this.#state(row.last as LogId);
  }

  createdAt(firstLogId: LogId): JobState | undefined {
    const row = this.#database.get(
      "SELECT last FROM jobs WHERE first = ? AND awake = 0",
      firstLogId,
    );
    return row === undefined ? undefined : this.#state(row.last as LogId);
  }

  trail(jobId: JobId): Trail | undefined {
    const row = this.#database.get(
      "SELECT states.last, trail, trail_crc AS crc FROM jobs JOIN states USING (last) " +
        "WHERE job_id = ? AND awake = 0",
      jobId,
    );
    if (row === undefined) return undefined;
    const bytes = row.trail as Uint8Array;
    if (crc32(bytes) !== row.crc) {
      throw this.#database.damaged(`the trail as of logId ${row.last} is not what it was`);
    }
    return trailOf(bytes);
  }

  idsOf(hash: number): readonly LogId[] {
    return this.#ids.at(hash);
  }

  jobOfKey(idempotencyKey: string): JobId | undefined {
    const row = this.#database.get("SELECT job_id FROM jobs WHERE key = ?", idempotencyKey);
    return row?.job_id as JobId | undefined;
  }

  retriedAt(jobId: JobId): LogId | undefined {
    const row = this.#database.get("SELECT retried FROM jobs WHERE job_id = ?", jobId);
    return (row?.retried ?? undefined) as LogId | undefined;
  }

  scan(filter: JobFilter, range: JobRange & Pick<ListQuery, "oldestFirst">): IndexScan {
    const condition = conditionOf(filter);
    const { values } = condition;
    const order = range.oldestFirst ? "ASC" : "DESC";
    const sql = "SELECT first, last, condition FROM jobs WHERE first >= ? AND first < ? " +
      `AND ${condition.sql} ORDER BY first ${order}`;
    const found = ({ first, last, condition }: Row): FoundJob =>
      new IndexedJob(first as LogId, condition as Condition, () => this.#state(last as LogId));
    return this.#walk(
      range,
      (from, to) => this.#database.all(sql, from, to, ...values).map(found),
      ({ firstLogId }) => firstLogId,
    );
  }

  count(filter: JobFilter, range: JobRange): JobCount {
    const condition = conditionOf(filter);
    const { values } = condition;
    const sql = "SELECT condition, count(*) AS jobs FROM jobs WHERE first >= ? AND first < ? " +
      `AND ${condition.sql} GROUP BY condition`;
    const walk = this.#walk(
      range,
      (from, to) => this.#database.all(sql, from, to, ...values),
      () => undefined,
    );
    const conditions = new Map<Condition, number>();
    let jobs = 0;
    for (const { condition, jobs: count } of walk) {
      jobs += count as number;
      const before = conditions.get(condition as Condition) ?? 0;
      conditions.set(condition as Condition, before + (count as number));
    }
    const { reach } = walk;
    return reach === undefined ? { jobs, conditions } : { jobs, conditions, searched: reach };
  }

  failures(filter: JobFilter): { groups: readonly IndexedFailures[]; reach: Stop | undefined } {
    const condition = conditionOf(filter);
    const { values } = condition;
    const sql = "SELECT fingerprint, count(*) AS jobs, count(retried) AS retried, " +
      "sum(state = 'Failed' AND retried IS NULL) AS open, max(first) AS newest, " +
      "min(first) AS oldest FROM jobs WHERE first >= ? AND first < ? " +
      `AND fingerprint IS NOT NULL AND ${condition.sql} GROUP BY fingerprint`;
    const walk = this.#walk(
      {},
      (from, to) => this.#database.all(sql, from, to, ...values) as unknown as IndexedFailures[],
      () => undefined,
    );
    const groups = new Map<string, IndexedFailures>();
    for (const found of walk) {
      const before = groups.get(found.fingerprint);
      groups.set(found.fingerprint, before === undefined ? found : joined(before, found));
    }
    return { groups: [...groups.values()], reach: walk.reach };
  }

  latestFailed(limit: number): readonly JobState[] {
    return this.#latest(
      "SELECT last FROM jobs WHERE condition = 'failed' AND retried IS NULL AND awake = 0 " +
        "ORDER BY last DESC LIMIT ?",
      limit,
    );
  }

  latestAwaiting(limit: number): readonly JobState[] {
    return this.#latest(
      "SELECT last FROM jobs WHERE awaits IS NOT NULL AND awake = 0 ORDER BY last DESC LIMIT ?",
      limit,
    );
  }

  *sealed(): Iterable<JobState> {
    const rows = this.#database.all(
      "SELECT last FROM jobs WHERE sealed IS NOT NULL AND awake = 0 ORDER BY first",
    );
    for (const { last } of rows) yield this.#state(last as LogId);
  }

  close(): void {
    this.#database.close();
  }

  #begin(point: JournalHead | undefined): boolean {
    this.#awake = 0;
    if (point === undefined) {
      this.#database.reopen(true);
      this.#count();
      return true;
    }
    const row = this.#database.get("SELECT chain, jobs FROM points WHERE logId = ?", point.logId);
    if (row?.chain !== point.chain) return false;
    this.#database.within(() => this.#goBackTo(point.logId));
    this.#count();
    // A copy that was made while it was written to may have lost some.
    return row.jobs === this.#size;
  }

  get #size(): number {
    return this.#conditions.values().reduce((sum, jobs) => sum + jobs, 0);
  }

  /** Later states go; a job that had one before is as it was then. */
  #goBackTo(logId: LogId): void {
    this.#database.run("UPDATE jobs SET awake = 0 WHERE awake = 1");
    const later = this.#database.all(
      "SELECT last, first, before FROM states WHERE last > ? ORDER BY last DESC",
      logId,
    );
    for (const { last, first, before } of later) {
      this.#database.run("DELETE FROM states WHERE last = ?", last as LogId);
      if (before === null) this.#database.run("DELETE FROM jobs WHERE first = ?", first as LogId);
      else {this.#database.run(
          "UPDATE jobs SET last = ? WHERE first = ?",
          before as LogId,
          first as LogId,
        );}
    }
    this.#database.run("UPDATE jobs SET retried = NULL WHERE retried > ?", logId);
    this.#database.run("DELETE FROM points WHERE logId > ?", logId);
  }

  #put(ended: EndedJob): void {
    const { job, condition, text, fingerprint, awaitsOutside, retriedAt, wasThere } = ended;
    const trail = trailBytes(ended.trail);
    const { firstLogId: first, lastLogId: last, labels } = job;
    const whole = JSON.stringify(job);
    const before = wasThere ? this.#stateBefore(first, last) : null;
    this.#database.run(
      "INSERT OR REPLACE INTO states VALUES (?, ?, ?, ?, ?, ?, ?)",
      ...[last, first, before, trail, crc32(trail), crc32(whole), whole],
    );
    this.#database.run(
      "INSERT OR REPLACE INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
      ...[first, last, job.jobId, job.state, condition, job.type ?? null],
      ...[Date.parse(job.createdAt), hasAny(labels) ? JSON.stringify(labels) : null, text],
      ...[job.idempotency?.key ?? null, fingerprint ?? null, retriedAt ?? null],
      ...[awaitsOutside ? 1 : null, job.sealed === undefined ? null : 1],
    );
  }

  /** Of a job that was awake, the state that it had; or the one before that, if it has it still. */
  #stateBefore(first: LogId, last: LogId): SQLInputValue {
    const row = this.#database.get("SELECT last, awake FROM jobs WHERE first = ?", first);
    if (row?.awake === 1) this.#awake--;
    if (row === undefined || row.last !== last) return row?.last ?? null;
    return this.#database.get("SELECT before FROM states WHERE last = ?", last)?.before ?? null;
  }

  /** @throws {IndexDamagedError} */
  #state(last: LogId): JobState {
    const row = this.#database.get("SELECT crc, job FROM states WHERE last = ?", last);
    if (row === undefined || crc32(row.job as string) !== row.crc) {
      throw this.#database.damaged(`the job as of logId ${last} is not there, or not what it was`);
    }
    const job = parseJsonText(row.job as string) as JobState;
    return { ...job, plan: sharedPlan(job.plan), expected: shared(job.expected) };
  }

  #latest(sql: string, limit: number): readonly JobState[] {
    const rows = this.#database.all(sql, limit);
    return rows.map(({ last }) => this.#state(last as LogId)).toReversed();
  }

  #walk<Found>(
    range: JobRange & Pick<ListQuery, "oldestFirst">,
    rows: (from: LogId, to: LogId) => readonly Found[],
    positionOf: (found: Found) => LogId | undefined,
  ): WindowWalk<Found> {
    return new WindowWalk({
      clock: this.#options.clock,
      oldestFirst: range.oldestFirst ?? false,
      from: Math.max(this.#edge("min"), (range.after ?? 0) + 1),
      to: Math.min(this.#edge("max") + 1, range.before ?? Infinity),
      ...{ rows, positionOf },
      jobsBetween: (from, to) => this.#jobsBetween(from, to),
      createdAt: (logId, oldestFirst) => this.#createdNear(logId, oldestFirst),
    });
  }

  #edge(which: "min" | "max"): LogId {
    const row = this.#database.get(`SELECT ${which}(first) AS first FROM jobs`);
    return (row?.first ?? 0) as LogId;
  }

  #jobsBetween(from: LogId, to: LogId): number {
    const row = this.#database.get(
      "SELECT count(*) AS jobs FROM jobs WHERE first >= ? AND first < ?",
      ...[from, to],
    );
    return (row?.jobs ?? 0) as number;
  }

  /** RFC 3339: of the job at which a walk has stopped. */
  #createdNear(logId: LogId, oldestFirst: boolean): string {
    const row = this.#database.get(
      oldestFirst
        ? "SELECT created FROM jobs WHERE first < ? ORDER BY first DESC LIMIT 1"
        : "SELECT created FROM jobs WHERE first >= ? ORDER BY first LIMIT 1",
      logId,
    );
    return new Date((row?.created ?? 0) as number).toISOString();
  }

  #count(): void {
    this.#ids.begin();
    this.#conditions.clear();
    const rows = this.#database.all(
      "SELECT condition, count(*) AS jobs FROM jobs GROUP BY condition",
    );
    for (const { condition, jobs } of rows) {
      this.#conditions.set(condition as Condition, jobs as number);
    }
  }

  #add(condition: Condition, difference: number): void {
    this.#conditions.set(condition, (this.#conditions.get(condition) ?? 0) + difference);
  }
}

/** One that is read when somebody asks. */
class IndexedJob implements FoundJob {
  readonly #read: () => JobState;
  #job: JobState | undefined;

  constructor(readonly firstLogId: LogId, readonly condition: Condition, read: () => JobState) {
    this.#read = read;
  }

  get job(): JobState {
    return this.#job ??= this.#read();
  }
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

function hasAny(labels: Readonly<Record<string, string>>): boolean {
  for (const _name in labels) return true;
  return false;
}
