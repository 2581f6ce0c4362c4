/** Uncaught errors of job code, in the real process. */

import assert from "node:assert/strict";
import { DaybookProcess } from "../support/process/daybook_process.ts";
import { inFolder } from "../support/temporary_folder.ts";

const DEFINITIONS = new URL("./uncaught_definitions.ts", import.meta.url).pathname;
const SOURCE = new URL("../..", import.meta.url).pathname;

interface Ended {
  readonly jobId: string;
  readonly state: string;
  readonly failure: { readonly error: { readonly message: string } } | null;
}

Deno.test("uncaught: an error thrown in a timer fails its attempt, is logged with the step, and ends nothing else", () =>
  inFolder(async (journal) => {
    const daybook = await DaybookProcess.start({
      journal,
      args: ["--definitions", DEFINITIONS],
      permissions: [`--allow-read=${SOURCE}`],
    });
    const ended: Record<string, Ended> = {};
    for (const type of ["plain", "proxy", "message", "lines", "rejects"]) {
      const body = { type: `uncaught.${type}`, input: {} };
      const answer = await daybook.post("/jobs", body, { prefer: "wait=60" });
      ended[type] = await answer.json();
    }
    assert.equal(await daybook.stop(), 0, "the process is there to be stopped in order");

    const messages = Object.values(ended).map(({ failure }) => failure?.error.message);
    const unread = ["(something that cannot be read)", "(its message cannot be read)"];
    const lines = "declined\njob_2 pay 1: paid";
    assert.deepEqual(messages, ["in a timer", ...unread, lines, undefined]);
    assert.equal(ended["rejects"]?.state, "Done");
    const text = daybook.output.join("\n");
    for (const type of ["plain", "proxy", "message"]) {
      const { jobId } = ended[type] as Ended;
      const told = `daybook: uncaught error in task later of job ${jobId}, attempt 1: `;
      assert.ok(text.includes(told), text);
    }
    assert.match(
      text,
      /declined\n {2}job_2 pay 1: paid\n/,
      "no line looks like one of another job",
    );
    const { jobId } = ended["rejects"] as Ended;
    assert.ok(
      text.includes(`unhandled rejection in task forget of job ${jobId}, attempt 1: `),
      text,
    );
  }));
