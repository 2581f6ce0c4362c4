/** The real process: code that ends it, and code that changes while jobs are unfinished. */

import assert from "node:assert/strict";
import { DaybookProcess } from "../support/process/daybook_process.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { until } from "../support/until.ts";

const SOURCE = new URL("../../src", import.meta.url).pathname;
const HEAD = `import * as v from "valibot";\nimport { defineJob } from "${SOURCE}/mod.ts";\n`;
const EXIT_OF_TASK = 3;

interface Job {
  readonly condition: string;
  readonly state: string;
  readonly parked?: {
    readonly reason: string;
    readonly message: string;
    readonly disagreesWith?: number;
  };
}

async function optionsIn(folder: string, code: string) {
  const module = `${folder}/jobs.ts`;
  await Deno.writeTextFile(module, HEAD + code);
  return {
    journal: `${folder}/journal`,
    definitions: module,
  };
}

async function submit(daybook: DaybookProcess, type: string, jobId: string): Promise<void> {
  const response = await daybook.post("/jobs", { type, jobId, input: {} });
  assert.equal(response.status, 202, await response.text());
}

async function jobOf(daybook: DaybookProcess, jobId: string): Promise<Job> {
  return await daybook.get(`/jobs/${jobId}`) as Job;
}

/** A harmless job, and one whose task ends the process. */
function codeWith(bad: string): string {
  return `
export const good = defineJob({
  type: "demo.good", version: 1, input: v.object({}),
  run: (ctx) => ctx.task("work", () => new Promise((resolve) => setTimeout(resolve, 300))),
});
export const bad = defineJob({
  type: "demo.bad", version: 1, input: v.object({}),
  run: (ctx) => ctx.task("leave", async () => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    ${bad}
  }),
});
`;
}

const EXITS = codeWith(`Deno.exit(${EXIT_OF_TASK});`);
/** The exit code of a process that code of a job has ended, whatever the code asked for. */
const EXIT_BY_CODE = 75;
/** The exit code of a process that had to be killed. */
const EXIT_OF_STALL = 137;
/** For longer than a start blocks the event loop on a slow machine. */
const STALL_EXIT = "--stall-exit=5s";

/** The process ends three times while the task is open; then its job is parked, and no other. */
async function endsThreeTimes(code: string, exitCode: number, ...args: string[]): Promise<void> {
  await inFolder(async (folder) => {
    const common = await optionsIn(folder, code);
    const options = { ...common, args };
    const first = await DaybookProcess.start(options);
    const good = Array.from({ length: 12 }, (_, index) => `good-${index}`);
    // In one request, since the process ends soon after, on a slow machine before it answers.
    const response = await first.post("/jobs", [
      ...good.slice(0, 6).map((jobId) => ({ type: "demo.good", jobId, input: {} })),
      { type: "demo.bad", jobId: "bad", input: {} },
      ...good.slice(6).map((jobId) => ({ type: "demo.good", jobId, input: {} })),
    ]).catch(() => undefined);
    assert.equal(response?.status ?? 200, 200, await response?.text().catch(() => "cut short"));
    assert.equal(await first.exitCode(), exitCode);
    for (let exits = 1; exits < 3; exits++) {
      const next = await DaybookProcess.start(options);
      assert.equal(await next.exitCode(), exitCode);
    }
    const last = await DaybookProcess.start(options);
    const bad = await jobOf(last, "bad");
    assert.deepEqual([bad.condition, bad.parked?.reason], ["parked", "crashed"]);
    const told = /1 job of type demo\.bad is parked \(crashed\): the process ended/;
    assert.ok(await last.first((line) => told.test(line) || undefined), last.text);
    for (const jobId of good) {
      const ended = await fetch(`${last.url}/jobs/${jobId}`, { headers: { prefer: "wait=60" } });
      assert.equal((await ended.json()).state, "Done", jobId);
    }
    assert.equal(await last.stop(), 0);
  });
}

Deno.test("parked: a task that ends or blocks the process is parked after three times, and no other job is", async () => {
  await Promise.all([
    endsThreeTimes(EXITS, EXIT_BY_CODE),
    endsThreeTimes(codeWith("for (;;);"), EXIT_OF_STALL, STALL_EXIT),
  ]);
});

Deno.test("hold: a start with everything paused says how to continue, and continues then", () =>
  inFolder(async (folder) => {
    const options = await optionsIn(folder, EXITS);
    const held = await DaybookProcess.start({ ...options, args: ["--hold"] });
    await submit(held, "demo.bad", "bad");
    await submit(held, "demo.good", "good");
    assert.equal((await jobOf(held, "good")).condition, "queued");
    await (await held.post("/jobs/bad/cancel", {})).body?.cancel();
    const banner = held.output.join("\n");
    assert.match(banner, /^paused: everything since \S+ \(started with --hold\); 0 jobs waiting$/m);
    const path = /^ {2}or: curl -s -X DELETE http:\S+(\/pauses\/\S+)$/m.exec(banner)?.[1];
    const command = `deno task daybook end-pause ${
      path?.replace("/pauses/", "")
    } --url ${held.url}`;
    assert.ok(held.output.includes(`  to end it: ${command}`), banner);
    const ended = await fetch(held.url + path, { method: "DELETE" });
    assert.equal(ended.status, 200, await ended.text());
    const done = await fetch(`${held.url}/jobs/good`, { headers: { prefer: "wait=60" } });
    assert.equal((await done.json()).state, "Done");
    assert.equal(await held.stop(), 0);
  }));

const ORDER = (version: number, task: string) => `
export const order = defineJob({
  type: "demo.order", version: ${version}, input: v.object({}),
  expects: () => ({ go: { eventType: "demo.Went" } }),
  async run(ctx) {
    await ctx.task(${JSON.stringify(task)}, () => 1);
    await ctx.expect("go");
  },
});
`;

Deno.test("a start: it listens before it calls code, so that code that blocks it is reported", () =>
  inFolder(async (folder) => {
    const daybook = await DaybookProcess.start(await optionsIn(folder, ORDER(1, "book")));
    await submit(daybook, "demo.order", "order");
    await until(
      "it waits",
      async () => (await jobOf(daybook, "order")).condition === "waiting",
    );
    assert.equal(await daybook.stop(), 0);
    const blocking = ORDER(1, "book").replace("async run(ctx) {", "async run(ctx) { for (;;);");
    const options = await optionsIn(folder, blocking);
    const blocked = await DaybookProcess.start({ ...options, args: [STALL_EXIT] });
    assert.equal(await blocked.exitCode(), EXIT_OF_STALL);
    assert.match(blocked.text, /the event loop has been blocked for \d+ s; open: order \(main\)/);
  }));

Deno.test("parked: a start says how many jobs are parked, and which line they disagree with", () =>
  inFolder(async (folder) => {
    const daybook = await DaybookProcess.start(await optionsIn(folder, ORDER(1, "book")));
    await submit(daybook, "demo.order", "order");
    await until(
      "it waits",
      async () => (await jobOf(daybook, "order")).condition === "waiting",
    );
    assert.equal(await daybook.stop(), 0);

    const renamed = await DaybookProcess.start(await optionsIn(folder, ORDER(1, "reserve")));
    const told =
      /1 job of type demo\.order is parked \(diverged, (\d+\.ndjson):(\d+)\): .*task book/;
    const line = await renamed.first((line) => told.exec(line) ?? undefined);
    const { parked } = await jobOf(renamed, "order");
    assert.equal(parked?.reason, "diverged");
    const lines = (await Deno.readTextFile(`${folder}/journal/segments/${line?.[1]}`)).split("\n");
    assert.equal(JSON.parse(lines[Number(line?.[2]) - 1] ?? "").logId, parked.disagreesWith);
    assert.equal(await renamed.stop(), 0);
    assert.equal(renamed.output.filter((line) => line.includes("parked")).length, 1, renamed.text);

    const other = await DaybookProcess.start(await optionsIn(folder, ORDER(2, "book")));
    assert.equal((await jobOf(other, "order")).parked?.reason, "noDefinition");
    assert.equal(await other.stop(), 0);
    const back = await DaybookProcess.start(await optionsIn(folder, ORDER(1, "book")));
    await until(
      "its code fits again",
      async () => (await jobOf(back, "order")).condition === "waiting",
    );
    await (await back.post("/events", { eventType: "demo.Went" })).body?.cancel();
    const ended = await fetch(`${back.url}/jobs/order`, { headers: { prefer: "wait=60" } });
    assert.equal((await ended.json()).state, "Done");
    assert.equal(await back.stop(), 0);
  }));
