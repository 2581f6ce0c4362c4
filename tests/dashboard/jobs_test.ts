/** The jobs screen: filters, rows, groups of failures, and forms. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { type Scope, TokenList } from "../../src/access/tokens.ts";
import { formatCursor } from "../../src/documents/parameters.ts";
import { hostileText } from "../support/http/arbitrary_hostile.ts";
import { engineThatLooked } from "../support/http/bounded_engine.ts";
import { locationOf, pageOf, pageText, submitForm } from "../support/http/dashboard.ts";
import {
  conditionOf,
  createAndRun,
  createPlan,
  type JobBody,
  jsonOf,
  shipmentPlan,
  startApp,
  type TestApp,
} from "../support/http/http_app.ts";
import { cases } from "../support/effort.ts";
import { readable, shownText } from "../support/http/job_pages.ts";

const JOBS = "/ui/jobs";

/** The ids of the rows, from the top. */
function rowsOf(text: string): readonly string[] {
  const cell = /<td class="job-name"><a class="id" href="\/ui\/jobs\/([^"]+)"/g;
  return [...text.matchAll(cell)].map(([, id = ""]) => decodeURIComponent(id));
}

/** The HTML of a job's row. */
function rowOf(text: string, { firstLogId }: JobBody): string {
  const [, row = ""] = new RegExp(`(<tr id="job-${firstLogId}".*?</tr>)`, "s").exec(text) ?? [];
  assert.notEqual(row, "");
  return row;
}

function fieldsOf(text: string): Record<string, string> {
  const [, form = ""] =
    /<form method="post" action="\/ui\/jobs" class="(?!row)[^]*?>([^]*?)<\/form>/.exec(text) ?? [];
  const hidden = /<input type="hidden" name="([^"]*)" value="([^"]*)"/g;
  return Object.fromEntries(
    [...form.matchAll(hidden)].map(([, name = "", value = ""]) => [name, shownText(value)]),
  );
}

/** Sends the confirmation form of an action on all matching jobs. */
async function doWithAll(
  app: TestApp,
  action: string,
  query = "",
  more: Record<string, string> = {},
): Promise<string> {
  const asks = await pageOf(app, `${JOBS}?do=${action}${query}`);
  return await pageText(await submitForm(app, JOBS, { ...fieldsOf(asks), ...more }));
}

Deno.test("jobs: the newest are first, each with its current activity and a link to its page", async () => {
  const app = await startApp();
  const waits = await createPlan(app, { jobId: "waits", labels: { team: "shop" } });
  const failed = await createAndRun(app, "test.doomed");
  const text = await pageOf(app, JOBS);
  assert.deepEqual(rowsOf(text), [failed.jobId, "waits"]);
  assert.match(
    shownText(rowOf(text, waits)),
    /^waiting waits plan team:shop 00:00:00 0 ms waits for shipped, 0 of 1 Cancel/,
  );
  assert.match(
    shownText(rowOf(text, failed)),
    /^failed .* test\.doomed 00:00:00 0 ms 0 ms NonRetryableError: the card is stolen Retry$/,
  );
});

Deno.test("jobs: a page has 50 jobs, and the links to the next and previous pages reach all", async () => {
  const app = await startApp();
  for (let index = 1; index <= 120; index++) await createPlan(app, { jobId: `job-${index}` });
  const linkOf = (text: string, rel: string) =>
    shownText(new RegExp(`rel="${rel}" href="([^"]*)"`).exec(text)?.[1] ?? "");
  const first = await pageOf(app, `${JOBS}?search=job`);
  assert.deepEqual([rowsOf(first)[0], rowsOf(first).length], ["job-120", 50]);
  assert.equal(linkOf(first, "prev"), "");
  const second = await pageOf(app, linkOf(first, "next"));
  assert.deepEqual([rowsOf(second)[0], rowsOf(second).length], ["job-70", 50]);
  const third = await pageOf(app, linkOf(second, "next"));
  assert.deepEqual([rowsOf(third)[0], rowsOf(third).length], ["job-20", 20]);
  assert.equal(linkOf(third, "next"), "");
  const back = await pageOf(app, linkOf(third, "prev"));
  assert.deepEqual(rowsOf(back), rowsOf(second));
  assert.deepEqual(rowsOf(await pageOf(app, linkOf(back, "prev"))), rowsOf(first));
  assert.ok(linkOf(second, "next").includes("search=job"));
});

Deno.test("jobs: filters narrow, and each can be removed alone", async () => {
  const app = await startApp();
  await createPlan(app, { jobId: "a", labels: { team: "shop" } });
  await createPlan(app, { jobId: "b", labels: { team: "shop" }, start: false });
  await createPlan(app, { jobId: "c" });
  const text = await pageOf(app, `${JOBS}?label=team:shop&condition=waiting&search=`);
  assert.deepEqual(rowsOf(text), ["a"]);
  const chips = [...text.matchAll(/class="chip" href="([^"]*)"/g)].map(([, href = ""]) => href);
  assert.deepEqual(chips.map(shownText), [
    `${JOBS}?label=team%3Ashop`,
    `${JOBS}?condition=waiting`,
  ]);
});

Deno.test("jobs: every condition is counted, under the other filters", async () => {
  const app = await startApp();
  await createPlan(app, { labels: { team: "shop" } });
  await createPlan(app, { labels: { team: "shop" }, start: false });
  await createPlan(app);
  const text = await pageOf(app, `${JOBS}?label=team:shop&condition=created`);
  const [tabs = ""] = /<nav id="job-tabs".*?<\/nav>/s.exec(text) ?? [];
  assert.match(shownText(tabs), /^all 2 created 1 scheduled 0 queued 0 executing 0 waiting 1 /);
});

Deno.test("jobs: blank fields of the form do not filter, and its times are UTC", async () => {
  const app = await startApp();
  await createPlan(app, { jobId: "a" });
  const form = "search=&type=&label=&state=&createdBefore=&createdAfter=";
  assert.deepEqual(rowsOf(await pageOf(app, `${JOBS}?${form}2025-12-31T23:59`)), ["a"]);
  assert.deepEqual(rowsOf(await pageOf(app, `${JOBS}?${form}2026-01-01T00:00`)), []);
});

Deno.test("jobs: an invalid field shows an error and keeps what was typed", async () => {
  const app = await startApp();
  const text = await pageOf(app, `${JOBS}?createdAfter=yesterday&search=bank`, { status: 422 });
  assert.match(text, /createdAfter must be an RFC 3339 time/);
  assert.match(text, /name="search" type="search" value="bank"/);
});

Deno.test("jobs: an empty list says how to submit a job", async () => {
  const app = await startApp();
  assert.match(shownText(await pageOf(app, JOBS)), /There are no jobs yet\. Submit one with/);
  await createPlan(app);
  assert.match(shownText(await pageOf(app, `${JOBS}?search=nothing`)), /No job matches\./);
});

Deno.test("jobs: a search links to the inputs and events with the value", async () => {
  const app = await startApp();
  await app.post("/events", { eventType: "shop.Paid", attributes: { orderId: "A&B 7" } });
  const text = await pageOf(app, `${JOBS}?search=A%26B+7`);
  const [, path = ""] = /href="(\/explain\?[^"]*)"/.exec(text) ?? [];
  const told = await (await app.get(path.replaceAll("&amp;", "&"))).text();
  assert.match(told, /^No job has A&B 7, but an event:/);
  assert.doesNotMatch(await pageOf(app, JOBS), /\/explain\?/);
});

Deno.test("jobs: a search that ended early says how far it looked, and links to the rest", async () => {
  const app = await startApp({ engine: await engineThatLooked(100_000) });
  const text = await pageOf(app, `${JOBS}?search=nothing`);
  assert.match(
    shownText(text),
    /Examined 100,000 jobs, back to 2026-01-01 00:00:00 /,
  );
  assert.match(shownText(text), /No job that far back matches\./);
  const cursor = formatCursor("jobs", 7);
  assert.ok(
    text.includes(`<a href="${JOBS}?search=nothing&amp;cursor=${cursor}">Search further back`),
  );
  assert.match(shownText(text), /all 0\+ created 0\+/);
  const asks = await pageOf(app, `${JOBS}?do=retry&search=nothing`);
  assert.match(shownText(asks), /Retry 0 or more jobs\? .* Retry those further back/);
  const did = await pageText(await submitForm(app, JOBS, fieldsOf(asks)));
  assert.match(shownText(did), /Retried 0 jobs Older jobs were not examined yet\./);
  assert.equal(fieldsOf(did)["before"], "7");
});

Deno.test("jobs: a search for an id that ended early before the job links to the job", async () => {
  const app = await startApp({ engine: await engineThatLooked(100_000) });
  const { jobId } = await createPlan(app);
  const text = await pageOf(app, `${JOBS}?search=+${jobId}`);
  assert.match(shownText(text), new RegExp(`Job ${jobId} has this id\\.`));
  assert.ok(text.includes(`href="${JOBS}/${jobId}"`));
  assert.doesNotMatch(shownText(await pageOf(app, `${JOBS}?search=nothing`)), /has this id/);
});

Deno.test("jobs: hostile text is shown as text, and a megabyte is cut", async () => {
  const app = await startApp();
  const hostile = `<img src=x onerror=alert(1)>"'\u202e`;
  const labels = { team: hostile };
  const { jobId } = await createPlan(app, {
    labels,
    plan: { ...shipmentPlan("1"), policy: { errors: [{ eventType: "shop.Lost" }] } },
  });
  const message = `${hostile} ${"x".repeat(900_000)}`;
  await app.post("/events", { eventType: "shop.Lost", jobId, attributes: { message } });
  const query = new URLSearchParams({ search: hostile, label: `team:${hostile}` });
  for (const path of [JOBS, `${JOBS}?group=error`, `${JOBS}?do=retry`, `${JOBS}?${query}`]) {
    const text = await pageOf(app, path);
    assert.ok(!text.includes("<img"), path);
    assert.ok(text.length < 60_000, path);
  }
  assert.deepEqual(rowsOf(await pageOf(app, `${JOBS}?${query}`)), [jobId]);
});

Deno.test("jobs: live, the rows stay in place, and one that no longer matches is dimmed", async () => {
  const app = await startApp();
  const [a, b] = [await createPlan(app, { jobId: "a" }), await createPlan(app, { jobId: "b" })];
  const shown = `&shown=${b.firstLogId},${a.firstLogId}`;
  await app.post("/jobs/a/cancel");
  await createPlan(app, { jobId: "c" });
  await createPlan(app, { jobId: "d" });
  const text = await pageOf(app, `${JOBS}?condition=waiting${shown}`);
  assert.deepEqual(rowsOf(text), ["b", "a"]);
  assert.match(rowOf(text, a), /class="job-row gone"/);
  assert.match(rowOf(text, b), /class="job-row"/);
  assert.match(shownText(text), /2 newer jobs: show them/);
});

Deno.test("jobs: live, a newly matching job is announced, not inserted", async () => {
  const app = await startApp();
  const older = await createPlan(app, { jobId: "older" });
  await createPlan(app, { jobId: "between" });
  const newer = await createPlan(app, { jobId: "newer" });
  for (const { jobId } of [older, newer]) await app.post(`/jobs/${jobId}/cancel`);
  const query = `${JOBS}?condition=cancelled`;
  assert.deepEqual(rowsOf(await pageOf(app, query)), ["newer", "older"]);
  await app.post("/jobs/between/cancel");
  const text = await pageOf(app, `${query}&shown=${newer.firstLogId},${older.firstLogId}`);
  assert.deepEqual(rowsOf(text), ["newer", "older"]);
  assert.match(shownText(text), /1 more matches now: show it/);
  assert.match(shownText(await pageOf(app, `${query}&shown=0`)), /3 newer jobs: show them/);
});

Deno.test("jobs: a retry returns to the same filters, with a message", async () => {
  const app = await startApp();
  const failed = await createAndRun(app, "test.doomed");
  const query = "?condition=failed&search=stolen";
  const fields = fieldsOf(rowOf(await pageOf(app, JOBS + query), failed));
  assert.equal(fields["return"], JOBS + query);
  const location = await locationOf(await submitForm(app, JOBS, fields));
  assert.ok(location.startsWith(`${JOBS}${query}&note=`), location);
  await app.clock.settle();
  const text = await pageOf(app, location);
  const [retry = ""] = rowsOf(text);
  assert.ok(readable(text).includes(`Retried ${failed.jobId} as ${retry}.`));
  assert.match(shownText(rowOf(text, failed)), new RegExp(`retried as ${retry}`));
  assert.ok(!rowOf(text, failed).includes("<form"));
});

Deno.test("jobs: a second retry of the same job is refused, and says so", async () => {
  const app = await startApp();
  const failed = await createAndRun(app, "test.doomed");
  const fields = { action: "retry", job: failed.jobId, return: JOBS };
  await locationOf(await submitForm(app, JOBS, fields));
  const text = await pageOf(app, await locationOf(await submitForm(app, JOBS, fields)));
  assert.match(text, /class="note note-bad" role="alert"/);
  assert.match(shownText(text), /it was already retried/);
});

Deno.test("jobs: selected jobs are acted on one by one, and nothing happens without a selection", async () => {
  const app = await startApp();
  for (const jobId of ["a", "b", "c"]) await createPlan(app, { jobId });
  await app.post("/jobs/b/cancel");
  const text = await pageOf(app, JOBS);
  assert.equal([...text.matchAll(/name="job" value="\w" form="selection"/g)].length, 3);
  const [bar = ""] = /<form id="selection".*?<\/form>/s.exec(text) ?? [];
  assert.match(shownText(bar), /^Ticked: Suspend Cancel … .* Yes, cancel the ticked jobs$/);
  const send = async (action: string, jobIds: readonly string[]) => {
    const ticks = jobIds.map((jobId): [string, string] => ["job", jobId]);
    const fields: [string, string][] = [["ticked", "yes"], ["confirm", "yes"], ["return", JOBS]];
    const sent = await submitForm(app, JOBS, [...fields, ["action", action], ...ticks]);
    return readable(await pageOf(app, await locationOf(sent)));
  };
  assert.match(await send("suspend", ["a", "c"]), /Suspended 2 jobs\./);
  assert.deepEqual([await conditionOf(app, "a"), await conditionOf(app, "c")], [
    "suspended",
    "suspended",
  ]);
  assert.match(await send("cancel", ["a", "b"]), /Cancelled 1 job\. Cannot cancel job b: .*Failed/);
  assert.deepEqual([await conditionOf(app, "a"), await conditionOf(app, "c")], [
    "cancelled",
    "suspended",
  ]);
  assert.match(await send("cancel", []), /Tick the jobs first\./);
});

Deno.test("jobs: nothing is cancelled without a confirmation", async () => {
  const app = await startApp();
  await createPlan(app, { jobId: "a" });
  const one = { action: "cancel", job: "a", return: JOBS };
  await pageText(await submitForm(app, JOBS, one), 422);
  const all = { action: "cancel", upTo: "99", return: JOBS };
  await pageText(await submitForm(app, JOBS, all), 422);
  assert.equal(await conditionOf(app, "a"), "waiting");
  await locationOf(await submitForm(app, JOBS, { ...one, confirm: "yes" }));
  assert.equal(await conditionOf(app, "a"), "cancelled");
});

Deno.test("jobs: all that match are cancelled, later ones are not, and the reason is on record", async () => {
  const app = await startApp();
  for (const jobId of ["a", "b"]) await createPlan(app, { jobId, labels: { team: "shop" } });
  await createPlan(app, { jobId: "other" });
  const asks = await pageOf(app, `${JOBS}?do=cancel&label=team:shop`);
  assert.match(shownText(asks), /Cancel 2 jobs\?/);
  await createPlan(app, { jobId: "late", labels: { team: "shop" } });
  const fields = { ...fieldsOf(asks), confirm: "yes", reason: "the shop is shut" };
  const text = await pageText(await submitForm(app, JOBS, fields));
  assert.match(shownText(text), /Cancelled 2 jobs/);
  assert.ok(text.includes(`href="${JOBS}?label=team%3Ashop"`));
  assert.deepEqual(
    await Promise.all(["a", "b", "other", "late"].map((id) => conditionOf(app, id))),
    ["cancelled", "cancelled", "waiting", "waiting"],
  );
  const job = await jsonOf(await app.get("/jobs/a"), 200);
  assert.equal((job.failure?.["error"] as { message: string }).message, "the shop is shut");
});

Deno.test("jobs: all failures of one kind are retried once, however often that is requested", async () => {
  const app = await startApp();
  const failed = [];
  for (let index = 0; index < 3; index++) failed.push(await createAndRun(app, "test.doomed"));
  const groups = await pageOf(app, `${JOBS}?group=error`);
  assert.match(
    shownText(groups),
    /3 NonRetryableError the card is stolen test\.doomed task charge/,
  );
  const fingerprint = String(failed[0]?.failure?.["fingerprint"]);
  const asks = await pageOf(app, `${JOBS}?do=retry&fingerprint=${fingerprint}`);
  assert.match(shownText(asks), /Retry 3 jobs\?/);
  const first = await pageText(await submitForm(app, JOBS, fieldsOf(asks)));
  assert.match(shownText(first), /Retried 3 jobs/);
  await app.clock.settle();
  // The same form again: jobs created by the first are newer than its selection.
  assert.match(
    shownText(await pageText(await submitForm(app, JOBS, fieldsOf(asks)))),
    /Retried 0 jobs/,
  );
  const after = await pageOf(app, `${JOBS}?group=error`);
  assert.match(shownText(after), /3 of 6 Retry 3 …/);
});

Deno.test("jobs: a job that was retried is retried again only on request, and then once", async () => {
  const app = await startApp();
  const { jobId } = await createAndRun(app, "test.doomed");
  await app.post(`/jobs/${jobId}/retry`);
  await app.clock.settle();
  const query = `&search=${jobId}`;
  const asks = await pageOf(app, `${JOBS}?do=retry${query}`);
  assert.match(shownText(asks), /Retry again\? .*1 job that matches was already retried/);
  const again = { ...fieldsOf(asks), again: "yes" };
  assert.match(shownText(await pageText(await submitForm(app, JOBS, again))), /Retried 1 job/);
  const twice = shownText(await pageText(await submitForm(app, JOBS, again)));
  assert.match(twice, /Retried 0 jobs Skipped 1 job: it was already retried/);
});

Deno.test("jobs: a retry of all that match skips cancelled jobs", async () => {
  const app = await startApp();
  await createPlan(app, { jobId: "a" });
  await app.post("/jobs/a/cancel");
  assert.match(shownText(await pageOf(app, `${JOBS}?do=retry`)), /There are no jobs to retry/);
  assert.match(shownText(await doWithAll(app, "retry", "&condition=cancelled")), /Retried 1 job/);
});

Deno.test("jobs: with scope read there are no actions, and each is refused", async () => {
  const tokens: readonly Scope[] = ["read", "submit", "operate"];
  const access = new TokenList([
    { token: "reader-0123456789", scopes: ["read", "submit"] },
    { token: "master-0123456789", scopes: tokens },
  ]);
  const app = await startApp({ access });
  const headersOf = (token: string) => ({ authorization: `Bearer ${token}`, accept: "text/html" });
  const [reader, master] = [headersOf("reader-0123456789"), headersOf("master-0123456789")];
  await app.post("/jobs", { jobId: "a", plan: shipmentPlan("1") }, master);
  const read = await pageText(await app.get(JOBS, reader));
  assert.deepEqual(rowsOf(read), ["a"]);
  assert.doesNotMatch(read, /Cancel|do=/);
  assert.match(read, /does not have the scope <code>operate<\/code>, which controlling jobs needs/);
  assert.match(await pageText(await app.get(JOBS, master)), /Cancel …/);
  assert.doesNotMatch(await pageText(await app.get(`${JOBS}?do=cancel`, reader)), /Cancel 1 job/);
  const fields = { action: "cancel", job: "a", confirm: "yes", return: JOBS };
  await pageText(await submitForm(app, JOBS, fields, reader), 403);
  const foreign = { ...fields, return: "https://evil.example/" };
  assert.match(await locationOf(await submitForm(app, JOBS, foreign, master)), /^\/\?note=/);
});

Deno.test("jobs: a form that the API refuses is answered with a page", async () => {
  const app = await startApp();
  await pageText(await submitForm(app, JOBS, { action: "delete", job: "a" }), 422);
  await pageText(await submitForm(app, JOBS, { action: "retry", job: "" }), 404);
  await pageText(await submitForm(app, JOBS, { action: "retry", upTo: "-1", return: JOBS }), 422);
});

Deno.test("jobs: the curl calls return what is shown, and perform the actions", async () => {
  const app = await startApp();
  const text = shownText(await pageOf(app, `${JOBS}?condition=failed&label=team:it's`));
  assert.ok(
    text.includes(
      "curl -s 'http://localhost/jobs?condition=failed&label=team%3Ait%27s&limit=50'",
    ),
    text,
  );
  await createAndRun(app, "test.doomed");
  const retry = shownText(await pageOf(app, `${JOBS}?do=retry`));
  assert.ok(
    retry.includes(
      "curl -s http://localhost/jobs/bulk -H 'content-type: application/json' " +
        `-d '{"action":"retry","filter":{},"upTo":${app.engine.headLogId}}'`,
    ),
    retry,
  );
});

Deno.test("jobs: any address or form is answered with a page, never a 5xx", async () => {
  const errors: Error[] = [];
  const app = await startApp({ onError: (error) => errors.push(error) });
  await createPlan(app, { jobId: "a", labels: { team: "shop" } });
  await createAndRun(app, "test.doomed");
  const names = [
    ...["search", "type", "label", "state", "condition", "createdAfter", "createdBefore"],
    ...["fingerprint", "retried", "cursor", "newer", "group", "do", "shown", "note", "__proto__"],
  ];
  const known = ["error", "retry", "cancel", "team:shop", "Running", "failed", "2,4,x", "0", "1e9"];
  const value = fc.oneof(fc.constantFrom(...known), hostileText);
  const pairs = fc.array(fc.tuple(fc.constantFrom(...names), value), { maxLength: 4 });
  const fields = ["action", "job", "upTo", "before", "again", "confirm", "reason"];
  const form = fc.dictionary(fc.constantFrom(...fields), value, { maxKeys: 5 });
  await fc.assert(
    fc.asyncProperty(pairs, form, async (query, fields) => {
      const path = `${JOBS}?${new URLSearchParams(query)}`;
      const response = await app.get(path, { accept: "text/html" });
      assert.ok([200, 422].includes(response.status), path);
      await pageText(response, response.status);
      const done = await submitForm(app, JOBS, { ...fields, return: path });
      assert.ok([200, 303, 404, 422].includes(done.status), `${done.status} ${path}`);
      await done.text();
      assert.deepEqual(errors, []);
    }),
    { numRuns: cases(300) },
  );
});
