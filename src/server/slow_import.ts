/**
 * Says that an import takes long while it lasts. A thread of its own says it, since a module may
 * loop at its top level, and then no timer of the importer would ring.
 */

import { Worker } from "node:worker_threads";

const SAYS_LATER = `
  const { workerData: { line, afterMs } } = require("node:worker_threads");
  setTimeout(() => Deno.stderr.writeSync(new TextEncoder().encode(line)), afterMs);
`;

/** With a line on the standard error output when the import has not ended after some time. */
export async function withWordOfSlowImport<Result>(
  line: string,
  afterMs: number,
  load: () => Promise<Result>,
): Promise<Result> {
  const thread = new Worker(SAYS_LATER, {
    eval: true,
    workerData: { line: `${line}\n`, afterMs },
  });
  // Without it an import is as good, but for the word.
  thread.on("error", () => {});
  thread.unref();
  try {
    return await load();
  } finally {
    await thread.terminate();
  }
}
