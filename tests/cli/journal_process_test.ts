/** `deno task journal` as a process, with the permissions of the task. */

import assert from "node:assert/strict";
import { testWithHomes } from "./journal_home.ts";
import { DEFINITIONS, planFor } from "./journal_kinds.ts";
import { ROOT, runTask, taskCommand } from "../support/process/task_process.ts";
import { TextLineStream } from "../support/text_lines.ts";
import { DaybookProcess } from "../support/process/daybook_process.ts";
import { inFolder } from "../support/temporary_folder.ts";

/** Runs in a folder whose `journal` the permissions of the task cover. */
function journalTask(cwd: string, args: readonly string[], input = "") {
  return runTask("journal", args, { cwd, input });
}

testWithHomes(
  "journal task: a job is piped from one folder to another with the permissions of the task",
  DEFINITIONS,
  async (old, fresh) => {
    await old.start();
    const id = await old.create({ plan: planFor("a") });
    await old.event("shop.Paid", { orderId: "a" });

    await Deno.mkdir(fresh.path("journal")); // As in a checkout: it is there.

    const exported = await journalTask(old.path(""), ["export", id]);
    const imported = await journalTask(fresh.path(""), ["import", "-"], exported.output);
    const proved = await journalTask(fresh.path(""), ["verify"]);

    assert.deepEqual([exported.code, exported.errors], [0, ""]);
    assert.deepEqual([imported.code, imported.errors], [0, ""]);
    assert.equal(JSON.parse(imported.output).jobId, id);
    assert.deepEqual([proved.code, proved.errors], [0, ""]);
    await fresh.start();
    assert.equal(fresh.job(id).state, "Done");
  },
);

testWithHomes(
  "journal task: if a permission is missing it says what to do",
  DEFINITIONS,
  async (old) => {
    await old.start();
    const id = await old.create({ plan: planFor("a") });
    const cwd = old.path("");

    const elsewhere = await journalTask(cwd, ["export", id, "--journal", "/elsewhere/other"]);
    const written = await journalTask(cwd, ["export", id, "-o", "/elsewhere/job.ndjson"]);
    const read = await journalTask(cwd, ["import", "/elsewhere/job.ndjson"]);
    const proved = await journalTask(cwd, ["verify", "--journal=/elsewhere"]);

    const answers = [elsewhere, written, read, proved];
    assert.deepEqual(answers.map(({ code }) => code), [74, 74, 74, 74]);
    assert.match(
      proved.errors,
      /cannot read \/elsewhere: permission is missing, add --allow-read=\/elsewhere/,
    );
    assert.match(elsewhere.errors, /permission is missing, add --allow-read=\/elsewhere\/other/);
    assert.match(
      written.errors,
      /add --allow-write=\/elsewhere\/job.ndjson; without --output it goes to/,
    );
    assert.match(
      read.errors,
      /add --allow-read=\/elsewhere\/job.ndjson, or import - < \/elsewhere\/job.ndjson/,
    );
  },
);

testWithHomes(
  "journal task: Ctrl-C ends cat --follow without a failure",
  DEFINITIONS,
  async (old) => {
    await old.start();
    await old.create({ plan: planFor("a") });
    const following = taskCommand("journal", ["cat", "--follow"], { cwd: old.path("") }).spawn();
    const lines = following.stdout.pipeThrough(new TextLineStream()).getReader();
    const { value = "" } = await lines.read();
    following.kill("SIGINT");
    await lines.cancel();
    const errors = await new Response(following.stderr).text();

    assert.equal(JSON.parse(value).eventType, "journal.SegmentOpened");
    assert.deepEqual([(await following.status).code, errors], [0, ""]);
  },
);

// `deno task journal replay-test` as a process, with the permissions of the task.

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

Deno.test("verify: while a server runs, everything that it serves is compared", () =>
  inFolder(async (journal) => {
    const args = ["--segment-bytes", "4096", "--snapshot-every", "100"];
    const daybook = await DaybookProcess.start({ journal, args });
    try {
      for (let order = 0; order < 40; order++) {
        const input = { orderId: `${order}`, amount: order % 3 === 0 ? 500_000 : 1999 };
        const response = await daybook.post("/jobs", { type: "order.fulfil", input });
        assert.equal(response.status, 202);
        await response.body?.cancel();
      }
      const served = ["verify", `--journal=${journal}`, `--url=${daybook.url}`];
      const { code, output: out, errors: err } = await runTask("journal", served, { journal });
      assert.equal(err, "");
      const result = JSON.parse(out);
      assert.match(
        result.detail,
        /^intact: \d+ entries in \d+ segments, .* 40 jobs as served; head/,
      );
      assert.ok(result.segments >= 3, out);
      assert.equal(code, 0);
    } finally {
      assert.equal(await daybook.stop(), 0);
    }
    const alone = ["verify", `--journal=${journal}`, "--no-server"];
    const stopped = await runTask("journal", alone, { journal });
    assert.equal(stopped.code, 0);
    assert.ok(JSON.parse(stopped.output).snapshots >= 1);
  }));
