/** `/ui/jobs/:id/time`: the page agrees with the routes of the API. */

import assert from "node:assert/strict";
import type { JobId, LogId } from "../../src/core/ids.ts";
import { ALL } from "../support/engine/explained_definitions.ts";
import type { AnyJobDefinition } from "../../src/engine/definition.ts";
import { pageOf, pageText, submitForm } from "../support/http/dashboard.ts";
import { attributeOf, elementOf, textOf } from "./html_text.ts";
import { readable } from "../support/http/job_pages.ts";
import {
  createPlan,
  type JobBody,
  jsonOf,
  startApp,
  type TestApp,
} from "../support/http/http_app.ts";
import { rounds } from "../support/effort.ts";
import { RecordedRun } from "../support/http/recorded_run.ts";

const JOBS = rounds(33, 33, 12);

const run = await RecordedRun.of(JOBS);

interface ReplayBody {
  readonly job: JobBody;
  readonly steps: readonly { readonly logId: LogId; readonly rule: string; readonly why: string }[];
}

interface LimitsBody {
  readonly limits: {
    readonly outcome: string;
    readonly statement: string;
    readonly because: readonly {
      readonly statement: string;
      readonly cites: readonly { readonly logId: LogId }[];
    }[];
    readonly assumes: readonly string[];
  };
}

type Server = Pick<TestApp, "app" | "get">;

/** The count of an expectation in the table: the first one after its id. */
function countOf(text: string, id: string): string | undefined {
  const table = text.slice(text.indexOf("Expectations then"));
  return /\d+ of \d+/.exec(table.slice(table.indexOf(` ${id} `)))?.[0];
}

async function assertPointPage(server: Server, jobId: JobId, logId: LogId): Promise<void> {
  const { job, steps } = await jsonOf<ReplayBody>(
    await server.get(`/jobs/${jobId}/replay?at=${logId}`),
    200,
  );
  const html = await pageOf(server, `/ui/jobs/${jobId}/time?at=${logId}`);
  const point = elementOf(html, "point");
  const shown = [attributeOf(point, "data-state"), attributeOf(point, "data-condition")];
  assert.deepEqual(shown, [job.state, job.condition], `${jobId} at ${logId}`);
  assert.equal(attributeOf(point, "data-log-id"), String(logId));
  assert.equal(attributeOf(elementOf(html, "step"), "value"), String(steps.length));
  assert.ok(point.includes(`/jobs/${jobId}/explain?at=${logId}`), "why it was so");
  const text = textOf(point);
  assert.ok(text.startsWith(job.state), text);
  const last = steps.at(-1);
  assert.ok(text.includes(last?.rule ?? "?") && text.includes(last?.why ?? "?"), text);
  for (const { id, matched, required } of job.expected) {
    assert.equal(countOf(text, String(id)), `${matched} of ${required}`);
  }
  for (const { taskId, status } of job.tasks) assert.ok(text.includes(`${taskId} ${status}`));
}

Deno.test("time travel: at every logId of mixed jobs the page agrees with the replay", async () => {
  for (const { jobId } of run.engine.lists.page({ limit: 500 }).jobs) {
    for (const { logId } of await run.engine.history.of(jobId, 0, 1_000)) {
      await assertPointPage(run, jobId, logId);
    }
  }
});

Deno.test("time travel: at every logId of jobs that fail and are undone the page agrees with the replay", async () => {
  const definitions = ALL as readonly AnyJobDefinition[];
  const app = await startApp({ definitions });
  for (const how of ["throw", "stuck", "poison", "deadLetter", "cancel"]) {
    await app.post("/jobs", { jobId: how, type: "shop.trouble", input: { how } });
  }
  await app.post("/jobs", { jobId: "forgiving", type: "shop.forgiving", input: {} });
  await app.clock.advance(1_000);
  await app.post("/jobs/cancel/cancel", { reason: "enough" });
  await app.clock.advance(60_000);
  const states = new Set<string>();
  for (const { jobId, state } of app.engine.lists.page({ limit: 500 }).jobs) {
    states.add(state);
    for (const { logId } of await app.engine.history.of(jobId, 0, 1_000)) {
      await assertPointPage(app, jobId, logId);
    }
  }
  assert.deepEqual([...states].toSorted(), ["Done", "Failed"]);
});

Deno.test("time travel: every entry is listed as a link to its point", async () => {
  const [job] = run.engine.lists.page({ limit: 1 }).jobs;
  const jobId = job?.jobId as JobId;
  const html = await pageOf(run, `/ui/jobs/${jobId}/time`);
  for (const { logId } of await run.engine.history.of(jobId, 0, 1_000)) {
    assert.ok(html.includes(`href="/ui/jobs/${jobId}/time?at=${logId}"`), String(logId));
  }
  // The controls come before content that may be too wide for the screen.
  const table = html.slice(html.indexOf("entries-table"));
  const heads = [...table.matchAll(/<th scope="col">([^<]*)/g)].slice(0, 6).map(([, name]) => name);
  assert.deepEqual(heads, ["Entry", "From", "To", "Leave out", "Type", "What it changed"]);
});

Deno.test("time travel: without scripts the slider is a form with the number of an entry", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  const entries = await app.engine.history.of(jobId as JobId, 0, 10);
  for (const [index, { logId }] of entries.entries()) {
    const html = await pageOf(app, `/ui/jobs/${jobId}/time?step=${index + 1}`);
    assert.equal(attributeOf(elementOf(html, "point"), "data-log-id"), String(logId));
  }
  // The job may have continued since the page with the slider was rendered.
  const beyond = await pageOf(app, `/ui/jobs/${jobId}/time?step=99`);
  assert.equal(attributeOf(elementOf(beyond, "point"), "data-step"), String(entries.length));
});

Deno.test("time travel: the links lead to neighbouring entries, and stop at the ends", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  const [first, second] = await app.engine.history.of(jobId as JobId, 0, 10);
  const atFirst = elementOf(
    await pageOf(app, `/ui/jobs/${jobId}/time?at=${first?.logId}`),
    "steps",
  );
  assert.doesNotMatch(atFirst, /<a[^>]*>(?:First|Previous)</);
  assert.match(atFirst, new RegExp(`<a[^>]*at=${second?.logId}"[^>]*>Next<`));
  const atLast = elementOf(await pageOf(app, `/ui/jobs/${jobId}/time`), "steps");
  assert.match(atLast, new RegExp(`<a[^>]*at=${first?.logId}"[^>]*>Previous<`));
  assert.doesNotMatch(atLast, /<a[^>]*>(?:Next|Last)</);
});

Deno.test("time travel: a point that the job does not have, and an unknown job, are refused", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  const html = await pageOf(app, `/ui/jobs/${jobId}/time?at=9999`, { status: 422 });
  assert.match(textOf(html), /at is beyond the journal/);
  await pageOf(app, `/ui/jobs/${jobId}/time?at=%20`, { status: 422 });
  await pageOf(app, "/ui/jobs/nobody/time", { status: 404 });
});

interface DiffBody {
  readonly changes: readonly {
    readonly path: string;
    readonly from: unknown;
    readonly to: unknown;
  }[];
}

Deno.test("time travel: the difference is that of the API, row by row", async () => {
  for (const { jobId, firstLogId, lastLogId } of run.engine.lists.page({ limit: 500 }).jobs) {
    for (const query of [`from=${firstLogId}`, `from=${lastLogId}&to=${firstLogId}`]) {
      const { changes } = await jsonOf<DiffBody>(
        await run.get(`/jobs/${jobId}/diff?${query}`),
        200,
      );
      const html = await pageOf(run, `/ui/jobs/${jobId}/time?${query}`);
      const rows = [
        ...elementOf(html, "changes").matchAll(/<tr><th scope="row"[^>]*>(.*?)<\/tr>/gs),
      ];
      const shown = rows.map(([, row = ""]) => row.split(/<td[^>]*>/).map(textOf));
      const expected = changes.map(({ path, from, to }) =>
        [path, JSON.stringify(from), JSON.stringify(to)].map((text) => text.replace(/\s+/g, " "))
      );
      assert.deepEqual(shown, expected);
    }
  }
});

Deno.test("time travel: points that cannot be compared show an error at the form", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  const html = await pageOf(app, `/ui/jobs/${jobId}/time?from=2&to=9999`, { status: 422 });
  assert.match(textOf(elementOf(html, "difference")), /Cannot look back: to is beyond the journal/);
});

interface WhatIfBody {
  readonly job: JobBody;
  readonly steps: readonly { readonly logId: number; readonly rule: string }[];
  readonly firstDifference: { readonly logId: number; readonly why: string } | null;
}

type Fields = readonly [name: string, value: string][];

async function whatIfPage(server: Server, jobId: string, fields: Fields, status = 200) {
  return await pageText(await submitForm(server, `/ui/jobs/${jobId}/time`, fields), status);
}

async function assertWhatIf(
  server: Server,
  jobId: string,
  fields: Fields,
  document: object,
): Promise<WhatIfBody> {
  const response = await server.app.request(`/jobs/${jobId}/what-if`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(document),
  });
  const body = await jsonOf<WhatIfBody>(response, 200);
  const result = elementOf(await whatIfPage(server, jobId, fields), "what-if-result");
  assert.equal(attributeOf(result, "data-state"), body.job.state);
  assert.equal(attributeOf(result, "data-condition"), body.job.condition);
  const first = body.firstDifference;
  assert.equal(
    attributeOf(result, "data-first-difference"),
    first === null ? undefined : String(first.logId),
  );
  assert.ok(readable(result).includes(first?.why ?? "None: state"));
  const rows = [...result.matchAll(/<tr[^>]*data-log-id="([^"]*)"[^>]*>(.*?)<\/tr>/gs)]
    .map(([, logId, row = ""]) => [Number(logId), row] as const);
  for (const { logId, rule } of body.steps) {
    const row = rows.find(([id]) => id === logId)?.[1] ?? assert.fail(`no row of ${logId}`);
    assert.match(row, new RegExp(`<code>${rule}</code>`));
  }
  return body;
}

Deno.test("what-if page: leaving out each entry gives the answer of the API", async () => {
  for (const { jobId } of run.engine.lists.page({ limit: 500 }).jobs) {
    const entries = await run.engine.history.of(jobId, 0, 1_000);
    for (const { logId } of entries.slice(1)) {
      await assertWhatIf(run, jobId, [["without", String(logId)]], { without: [logId] });
    }
  }
});

Deno.test("what-if page: added events, another plan and an end give the answer of the API", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app, { jobId: "order-42" });
  const shipped = { eventType: "shop.ParcelShipped", attributes: { orderId: "42" } };
  const { job } = await assertWhatIf(app, jobId, [["with", JSON.stringify([shipped])]], {
    with: [shipped],
  });
  assert.equal(job.state, "Done");
  await app.post("/events", { eventType: "shop.ParcelShipped", attributes: { orderId: 42 } });
  const correlation = { equals: { orderId: 42 } };
  const plan = { expected: [{ id: "shipped", eventType: "shop.ParcelShipped", correlation }] };
  const other = await assertWhatIf(app, jobId, [["plan", JSON.stringify(plan, null, 1)]], { plan });
  assert.equal(other.job.state, "Done");
  const upTo = String(app.engine.headLogId - 1);
  const early = await assertWhatIf(app, jobId, [["plan", JSON.stringify(plan)], ["upTo", upTo]], {
    plan,
    upTo,
  });
  assert.equal(early.job.state, "Running");
});

Deno.test("what-if page: other limits show the sentences of the API, with their lines", async () => {
  const app = await startApp();
  const { jobId } = await jsonOf<JobBody>(
    await app.post("/jobs", { type: "test.greet", input: { name: "Ada" } }),
    202,
  );
  await app.clock.advance(1_000);
  const html = await whatIfPage(app, jobId, [["limits", '{"maxRunning": 6}']]);
  const { limits } = await jsonOf<LimitsBody>(
    await app.post(`/jobs/${jobId}/what-if`, { limits: { maxRunning: 6 } }),
    200,
  );
  const result = elementOf(html, "what-if-result");
  assert.equal(attributeOf(result, "data-outcome"), limits.outcome);
  const told = [limits.statement, ...limits.because.map(({ statement }) => statement)];
  for (const text of [...told, ...limits.assumes]) assert.ok(textOf(result).includes(text), text);
  for (const { cites } of limits.because) {
    for (const { logId } of cites) {
      assert.ok(result.includes(`/ui/stream?before=${logId + 1}`), `${logId}`);
    }
  }
  const wrong = await whatIfPage(app, jobId, [["limits", '{"perKey": 2}']], 422);
  assert.match(
    textOf(elementOf(wrong, "limits-issues")),
    /^\/perKey test\.greet has no limits\.key/,
  );
  const { jobId: plan } = await createPlan(app);
  assert.doesNotMatch(await pageOf(app, `/ui/jobs/${plan}/time`), /name="limits"/);
});

Deno.test("what-if page: the unchanged form supposes nothing, and nothing is recorded", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  const head = app.engine.headLogId;
  const html = await pageOf(app, `/ui/jobs/${jobId}/time`);
  const plan = textOf(elementOf(html, "plan"));
  assert.deepEqual(JSON.parse(plan).expected[0].id, "shipped");
  await assertWhatIf(app, jobId, [["with", ""], ["plan", plan], ["upTo", ""]], {});
  assert.equal(app.engine.headLogId, head);
});

Deno.test("what-if page: each error is shown at its field, and what was typed is kept", async () => {
  const app = await startApp();
  const { jobId, firstLogId } = await createPlan(app);
  const fields: Fields = [
    ["without", String(firstLogId)],
    ["with", '[{"eventType":"shop.Paid","after":9999}]'],
    ["plan", '{"expected":[{"id":"main","eventType":"ec.A"},{"id":"main","eventType":"ec.A"}]}'],
  ];
  const repeated = await whatIfPage(app, jobId, fields, 422);
  assert.match(
    textOf(elementOf(repeated, "plan-issues")),
    /^\/expected\/1\/id is the id of an earlier expectation/,
  );

  const impossible = await whatIfPage(app, jobId, fields.slice(0, 2), 422);
  assert.match(textOf(elementOf(impossible, "without-issues")), /^\/0 /);
  assert.match(textOf(elementOf(impossible, "with-issues")), /^\/0\/after /);
  assert.doesNotMatch(impossible, /id="plan-issues"/);
  assert.match(textOf(elementOf(impossible, "with")), /"after":9999/);

  const noJson = await whatIfPage(app, jobId, [["with", "[{]"]], 422);
  assert.match(
    textOf(elementOf(noJson, "with-issues")),
    /^is not JSON: unexpected character in line 1, column 3/,
  );
  assert.doesNotMatch(noJson, /id="what-if-result"/);
});

Deno.test("time travel: there are curl calls for replay, difference and what-if", async () => {
  const app = await startApp({ token: "s3cret-token-0123456789" });
  const authorization = "Bearer s3cret-token-0123456789";
  const created = await app.post("/jobs", { plan: { expected: [] }, jobId: "j" }, {
    authorization,
  });
  await created.body?.cancel();
  const browser = { accept: "text/html", authorization };
  const html = await pageText(await app.get("/ui/jobs/j/time?from=2", browser));
  const token = ' -H "authorization: Bearer $DAYBOOK_TOKEN"';
  const text = textOf(html);
  const at = app.engine.headLogId;
  assert.ok(
    text.includes(`curl -s${token} http://localhost/jobs/j/replay?at=${at}`) ||
      text.includes(`curl -s${token} 'http://localhost/jobs/j/replay?at=${at}'`),
    text,
  );
  assert.ok(text.includes(`curl -s${token} 'http://localhost/jobs/j/diff?from=2'`), text);
  const asked = await submitForm(app, "/ui/jobs/j/time", [["without", "3"]], { authorization });
  assert.ok(
    textOf(await pageText(asked)).includes(
      `curl -s${token} http://localhost/jobs/j/what-if -H 'content-type: application/json' ` +
        `-d '{"without":[3]}'`,
    ),
  );
});

Deno.test("what-if page: a curl call that is too long for a shell takes its document from a file", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  const event = { eventType: "shop.Long", attributes: { note: "n".repeat(9_000) } };
  const html = await whatIfPage(app, jobId, [["with", JSON.stringify(event)]]);
  const text = textOf(elementOf(html, "calls"));
  assert.match(text, /what-if -H 'content-type: application\/json' -d @what-if\.json/);
  assert.doesNotMatch(text, /n{1000}/);
});

const HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)> \u202egpj.exe';
const MEGABYTE = "m".repeat(700_000);

Deno.test("time travel: hostile text is shown as text, and a megabyte of it does not make a megabyte of page", async () => {
  const app = await startApp({ bodyBytesMax: 8 * 1024 * 1024 });
  const plan = {
    expected: [{
      id: "shipped",
      eventType: "shop.ParcelShipped",
      correlation: { equals: { orderId: MEGABYTE, [HOSTILE.replaceAll(".", "")]: HOSTILE } },
    }],
  };
  const { jobId } = await createPlan(app, { plan, labels: { note: "<b>bold</b>" } });
  const attributes = { orderId: MEGABYTE, [HOSTILE]: HOSTILE };
  await app.post("/events", { eventType: "shop.ParcelShipped", jobId, attributes });
  await app.post(`/jobs/${jobId}/cancel`, { reason: HOSTILE });
  for (const { logId } of await app.engine.history.of(jobId as JobId, 0, 100)) {
    const html = await pageOf(app, `/ui/jobs/${jobId}/time?at=${logId}&from=2`);
    assert.doesNotMatch(html, /<script>|<img|<b>/);
    assert.ok(html.length < 100_000, `${html.length}`);
  }
  const html = await whatIfPage(
    app,
    jobId,
    [["with", JSON.stringify({ [HOSTILE]: HOSTILE })]],
    422,
  );
  assert.doesNotMatch(html, /<script>|<img/);
  const refused = await pageOf(app, `/ui/jobs/${jobId}/time?at=${encodeURIComponent(HOSTILE)}`, {
    status: 422,
  });
  assert.doesNotMatch(refused, /<script>|<img/);
});

Deno.test("time travel: a job of thousands of entries has a page of bounded size", async () => {
  const app = await startApp();
  const expected = [{ id: "parts", eventType: "shop.Part", multiplicity: { times: 5_000 } }];
  const { jobId } = await createPlan(app, { plan: { expected } });
  const part = { eventType: "shop.Part", attributes: {} };
  for (let round = 0; round < 3; round++) {
    const response = await app.post("/events", Array(1_000).fill(part));
    await response.body?.cancel();
  }
  const html = await pageOf(app, `/ui/jobs/${jobId}/time?at=3000&from=3`);
  assert.ok(html.length < 250_000, `${html.length}`);
  const rows = elementOf(html, "point").length;
  assert.ok(rows < 20_000, `${rows}`);
  const shownRows = [...html.matchAll(/<tr data-log-id="/g)].length;
  assert.ok(shownRows <= 102, `${shownRows}`);
  // What the slider requests is a part of it.
  const part2 = await pageOf(app, `/ui/jobs/${jobId}/time?step=1500&part=point`);
  assert.ok(part2.length < 20_000, `${part2.length}`);
  // A selected entry far from the point is still included.
  const asked = await submitForm(app, `/ui/jobs/${jobId}/time?at=3`, [["without", "2999"]]);
  const page = await pageText(asked);
  assert.match(page, /name="without" value="2999" checked/);
});

Deno.test("time travel: the number of an entry has separators, and is read as it is shown", async () => {
  const app = await startApp();
  const body = { plan: { expected: [{ id: "x", eventType: "a.B" }] }, jobId: "many" };
  await jsonOf(await app.post("/jobs", body), 202);
  const event = { eventType: "a.C", jobId: "many" };
  await jsonOf(await app.post("/events", Array.from({ length: 1_000 }, () => event)), 200);
  const html = await pageOf(app, "/ui/jobs/many/time");
  assert.equal(textOf(elementOf(html, "step-count")), "1,002 of 1,002");
  assert.equal(attributeOf(elementOf(html, "step"), "aria-valuetext"), "entry 1,002 of 1,002");
});
