/**
 * An index for one proof of a journal, in a folder of its own beside the segments. What a proof
 * left there that was killed goes with one of the next days.
 */

import { DatabaseSync } from "node:sqlite";
import { indexContentIn, SqliteContent } from "./index_content.ts";
import { openFile } from "./open_index.ts";
import { SqliteJobIndex } from "./sqlite_job_index.ts";

const PREFIX = "verifying-";
const FORGOTTEN_AFTER_MS = 86_400_000;

interface JournalFolders {
  readonly folder: string;
  readonly index: string;
}

/** To be disposed of, with its files. */
export interface ScratchIndex extends Disposable {
  readonly index: SqliteJobIndex;
  /** What it holds by now; it is closed with it. */
  content(): SqliteContent;
  /** What the index of the journal holds; `undefined` when there is none that can be compared. */
  held(): SqliteContent | undefined;
}

/**
 * In memory where the folder cannot be written, such as that of a copy.
 *
 * @param journal Its folder, and that of its index.
 */
export function scratchIndexIn(journal: JournalFolders): ScratchIndex {
  const own = made(journal.folder);
  let database: DatabaseSync | undefined;
  const open = (fresh: boolean) =>
    database = own === undefined ? new DatabaseSync(":memory:") : openFile(own, fresh);
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
    [Symbol.dispose]() {
      index.close();
      if (own !== undefined) Deno.removeSync(own, { recursive: true });
    },
  };
}

function made(folder: string): string | undefined {
  try {
    removeForgotten(folder);
    return Deno.makeTempDirSync({ dir: folder, prefix: PREFIX });
  } catch {
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
