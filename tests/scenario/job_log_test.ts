/** Job logs, from `task.log` to the page, the API and the log of the server. */

import assert from "node:assert/strict";
import { DaybookProcess, type ProcessOptions } from "../support/process/daybook_process.ts";
import { ROOT } from "../support/process/task_process.ts";
import { inFolder } from "../support/temporary_folder.ts";

const DEFINITIONS = `${ROOT}tests/support/process/isolated_definitions.ts`;

async function submit(daybook: DaybookProcess, type: string, input: unknown, jobId: string) {
  const headers = { prefer: "wait=60" };
  const response = await daybook.post("/jobs", { type, input, jobId }, headers);
  assert.equal((await response.json()).state, "Done");
}

interface Log {
  readonly lines: readonly { readonly message: string; readonly taskId: string }[];
  readonly hasMore: boolean;
}

Deno.test("task.log: its lines, and output printed in a thread, name their job everywhere", async () => {
  await inFolder(async (folder) => {
    const options: ProcessOptions = {
      journal: `${folder}/journal`,
      definitions: DEFINITIONS,
      args: ["--log=json"],
    };
    const daybook = await DaybookProcess.start(options);
    await submit(daybook, "isolated.talkative", { password: "hunter2222" }, "job_t");
    await submit(daybook, "inside.talkative", { lines: 3 }, "job_i");
    const log = await daybook.get("/jobs/job_t/log") as Log;
    const response = await fetch(`${daybook.url}/ui/jobs/job_t`, {
      headers: { accept: "text/html" },
    });
    const page = await response.text();
    const unknown = await fetch(`${daybook.url}/jobs/job_none/log`);
    await unknown.body?.cancel();
    assert.equal(await daybook.stop(), 0);
    const again = await DaybookProcess.start({ ...options, args: options.args?.slice(0, 1) ?? [] });
    const later = await again.get("/jobs/job_i/log?limit=2") as Log;
    assert.equal(await again.stop(), 0);

    const said = log.lines.map(({ taskId, message }) => `${taskId}: ${message}`);
    assert.deepEqual(said, ["main: in run", "talk: begins", "talk: printed with [secret]"]);
    assert.match(page, /printed with \[secret\]/);
    assert.match(page, /is not part of the journal/);
    assert.equal(unknown.status, 404);
    const printed = daybook.output.filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line));
    assert.equal(printed.length, daybook.output.length);
    const line = printed.find(({ message }) => message === "begins");
    assert.deepEqual(
      { ...line, time: "", executionId: "" },
      {
        ...{ time: "", level: "info", message: "begins", jobId: "job_t", taskId: "talk" },
        ...{ attempt: 1, executionId: "", data: { left: 2, password: "[secret]" } },
      },
    );
    assert.deepEqual(later.lines.map(({ message }) => message), ["line 3", "odd"]);
    assert.equal(later.hasMore, true);
  });
});
