/**
 * An index for one proof of a journal, in a folder of its own beside the segments. What a proof
 * left there that was killed goes with one of the next days.
 */

import { DatabaseSync } from "node:sqlite";
import { openFile } from "./open_index.ts";
import { SqliteJobIndex } from "./sqlite_job_index.ts";

const PREFIX = "verifying-";
const FORGOTTEN_AFTER_MS = 86_400_000;

/** To be disposed of, with its files. */
export interface ScratchIndex extends Disposable {
  readonly index: SqliteJobIndex;
}

/** In memory where the folder cannot be written, such as that of a copy. */
export function scratchIndexIn(folder: string): ScratchIndex {
  const own = made(folder);
  const open = (fresh: boolean) =>
    own === undefined ? new DatabaseSync(":memory:") : openFile(own, fresh);
  const index = new SqliteJobIndex({ open, discard: () => {}, warn: () => {} });
  return {
    index,
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
