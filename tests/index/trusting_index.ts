/** An index with a defect that tests must catch: rows of a formerly longer journal stay in it. */

import { DatabaseSync } from "node:sqlite";
import { FILE, type IndexOptions } from "../../src/index/open_index.ts";
import { SqliteJobIndex } from "../../src/index/sqlite_job_index.ts";

const FORGET_NOTHING = `
  CREATE TEMP TRIGGER keep_states BEFORE DELETE ON states BEGIN SELECT RAISE(IGNORE); END;
  CREATE TEMP TRIGGER keep_jobs BEFORE DELETE ON jobs BEGIN SELECT RAISE(IGNORE); END;
  CREATE TEMP TRIGGER keep_rows BEFORE UPDATE OF last ON jobs WHEN new.last < old.last
    BEGIN SELECT RAISE(IGNORE); END;
  UPDATE points SET jobs = (SELECT count(*) FROM jobs);
`;

export function trustingIndexIn({ folder, warn }: IndexOptions): SqliteJobIndex {
  const path = `${folder}/${FILE}`;
  const open = (fresh: boolean) => {
    if (fresh) Deno.removeSync(path);
    const database = new DatabaseSync(path);
    if (!fresh) database.exec(FORGET_NOTHING);
    return database;
  };
  return new SqliteJobIndex({ open, discard: () => {}, warn });
}
