/**
 * An index for one verification of a journal, in a folder of its own beside the segments. If the
 * process is killed (SIGKILL), a verification on a later day removes the folder.
 */

import { DatabaseSync } from "node:sqlite";
import type { Row } from "./database.ts";
import { openInMemory, orClosed, versionOf } from "./database_files.ts";
import { FILE, openFile, requireRoom } from "./open_index.ts";
import { SqliteJobIndex } from "./sqlite_job_index.ts";
import type { LogId } from "../core/ids.ts";
import type { KnownEntry } from "../engine/ports.ts";
import { CACHE_VERSION } from "../engine/writer/snapshot_content.ts";
import { knownEntry } from "./job_row.ts";

const PREFIX = "verifying-";
const FORGOTTEN_AFTER_MS = 86_400_000;

/** Deletes its files when disposed. */
interface ScratchIndex extends Disposable {
  readonly index: SqliteJobIndex;
  /** What it holds so far; closed with the index. */
  content(): SqliteContent;
  /** What the index of the journal holds; `undefined` when there is nothing to compare. */
  held(): SqliteContent | undefined;
  /** As in `JobIndex`, of the index of the journal. */
  known(upTo: LogId): KnownEntry | undefined;
}

/**
 * Creates one; in memory if the folder cannot be written to, as with a copy or on a full disk.
 *
 * @param journal The folders of the journal and of its index.
 */
export function scratchIndexIn(
  journal: { readonly folder: string; readonly index: string },
): ScratchIndex {
  const own = made(journal.folder);
  const remove = () => {
    if (own !== undefined) Deno.removeSync(own, { recursive: true });
  };
  // A command that a signal ends disposes of nothing.
  globalThis.addEventListener("unload", remove);
  let database: DatabaseSync | undefined;
  const open = (fresh: boolean) =>
    database = own === undefined ? openInMemory() : openFile(own, fresh);
  const index = new SqliteJobIndex({ open, discard: () => {}, warn: () => {} });
  return {
    index,
    content() {
      if (database === undefined) {
        throw new TypeError("Cannot read a scratch index: it is not open");
      }
      return new SqliteContent(database);
    },
    held: () => indexContentIn(journal.index),
    known(upTo) {
      try {
        using held = indexContentIn(journal.index);
        return held?.known(upTo);
      } catch {
        return undefined; // `held` reports it.
      }
    },
    [Symbol.dispose]() {
      index.close();
      globalThis.removeEventListener("unload", remove);
      remove();
    },
  };
}

function made(folder: string): string | undefined {
  let own: string | undefined;
  try {
    removeForgotten(folder);
    own = Deno.makeTempDirSync({ dir: folder, prefix: PREFIX });
    requireRoom(own);
    return own;
  } catch {
    if (own !== undefined) Deno.removeSync(own, { recursive: true });
    return undefined;
  }
}

function removeForgotten(folder: string): void {
  for (const { name } of Deno.readDirSync(folder)) {
    const path = `${folder}/${name}`;
    if (name.startsWith(PREFIX) && isForgotten(path)) Deno.removeSync(path, { recursive: true });
  }
}

function isForgotten(path: string): boolean {
  const changed = Deno.statSync(path).mtime?.getTime() ?? Infinity;
  return Date.now() - changed > FORGOTTEN_AFTER_MS;
}

const PAGE = 500;

/** What `IndexAudit` compares; read only. */
class SqliteContent implements Disposable {
  constructor(private readonly database: DatabaseSync) {}

  known(upTo: LogId): KnownEntry | undefined {
    const get = (sql: string, value: LogId) => this.database.prepare(sql).get(value);
    return knownEntry(get as (sql: string, value: LogId) => Row | undefined, upTo);
  }

  upTo(): LogId {
    const row = this.database.prepare("SELECT max(logId) AS logId FROM points").get();
    return (row?.["logId"] ?? 0) as LogId;
  }

  *jobs() {
    const statement = this.database.prepare(
      "SELECT jobs.*, states.trail, states.job FROM jobs LEFT JOIN states ON states.last = jobs.last " +
        "WHERE jobs.first > ? ORDER BY jobs.first LIMIT ?",
    );
    for (let at = 0;;) {
      const rows = statement.all(at, PAGE) as Row[];
      for (const row of rows) yield heldJob(row);
      const last = rows.at(-1);
      if (last === undefined) return;
      at = last["first"] as LogId;
    }
  }

  *ids() {
    const after = "WHERE (hash, logId) > (?1, ?2)";
    const statement = this.database.prepare(
      `SELECT hash, logId FROM event_ids ${after} UNION SELECT hash, logId FROM young_ids ${after} ` +
        "ORDER BY hash, logId LIMIT ?3",
    );
    for (let [hash, logId] = [-1, 0];;) {
      const rows = statement.all(hash, logId, PAGE) as Row[];
      for (const row of rows) yield [row["hash"] as number, row["logId"] as LogId] as const;
      const last = rows.at(-1);
      if (last === undefined) return;
      [hash, logId] = [last["hash"] as number, last["logId"] as LogId];
    }
  }

  [Symbol.dispose](): void {
    this.database.close();
  }
}

function heldJob(row: Row) {
  return {
    jobId: row["job_id"] as string,
    firstLogId: row["first"] as LogId,
    lastLogId: row["last"] as LogId,
    isAwake: row["awake"] !== 0,
    content: row,
  };
}

/**
 * The index of a journal; `undefined` when there is none, or it has another version.
 *
 * @throws {Error} when it cannot be read.
 */
function indexContentIn(folder: string): SqliteContent | undefined {
  const path = `${folder}/${FILE}`;
  if (!isThere(path)) return undefined;
  const database = new DatabaseSync(path, { readOnly: true });
  const version = orClosed(database, () => versionOf(database));
  if (version === CACHE_VERSION) return new SqliteContent(database);
  database.close();
  return undefined;
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
