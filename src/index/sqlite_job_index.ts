/**
 * The index of ended jobs in SQLite, which is part of Deno. Rows and states have checksums. When
 * one cannot be read, the caller gets an error, and the next start rebuilds the index.
 */

import { crc32 } from "node:zlib";
import type { SQLInputValue } from "node:sqlite";
import type { Condition } from "../core/condition.ts";
import type { JobId, LogId } from "../core/ids.ts";
import type { JobState } from "../core/job_state.ts";
import type { JobSummary } from "../core/job_summary.ts";
import { errorMessage } from "../core/thrown.ts";
import type {
  CreatedFrom,
  EndedJob,
  FoundFailures,
  IdRow,
  IndexScan,
  JobIndex,
} from "../engine/job_index.ts";
import type { JournalHead, KnownEntry } from "../engine/ports.ts";
import type { JobCount, JobFilter, JobRange, ScanRange } from "../engine/job_pages.ts";
import { parseTrail, type Trail, trailBytes } from "../engine/writer/trail.ts";
import { IdTable } from "./id_table.ts";
import { Database, type DatabaseOptions, insertion, type Row } from "./database.ts";
import {
  changedRow,
  isWhole,
  knownEntry,
  parseStored,
  PUT_ROW,
  SELECT_ROW,
  storedText,
  summaryIn,
  toRow,
} from "./job_row.ts";
import { JobScans } from "./job_scans.ts";

/** Jobs per transaction; takes a few milliseconds. */
const BATCH = 128;
/** The same while the index is being built and nothing waits for it. */
const BUILDING_BATCH = 512;

const PUT_STATE = insertion("INSERT OR REPLACE INTO states", 7);

/** How many points to keep: the existing snapshots rest on the last of them. */
const POINTS_KEPT = 8;

interface SqliteJobIndexOptions extends DatabaseOptions {
  /** Jobs per transaction. */
  readonly batch?: number;
  /** Whether there is an index from before; if absent, there may be. */
  readonly isThere?: () => boolean;
}

export class SqliteJobIndex implements JobIndex {
  readonly #database: Database;
  readonly #ids: IdTable;
  readonly #scans: JobScans;
  readonly #conditions = new Map<Condition, number>();
  /** The number of jobs that are in memory again but still have a row. */
  #awake = 0;
  #upTo: LogId = 0;
  #isWarned = false;

  constructor(private readonly options: SqliteJobIndexOptions) {
    this.#database = new Database(options);
    this.#ids = new IdTable(this.#database);
    this.#scans = new JobScans(this.#database, {
      summary: (first) => this.#summary(first),
      job: (row) => this.#state(row),
    });
  }

  get batch(): number {
    return this.options.batch ?? (this.#database.isBuilding ? BUILDING_BATCH : BATCH);
  }

  get conditions(): ReadonlyMap<Condition, number> {
    return this.#conditions;
  }

  get upTo(): LogId {
    return this.#upTo;
  }

  known(upTo: LogId): KnownEntry | undefined {
    if (this.options.isThere?.() === false) return undefined;
    return knownEntry((sql, value) => this.#database.get(sql, value), upTo);
  }

  point(): JournalHead | undefined {
    if (this.options.isThere?.() === false) return undefined;
    try {
      const newest = "SELECT logId, chain FROM points ORDER BY logId DESC LIMIT 1";
      const { logId, chain } = this.#database.get(newest) ?? {};
      return logId === undefined ? undefined : { logId: logId as LogId, chain: chain as string };
    } catch {
      return undefined; // Then it is emptied.
    }
  }

  begin(point: JournalHead | undefined): boolean {
    try {
      return this.#begin(point);
    } catch (error) {
      this.options.warn(`Cannot use the index as it is: ${errorMessage(error)}`);
      if (point !== undefined) return false;
      this.#database.reopen(true);
      this.#count();
      return true;
    }
  }

  put(jobs: readonly EndedJob[], ids: readonly IdRow[]): boolean {
    const awake = this.#awake;
    try {
      this.#database.within(() => {
        this.#database.insert(PUT_STATE, jobs, (ended) => this.#toStateRow(ended));
        this.#database.insert(PUT_ROW, jobs, toRow);
        this.#ids.add(ids);
      });
      for (const { summary, isAwake } of jobs) {
        if (isAwake) this.#awake++;
        else this.#add(summary.condition, 1);
      }
      this.#isWarned = false;
      return true;
    } catch (error) {
      this.#awake = awake;
      if (!this.#isWarned) {
        this.options.warn(
          "Cannot add jobs to the index, so they stay in memory: " +
            `${errorMessage(error)}`,
        );
      }
      this.#isWarned = true;
      return false;
    }
  }

  wake(firstLogId: LogId): void {
    const row = this.#database.get("SELECT condition FROM jobs WHERE first = ?", firstLogId);
    this.#database.run("UPDATE jobs SET awake = 1 WHERE first = ?", firstLogId);
    if (row === undefined) return;
    this.#add(row["condition"] as Condition, -1);
    this.#awake++;
  }

  made(): void {
    try {
      this.#database.endBuilding();
    } catch (error) {
      this.options.warn(`Cannot write the index to the disk yet: ${errorMessage(error)}`);
    }
  }

  mark({ logId, chain }: JournalHead): void {
    this.#database.endBuilding();
    this.#database.within(() => {
      const jobs = this.#size + this.#awake;
      this.#database.run("INSERT OR REPLACE INTO points VALUES (?, ?, ?)", logId, chain, jobs);
      const kept = "SELECT logId FROM points ORDER BY logId DESC LIMIT ?";
      this.#database.run(`DELETE FROM points WHERE logId NOT IN (${kept})`, POINTS_KEPT);
    });
  }

  job(jobId: JobId): JobState | undefined {
    const row = this.#database.get(
      "SELECT first, last FROM jobs WHERE job_id = ? AND awake = 0",
      jobId,
    );
    const job = row && this.#state(row);
    if (job === undefined || job.jobId === jobId) return job;
    throw this.#database.damaged(`job ${jobId} is not where it was`);
  }

  summaryAt(firstLogId: LogId): JobSummary | undefined {
    const row = this.#database.get(`${SELECT_ROW} first = ? AND awake = 0`, firstLogId);
    return row === undefined ? undefined : summaryIn(this.#checked(row, firstLogId));
  }

  trail(jobId: JobId): Trail | undefined {
    const row = this.#database.get(
      "SELECT last, trail, trail_crc AS crc FROM jobs LEFT JOIN states USING (first, last) " +
        "WHERE job_id = ? AND awake = 0",
      jobId,
    );
    if (row === undefined) return undefined;
    const bytes = row["trail"] as Uint8Array | null;
    if (bytes === null || crc32(bytes) !== row["crc"]) {
      const reason = `the trail as of logId ${row["last"]} is not there, or not what it was`;
      throw this.#database.damaged(reason);
    }
    return parseTrail(bytes);
  }

  idsOf(hash: number): readonly LogId[] {
    return this.#ids.at(hash);
  }

  jobOfKey(idempotencyKey: string): JobId | undefined {
    const row = this.#database.get("SELECT job_id FROM jobs WHERE key = ?", idempotencyKey);
    return row?.["job_id"] as JobId | undefined;
  }

  retriedAt(jobId: JobId): LogId | undefined {
    const row = this.#database.get("SELECT retried FROM jobs WHERE job_id = ?", jobId);
    return (row?.["retried"] ?? undefined) as LogId | undefined;
  }

  createdFrom(ms: number): CreatedFrom {
    return this.#scans.createdFrom(ms);
  }

  scan(filter: JobFilter, range: ScanRange): IndexScan {
    return this.#scans.scan(filter, range, this.#conditions);
  }

  count(filter: JobFilter, range: JobRange): JobCount {
    return this.#scans.count(filter, range, this.#conditions);
  }

  failures(filter: JobFilter): FoundFailures {
    return this.#scans.failures(filter);
  }

  latestFailed(limit: number): readonly JobState[] {
    return this.#latest(
      "SELECT first, last FROM jobs WHERE condition = 'failed' AND retried IS NULL AND awake = 0 " +
        "ORDER BY last DESC LIMIT ?",
      limit,
    );
  }

  latestAwaiting(limit: number): readonly JobState[] {
    return this.#latest(
      "SELECT first, last FROM jobs WHERE awaits IS NOT NULL AND awake = 0 " +
        "ORDER BY last DESC LIMIT ?",
      limit,
    );
  }

  sealedIds(): readonly JobId[] {
    const rows = this.#database.all("SELECT job_id FROM jobs WHERE sealed IS NOT NULL");
    return rows.map((row) => row["job_id"] as JobId);
  }

  removableIds(): readonly JobId[] {
    const rows = this.#database.all(
      "SELECT job_id FROM jobs WHERE sealed = 1 AND awake = 0 ORDER BY first",
    );
    return rows.map((row) => row["job_id"] as JobId);
  }

  close(): void {
    this.#database.close();
  }

  #begin(point: JournalHead | undefined): boolean {
    this.#awake = 0;
    this.#upTo = 0;
    if (point === undefined) {
      this.#database.reopen(true);
      this.#count();
      return true;
    }
    const row = this.#database.get("SELECT chain, jobs FROM points WHERE logId = ?", point.logId);
    if (row?.["chain"] !== point.chain) return false;
    this.#database.within(() => this.#revertTo(point.logId));
    this.#count();
    // A copy made while the index was being written may have lost some.
    if (row["jobs"] !== this.#size) return false;
    this.#upTo = point.logId;
    return true;
  }

  get #size(): number {
    return this.#conditions.values().reduce((sum, jobs) => sum + jobs, 0);
  }

  /** Removes later states. A job that had an earlier state returns to it. */
  #revertTo(logId: LogId): void {
    this.#database.run("UPDATE jobs SET awake = 0 WHERE awake = 1");
    const later = this.#database.all(
      "SELECT first, before FROM states WHERE last > ? AND before IS NOT NULL ORDER BY last DESC",
      logId,
    );
    for (const { first, before } of later) {
      this.#change(first as LogId, { last: before as LogId });
    }
    const made = "SELECT first FROM states WHERE last > ? AND before IS NULL";
    this.#database.run(`DELETE FROM jobs WHERE first IN (${made})`, logId);
    this.#database.run("DELETE FROM states WHERE last > ?", logId);
    const retried = this.#database.all(
      "SELECT first FROM jobs WHERE retried IS NOT NULL AND retried > ?",
      logId,
    );
    for (const { first } of retried) this.#change(first as LogId, { retried: null });
    this.#database.run("DELETE FROM points WHERE logId > ?", logId);
  }

  #change(first: LogId, changes: Row): void {
    this.#database.run(PUT_ROW.one, ...changedRow(this.#row(first), changes));
  }

  #toStateRow(ended: EndedJob): readonly SQLInputValue[] {
    const { job, wasThere } = ended;
    const trail = trailBytes(ended.trail);
    const { firstLogId: first, lastLogId: last } = job;
    const whole = storedText(job);
    const before = wasThere ? this.#stateBefore(first, last) : null;
    return [last, first, before, trail, crc32(trail), crc32(whole), whole];
  }

  /** The state before `last`: that of a job that was awake, or the recorded predecessor. */
  #stateBefore(first: LogId, last: LogId): SQLInputValue {
    const row = this.#database.get("SELECT last, awake FROM jobs WHERE first = ?", first);
    if (row?.["awake"] === 1) this.#awake--;
    if (row === undefined || row["last"] !== last) return row?.["last"] ?? null;
    return this.#database.get("SELECT before FROM states WHERE last = ?", last)?.["before"] ?? null;
  }

  /** @throws {IndexDamagedError} */
  #state({ first, last }: Row): JobState {
    const row = this.#database.get("SELECT crc, job FROM states WHERE last = ?", last as LogId);
    if (row !== undefined && crc32(row["job"] as string) === row["crc"]) {
      const job = parseStored(row["job"] as string);
      if (job.firstLogId === first && job.lastLogId === last) return job;
    }
    throw this.#database.damaged(`the job as of logId ${last} is not there, or not what it was`);
  }

  /** @throws {IndexDamagedError} */
  #summary(first: LogId): JobSummary {
    return summaryIn(this.#row(first));
  }

  /** @throws {IndexDamagedError} */
  #row(first: LogId): Row {
    return this.#checked(this.#database.get(`${SELECT_ROW} first = ?`, first), first);
  }

  #checked(row: Row | undefined, first: LogId): Row {
    if (row !== undefined && isWhole(row)) return row;
    throw this.#database.damaged(`the row of the job of logId ${first} is not what it was`);
  }

  #latest(sql: string, limit: number): readonly JobState[] {
    const rows = this.#database.all(sql, limit);
    return rows.map((row) => this.#state(row)).toReversed();
  }

  /** Most jobs succeed, and SQLite counts a whole table sooner than those of a condition. */
  #count(): void {
    this.#ids.begin();
    this.#conditions.clear();
    const most: Condition = "succeeded";
    const of = (which: string) =>
      `SELECT condition, count(*) AS jobs FROM jobs WHERE condition ${which} ?1 GROUP BY condition`;
    const others = this.#database.all(`${of("<")} UNION ALL ${of(">")}`, most);
    for (const { condition, jobs } of others) this.#add(condition as Condition, jobs as number);
    const all = Number(this.#database.get("SELECT count(*) AS jobs FROM jobs")?.["jobs"]);
    this.#add(most, all - this.#size);
  }

  #add(condition: Condition, difference: number): void {
    this.#conditions.set(condition, (this.#conditions.get(condition) ?? 0) + difference);
  }
}
