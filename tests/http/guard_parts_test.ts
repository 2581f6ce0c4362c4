/** How guesses of tokens are slowed down, and how requests take turns. */

import assert from "node:assert/strict";
import { SCOPES, TokenList } from "../../src/access/tokens.ts";
import { TokenChecks } from "../../src/http/requests/credentials.ts";
import { pageText, submitForm } from "../support/http/dashboard.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { jsonOf, problemOf, startApp } from "../support/http/http_app.ts";
import { AdmissionGate, type Size } from "../../src/http/capacity/admission_gate.ts";

const [RIGHT, OTHER] = ["right-token-0123456789", "other-token-0123456789"];
const ACCESS = new TokenList([RIGHT, OTHER].map((token) => ({ token, scopes: SCOPES })));

function bearer(token: string, address: string): Record<string, string> {
  return { authorization: `Bearer ${token}`, "x-forwarded-for": address };
}

Deno.test("tokens: wrong ones are slowed down by address on every route, including the sign-in", async () => {
  const app = await startApp({ access: ACCESS });
  const get = (path: string, token: string, address: string) =>
    app.get(path, bearer(token, address));
  await jsonOf(await get("/jobs", RIGHT, "192.0.2.1"), 200);
  for (let count = 0; count < 5; count++) {
    await problemOf(await get("/jobs", "wrong", "192.0.2.1"), 401, "unauthorized");
    await problemOf(await get("/nowhere", "wrong", "192.0.2.1"), 401, "unauthorized");
  }
  for (const token of ["wrong", OTHER]) {
    const response = await get("/jobs", token, "192.0.2.1");
    assert.equal(response.headers.get("retry-after"), "1");
    const { detail } = await problemOf(response, 429, "too-many-failures");
    assert.match(
      detail ?? "",
      /too many wrong tokens came from its address; try again in 1 second$/,
    );
    const form = { "x-forwarded-for": "192.0.2.1" };
    await pageText(await submitForm(app, "/ui/sign-in", { token }, form), 429);
  }
  // A token used from there before, and any token from elsewhere.
  await jsonOf(await get("/jobs", RIGHT, "192.0.2.1"), 200);
  await jsonOf(await get("/jobs", OTHER, "192.0.2.2"), 200);
  await jsonOf(await app.get("/livez", bearer("wrong", "192.0.2.1")), 200);
  await app.clock.advance(1_000);
  await jsonOf(await get("/jobs", OTHER, "192.0.2.1"), 200);
});

Deno.test("tokens: if addresses cannot be distinguished, wrong ones are slowed down, and right ones work", async () => {
  const app = await startApp({ access: ACCESS });
  const get = (token: string) => app.get("/jobs", { authorization: `Bearer ${token}` });
  for (let count = 0; count < 10; count++) await problemOf(await get("wrong"), 401, "unauthorized");
  await problemOf(await get("wrong"), 429, "too-many-failures");
  await jsonOf(await get(RIGHT), 200);
  const signedIn = await submitForm(app, "/ui/sign-in", { token: OTHER });
  assert.equal(signedIn.status, 303);
});

Deno.test("tokens: a request without a token does not count as a wrong one", async () => {
  const app = await startApp({ access: ACCESS });
  for (let count = 0; count < 20; count++) {
    await problemOf(await app.get("/jobs"), 401, "unauthorized");
    await problemOf(await app.get("/jobs", { authorization: "Basic eDp5" }), 401, "unauthorized");
  }
  await jsonOf(await app.get("/jobs", bearer(RIGHT, "")), 200);
});

function waitSeconds(checks: TokenChecks, address: string): number {
  const checked = checks.check(RIGHT, address);
  return checked.holder === undefined ? checked.waitSeconds : 0;
}

Deno.test("tokens: ten wrong ones are allowed at once, then one a second, and the allowance recovers", async () => {
  const clock = new FakeClock();
  const checks = new TokenChecks(ACCESS, clock);
  const wrong = () => checks.check("wrong", "a");
  for (let count = 0; count < 10; count++) {
    assert.deepEqual(wrong(), { holder: undefined, waitSeconds: 0 });
  }
  assert.deepEqual([waitSeconds(checks, "a"), waitSeconds(checks, "b")], [1, 0]);
  await clock.advance(1_000);
  assert.deepEqual(wrong(), { holder: undefined, waitSeconds: 0 });
  assert.deepEqual(wrong(), { holder: undefined, waitSeconds: 1 });
  await clock.advance(10_000);
  for (let count = 0; count < 9; count++) wrong();
  assert.equal(waitSeconds(checks, "a"), 0);
});

Deno.test("tokens: of a great many addresses the latest are remembered", () => {
  const checks = new TokenChecks(ACCESS, new FakeClock());
  for (let address = 0; address < 11_000; address++) {
    for (let count = 0; count < 10; count++) checks.check("wrong", `${address}`);
  }
  const found = ["0", "999", "1000", "10999"].map((address) => waitSeconds(checks, address));
  assert.deepEqual(found, [0, 0, 1, 1]);
});

/**
 * An admission gate, and the requests that went through it, by name; each takes time on the clock.
 */
function start() {
  const clock = new FakeClock();
  const admission = new AdmissionGate(clock);
  const done: string[] = [];
  let now = 0;
  clock.monotonic = () => now;
  async function work(name: string, size: Size, takesMs: number): Promise<void> {
    const turn = admission.enter(size);
    if (turn !== undefined) await turn;
    done.push(name);
    now += takesMs;
  }
  return { clock, done, admission, work };
}

Deno.test("admission: small requests are admitted at once, until a turn takes long", async () => {
  const { clock, done, work } = start();
  const names = Array.from({ length: 200 }, (_, n) => `${n}`);
  const all = names.map((name) => work(name, "small", 1));
  assert.ok(done.length > 10 && done.length < 40, `${done.length} at once`);
  await clock.settle();
  await Promise.all(all);
  assert.deepEqual(done, names);
});

Deno.test("admission: one large request is admitted at once, and one per turn", async () => {
  const { clock, done, work } = start();
  const all = ["a", "b", "c"].map((name) => work(name, "large", 20));
  assert.deepEqual(done, ["a"]);
  await clock.settle();
  await Promise.all(all);
  assert.deepEqual(done, ["a", "b", "c"]);
});

Deno.test("admission: four short lists share a turn, and a long one has its own", async () => {
  const names = Array.from({ length: 10 }, (_, n) => `${n}`);
  const turnsOf = async (takesMs: number) => {
    const { clock, done, work } = start();
    let turns = 0;
    const pause = clock.pause.bind(clock);
    clock.pause = () => (turns++, pause());
    const all = names.map((name) => work(name, "list", takesMs));
    await clock.settle();
    await Promise.all(all);
    assert.deepEqual(done, names);
    return turns;
  };
  const [short, long] = [await turnsOf(1), await turnsOf(20)];
  assert.ok(short < names.length / 2, `${short} turns`);
  assert.ok(long >= names.length - 2, `${long} turns`);
});

Deno.test("admission: small requests go before large ones that came first", async () => {
  const { clock, done, work } = start();
  const all = ["a", "b", "c"].map((name) => work(name, "large", 20));
  all.push(work("small", "small", 1));
  await clock.settle();
  await Promise.all(all);
  assert.deepEqual(done, ["a", "small", "b", "c"]);
});

Deno.test("admission: many small requests do not keep a large one out", async () => {
  const { clock, done, work } = start();
  const all = [work("a", "large", 20), work("b", "large", 20)];
  for (let n = 0; n < 300; n++) all.push(work("small", "small", 1));
  await clock.settle();
  await Promise.all(all);
  const place = done.indexOf("b");
  assert.ok(place > 0 && place < 150, `b was number ${place}`);
});

Deno.test("admission: the second half of a large request goes before new ones", async () => {
  const { clock, done, admission, work } = start();
  const all = ["a", "b", "c"].map((name) => work(name, "large", 20));
  all.push((admission.enterAgain() ?? Promise.resolve()).then(() => void done.push("a again")));
  await clock.settle();
  await Promise.all(all);
  assert.deepEqual(done, ["a", "a again", "b", "c"]);
});
