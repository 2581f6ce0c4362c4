/** The name beside the token is recorded with each request. */

import assert from "node:assert/strict";
import { TokenList } from "../../src/access/tokens.ts";
import {
  bearer,
  createPlan,
  jsonOf,
  startApp,
  type TestApp,
  type TestAppOptions,
} from "../support/http/http_app.ts";
import { looseJob } from "../support/engine/engine_harness.ts";
import { submitForm } from "../support/http/dashboard.ts";

const SHOP = "shop-token-0123456789";
const ON_CALL = "on-call-token-0123456789";
const NAMELESS = "nameless-token-0123456789";

async function startWithNames(options: TestAppOptions = {}): Promise<TestApp> {
  const all = ["read", "submit", "operate"] as const;
  return await startApp({
    ...options,
    access: new TokenList([
      { token: SHOP, scopes: ["submit"], name: "shop" },
      { token: ON_CALL, scopes: all, name: "on-call" },
      { token: NAMELESS, scopes: all },
    ]),
  });
}

interface Entry {
  readonly eventType: string;
  readonly actor?: string;
}

async function actorsOf(app: TestApp, headers = {}): Promise<readonly string[]> {
  const { entries } = await jsonOf<{ entries: Entry[] }>(await app.get("/events", headers), 200);
  return entries.flatMap(({ eventType, actor }) =>
    eventType.startsWith("journal.") ? [] : [`${eventType} ${actor ?? "nobody"}`]
  );
}

Deno.test("actor: submissions, events and controls name the holder of the token", async () => {
  const app = await startWithNames();
  const plan = {
    expected: [{ id: "it", eventType: "shop.Odd", correlation: "any", multiplicity: { times: 2 } }],
  };
  await jsonOf(await app.post("/jobs", { jobId: "job", plan }, bearer(SHOP)), 202);
  await jsonOf(await app.post("/events", { eventType: "shop.Even" }, bearer(SHOP)), 200);
  await jsonOf(await app.post("/jobs/job/suspend", {}, bearer(ON_CALL)), 200);
  await jsonOf(await app.post("/jobs/job/resume", {}, bearer(NAMELESS)), 200);
  await jsonOf(await app.post("/jobs/job/cancel", {}, bearer(ON_CALL)), 200);

  assert.deepEqual(await actorsOf(app, bearer(ON_CALL)), [
    "job.JobCreated shop",
    "job.JobStarted shop",
    "shop.Even shop",
    "job.JobSuspended on-call",
    "job.JobResumed nobody",
    "job.JobCancelled on-call",
  ]);
});

Deno.test("actor: a form names the holder of the token too, whether it makes a job, an event or a control", async () => {
  const app = await startWithNames();
  const fields = { once: "1", "input/eventType": "shop.Even" };
  const input = JSON.stringify({ expected: [{ id: "it", eventType: "shop.Odd" }] });
  await submitForm(app, "/ui/system/plan", { once: "1", input, jobId: "job" }, bearer(ON_CALL));
  await submitForm(app, "/ui/system/event", fields, bearer(ON_CALL));
  await submitForm(app, "/ui/jobs/job/suspend", {}, bearer(ON_CALL));
  assert.deepEqual(await actorsOf(app, bearer(ON_CALL)), [
    "job.JobCreated on-call",
    "job.JobStarted on-call",
    "shop.Even on-call",
    "job.JobSuspended on-call",
  ]);
});

Deno.test("actor: a request cannot choose it, and without tokens there is none", async () => {
  const app = await startApp();
  const chosen = await app.post("/events", { eventType: "shop.Even", actor: "the chief" });
  assert.equal(chosen.status, 422);
  await chosen.body?.cancel();
  await createPlan(app, { jobId: "job" });
  assert.deepEqual(await actorsOf(app), ["job.JobCreated nobody", "job.JobStarted nobody"]);
});

Deno.test("actor: an explanation says who submitted the job and who cancelled it", async () => {
  const app = await startWithNames();
  const plan = { expected: [{ id: "it", eventType: "shop.Odd", correlation: "any" }] };
  await jsonOf(await app.post("/jobs", { jobId: "job", plan }, bearer(SHOP)), 202);
  await jsonOf(await app.post("/jobs/job/cancel", { reason: "twice" }, bearer(ON_CALL)), 200);
  const answer = await app.get("/jobs/job/explain", bearer(ON_CALL));
  const { summary, because } = await jsonOf<
    { summary: string; because: { statement: string }[] }
  >(answer, 200);
  assert.equal(summary, "Job job was cancelled by on-call (reason: twice).");
  const told = because.map(({ statement }) => statement).join(" ");
  assert.match(told, /A cancel control by on-call ended it/);
  assert.match(told, /It was submitted by shop and started/);
});

Deno.test("actor: of two jobs with the same input, an explanation says who submitted the other", async () => {
  const pay = looseJob("payout.send", async (ctx) => {
    await ctx.task("debit", () => "debited");
  });
  const app = await startWithNames({ definitions: [pay] });
  for (const [jobId, by] of [["first", SHOP], ["second", ON_CALL], ["third", SHOP]] as const) {
    const input = { sellerId: jobId === "third" ? "S-8" : "S-7" };
    await jsonOf(await app.post("/jobs", { jobId, type: "payout.send", input }, bearer(by)), 202);
  }
  await jsonOf(
    await app.post(
      "/jobs",
      { jobId: "fourth", type: "payout.send", input: { sellerId: "S-8" } },
      bearer(SHOP),
    ),
    202,
  );
  await app.clock.settle();
  const told = async (path: string) => {
    const answer = await app.get(path, bearer(ON_CALL));
    return (await jsonOf<{ summary: string }>(answer, 200)).summary;
  };
  assert.match(
    await told("/jobs/first/explain"),
    / Job second of the same type, submitted by on-call, got the same input 0 ms after it,/,
  );
  assert.match(
    await told("/explain?about=S-7"),
    / got the same input 0 ms apart \(submitted by on-call and by shop\): the work may be done twice/,
  );
  for (const path of ["/jobs/third/explain", "/explain?about=S-8"]) {
    assert.match(await told(path), /same input/);
    assert.doesNotMatch(await told(path), /submitted/);
  }
});

Deno.test("actor: the end of a pause names who asked for it", async () => {
  const app = await startWithNames({ hold: true });
  const { pauses: [pause] } = await jsonOf<{ pauses: { pauseId: string }[] }>(
    await app.get("/pauses", bearer(ON_CALL)),
    200,
  );
  const method = "DELETE";
  await app.app.request(`/pauses/${pause?.pauseId}`, { method, headers: bearer(ON_CALL) });
  assert.deepEqual(await actorsOf(app, bearer(ON_CALL)), [
    "job.PauseBegan nobody",
    "job.PauseEnded on-call",
  ]);
});
