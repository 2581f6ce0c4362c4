/**
 * The tables of the index.
 *
 * `jobs` has a narrow row for each job: lists and searches read it, and summaries are made from it.
 * Columns that filters use come first, since SQLite reads a row no further than it must. Its indexes
 * by type and by fingerprint contain the condition, so that those of another condition, and counts,
 * cost no row. `sealed` is 1 if the input of the job is to be removed, and 0 if it is kept.
 *
 * `states` has the whole job and its trail, keyed by the job's last entry. A job that continued
 * after its end has a state for each time it was put, so the index can go back to an earlier point.
 *
 * `event_ids` and `young_ids` have the ids that do not contain their own position. Rows of lost
 * entries do no harm, since each hit is confirmed by reading the entry. These rows have no
 * checksum: it would protect only rows that are found, and a row with a damaged hash is not found.
 * A checksum over all rows would take a tenth of a second per million at each start. `journal
 * verify` compares them instead. Nothing at run time detects a job that is missing because an SQL
 * index is damaged.
 */

import type { DatabaseSync } from "node:sqlite";
import { CACHE_VERSION } from "../engine/writer/snapshot_content.ts";
import { makeTables } from "./database_files.ts";

const TABLES = `
  CREATE TABLE jobs (
    first INTEGER PRIMARY KEY,
    awake INTEGER NOT NULL DEFAULT 0,
    condition TEXT NOT NULL,
    type TEXT,
    created REAL NOT NULL,
    retried INTEGER,
    fingerprint TEXT,
    labels TEXT,
    text TEXT NOT NULL,
    last INTEGER NOT NULL,
    job_id TEXT NOT NULL,
    version INTEGER,
    priority INTEGER NOT NULL,
    started REAL,
    ended REAL,
    key TEXT,
    awaits INTEGER,
    sealed INTEGER,
    queued INTEGER,
    more TEXT,
    crc INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX jobs_by_id ON jobs (job_id);
  CREATE INDEX jobs_by_condition ON jobs (condition, first);
  CREATE INDEX jobs_by_type ON jobs (type, first, condition, awake) WHERE type IS NOT NULL;
  CREATE INDEX jobs_by_fingerprint ON jobs (fingerprint, first, condition, awake)
    WHERE fingerprint IS NOT NULL;
  CREATE INDEX jobs_failures ON jobs (first, fingerprint, condition, retried, awake)
    WHERE fingerprint IS NOT NULL;
  CREATE INDEX jobs_by_key ON jobs (key) WHERE key IS NOT NULL;
  CREATE INDEX jobs_retried ON jobs (first, retried) WHERE retried IS NOT NULL;
  CREATE INDEX jobs_failed ON jobs (last) WHERE condition = 'failed' AND retried IS NULL;
  CREATE INDEX jobs_awaiting ON jobs (last) WHERE awaits IS NOT NULL;
  CREATE INDEX jobs_sealed ON jobs (first) WHERE sealed IS NOT NULL;
  CREATE INDEX jobs_removable ON jobs (first) WHERE sealed = 1;
  CREATE INDEX jobs_awake ON jobs (first) WHERE awake = 1;
  CREATE TABLE states (
    last INTEGER PRIMARY KEY,
    first INTEGER NOT NULL,
    before INTEGER,
    trail BLOB NOT NULL,
    trail_crc INTEGER NOT NULL,
    crc INTEGER NOT NULL,
    job TEXT NOT NULL
  ) STRICT;
  CREATE TABLE event_ids (
    hash INTEGER NOT NULL,
    logId INTEGER NOT NULL,
    PRIMARY KEY (hash, logId)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE young_ids (
    hash INTEGER NOT NULL,
    logId INTEGER NOT NULL,
    PRIMARY KEY (hash, logId)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE points (
    logId INTEGER PRIMARY KEY,
    chain TEXT NOT NULL,
    jobs INTEGER NOT NULL
  ) STRICT;
`;

/**
 * SQLite itself copies a log of this many pages, which blocks all other work for 30 ms or more. It
 * only does so while no other thread does it earlier: see `checkpoint`.
 */
const LOG_PAGES_MAX = 1_000;

/**
 * Prepares an open database.
 *
 * @throws {Error} when it cannot be used, or has another version.
 */
export function prepare(database: DatabaseSync): void {
  useLog(database);
  makeTables(database, TABLES, CACHE_VERSION);
}

/**
 * Prepares an empty database for building the whole index. Until `useLog` there is no log and
 * few syncs, so a crash may leave it in any state.
 *
 * @throws {Error} when it cannot be used.
 */
export function beginBuilding(database: DatabaseSync): void {
  database.exec("PRAGMA journal_mode = MEMORY");
  setSyncing(database, false);
  makeTables(database, TABLES, CACHE_VERSION);
}

/** Whether transactions are synced to disk. */
export function setSyncing(database: DatabaseSync, isSyncing: boolean): void {
  database.exec(`PRAGMA synchronous = ${isSyncing ? "NORMAL" : "OFF"}`);
}

/** Syncs what was built. From now on a crash loses only the latest transactions. */
export function useLog(database: DatabaseSync): void {
  // What a power failure takes away is rebuilt from the journal.
  setSyncing(database, true);
  // Changing the mode writes it to the file, and syncs the whole file.
  database.exec("PRAGMA journal_mode = WAL");
  database.exec(`PRAGMA wal_autocheckpoint = ${LOG_PAGES_MAX}`);
}
