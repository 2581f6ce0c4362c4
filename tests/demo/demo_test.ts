/** The demo has the jobs that it lists, as its JSON routes and its journal show. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { CONDITIONS } from "../../src/core/condition.ts";
import { jobAnswer, jobsAnswer } from "../../src/documents/answers/job.ts";
import { DemoProcess } from "../support/process/demo_process.ts";
import { LineProcess } from "../support/process/line_process.ts";
import { runTask, taskCommand } from "../support/process/task_process.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { TextLineStream } from "../support/text_lines.ts";

async function jsonAt(demo: DemoProcess, path: string): Promise<unknown> {
  const response = await fetch(demo.url + path);
  return await response.json();
}

async function jobIn(demo: DemoProcess, situation: string) {
  return v.parse(jobAnswer, await jsonAt(demo, `/jobs/${demo.jobIn(situation)}`));
}

async function explanationOf(demo: DemoProcess, situation: string): Promise<string> {
  const response = await fetch(`${demo.url}/jobs/${demo.jobIn(situation)}/explain?format=text`);
  return await response.text();
}

/** Expectations about jobs that ended. */
async function checkRuns(demo: DemoProcess): Promise<void> {
  assert.equal((await jobIn(demo, "done")).state, "Done");
  const statusOf = async (situation: string, taskId: string) =>
    (await jobIn(demo, situation)).tasks.find((task) => task.taskId === taskId)?.status;
  assert.equal((await jobIn(demo, "backing off")).condition, "backingOff");
  assert.equal(await statusOf("backing off", "send"), "backingOff");
  assert.equal((await jobIn(demo, "sleeping")).condition, "sleeping");
  assert.equal(await statusOf("sleeping", "payment-term"), "sleeping");
  assert.equal((await jobIn(demo, "compensated")).failure?.recoveryRequired, false);
  assert.equal(await statusOf("compensated", "reserve"), "compensated");
  assert.equal((await jobIn(demo, "recovery required")).failure?.recoveryRequired, true);
  assert.equal((await jobIn(demo, "poison")).failure?.kind, "poison");
  assert.equal((await jobIn(demo, "dead letter")).failure?.kind, "deadLetter");
  assert.equal((await jobIn(demo, "cancelled")).condition, "cancelled");
  assert.equal(await statusOf("cancelled", "charge"), "compensated");
}

/** Expectations about unfinished jobs. */
async function checkOperation(demo: DemoProcess): Promise<void> {
  assert.equal((await jobIn(demo, "suspended")).condition, "suspended");
  assert.equal((await jobIn(demo, "scheduled")).condition, "scheduled");
  assert.equal((await jobIn(demo, "created")).condition, "created");
  const retried = await jobIn(demo, "retried");
  assert.equal(retried.retryOf, "payout-okafor");
  assert.equal(retried.condition, "succeeded");
  const executing = await jobIn(demo, "executing");
  assert.equal(executing.condition, "executing");
  const progress = executing.tasks.find(({ taskId }) => taskId === "count")?.progress;
  assert.equal(progress?.total, 1_800);
}

/** Expectations about jobs that wait for events. */
async function checkEvents(demo: DemoProcess): Promise<void> {
  assert.equal((await jobIn(demo, "waiting")).condition, "waiting");
  assert.match(
    await explanationOf(demo, "waiting"),
    /orderId:\s+expected\s+"2002"\s+\(text\),\s+found\s+2002\s+\(number\)/,
  );
  const { type, expected } = await jobIn(demo, "plan without code");
  assert.equal(type, null);
  assert.deepEqual(expected.map(({ id, matched, required }) => [id, matched, required]), [
    ["paid", 0, 1],
    ["parts", 2, 3],
  ]);
  assert.equal((await jobIn(demo, "compensating")).condition, "compensating");
}

async function conditionsIn(demo: DemoProcess): Promise<ReadonlySet<string>> {
  const { jobs } = v.parse(jobsAnswer, await jsonAt(demo, "/jobs?limit=500"));
  return new Set(jobs.map(({ condition }) => condition));
}

/** Resolves when a job is created after now. */
async function untilNewJob({ url }: DemoProcess): Promise<void> {
  const { body } = await fetch(`${url}/stream?types=job.JobCreated`);
  for await (const line of body?.pipeThrough(new TextLineStream()) ?? []) {
    if (line.startsWith("data:")) return;
  }
}

async function checkJournal(folder: string): Promise<void> {
  const options = { journal: folder };
  const { code, output, errors } = await runTask(
    "journal",
    ["verify", "--journal", folder],
    options,
  );
  assert.equal(code, 0, output + errors);
  assert.match(output, /"verdict":"intact"/);
  const segments = await Array.fromAsync(Deno.readDir(`${folder}/segments`));
  const texts = await Promise.all(
    segments.map(({ name }) => Deno.readTextFile(`${folder}/segments/${name}`)),
  );
  assert.ok(texts.join("").includes('"supplier":"Petrov"'));
  assert.ok(!texts.join("").includes("DE02 1203"), "an account is a secret");
}

Deno.test("demo: there is a job in each situation and condition, and its journal is intact", () =>
  inFolder(async (folder) => {
    const demo = await DemoProcess.start({ folder, args: ["--still"] });
    // First, wait until the queue is empty.
    const queued = await jobIn(demo, "queued");
    const conditions = await conditionsIn(demo);
    await checkRuns(demo);
    await checkOperation(demo);
    await checkEvents(demo);
    assert.equal(await demo.stop(), 0);
    await checkJournal(folder);

    assert.equal(queued.condition, "queued");
    // The code of the demo created its jobs, so none is parked.
    const all = CONDITIONS.filter((condition) => condition !== "parked");
    assert.deepEqual([...conditions].toSorted(), all.toSorted());
  }));

/** Occupies the usual port; if another process has it, that serves as well. */
function holdPort(port: number): { readonly close: () => void } {
  try {
    return Deno.listen({ hostname: "127.0.0.1", port });
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return { close: () => {} };
    throw error;
  }
}

Deno.test("demo: the shop keeps running at the last printed link, and leaves no folder behind", () =>
  inFolder(async (folder) => {
    const held = holdPort(8_000);
    const demo = await DemoProcess.start({ folder, args: ["--rate", "50"], plain: true });
    await untilNewJob(demo);
    const link = /open +(http:\S+)/.exec(demo.output.slice(-4).join("\n"))?.[1];
    const path = /^journal: (\S+)/m.exec(demo.output.join("\n"))?.[1];
    const response = await fetch(link ?? "");
    await response.body?.cancel();
    const segments = await Array.fromAsync(Deno.readDir(`${folder}/${path}/segments`));
    assert.equal(await demo.stop(), 0);
    held.close();
    const left = await Array.fromAsync(Deno.readDir(`${folder}/journal`));

    assert.equal(link, `${demo.url}/`);
    assert.notEqual(new URL(demo.url).port, "8000", "which was taken");
    assert.equal(response.status, 200);
    assert.deepEqual([segments.length, left], [1, []]);
  }));

Deno.test("demo: a stop while the shop opens leaves no folder behind", () =>
  inFolder(async (folder) => {
    const args = ["--port=0", "--still"];
    const demo = new LineProcess(taskCommand("demo", args, { cwd: folder }).spawn());
    await demo.first((line) => line.startsWith("the shop is opening") || undefined);
    assert.equal(await demo.stop(), 0, demo.text);
    assert.match(demo.text, /stopped; the journal is deleted/);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(`${folder}/journal`)), []);
  }));

Deno.test("demo: a folder that is not empty is refused, with what it contains", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/notes.txt`, "mine");
    const { code, errors } = await runTask("demo", [`--keep=${folder}`], { journal: folder });
    assert.equal(code, 74);
    assert.match(errors, /it contains notes\.txt, and a demo needs an empty folder/);
    assert.equal(await Deno.readTextFile(`${folder}/notes.txt`), "mine");
  }));
