/** The stream of a tab: it announces changes, but not too often. */

import assert from "node:assert/strict";
import { withMembers } from "../support/engine/replaced.ts";
import { pageOf } from "../support/http/dashboard.ts";
import { createPlan, jsonOf, problemOf, startApp, type TestApp } from "../support/http/http_app.ts";
import { EventReader } from "../support/http/http_stream.ts";
import { HEARTBEAT_MS } from "../../src/http/stream/feed.ts";
import { incoming } from "../support/engine/incoming.ts";

const PLAN = { plan: { expected: [{ id: "x", eventType: "a.B" }] } };

/** The events until no more come. */
async function told(app: TestApp, reader: EventReader, ms: number): Promise<readonly string[]> {
  const texts: string[] = [];
  let next = reader.chunk();
  for (let passed = 0; passed < ms; passed += 100) {
    await app.clock.advance(100);
    const chunk = await Promise.race([next, Promise.resolve("")]);
    if (chunk === "" || chunk === undefined) continue;
    texts.push(...chunk.matchAll(/^event: (\w+)$/gm).map(([, name]) => name ?? ""));
    next = reader.chunk();
  }
  PENDING.set(reader, next);
  return texts;
}

/** A pending read of the stream. */
const PENDING = new WeakMap<EventReader, Promise<string | undefined>>();

Deno.test("live: changes are announced at once, then at most once a second", async () => {
  const app = await startApp();
  const { firstLogId } = await jsonOf(await app.post("/jobs", PLAN), 202);
  const reader = new EventReader(await app.get(`/ui/live?after=${firstLogId - 1}`));
  assert.equal(await reader.chunk(), "retry: 2000\n\n");
  assert.match(await reader.chunk() ?? "", /^event: changed\nid: \d+\ndata: \d+\n\n$/);
  let next = reader.chunk();
  const times: number[] = [];
  for (let at = 0; at < 50; at++) {
    await app.post("/events", { eventType: "a.C" });
    await app.clock.advance(100);
    const chunk = await Promise.race([next, app.clock.settle().then(() => undefined)]);
    if (chunk === undefined) continue;
    times.push(app.clock.monotonic());
    next = reader.chunk();
  }
  assert.ok(times.length >= 4 && times.length <= 6, String(times));
  await app.engine.stop(0);
});

Deno.test("live: for one job, only its own changes are announced", async () => {
  const app = await startApp();
  const { jobId } = await jsonOf(await app.post("/jobs", PLAN), 202);
  await app.clock.settle();
  const { lastLogId } = await jsonOf(await app.get(`/jobs/${jobId}`), 200);
  const reader = new EventReader(await app.get(`/ui/live?jobId=${jobId}&after=${lastLogId}`));
  await reader.chunk();
  await app.post("/events", { eventType: "a.C" });
  assert.deepEqual(await told(app, reader, 3_000), []);
  await app.post("/events", { eventType: "a.B", jobId });
  await app.clock.advance(1_000);
  assert.match(await PENDING.get(reader) ?? "", /^event: changed$/m);
  await app.engine.stop(0);
});

Deno.test("live: an idle page gets regular heartbeats", async () => {
  const app = await startApp();
  const reader = new EventReader(await app.get("/ui/live"));
  await reader.chunk();
  const next = reader.chunk();
  await app.clock.advance(HEARTBEAT_MS + 1);
  assert.match(await next ?? "", /^event: still$/m);
  await app.engine.stop(0);
});

Deno.test("live: it counts as a stream, and its parameters are checked", async () => {
  const app = await startApp({ streamsMax: 0 });
  await problemOf(await app.get("/ui/live"), 503, "over-capacity");
  const roomy = await startApp();
  await problemOf(await roomy.get("/ui/live?after=x"), 422, "invalid-request");
  await problemOf(await roomy.get("/ui/live?jobId=%20"), 422, "invalid-request");
});

Deno.test("live: a page follows the journal from where its request began, although later entries came while it was read", async () => {
  const { engine } = await startApp();
  const given = await engine.explanations();
  const account: typeof given.explainer.account = async (...args) => {
    const read = await given.explainer.account(...args);
    await engine.deliver([incoming("a.C")]);
    return read;
  };
  const explainer = withMembers(given.explainer, { account });
  const explanations = () => Promise.resolve(withMembers(given, { explainer }));
  const app = await startApp({ engine: withMembers(engine, { explanations }) });
  const { jobId } = await createPlan(app);
  const before = engine.headLogId;
  const text = await pageOf(app, `/ui/jobs/${jobId}`);
  assert.ok(engine.headLogId > before);
  assert.match(text, new RegExp(`data-head="${before}"`));
});
