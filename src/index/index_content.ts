/** All that an index holds, a page at a time, to be compared with another. */

import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import type { LogId } from "../core/ids.ts";
import { FILE } from "./open_index.ts";
import { SCHEMA_VERSION } from "./schema.ts";

const PAGE = 500;

type Row = Readonly<Record<string, SQLInputValue>>;

/** What `IndexAudit` compares; it is read, and never written. */
export class SqliteContent implements Disposable {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  upTo(): LogId {
    const row = this.#database.prepare("SELECT max(logId) AS logId FROM points").get();
    return (row?.logId ?? 0) as LogId;
  }

  *jobs() {
    const statement = this.#database.prepare(
      "SELECT jobs.*, states.trail, states.job FROM jobs LEFT JOIN states ON states.last = jobs.last " +
        "WHERE jobs.first > ? ORDER BY jobs.first LIMIT ?",
    );
    for (let at = 0;;) {
      const rows = statement.all(at, PAGE) as Row[];
      for (const row of rows) yield heldJob(row);
      const last = rows.at(-1);
      if (last === undefined) return;
      at = last.first as LogId;
    }
  }

  *ids() {
    const after = "WHERE (hash, logId) > (?1, ?2)";
    const statement = this.#database.prepare(
      `SELECT hash, logId FROM event_ids ${after} UNION SELECT hash, logId FROM young_ids ${after} ` +
        "ORDER BY hash, logId LIMIT ?3",
    );
    for (let [hash, logId] = [-1, 0];;) {
      const rows = statement.all(hash, logId, PAGE) as Row[];
      for (const row of rows) yield [row.hash as number, row.logId as LogId] as const;
      const last = rows.at(-1);
      if (last === undefined) return;
      [hash, logId] = [last.hash as number, last.logId as LogId];
    }
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

function heldJob(row: Row) {
  return {
    jobId: row.job_id as string,
    firstLogId: row.first as LogId,
    lastLogId: row.last as LogId,
    isAwake: row.awake !== 0,
    content: row,
  };
}

/**
 * The index of a journal; `undefined` when there is none, or another version made it.
 *
 * @throws {Error} when it cannot be read.
 */
export function indexContentIn(folder: string): SqliteContent | undefined {
  const path = `${folder}/${FILE}`;
  if (!isThere(path)) return undefined;
  const database = new DatabaseSync(path, { readOnly: true });
  const { user_version: version } = database.prepare("PRAGMA user_version").get() ?? {};
  if (version === SCHEMA_VERSION) return new SqliteContent(database);
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
