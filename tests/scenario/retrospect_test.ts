/** Explanations of a job's history: where its time went, what was cut short, what is usual. */

import assert from "node:assert/strict";
import { Explained } from "../support/engine/explained.ts";
import { hang, scripted } from "./incident_kit.ts";

const RETRIED = scripted(
  "feed.pull",
  { fetch: ({ attempt }) => attempt === 1 ? Promise.reject(new Error("502")) : "rows" },
  { retry: { maxAttempts: 3, initialMs: 10_000, factor: 1, jitter: 0 } },
);
const HANGING = scripted("web.crawl", {
  begin: () => "begun",
  crawl: (about) => hang(about),
});
const WAITING = scripted("mail.send", {
  send: ({ input, attempt }) =>
    Number(input["fails"] ?? 0) >= attempt ? Promise.reject(new Error("451")) : "sent",
}, { retry: { maxAttempts: 3, initialMs: 8_000, factor: 1, jitter: 0 } });

Deno.test("timing: a due attempt without a worker is queued, no longer backing off", async () => {
  const daybook = await Explained.start({ definitions: [RETRIED, HANGING], maxRunning: 1 });
  await daybook.submit("job", "feed.pull");
  await daybook.clock.advance(5_000);
  await daybook.submit("hanging", "web.crawl");
  await daybook.clock.advance(35_000);
  await daybook.post("/jobs/hanging/cancel");
  await daybook.clock.advance(1_000);
  const { condition, timing } = await daybook.explanation("job");
  assert.equal(condition, "succeeded");
  assert.deepEqual([timing.backingOffMs, timing.queuedMs], [10_000, 30_000]);
});

Deno.test("where the time went: parked time is reported like any other", async () => {
  const first = await Explained.start({ definitions: [WAITING, HANGING], maxRunning: 8 });
  for (let other = 0; other < 5; other++) await first.submit(`other-${other}`, "mail.send");
  await first.submit("job", "mail.send", { fails: 1 });
  const away = await first.crash({ definitions: [HANGING], maxRunning: 8 });
  await away.clock.advance(120_000);
  const back = await away.crash({ definitions: [WAITING, HANGING], maxRunning: 8 });
  await back.clock.advance(20_000);
  const { condition, summary } = await back.explanation("job");
  assert.equal(condition, "succeeded");
  assert.match(summary, /2 min parked/);
});

Deno.test("where the time went: it is reported only if the job took far longer than five earlier ones of its type", async () => {
  const ofOthers = async (others: number, fails: number) => {
    const daybook = await Explained.start({ definitions: [WAITING], maxRunning: 64 });
    for (let other = 0; other < others; other++) {
      await daybook.submit(`other-${other}`, "mail.send", { fails });
    }
    await daybook.clock.advance(30_000);
    await daybook.submit("job", "mail.send", { fails: 2 });
    await daybook.clock.advance(30_000);
    await daybook.submit("later", "mail.send");
    const { summary, because } = await daybook.explanation("job");
    await daybook.assertCitations("job");
    const isInRow = because.some(({ statement }) => statement.startsWith("It spent "));
    assert.equal(summary.includes("in the median"), isInRow, summary);
    return summary;
  };
  assert.match(
    await ofOthers(5, 0),
    /, after 16 s, where the 5 of its type before it took 0 ms in the median: 8 s until attempt 2/,
  );
  assert.doesNotMatch(await ofOthers(4, 0), /median/);
  assert.doesNotMatch(await ofOthers(5, 1), /median/);
});

Deno.test("cancel --leave: a step that was cut short is named with its lines, before and after", async () => {
  let daybook = await Explained.start({ definitions: [HANGING], maxRunning: 4 });
  await daybook.submit("job", "web.crawl");
  for (let crash = 0; crash < 3; crash++) {
    await daybook.clock.advance(1_000);
    daybook = await daybook.crash();
  }
  const before = await daybook.explanation("job");
  assert.equal(before.condition, "parked");
  const leave = before.next.find(({ action }) => action?.body?.["leave"] === true);
  assert.match(
    leave?.statement ?? "",
    /^Or cancel it as it is; begin and what task crawl did before it was cut short stays:/,
  );
  const { failure } = await daybook.post("/jobs/job/cancel", { leave: true }) as {
    failure?: { leftInPlace: readonly string[]; cutShort: readonly string[] };
  };
  assert.deepEqual([failure?.leftInPlace, failure?.cutShort], [["begin"], ["crawl"]]);
  const { because, next } = await daybook.explanation("job");
  await daybook.assertCitations("job");
  const cut = because.find(({ statement }) => statement.startsWith("Task crawl was cut short"));
  assert.match(
    cut?.statement ?? "",
    /it may have done its work or a part of it, and nothing undid/,
  );
  assert.deepEqual(cut?.cites.map(({ eventType }) => eventType), [
    "job.TaskInterrupted",
    "job.TaskStarted",
    "journal.Recovered",
  ]);
  assert.ok(next.some(({ statement }) => statement.startsWith("Check how far task crawl got")));
});

Deno.test("near miss: a value with one different letter is not named if it is another thing", async () => {
  const typed = async (...events: readonly string[]) => {
    const daybook = await Explained.start({ definitions: [WAITING], maxRunning: 4 });
    const plan = (reference: string) => ({
      expected: [{ id: "it", eventType: "bank.Paid", correlation: { equals: { reference } } }],
    });
    await daybook.post("/jobs", { jobId: "job", plan: plan("KTO-1000") });
    await daybook.submit("known", "mail.send", { reference: "KTO-10OO" });
    await daybook.post("/jobs", { jobId: "other", plan: plan("KTO-I000") });
    for (const reference of events) await daybook.event("bank.Paid", { reference });
    const { waitingFor } = await daybook.explanation("job");
    return waitingFor[0]?.nearMisses.map(({ likeness }) => likeness);
  };
  assert.deepEqual(await typed("KTO-100O"), ["spelling"]);
  // Another job waits for it, it is a different number, it is too different, or there are several.
  assert.deepEqual(await typed("KTO-I000"), []);
  assert.deepEqual(await typed("KTO-1001", "KTO-10000", "KTO-1OOO"), []);
  assert.deepEqual(await typed("KTO-100O", "KTO-1O00", "KTO-10O0", "KTO-L000"), []);
});
