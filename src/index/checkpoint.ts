/**
 * Copies the log of the index into its database, in a thread that nobody waits for. It takes two
 * syncs, and would block all other work for as long.
 */

import { DatabaseSync } from "node:sqlite";

/** The most passes; each copies what was logged during the one before. */
const PASSES_MAX = 4;

/**
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
