/** Jobs of a real journal as fixtures. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { defineJob, openDaybook } from "../../src/mod.ts";
import { eventFor, fromExport, minutes, testDaybook } from "../../src/testing/mod.ts";
import { runJournal } from "../support/process/journal_command.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { until } from "../support/until.ts";

const input = v.object({ orderId: v.string(), broken: v.optional(v.boolean(), false) });

/** Its `run` has a bug with some inputs, unless it is fixed. */
function fulfilling({ steps = ["reserve", "charge"], version = 1, mended = false } = {}) {
  const calls: string[] = [];
  const fulfil = defineJob({
    type: "order.fulfil",
    version,
    input,
    expects: ({ orderId }) => ({
      shipped: { eventType: "ec.Shipped", correlation: { equals: { orderId } } },
    }),
    async run(ctx, { broken }) {
      for (const step of steps) await ctx.task(step, () => calls.push(step));
      if (broken && !mended) throw new Error("tracking of undefined");
      const [shipped] = await ctx.expect("shipped");
      return await ctx.task("thank", () => shipped.attributes.tracking ?? null);
    },
  });
  return { calls, fulfil };
}

const charge = (fails: boolean) =>
  defineJob({
    type: "order.charge",
    version: 1,
    input: v.object({}),
    run: (ctx) =>
      ctx.task("charge", () => {
        if (fails) throw new Error("busy");
        return "charged";
      }, { retry: { initialMs: 3_600_000, maxMs: 3_600_000 } }),
  });

interface Files {
  readonly waiting: string;
  readonly failed: string;
  readonly backingOff: string;
}

let files: Promise<Files> | undefined;

/** The exports of jobs that a real Daybook has run until they waited. */
async function made(): Promise<Files> {
  let made: Files | undefined;
  await inFolder(async (folder) => {
    const journal = `${folder}/journal`;
    const { fulfil } = fulfilling();
    const daybook = await openDaybook({ journal, definitions: [fulfil, charge(true)] });
    await daybook.submit(fulfil, { orderId: "another" });
    await daybook.submit(fulfil, { orderId: "42" }, { jobId: "waiting" });
    await daybook.submit(fulfil, { orderId: "42", broken: true }, { jobId: "failed" });
    await daybook.submit(charge(true), {}, { jobId: "backingOff" });
    for (const id of ["waiting", "failed", "backingOff"]) {
      await until(`${id} rests`, () => daybook.job(id)?.condition === id);
    }
    await daybook.close();
    const exported = async (id: string) => {
      const { code, out } = await runJournal(["export", id, "--journal", journal]);
      assert.equal(code, 0);
      return out.map((line) => `${line}\n`).join("");
    };
    made = {
      waiting: await exported("waiting"),
      failed: await exported("failed"),
      backingOff: await exported("backingOff"),
    };
  });
  assert.ok(made);
  return made;
}

function exported(): Promise<Files> {
  return files ??= made();
}

Deno.test("fromExport: a job continues from where it was, and so does the clock", async () => {
  const { waiting: file } = await exported();
  const journal = fromExport(file);
  assert.deepEqual([journal.jobId, journal.type, journal.state], [
    ...["waiting", "order.fulfil", "Running"],
  ]);
  const { calls, fulfil } = fulfilling();
  await using daybook = await testDaybook([fulfil], { journal });
  assert.equal(daybook.now(), Date.parse(journal.entries.at(-1)?.receivedAt ?? ""));
  const [resting] = await daybook.untilIdle();
  assert.match(resting?.why ?? "", /waiting for "shipped"/);
  const job = daybook.job("waiting");
  assert.ok(job);
  daybook.crashAfter("thank");
  await daybook.deliver(eventFor(fulfil, job, "shipped", { tracking: "T-1" }));
  assert.equal((await daybook.wait(job)).output, "T-1");
  assert.deepEqual(calls, []);
});

Deno.test("fromExport: a failure is reproduced, and retried with fixed code", async () => {
  const { failed: file } = await exported();
  const { calls, fulfil } = fulfilling({ mended: true });
  await using daybook = await testDaybook([fulfil], { journal: fromExport(file) });
  const failed = await daybook.wait("failed");
  assert.equal(failed.failure?.error.message, "tracking of undefined");
  const again = await daybook.control("failed", "retry");
  await daybook.deliver(eventFor(fulfil, again, "shipped", { tracking: "T-2" }));
  assert.equal((await daybook.wait(again)).output, "T-2");
  assert.deepEqual(calls, []);
});

Deno.test("fromExport: code that does not follow the record is refused, with the line of the file", async () => {
  const { waiting: file } = await exported();
  const journal = fromExport(file);
  const { fulfil } = fulfilling({ steps: ["reserve", "bill"] });
  await assert.rejects(testDaybook([fulfil], { journal }), (error: Error) => {
    const [, line, what] = /line (\d+) of the file (.*)$/.exec(error.message) ?? [];
    assert.equal(what, "recorded task charge; run asks for bill instead");
    const entry = JSON.parse(file.split("\n")[Number(line) - 1] ?? "");
    assert.deepEqual([entry.eventType, entry.taskId], ["job.TaskStarted", "charge"]);
    return true;
  });
  const { fulfil: newer } = fulfilling({ version: 2 });
  await assert.rejects(testDaybook([newer], { journal }), /version 1 of type order.fulfil is not/);
  await assert.rejects(testDaybook([], { journal }), /no definition of type order.fulfil/);
});

Deno.test("fromExport: a file that is not an export, or was cut, is refused", async () => {
  const { waiting: file } = await exported();
  assert.throws(() => fromExport(file.slice(0, -20)), /line \d+: it is incomplete/);
  assert.throws(
    () => fromExport("{}\n{}\n"),
    /line 1: the file is not an export of a job; deno task/,
  );
});

Deno.test("fromExport: other input is named, with the command that writes an export", async () => {
  const { waiting: file } = await exported();
  const { calls, fulfil } = fulfilling();
  await using daybook = await testDaybook([fulfil], { journal: fromExport(file) });
  const entries = (await daybook.events()).map((entry) => `${JSON.stringify(entry)}\n`).join("");
  const get = async (path: string) =>
    await (await daybook.fetch(new Request(`http://localhost/${path}`))).text();
  const others: readonly [string, RegExp][] = [
    [entries, /but entries, as a segment or GET \/jobs\/:id\/events has them; deno task journal/],
    [await get("jobs/waiting/events"), /but a page of entries/],
    [await get("jobs/waiting"), /but a job, as GET \/jobs\/:id answers it/],
    [await get("jobs/waiting/explain"), /but an explanation/],
    ["./order-42.ndjson", /from ".\/order-42.ndjson": pass the content of the file/],
    [new TextEncoder().encode(file) as never, /from a value of type object: pass the content/],
    [undefined as never, /from a value of type undefined: pass the content/],
  ];
  for (const [text, message] of others) assert.throws(() => fromExport(text), { message });
  assert.deepEqual(calls, []);
});

Deno.test("fromExport: pending retries become due by the manual clock", async () => {
  const journal = fromExport((await exported()).backingOff);
  const mended = charge(false);
  await using daybook = await testDaybook([mended], { journal });
  await daybook.advance(minutes(30));
  assert.equal(daybook.job("backingOff")?.condition, "backingOff");
  const job = await daybook.wait("backingOff", { timeoutMs: minutes(60) });
  assert.equal(job.output, "charged");
});
