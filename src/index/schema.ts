/**
 * The tables of the index. `jobs` has a narrow row for each job, which lists and searches go
 * through, and which a summary is made of; `states` has the whole job and its trail, under the
 * entry that it is as of. A job that got more entries after it had ended has a state for each time
 * that it was put: the index can then go back to an earlier point. Of a row, what filters look at
 * comes first: SQLite reads no further than it has to. `sealed` is 1 where the input of a job is to
 * be removed, and 0 where it is kept. `event_ids` and `young_ids` have the ids that do not tell
 * their place; rows of entries that were lost do no harm, since each is confirmed by reading the
 * entry. They have no checksum: it would tell of rows that are found, and one whose hash has
 * changed is not found; and sums over all of them, at each start, take a tenth of a second for a
 * million. `journal verify` compares them. Nor does anything tell of a job that an index of SQLite
 * hides since a bit of it has changed.
 */

import type { DatabaseSync } from "node:sqlite";

/** Raised whenever a table or the meaning of a column changes: the index is then made again. */
export const SCHEMA_VERSION = 7;

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
  CREATE INDEX jobs_by_fingerprint ON jobs (fingerprint, first) WHERE fingerprint IS NOT NULL;
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

/** Large, since a whole job is a kilobyte or two. */
const PAGE_BYTES = 16 * 1024;
/**
 * Pages of the log that are moved to the database at a time, which blocks all work: measured
 * with 128 jobs a transaction, 250 took 8 ms in one of a hundred, and 1,000 took 29 ms.
 */
const CHECKPOINT_PAGES = 250;

/**
 * Prepares an open database. Content of another or an unknown version is dropped first.
 *
 * @throws {Error} when it cannot be used.
 */
export function prepare(database: DatabaseSync): void {
  database.exec(`PRAGMA page_size = ${PAGE_BYTES}`);
  log(database);
  makeTables(database);
}

/**
 * Prepares an empty database for all that a journal has. Until `endMaking` nothing in it is written
 * twice, and little is synced, so that a crash may leave anything there.
 *
 * @throws {Error} when it cannot be used.
 */
export function beginMaking(database: DatabaseSync): void {
  database.exec(`PRAGMA page_size = ${PAGE_BYTES}`);
  database.exec("PRAGMA journal_mode = MEMORY");
  setSyncing(database, false);
  makeTables(database);
}

/** Whether each transaction waits until all that was written is on disk. */
export function setSyncing(database: DatabaseSync, isSyncing: boolean): void {
  database.exec(`PRAGMA synchronous = ${isSyncing ? "NORMAL" : "OFF"}`);
}

/** Syncs what was made. From now on a crash takes away the latest, and nothing else. */
export function endMaking(database: DatabaseSync): void {
  log(database);
}

function log(database: DatabaseSync): void {
  // What a loss of power takes away is made again from the journal.
  setSyncing(database, true);
  // Coming from another mode, SQLite writes this down in the file, and syncs all of it.
  database.exec("PRAGMA journal_mode = WAL");
  database.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
}

function makeTables(database: DatabaseSync): void {
  const { user_version: version } = database.prepare("PRAGMA user_version").get() ?? {};
  if (version === SCHEMA_VERSION) return;
  if (version !== 0) throw new RangeError(`version ${version} is not ${SCHEMA_VERSION}`);
  database.exec("BEGIN");
  database.exec(TABLES);
  database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  database.exec("COMMIT");
}
