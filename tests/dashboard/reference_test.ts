/** `/ui/reference`: every route with a working call, and the meaning of problems. */

import assert from "node:assert/strict";
import {
  type DescribedApi,
  exampleCall,
  operationsIn,
} from "../../src/dashboard/reference/screen.tsx";
import { PROBLEM_KINDS, problemFacts } from "../../src/http/responses/problem.ts";
import { pageOf } from "../support/http/dashboard.ts";
import { elementOf, textOf } from "./html_text.ts";
import {
  createPlan,
  jsonOf,
  type ProblemBody,
  problemOf,
  startApp,
} from "../support/http/http_app.ts";

const app = await startApp();
const html = await pageOf(app, "/ui/reference");
const operations = operationsIn(
  await jsonOf<DescribedApi>(await app.get("/openapi.json"), 200),
);

Deno.test("reference: every route is listed, with its scope and a call", () => {
  assert.ok(operations.length > 20);
  for (const { method, path, operation } of operations) {
    const text = textOf(elementOf(html, `operation-${operation.operationId}`));
    assert.ok(text.startsWith(`${method} ${path} ${operation.summary}`), text);
    assert.match(text, / (?:none|read|submit|operate) curl -s/);
  }
});

Deno.test("reference: every id is unique, and the size of the page is bounded", () => {
  const ids = [...html.matchAll(/\sid="([^"]+)"/g)].map(([, id = ""]) => id);
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(html.length < 100_000, String(html.length));
});

const UNFIT = ["not-found", "method-not-allowed", "malformed-json", "invalid-request"];

Deno.test("reference: the server accepts each call that it shows", async () => {
  for (const placed of operations) {
    const own = await startApp();
    // So that the entry left out in an example belongs to the job.
    await (await own.post("/events", Array(4).fill({ eventType: "shop.Other" }))).body?.cancel();
    await createPlan(own, { jobId: "order-42" });
    const { method, path, body, isStream } = exampleCall(placed);
    const response = method === "POST"
      ? await own.post(path, body)
      : await own.app.request(path, { method });
    if (isStream || response.ok) {
      await response.body?.cancel();
      continue;
    }
    const problem: ProblemBody = await response.json();
    const kind = problem.type.replace("/problems/", "");
    assert.ok(!UNFIT.includes(kind), `${method} ${path}: ${problem.detail}`);
  }
});

Deno.test("reference: calls can follow streams, delete, and take a token from the environment", async () => {
  const text = textOf(html);
  assert.ok(text.includes("curl -sN http://localhost/stream"));
  assert.ok(
    text.includes("curl -s -X DELETE http://localhost/pauses/pau_01J00000000000000000000001"),
  );
  assert.ok(
    text.includes("curl -s -X POST http://localhost/jobs/order-42/start") ||
      text.includes("curl -s http://localhost/jobs/order-42/start"),
  );
  const guarded = await startApp({ token: "s3cret-token-0123456789" });
  const headers = { accept: "text/html", authorization: "Bearer s3cret-token-0123456789" };
  const page = await (await guarded.get("/ui/reference", headers)).text();
  assert.ok(textOf(page).includes('curl -s -H "authorization: Bearer $DAYBOOK_TOKEN" http://'));
});

Deno.test("problems: each type links to its meaning, which needs no token", async () => {
  const guarded = await startApp({ token: "s3cret-token-0123456789" });
  for (const kind of PROBLEM_KINDS) {
    const { status, title } = problemFacts(kind);
    const page = textOf(await pageOf(guarded, `/problems/${kind}`));
    assert.match(page, new RegExp(`${title} .{20,} Its status is ${status}`));
    const text = await (await guarded.get(`/problems/${kind}`)).text();
    assert.ok(text.startsWith(`${title} (${status})\n\n`), text);
    assert.ok(html.includes(`href="/problems/${kind}"`));
  }
  await pageOf(app, "/problems/no-such", { status: 404 });
  await problemOf(await app.get("/problems/no-such"), 404, "not-found");
});
