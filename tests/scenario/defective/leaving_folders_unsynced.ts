/**
 * Daybook with a defect that a test must catch: when a segment is full, the name of the next one is
 * not synced, although its content is.
 */

import { DenoFileSystem } from "../../../src/journal/files/deno_file_system.ts";

const syncFolder = DenoFileSystem.prototype.syncFolder;
let isFirst = true;

DenoFileSystem.prototype.syncFolder = async function (path) {
  if (!path.endsWith("/segments")) return await syncFolder.call(this, path);
  // The first sync is that of the start.
  if (isFirst) await syncFolder.call(this, path);
  isFirst = false;
};

await import("../../../main.ts");
