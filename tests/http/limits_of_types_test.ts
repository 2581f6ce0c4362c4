/**
 * `/limits`: the limits in force, their use, who changed them and why, and how they are restored.
 */

import assert from "node:assert/strict";
import * as v from "valibot";
import { defineJob } from "../../src/mod.ts";
import { Explained } from "../support/engine/explained.ts";
import { looseJob } from "../support/engine/engine_harness.ts";
import { Members, type SharedMember } from "../support/http/shared_members.ts";
import { until } from "../support/until.ts";

const ends = new Map<string, () => void>();
const work = (jobId: string) =>
  new Promise<string>((resolve) => ends.set(jobId, () => resolve("done")));

const mail = defineJob({
  type: "mail.send",
  version: 1,
  input: v.object({ tenant: v.string() }),
  limits: { maxRunning: 1, key: ({ tenant }) => tenant },
  run: (ctx) => ctx.task("send", () => work(ctx.jobId)),
});
const plain = looseJob("plain.do", (ctx) => ctx.task("do", () => work(ctx.jobId)));
const OPTIONS = { definitions: [mail, plain], maxRunning: 8 };
const BASE = "http://127.0.0.1:8000";

async function call(daybook: Explained, method: string, path: string, body?: unknown) {
  const response = await daybook.app.request(BASE + path, {
    method,
    ...(body === undefined ? {} : {
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    }),
  });
  const answer = await response.json();
  await daybook.clock.settle();
  return { status: response.status, answer };
}

function begun(daybook: Explained, ids: readonly string[]): readonly string[] {
  return ids.filter((id) =>
    daybook.engine.job(id as never)?.tasks.some(({ taskId }) => taskId !== "main")
  );
}

Deno.test("limits: a change is in force at once, is recorded with author and reason, survives a kill, and can be restored", async () => {
  const first = await Explained.start(OPTIONS);
  const ids = ["a", "b", "c", "d"];
  for (const id of ids) await first.submit(id, "mail.send", { tenant: "acme" });
  assert.deepEqual(begun(first, ids), ["a"]);

  const changed = await call(first, "PUT", "/limits/mail.send", {
    maxRunning: 3,
    reason: "the provider is fast today",
  });
  assert.equal(changed.status, 200, JSON.stringify(changed.answer));
  assert.deepEqual(begun(first, ids), ["a", "b", "c"]);
  const { change, ...told } = (await call(first, "GET", "/limits")).answer.limits[0];
  assert.deepEqual(told, {
    type: "mail.send",
    limits: { maxRunning: 3 },
    code: { maxRunning: 1 },
    byKey: true,
    held: 3,
    waiting: 1,
    keys: [{ key: "acme", held: 3, waiting: 1 }],
    moreKeys: 0,
    rates: [],
    moreRates: 0,
  });
  assert.equal(change.reason, "the provider is fast today");
  const [entry] = await first.engine.history.at([change.by]);
  assert.equal(entry?.eventType, "job.LimitsChanged");

  const second = await first.crash();
  assert.deepEqual((await call(second, "GET", "/limits")).answer.limits[0].change, change);
  const restored = await call(second, "DELETE", "/limits/mail.send");
  assert.deepEqual(restored.answer.limits, { maxRunning: 1 });
  // Running jobs continue, and none starts before there is a place again.
  for (const id of ["a", "b"]) ends.get(id)?.();
  await second.clock.settle();
  assert.deepEqual(begun(second, ids), ["a", "b", "c"]);
  ends.get("c")?.();
  await second.clock.settle();
  assert.deepEqual(begun(second, ids), ids);
  assert.equal((await call(second, "DELETE", "/limits/mail.send")).status, 404);

  const third = await second.crash();
  assert.equal((await call(third, "GET", "/limits")).answer.limits[0].change, undefined);
});

Deno.test("limits: when a type gets its first limits, running jobs count, and waiting jobs keep waiting", async () => {
  const daybook = await Explained.start({ ...OPTIONS, maxRunning: 2 });
  const ids = ["p", "q", "r", "s"];
  for (const id of ids) await daybook.submit(id, "plain.do");
  assert.deepEqual(begun(daybook, ids), ["p", "q"]);
  await call(daybook, "PUT", "/limits/plain.do", { maxRunning: 1, reason: "slow" });
  ends.get("p")?.();
  await daybook.clock.settle();
  assert.deepEqual(begun(daybook, ids), ["p", "q"]);
  const { summary } = await daybook.explanation("r");
  assert.match(
    summary,
    /^Job r is queued: job q holds the only place of type plain\.do \(maxRunning, as changed at /,
  );
  ends.get("q")?.();
  await daybook.clock.settle();
  assert.deepEqual(begun(daybook, ids), ["p", "q", "r"]);
});

Deno.test("limits: invalid limits are refused with the reason, and nothing is recorded", async () => {
  const daybook = await Explained.start(OPTIONS);
  const head = daybook.engine.headLogId;
  const refused = async (path: string, body: unknown) => {
    const { status, answer } = await call(daybook, "PUT", path, body);
    return `${status} ${JSON.stringify(answer.errors ?? answer.detail)}`;
  };
  assert.match(await refused("/limits/no.such", { reason: "x" }), /^404 .*no definition of this/);
  assert.match(
    await refused("/limits/plain.do", { perKey: 1, reason: "x" }),
    /^422 .*\/perKey.*has no limits\.key, by which its jobs could be grouped/,
  );
  assert.match(
    await refused("/limits/mail.send", { maxRunning: 0, reason: "x" }),
    /^422 .*maxRunning/,
  );
  assert.match(await refused("/limits/mail.send", { maxRunning: 2 }), /^422 .*reason/);
  assert.equal(daybook.engine.headLogId, head);
});

Deno.test("limits: the starts that a rate counts are shown, in all or by key, and when the next job may start", async () => {
  const rate = { count: 2, perMs: 60_000 };
  const all = { ...plain, limits: { rate } };
  const byTenant = {
    ...mail,
    limits: { rate: { ...rate, key: ({ tenant }: { readonly tenant: string }) => tenant } },
  };
  const first = await Explained.start({ ...OPTIONS, definitions: [all, byTenant] as never });
  const told = async (daybook: Explained) => {
    const { limits } = (await call(daybook, "GET", "/limits")).answer;
    return limits.map(({ rates }: { readonly rates: unknown }) => rates);
  };
  assert.deepEqual(await told(first), [[], []]);
  const at = (ms: number) => new Date(beganAt + ms).toISOString();
  const beganAt = first.clock.now();
  await first.submit("p", "plain.do");
  await first.submit("a", "mail.send", { tenant: "acme" });
  await first.clock.advance(20_000);
  for (const id of ["q", "r"]) await first.submit(id, "plain.do");
  await first.submit("z", "mail.send", { tenant: "zeta" });
  await first.submit("b", "mail.send", { tenant: "acme" });
  const expected = [
    [
      { key: "acme", began: 2, waiting: 0, nextAt: at(60_000) },
      { key: "zeta", began: 1, waiting: 0 },
    ],
    [{ key: null, began: 2, waiting: 1, nextAt: at(60_000) }],
  ];
  assert.deepEqual(await told(first), expected);
  const second = await first.crash();
  assert.deepEqual(await told(second), expected);
  await second.clock.advance(40_000);
  assert.deepEqual(await told(second), [
    [{ key: "acme", began: 1, waiting: 0 }, { key: "zeta", began: 1, waiting: 0 }],
    [{ key: null, began: 2, waiting: 0, nextAt: at(80_000) }],
  ]);
});

Deno.test("limits: a change and its restoration at the same moment are answered, even if the code has no limits", async () => {
  const { engine } = await Explained.start(OPTIONS);
  for (const type of ["plain.do", "mail.send"]) {
    await engine.limits.change(type, { maxRunning: 2 }, "one");
    // Both are in one batch.
    const [changed, restored] = await Promise.all([
      engine.limits.change(type, { maxRunning: 3 }, "two"),
      engine.limits.restore(type),
    ]);
    assert.ok(changed.ok);
    assert.deepEqual(changed.value, restored);
    assert.equal(restored?.change, undefined);
    assert.deepEqual(restored?.limits, restored?.code);
  }
});

// Limits and pauses of a shared journal: what counted before a takeover counts after it.

const HOUR_MS = 3_600_000;

const DEFINITIONS = [
  looseJob("test.rated", () => Promise.resolve(), {
    limits: { rate: { count: 2, perMs: HOUR_MS } },
  }),
  looseJob("test.paused", () => Promise.resolve()),
];

async function json(response: Response): Promise<Record<string, unknown>> {
  const text = await response.text();
  assert.ok(response.ok, text);
  return JSON.parse(text);
}

async function submit(member: SharedMember, type: string, ...jobIds: readonly string[]) {
  for (const jobId of jobIds) await json(await member.post("/jobs", { type, jobId, input: {} }));
}

async function conditionOf(member: SharedMember, jobId: string): Promise<unknown> {
  return (await json(await member.get(`/jobs/${jobId}`)))["condition"];
}

async function done(member: SharedMember, ...jobIds: readonly string[]): Promise<void> {
  for (const jobId of jobIds) {
    await until(`${jobId} is done`, async () => await conditionOf(member, jobId) === "succeeded");
  }
}

type Told = Readonly<Record<string, unknown>>;

/** What only the leader knows, without the time at which the next job may start. */
async function inForce(member: SharedMember) {
  const { limits: [rated] } = await json(await member.get("/limits")) as {
    limits: readonly (Told & { rates: readonly Told[] })[];
  };
  const { pauses: [pause] } = await json(await member.get("/pauses")) as {
    pauses: readonly Told[];
  };
  const [rate] = rated?.rates ?? [];
  return { rated: { ...rated, rates: undefined }, began: rate?.["began"], pause };
}

Deno.test("takeover: rates, changed limits and pauses stay in force, and held jobs stay held", async () => {
  await using members = new Members({ definitions: DEFINITIONS });
  const first = await members.lead("first");
  const second = await members.join("second");
  await submit(first, "test.rated", "r1", "r2", "r3");
  await done(first, "r1", "r2");
  assert.equal(await conditionOf(first, "r3"), "queued");
  const change = { rate: { count: 3, perMs: HOUR_MS }, reason: "a new contract" };
  await json(await first.put("/limits/test.rated", change));
  await submit(first, "test.rated", "r4");
  await done(first, "r3");
  await json(await first.post("/pauses", { type: "test.paused", reason: "stocktaking" }));
  await submit(first, "test.paused", "p1");
  const before = await inForce(first);
  assert.equal(before.began, 3);
  assert.equal(before.pause?.["jobs"], 1);
  assert.deepEqual(await inForce(second), before);
  await members.succeed(second);
  assert.deepEqual(await inForce(second), before);
  await submit(second, "test.rated", "r5");
  await submit(second, "test.paused", "p2");
  for (const jobId of ["r4", "r5", "p1", "p2"]) {
    assert.equal(await conditionOf(second, jobId), "queued", jobId);
  }
  await json(
    await second.put("/limits/test.rated", { ...change, rate: { ...change.rate, count: 4 } }),
  );
  await done(second, "r4");
  assert.equal(await conditionOf(second, "r5"), "queued");
  await json(await second.delete(`/pauses/${before.pause?.["pauseId"]}`));
  await done(second, "p1", "p2");
});
