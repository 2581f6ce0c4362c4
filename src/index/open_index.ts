/** The index of a journal, as a file in a folder of its own. */

import { DatabaseSync } from "node:sqlite";
import { errorMessage } from "../core/thrown.ts";
import { beginMaking } from "./schema.ts";
import { SqliteJobIndex } from "./sqlite_job_index.ts";

export const FILE = "jobs.sqlite";
/** What SQLite keeps beside it. */
const SUFFIXES = ["", "-wal", "-shm"];

export interface IndexOptions {
  /** Made when it is missing, once the index is first used: by then the journal is locked. */
  readonly folder: string;
  readonly warn: (message: string) => void;
}

export function jobIndexIn({ folder, warn }: IndexOptions): SqliteJobIndex {
  const open = (fresh: boolean) => {
    try {
      return fresh ? newFile(folder) : openFile(folder, false);
    } catch (error) {
      if (!fresh) throw error;
      warn(`Cannot write the index, so ended jobs stay in memory: ${errorMessage(error)}`);
      return new DatabaseSync(":memory:");
    }
  };
  return new SqliteJobIndex({
    open,
    requireRoom: () => requireRoom(folder),
    discard: () => removeFiles(folder),
    warn,
  });
}

/** For the log, and the index of that: SQLite fails without them. */
const ROOM_BYTES = 128 * 1024;
const ROOM_FILE = "room.tmp";

/** @throws {Error} when the disk has no room for what SQLite keeps beside the file. */
function requireRoom(folder: string): void {
  const path = `${folder}/${ROOM_FILE}`;
  try {
    Deno.writeFileSync(path, new Uint8Array(ROOM_BYTES), { mode: 0o600 });
  } finally {
    removeIfThere(path);
  }
}

/** One that can be written to: some disks tell only then that they have no room. */
function newFile(folder: string): DatabaseSync {
  const database = openFile(folder, true);
  try {
    requireRoom(folder);
    beginMaking(database);
    return database;
  } catch (error) {
    database.close();
    removeFiles(folder);
    throw error;
  }
}

export function openFile(folder: string, fresh: boolean): DatabaseSync {
  Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (fresh) removeFiles(folder);
  const path = `${folder}/${FILE}`;
  // What SQLite makes beside it may be read by those who may read this one.
  Deno.openSync(path, { write: true, create: true, mode: 0o600 }).close();
  return new DatabaseSync(path);
}

function removeFiles(folder: string): void {
  for (const suffix of SUFFIXES) removeIfThere(`${folder}/${FILE}${suffix}`);
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
