/** The files of SQLite databases: opens and removes them, and copies the log into the database. */

import { DatabaseSync } from "node:sqlite";

/** Removes a database and what SQLite keeps beside it, if they exist. */
export function removeDatabase(path: string): void {
  for (const suffix of ["", "-wal", "-shm"]) removeIfThere(path + suffix);
}

export function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Large, since a row of the index takes a kilobyte or more. */
const PAGE_BYTES = 16 * 1024;

/**
 * Opens a database, which is created if it is missing.
 *
 * @throws {Error} when it cannot be opened, or something else than a file is there.
 */
export function openDatabase(path: string): DatabaseSync {
  requireFile(path);
  // SQLite gives the files beside it the same mode as this one.
  Deno.openSync(path, { write: true, create: true, mode: 0o600 }).close();
  return withPages(new DatabaseSync(path));
}

export function openInMemory(): DatabaseSync {
  return withPages(new DatabaseSync(":memory:"));
}

function withPages(database: DatabaseSync): DatabaseSync {
  orClosed(database, () => database.exec(`PRAGMA page_size = ${PAGE_BYTES}`));
  return database;
}

/** Closes a database if this fails: while it is open, its file takes space, even once removed. */
export function orClosed<Result>(database: DatabaseSync, use: () => Result): Result {
  try {
    return use();
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * A link could lead to the file of another program, and opening a pipe would block the process.
 *
 * @throws {Error} when something else than a file is there.
 */
function requireFile(path: string): void {
  try {
    if (!Deno.lstatSync(path).isFile) throw new Error(`${path} is not a file`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/**
 * Creates the tables in an empty database.
 *
 * @throws {RangeError} when its tables have another version.
 */
export function makeTables(database: DatabaseSync, tables: string, version: number): void {
  const found = versionOf(database);
  if (found === version) return;
  if (found !== 0) throw new RangeError(`version ${found} is not ${version}`);
  database.exec(`BEGIN; ${tables} PRAGMA user_version = ${version}; COMMIT`);
}

/** The version of its tables; 0 while it has none. */
export function versionOf(database: DatabaseSync): unknown {
  return database.prepare("PRAGMA user_version").get()?.["user_version"];
}

/** The most passes; each copies what was logged during the one before. */
const PASSES_MAX = 4;

/**
 * Copies the log of a database into it. Call it in a thread that nobody waits for: it takes two
 * syncs, which block all other work of the thread.
 *
 * @param path A database with a log.
 * @throws {Error} when it is gone or cannot be used, or the disk has no room.
 */
export function checkpoint(path: string): void {
  Deno.statSync(path); // SQLite would create it.
  const database = new DatabaseSync(path);
  try {
    const copy = database.prepare("PRAGMA wal_checkpoint(PASSIVE)");
    for (let pass = 0; pass < PASSES_MAX; pass++) {
      const { log, checkpointed } = copy.get() ?? {};
      // The next transaction then begins the log again.
      if (log === checkpointed) return;
    }
  } finally {
    database.close();
  }
}
