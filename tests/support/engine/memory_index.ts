/** The index of ended jobs without files: each job moves to it as soon as it has ended. */

import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { SqliteJobIndex } from "../../../src/index/sqlite_job_index.ts";

const TABLES = ["jobs", "states", "event_ids", "young_ids", "points"];

export class MemoryIndex extends SqliteJobIndex {
  readonly #database: { now: DatabaseSync };

  private constructor(database: { now: DatabaseSync }) {
    super({
      open: (fresh) => fresh ? database.now = emptied(database.now) : database.now,
      discard: () => {},
      batch: 1,
      warn: () => {},
    });
    this.#database = database;
  }

  get #hasTables(): boolean {
    const found = this.#database.now.prepare("SELECT name FROM sqlite_schema WHERE name = 'jobs'");
    return found.get() !== undefined;
  }

  static empty(): MemoryIndex {
    return new MemoryIndex({ now: new DatabaseSync(":memory:") });
  }

  /** The index that a new process finds, whatever the previous one still writes. */
  asAfterKill(): MemoryIndex {
    const copy = MemoryIndex.empty();
    if (!this.#hasTables) return copy;
    copy.begin(undefined);
    for (const table of TABLES) {
      for (const row of this.#database.now.prepare(`SELECT * FROM ${table}`).all()) {
        const values = Object.values(row) as SQLInputValue[];
        const places = values.map(() => "?").join(", ");
        copy.#database.now.prepare(`INSERT INTO ${table} VALUES (${places})`).run(...values);
      }
    }
    // A copy that did not see the rows being added.
    return new MemoryIndex({ now: copy.#database.now });
  }
}

/** Making the tables takes longer than many a test. */
function emptied(database: DatabaseSync): DatabaseSync {
  if (!database.isOpen) return new DatabaseSync(":memory:");
  const made = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  for (const { name } of made) database.exec(`DELETE FROM ${name}`);
  return database;
}
