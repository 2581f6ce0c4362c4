/** The tables of the index of values, and their file. */

import { DatabaseSync } from "node:sqlite";

export const VALUES_FILE = "values.sqlite";

/**
 * Raise it whenever the meaning of a column changes, or what is indexed: the index is then rebuilt.
 */
const SCHEMA_VERSION = 5;
/** Large, since a row takes a kilobyte. */
const PAGE_BYTES = 16 * 1024;
/** Pages per checkpoint of the log. */
const CHECKPOINT_PAGES = 64;

/** `place` combines the number of a run with that of a bucket, in the last bits. */
const TABLES = `
  CREATE TABLE runs (
    run INTEGER PRIMARY KEY,
    last INTEGER NOT NULL,
    postings INTEGER NOT NULL,
    bits INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE buckets (
    place INTEGER PRIMARY KEY,
    crc INTEGER NOT NULL,
    postings BLOB NOT NULL
  ) STRICT;
  CREATE TABLE point (
    logId INTEGER NOT NULL,
    chain TEXT NOT NULL,
    segment INTEGER NOT NULL,
    offset INTEGER NOT NULL
  ) STRICT;
`;

/** @throws {Error} when the file cannot be used. */
export function preparedValues(path: string): DatabaseSync {
  // SQLite gives the files beside it the same mode as this one.
  Deno.openSync(path, { write: true, create: true, mode: 0o600 }).close();
  const database = new DatabaseSync(path);
  try {
    prepare(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function prepare(database: DatabaseSync): void {
  database.exec(`PRAGMA page_size = ${PAGE_BYTES}`);
  database.exec("PRAGMA journal_mode = WAL");
  database.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  database.exec("PRAGMA synchronous = NORMAL");
  const { user_version: version } = database.prepare("PRAGMA user_version").get() ?? {};
  if (version === SCHEMA_VERSION) return;
  if (version !== 0) throw new RangeError(`version ${version} is not ${SCHEMA_VERSION}`);
  database.exec(`BEGIN; ${TABLES} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
}

/** Removes the file and those that SQLite keeps beside it, if they exist. */
export function removeValues(path: string): void {
  for (const suffix of ["", "-wal", "-shm"]) {
    try {
      Deno.removeSync(path + suffix);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}
