/**
 * Daybook with a defect that a test must catch: a failed sync is retried. The second one succeeds,
 * and what the first should have written is lost.
 */

import { DenoFileSystem } from "../../../src/journal/files/deno_file_system.ts";

const open = DenoFileSystem.prototype.open;

DenoFileSystem.prototype.open = async function (path, mode) {
  const file = await open.call(this, path, mode);
  const syncData = file.syncData.bind(file);
  file.syncData = () => syncData().catch(syncData);
  return file;
};

await import("../../../main.ts");
