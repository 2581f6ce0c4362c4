/** Wrong tokens are slowed down by address on every route, and nothing else is. */

import assert from "node:assert/strict";
import { SCOPES, TokenList } from "../../src/access/tokens.ts";
import { TokenChecks } from "../../src/http/guard/token_checks.ts";
import { pageText, submitForm } from "../support/http/dashboard.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { jsonOf, problemOf, startApp } from "../support/http/http_app.ts";

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
