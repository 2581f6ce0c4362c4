/** `deno task journal replay-test` as a process, with the permissions of the task. */

import assert from "node:assert/strict";
import { DaybookProcess } from "../support/process/daybook_process.ts";
import { ROOT, runTask } from "../support/process/task_process.ts";
import { inFolder } from "../support/temporary_folder.ts";

const path = (relative: string) => ROOT + relative;
const NOISY = path("tests/cli/noisy_definitions.ts");
const ORDER = { type: "order.fulfil", jobId: "order-42", input: { orderId: "42", amount: 1999 } };

/** With permission to read the named folder instead of `journal`. */
async function replayTest(reads: string, args: readonly string[]) {
  const { code, output, errors } = await runTask("journal", ["replay-test", ...args], {
    journal: reads,
  });
  return { code, lines: output.split("\n").filter((line) => line !== ""), errors };
}

async function post(daybook: DaybookProcess, job: unknown): Promise<void> {
  const response = await daybook.post("/jobs", job);
  assert.equal(response.status, 202, await response.text());
}

Deno.test("replay-test: it reads beside a running server, and side effects of run do no harm", () =>
  inFolder(async (journal) => {
    const daybook = await DaybookProcess.start({
      journal,
      args: [`--definitions=${NOISY}`],
      permissions: [`--allow-read=${NOISY},${path("src")}`],
    });
    await post(daybook, ORDER);
    await post(daybook, { type: "test.noisy", input: {} });
    const reads = `${journal},${NOISY},${path("src")}`;
    const args = [`--journal=${journal}`, `--definitions=${NOISY}`];
    const { code, lines, errors } = await replayTest(reads, args);
    await daybook.kill();

    assert.deepEqual([code, errors], [0, ""]);
    const records = lines.map((line) => JSON.parse(line));
    assert.deepEqual(
      records.slice(0, 2).map(({ kind, type, compatible }) => [kind, type, compatible]),
      [["type", "order.fulfil", 1], ["type", "test.noisy", 1]],
    );
    assert.equal(records[2].verdict, "compatible");
  }));

Deno.test("replay-test: it names the permission that a module of definitions lacks", () =>
  inFolder(async (journal) => {
    const { code, errors } = await replayTest(journal, [`--definitions=${NOISY}`]);

    assert.equal(code, 64);
    assert.match(
      errors,
      /Cannot load --definitions .*, add --allow-read=\S*noisy_definitions\.ts,src\n/,
    );
  }));

Deno.test("replay-test: a folder that cannot be read ends with 74, and says why", () =>
  inFolder(async (folder) => {
    const missing = await replayTest(folder, [`--journal=${folder}/nothing`]);
    const forbidden = await replayTest(folder, ["--journal=/elsewhere"]);

    assert.deepEqual([missing.code, forbidden.code], [74, 74]);
    assert.match(
      missing.errors,
      /^daybook: Cannot read journal \S+\/nothing: the folder does not exist$/m,
    );
    assert.match(
      forbidden.errors,
      /^daybook: cannot read \/elsewhere: permission is missing, add --allow-read=\/elsewhere\n/,
    );
  }));
