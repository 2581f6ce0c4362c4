/**
 * Daybook with a defect, for a test that has to notice it: no folder is ever synced, so
 * that the names of new segments are not on disk, however well their content is.
 */

import { DenoFileSystem } from "../../../src/journal/deno_file_system.ts";

DenoFileSystem.prototype.syncFolder = () => Promise.resolve();

await import("../../../main.ts");
