import assert from "node:assert/strict";
import { testWithHomes } from "./journal_home.ts";
import { DEFINITIONS, planFor } from "./journal_kinds.ts";
import { runTask, taskCommand } from "../support/process/task_process.ts";
import { TextLineStream } from "../support/text_lines.ts";

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

    assert.deepEqual([elsewhere.code, written.code, read.code], [74, 74, 74]);
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
