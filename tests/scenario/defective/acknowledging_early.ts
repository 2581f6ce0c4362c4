/**
 * Daybook with a defect that a test must catch: a sync returns at once and happens later, so that
 * acknowledged entries are not on disk yet.
 */

import { DenoFileSystem } from "../../../src/journal/files/deno_file_system.ts";

const LATE_MS = 500;
const open = DenoFileSystem.prototype.open;

DenoFileSystem.prototype.open = async function (path, mode) {
  const file = await open.call(this, path, mode);
  const syncData = file.syncData.bind(file);
  file.syncData = () => {
    setTimeout(() => void syncData().catch(() => {}), LATE_MS);
    return Promise.resolve();
  };
  return file;
};

await import("../../../main.ts");
