/** `/ui/reference`: the whole document, with links that lead somewhere. */

import assert from "node:assert/strict";
import { type DescribedApi, operationsByTag } from "../../src/dashboard/reference/described.ts";
import { exampleCall } from "../../src/dashboard/reference/example_call.ts";
import { PROBLEM_KINDS } from "../../src/http/problems/problem.ts";
import { pageOf } from "../support/dashboard.ts";
import { elementOf, textOf } from "../support/html_text.ts";
import { createPlan, jsonOf, type ProblemBody, startApp } from "../support/http_app.ts";

const app = await startApp();
const html = await pageOf(app, "/ui/reference");
const document = await jsonOf<DescribedApi>(await app.get("/openapi.json"), 200);
const operations = [...operationsByTag(document).values()].flat();

Deno.test("reference: every operation is there, with all that it takes and answers", () => {
  assert.ok(operations.length > 20);
  for (const { method, path, operation } of operations) {
    const section = elementOf(html, `operation-${operation.operationId}`);
    const text = textOf(section);
    assert.ok(text.startsWith(`${method} ${path} ${operation.summary}`), text);
    for (const { name } of operation.parameters ?? []) {
      assert.ok(section.includes(`<code>${name}</code>`), `${path} ${name}`);
    }
    const bodies = [operation.requestBody, ...Object.values(operation.responses)];
    const mediaTypes = bodies.flatMap((body) => Object.keys(body?.content ?? {}))
      .filter((mediaType) => mediaType !== "application/problem+json");
    for (const mediaType of mediaTypes) assert.ok(text.includes(mediaType), `${path} ${mediaType}`);
    for (const [status, { description }] of Object.entries(operation.responses)) {
      assert.ok(text.includes(status), `${path} ${status}`);
      if (status < "300") assert.ok(text.includes(description), `${path} ${description}`);
    }
  }
});

Deno.test("reference: every schema and every kind of problem is there", () => {
  for (const [name, schema] of Object.entries(document.components.schemas)) {
    const text = textOf(elementOf(html, `schema-${name}`));
    const { properties = {} } = schema as { properties?: object };
    for (const member of Object.keys(properties)) {
      assert.ok(text.includes(member), `${name} ${member}`);
    }
  }
  for (const kind of PROBLEM_KINDS) elementOf(html, `problem-${kind}`);
});

Deno.test("reference: nothing that the document says of a value is left out", () => {
  // Tags may stand between any two words.
  const shown = textOf(html).replace(/\s+/g, "");
  const facts = new Set<string>();
  const collect = (value: unknown, key: string) => {
    if (Array.isArray(value)) return value.forEach((one) => collect(one, key));
    if (typeof value === "object" && value !== null) {
      return Object.entries(value).forEach(([name, member]) => collect(member, name));
    }
    if (["pattern", "format", "enum", "const", "description"].includes(key)) {
      facts.add(String(value));
    }
  };
  collect(document.paths, "");
  collect(document.components.schemas, "");
  // Those of problems are told by their types.
  const ofProblems = new Set(
    operations.flatMap(({ operation }) =>
      Object.entries(operation.responses).filter(([status]) => status >= "300")
        .map(([, { description }]) => description)
    ),
  );
  const missing = [...facts].filter((fact) => !ofProblems.has(fact))
    .flatMap((fact) => fact.replaceAll("`", "").split(/\n+(?:- )?/))
    .filter((line) => !shown.includes(line.replace(/\s+/g, "")));
  assert.ok(facts.size > 60);
  assert.deepEqual(missing.filter((fact) => !fact.startsWith("/problems/")), []);
});

Deno.test("reference: every anchor resolves, and every id is there once", () => {
  const ids = [...html.matchAll(/\sid="([^"]+)"/g)].map(([, id = ""]) => id);
  assert.equal(new Set(ids).size, ids.length);
  const targets = [...html.matchAll(/href="#([^"]+)"/g)].map(([, target = ""]) => target);
  assert.ok(targets.length > 200, String(targets.length));
  assert.deepEqual(targets.filter((target) => !ids.includes(target)), []);
});

Deno.test("reference: its scripts are none but those of every page, and its size is bounded", () => {
  const scripts = [...html.matchAll(/<script[^>]*src="\/ui\/assets\/(\w+)\./g)].map(([, name]) =>
    name
  );
  assert.deepEqual(scripts, ["idiomorph", "copy", "live"]);
  assert.ok(html.length < 700_000, String(html.length));
});

const UNFIT = ["not-found", "method-not-allowed", "malformed-json", "invalid-request"];

Deno.test("reference: each call that it shows is one that the server takes", async () => {
  for (const placed of operations) {
    const own = await startApp();
    // So that the entry that an example leaves out is one of the job.
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

Deno.test("reference: calls follow streams, and take a token from the environment", async () => {
  const text = textOf(html);
  assert.ok(text.includes("curl -sN http://localhost/stream"));
  assert.ok(
    text.includes("curl -s -X POST http://localhost/jobs/order-42/start") ||
      text.includes("curl -s http://localhost/jobs/order-42/start"),
  );
  const guarded = await startApp({ token: "s3cret-token-0123456789" });
  const headers = { accept: "text/html", authorization: "Bearer s3cret-token-0123456789" };
  const page = await (await guarded.get("/ui/reference", headers)).text();
  assert.ok(textOf(page).includes('curl -s -H "authorization: Bearer $DAYBOOK_TOKEN" http://'));
});
