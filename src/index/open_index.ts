/** Opens the index of a journal, a file in a folder of its own. */

import type { DatabaseSync } from "node:sqlite";
import { errorMessage } from "../core/thrown.ts";
import { openDatabase, openInMemory, removeDatabase, removeIfThere } from "./database_files.ts";
import { beginBuilding } from "./schema.ts";
import { SqliteJobIndex } from "./sqlite_job_index.ts";

export const FILE = "jobs.sqlite";

export interface IndexOptions {
  /** Created when the index is first used: by then the journal is locked. */
  readonly folder: string;
  /** Asks for a `checkpoint` of the database in another thread. */
  readonly checkpoint?: (path: string) => void;
  readonly warn: (message: string) => void;
}

export function jobIndexIn({ folder, warn, checkpoint }: IndexOptions): SqliteJobIndex {
  const open = (fresh: boolean) => {
    try {
      return fresh ? newFile(folder) : openFile(folder, false);
    } catch (error) {
      if (!fresh) throw error;
      warn(`Cannot write the index, so ended jobs stay in memory: ${errorMessage(error)}`);
      return openInMemory();
    }
  };
  return new SqliteJobIndex({
    open,
    isThere: () => isThere(`${folder}/${FILE}`),
    requireRoom: () => requireRoom(folder),
    discard: () => removeDatabase(`${folder}/${FILE}`),
    checkpoint: () => checkpoint?.(`${folder}/${FILE}`),
    warn,
  });
}

/** Room for SQLite's WAL and its index. Without it, SQLite fails. */
const ROOM_BYTES = 128 * 1024;
const ROOM_FILE = "room.tmp";

/**
 * @throws {Error} when the disk has no room for the files that SQLite keeps beside the database.
 */
export function requireRoom(folder: string): void {
  const path = `${folder}/${ROOM_FILE}`;
  try {
    Deno.writeFileSync(path, new Uint8Array(ROOM_BYTES), { mode: 0o600 });
  } finally {
    removeIfThere(path);
  }
}

/** Creates the file and writes to it: some disks report only then that they have no room. */
function newFile(folder: string): DatabaseSync {
  const database = openFile(folder, true);
  try {
    requireRoom(folder);
    beginBuilding(database);
    return database;
  } catch (error) {
    database.close();
    removeDatabase(`${folder}/${FILE}`);
    throw error;
  }
}

export function openFile(folder: string, fresh: boolean): DatabaseSync {
  Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = `${folder}/${FILE}`;
  if (fresh) removeDatabase(path);
  return openDatabase(path);
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
