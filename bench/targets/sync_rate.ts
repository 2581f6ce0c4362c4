/** How fast the disk is right now: whatever waits for it can be no faster. */

import { withFolder } from "../folder.ts";
import { perSecond } from "../figures.ts";

const BYTES = 4_096;
const MEASURED_MS = 1_000;

/** Blocks written and synced a second, one after the other. */
export function syncRate(): Promise<number> {
  return withFolder(async (folder) => {
    using file = await Deno.open(`${folder}/synced`, { write: true, create: true });
    const block = new Uint8Array(BYTES).fill(0x61);
    const started = performance.now();
    let syncs = 0;
    for (; performance.now() - started < MEASURED_MS; syncs++) {
      await file.write(block);
      await file.syncData();
    }
    return perSecond(syncs, performance.now() - started);
  });
}
