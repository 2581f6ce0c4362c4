/**
 * Daybook with a defect that a test must catch: acknowledged entries are still in the memory of the
 * process, and are written later.
 */

import { DenoFileSystem } from "../../../src/journal/files/deno_file_system.ts";

const LATE_MS = 500;
const open = DenoFileSystem.prototype.open;

DenoFileSystem.prototype.open = async function (path, mode) {
  const file = await open.call(this, path, mode);
  if (mode !== "write") return file;
  const [write, isAt] = [file.write.bind(file), file.isAt.bind(file)];
  let written = Promise.resolve();
  file.write = (offset, bytes) => {
    const copy = bytes.slice();
    const late = new Promise((resolve) => setTimeout(resolve, LATE_MS));
    written = Promise.all([written, late]).then(() => write(offset, copy));
    return Promise.resolve();
  };
  // Otherwise the process would notice by itself that its file is too short.
  file.isAt = (path) => isAt(path, 0);
  return file;
};

await import("../../../main.ts");
