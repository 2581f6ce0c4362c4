import assert from "node:assert/strict";
import { testWithHomes } from "../support/journal_home.ts";
import { DEFINITIONS, planFor } from "../support/journal_kinds.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** The flags of `deno task journal`, which a test runs without the shell of the task. */
async function taskArguments(): Promise<readonly string[]> {
  const { tasks } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
  const [program, ...args] = tasks.journal.command.split(" ");
  assert.equal(program, "deno");
  return args.map((arg: string) => arg.endsWith(".ts") ? ROOT + arg : arg);
}

/** Runs it in a folder whose `journal` is the one that its permissions are for. */
async function journalTask(cwd: string, args: readonly string[], input = "") {
  const [run = "", ...flags] = await taskArguments();
  const child = new Deno.Command(Deno.execPath(), {
    args: [run, `--config=${ROOT}deno.json`, ...flags, ...args],
    cwd,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

testWithHomes(
  "journal task: a job is piped from one folder to another with the permissions of the task",
  DEFINITIONS,
  async (old, fresh) => {
    await old.start();
    const id = await old.create({ plan: planFor("a") });
    await old.event("shop.Paid", { orderId: "a" });

    const exported = await journalTask(old.path(""), ["export", id]);
    const imported = await journalTask(fresh.path(""), ["import", "-"], exported.out);
    const permuted = await journalTask(fresh.path(""), ["permute", id]);

    assert.deepEqual([exported.code, exported.err], [0, ""]);
    assert.deepEqual([imported.code, imported.err], [0, ""]);
    assert.equal(JSON.parse(imported.out).jobId, id);
    assert.deepEqual([permuted.code, permuted.err], [0, ""]);
    await fresh.start();
    assert.equal(fresh.job(id).state, "Done");
  },
);

testWithHomes(
  "journal task: outside its permissions it says what to do",
  DEFINITIONS,
  async (old) => {
    await old.start();
    const id = await old.create({ plan: planFor("a") });
    const cwd = old.path("");

    const elsewhere = await journalTask(cwd, ["export", id, "--journal", "other"]);
    const written = await journalTask(cwd, ["export", id, "-o", "job.ndjson"]);
    const read = await journalTask(cwd, ["import", "job.ndjson"]);

    assert.deepEqual([elsewhere.code, written.code, read.code], [74, 74, 74]);
    assert.match(elsewhere.err, /permission is missing, add --allow-read=other\/segments/);
    assert.match(written.err, /add --allow-write=job.ndjson; without --output it goes to/);
    assert.match(read.err, /add --allow-read=job.ndjson, or import - < job.ndjson/);
  },
);
