/**
 * `limited_server.ts`; on SIGUSR2 it collects all garbage and prints the memory that is still in
 * use.
 */

import { usedMebibytes } from "./memory_use.ts";

Deno.addSignalListener("SIGUSR2", () => console.log(`in use: ${usedMebibytes()} MiB`));

await import("../support/process/limited_server.ts");
