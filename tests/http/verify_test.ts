/** `POST /journal/verify`: it starts a verification, which `GET /journal` shows. */

import assert from "node:assert/strict";
import type { VerificationRun } from "../../src/engine/ports.ts";
import { jsonOf, problemOf, startApp } from "../support/http/http_app.ts";
import { FakeVerification } from "../support/http/fake_verification.ts";
import { FakeClock } from "../support/fake_clock.ts";

interface JournalBody {
  readonly verificationRun: VerificationRun | null;
}

async function start() {
  const clock = new FakeClock();
  const verification = new FakeVerification(clock);
  const app = await startApp({ clock, verification });
  const run = async () =>
    (await jsonOf<JournalBody>(await app.get("/journal"), 200)).verificationRun;
  return { app, verification, run };
}

Deno.test("POST /journal/verify: it starts, and GET /journal shows its progress and result", async () => {
  const { app, verification, run } = await start();
  assert.equal(await run(), null);
  const response = await app.post("/journal/verify");
  assert.equal(response.headers.get("location"), "/journal");
  assert.equal((await jsonOf<JournalBody>(response, 202)).verificationRun?.status, "running");
  verification.reach(7, 9);
  const startedAt = "2026-01-01T00:00:00.000Z";
  assert.deepEqual(await run(), { status: "running", startedAt, bytesDone: 7, bytesTotal: 9 });
  verification.end();
  assert.deepEqual(await run(), { status: "ended", startedAt, endedAt: startedAt });
});

Deno.test("GET /journal: a verification that ends while the verdict is read still runs", async () => {
  const { app, verification, run } = await start();
  await jsonOf(await app.post("/journal/verify"), 202);
  const { engine } = app;
  const info = engine.journalInfo.bind(engine);
  engine.journalInfo = async () => {
    const before = await info();
    verification.end();
    return before;
  };
  assert.equal((await run())?.status, "running");
  assert.equal((await run())?.status, "ended");
});

Deno.test("POST /journal/verify: a second one is 409 while the first runs", async () => {
  const { app, verification } = await start();
  await jsonOf(await app.post("/journal/verify", {}), 202);
  const { detail } = await problemOf(await app.post("/journal/verify"), 409, "cannot-verify");
  assert.equal(detail, "Cannot verify: a verification is already running");
  verification.fail("the disk went away");
  await jsonOf(await app.post("/journal/verify"), 202);
});

Deno.test("POST /journal/verify: it accepts no fields, and is 404 for a journal without files", async () => {
  const { app } = await start();
  await problemOf(await app.post("/journal/verify", { deep: true }), 422, "invalid-request");
  const without = await startApp({ verification: undefined });
  await problemOf(await without.post("/journal/verify"), 404, "not-found");
});
