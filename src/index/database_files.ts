/** The files of a SQLite database: removes them, and copies the log into the database. */

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

/** The most passes; each copies what was logged during the one before. */
const PASSES_MAX = 4;

/**
 * Copies the log of a database into it. For a thread that nobody waits for: it takes two syncs, and
 * would block all other work for as long.
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
      // The next transaction then begins the log anew.
      if (log === checkpointed) return;
    }
  } finally {
    database.close();
  }
}
