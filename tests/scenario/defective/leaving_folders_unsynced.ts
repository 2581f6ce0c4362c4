/**
 * Daybook with a defect, for a test that has to notice it: when a segment is full, the
 * name of the next one is not synced, however well its content is.
 */

import { DenoFileSystem } from "../../../src/journal/deno_file_system.ts";

const syncFolder = DenoFileSystem.prototype.syncFolder;
let isFirst = true;

DenoFileSystem.prototype.syncFolder = async function (path) {
  if (!path.endsWith("/segments")) return await syncFolder.call(this, path);
  // The first is that of the start.
  if (isFirst) await syncFolder.call(this, path);
  isFirst = false;
};

await import("../../../main.ts");
