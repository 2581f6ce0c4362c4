/** `GET /system`: the content of the System screen, for programs. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { ENGINE_LIMITS } from "../../src/engine/engine_limits.ts";
import { readConfiguration } from "../../src/settings/configuration.ts";
import { type Scope, SCOPES, TokenList } from "../../src/access/tokens.ts";
import { systemAnswer } from "../../src/documents/answers/system.ts";
import { systemFigures } from "../../src/server/system_figures.ts";
import { pageOf } from "../support/http/dashboard.ts";
import { jsonOf, problemOf, startApp, type TestApp } from "../support/http/http_app.ts";
import { exampleSystem, FakeVerification } from "../support/http/example_system.ts";
import type { VerificationRun } from "../../src/engine/ports.ts";
import { FakeClock } from "../support/fake_clock.ts";

const SYSTEM = exampleSystem("/data/journal");
const TOKEN = "a-token-that-is-never-shown";

interface LimitBody {
  readonly name: string;
  readonly what: string;
  readonly unit: string;
  readonly used: number;
  readonly max: number;
}

interface SystemBody {
  readonly version: string;
  readonly versions: unknown;
  readonly process: unknown;
  readonly workers: unknown;
  readonly limits: readonly LimitBody[];
  readonly journalFolder: string | null;
  readonly settings: unknown;
  readonly tokens: { readonly needed: boolean; readonly holders: unknown };
}

async function systemOf(app: TestApp, token?: string): Promise<SystemBody> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return await jsonOf<SystemBody>(await app.get("/system", headers), 200);
}

function guarded(scopes: readonly Scope[]): Promise<TestApp> {
  const tokens = [{ token: TOKEN, scopes, name: "ops" }, { token: `${TOKEN}-2`, scopes: SCOPES }];
  return startApp({ system: SYSTEM, access: new TokenList(tokens) });
}

Deno.test("system route: it has settings with their origins, versions, the process, workers, and the folder", async () => {
  const { limits: _, ...told } = await systemOf(
    await startApp({ system: SYSTEM, version: "1.2.3" }),
  );
  assert.deepEqual(told, {
    version: "1.2.3",
    versions: [{ name: "Deno", version: "2.9.6" }],
    process: {
      pid: 4711,
      startedAt: "2026-01-01T00:00:00.000Z",
      residentBytes: 3 * 1024 * 1024,
      heap: { used: 1024, max: 2048 },
      cpuSeconds: 1.5,
    },
    workers: { used: 3, max: 16 },
    journalFolder: "/data/journal",
    settings: [
      { flag: "--port", value: "8000", origin: "default" },
      { flag: "--journal", value: "/data/journal", origin: "flag" },
      { flag: "--token-file", value: "2 tokens set", origin: "environment" },
    ],
    tokens: { needed: false, holders: null },
  });
});

Deno.test("system route: the limits equal those of the screen, each with its use", async () => {
  const app = await startApp({ system: SYSTEM, streamsMax: 7 });
  const { limits } = await systemOf(app);
  assert.deepEqual(limits.find(({ name }) => name === "queuedMax"), {
    name: "queuedMax",
    what: "jobs waiting for a worker",
    unit: "count",
    used: 100,
    max: 100,
  });
  assert.equal(limits.find(({ name }) => name === "streamsMax")?.max, 7);
  assert.equal(limits.find(({ name }) => name === "requestsMax")?.used, 1, "this request");
  const held = limits.find(({ name }) => name === "jobsBytesMax");
  assert.equal(held?.unit, "bytes");
  const html = await pageOf(app, "/ui/system");
  const [, table = ""] = /<div id="limits"[^]*?<tbody>(.*?)<\/tbody>/.exec(html) ?? [];
  const shown = [...table.matchAll(/<tr><td>([^<]+)</g)].map(([, what]) => what);
  assert.deepEqual(shown, [
    "workers with a job",
    ...limits.map(({ what }) => what),
  ]);
});

Deno.test("system route: names of tokens require scope operate, and a token is never shown", async () => {
  const operator = await systemOf(await guarded(["read", "operate"]), TOKEN);
  assert.deepEqual(operator.tokens, {
    needed: true,
    holders: [
      { name: "ops", scopes: ["read", "operate"] },
      { name: null, scopes: [...SCOPES] },
    ],
  });
  const reader = await systemOf(await guarded(["read"]), TOKEN);
  assert.deepEqual(reader.tokens, { needed: true, holders: null });
  for (const told of [operator, reader]) assert.ok(!JSON.stringify(told).includes(TOKEN));
});

/** All secrets, by the name of their source. */
const SECRETS: Readonly<Record<string, string>> = {
  DAYBOOK_TOKEN: "a-token-of-the-environment",
  DAYBOOK_WEBHOOK_SECRET: "a-secret-that-signs",
  DAYBOOK_SECRET_KEY: btoa("k".repeat(32)),
};

Deno.test("system route: secrets are never shown, only that they are set", async () => {
  const read = readConfiguration({
    args: ["--journal", "some/folder"],
    env: (name) => SECRETS[name],
    readTextFile: () => assert.fail("there is no file"),
  });
  assert.ok(read.kind === "run");
  const { engine } = await startApp();
  const limits = { ...ENGINE_LIMITS, jobsBytesMax: 1 };
  const system = systemFigures(engine, read.configuration, read.origins, limits);
  const access = new TokenList(read.configuration.tokens);
  const told = await systemOf(await startApp({ system, access }), SECRETS["DAYBOOK_TOKEN"]);
  const text = JSON.stringify(told);
  for (const secret of Object.values(SECRETS)) assert.ok(!text.includes(secret), secret);
  assert.equal(told.journalFolder, "some/folder");
  v.assert(systemAnswer, told);
  for (
    const [flag, value, origin] of [
      ["--journal", "some/folder", "flag"],
      ["--token-file", "token set", "environment"],
      ["--secret-key-file", "key set", "environment"],
      ["--port", "8000", "default"],
    ]
  ) assert.ok(text.includes(JSON.stringify({ flag, value, origin })), flag);
});

Deno.test("system route: it needs scope read, as the overview does", async () => {
  const app = await guarded(["submit"]);
  for (const path of ["/system", "/overview"]) {
    await problemOf(await app.get(path), 401, "unauthorized");
    const authorization = `Bearer ${TOKEN}`;
    await problemOf(await app.get(path, { authorization }), 403, "forbidden");
  }
});

Deno.test("system route: without process information it has the rest", async () => {
  const app = await startApp();
  const { process, workers, settings, journalFolder, limits, versions } = await systemOf(app);
  const untold = [process, workers, settings, journalFolder, versions];
  assert.deepEqual(untold, [null, null, null, null, null]);
  assert.ok(limits.some(({ name }) => name === "bodiesBytesMax"));
});

Deno.test("system route: the curl calls on the screen use the route", async () => {
  const html = await pageOf(await startApp({ system: SYSTEM }), "/ui/system");
  assert.equal([...html.matchAll(/curl -s http:\/\/localhost\/system</g)].length, 1);
  assert.doesNotMatch(html, /localhost\/metrics/);
});

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
