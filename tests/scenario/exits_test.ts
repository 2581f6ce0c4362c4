/** Code of jobs that ends the process, in the real process. */

import assert from "node:assert/strict";
import { DaybookProcess } from "../support/process/daybook_process.ts";
import { inFolder } from "../support/temporary_folder.ts";

const DEFINITIONS = new URL("./exiting_definitions.ts", import.meta.url).pathname;
const SOURCE = new URL("../..", import.meta.url).pathname;

const CASES = [
  ["exiting.task", "deno", "in task leave of job j-1, attempt 1", 0],
  ["exiting.task", "later", "in task leave of job j-1, attempt 1", 78],
  ["exiting.run", "node", "outside of tasks", 0],
  ["exiting.schema", "named", "outside of tasks", 64],
] as const;

for (const [type, how, where, code] of CASES) {
  Deno.test(`exit: ${type}, ${how}: the log names the code, and the exit code asks for a restart`, () =>
    inFolder(async (journal) => {
      const daybook = await DaybookProcess.start({
        journal,
        args: ["--definitions", DEFINITIONS],
        permissions: [`--allow-read=${SOURCE}`],
      });
      const answer = await daybook.post("/jobs", { type, jobId: "j-1", input: { how } })
        .catch(() => undefined);
      await answer?.body?.cancel().catch(() => {});

      assert.equal(await daybook.exitCode(), 75);
      const said =
        `daybook: code ${where} called Deno.exit or process.exit, with exit code ${code}`;
      assert.ok(daybook.output.some((line) => line.startsWith(said)), daybook.output.join("\n"));
    }));
}
