/** `/ui/stream`: pages of the journal agree with the API, and show their bounds. */

import assert from "node:assert/strict";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { pageOf, pageText } from "../support/http/dashboard.ts";
import { attributeOf, elementOf, textOf } from "./html_text.ts";
import { createPlan, jsonOf, startApp, type TestApp } from "../support/http/http_app.ts";
import { RecordedRun } from "../support/http/recorded_run.ts";

const JOBS = 33;

const run = await RecordedRun.of(JOBS);
const head = run.engine.headLogId;

type Server = Pick<TestApp, "get">;

interface StreamPage {
  readonly html: string;
  /** Positions, as they are shown. */
  readonly logIds: readonly number[];
  readonly from: number;
  readonly to: number;
  /** Where the links to other pages lead. */
  readonly older: string | undefined;
  readonly newer: string | undefined;
}

async function streamPage(server: Server, search = "", status = 200): Promise<StreamPage> {
  const html = await pageOf(server, `/ui/stream${search}`, { status });
  const rows = elementOf(html, "stream-rows");
  return {
    html,
    logIds: [...rows.matchAll(/<li[^>]*data-log-id="(\d+)"/g)].map(([, logId]) => Number(logId)),
    from: Number(attributeOf(rows, "data-from")),
    to: Number(attributeOf(rows, "data-to")),
    older: linkTo("Older", html),
    newer: linkTo("Newer", html),
  };
}

/** The query of a link that is shown. */
function linkTo(name: string, html: string): string | undefined {
  const link = new RegExp(`<a[^>]*>\\s*${name}\\s*</a>`).exec(html)?.[0] ?? "";
  const isHidden = /\shidden(?:=|>|\s)/.test(link);
  return isHidden ? undefined : attributeOf(link, "href")?.replace("/ui/stream", "");
}

async function allPassing(server: Server, search: string): Promise<readonly number[]> {
  const logIds: number[] = [];
  let cursor = "";
  do {
    const page = await jsonOf<{ entries: JobEventLogEntry[]; nextCursor: string | null }>(
      await server.get(`/events?limit=1000&${search}${cursor}`),
      200,
    );
    logIds.push(...page.entries.map(({ logId }) => logId));
    cursor = page.nextCursor === null ? "" : `&cursor=${page.nextCursor}`;
  } while (cursor !== "");
  return logIds.toReversed();
}

Deno.test("stream page: it has the newest hundred entries, the newest first", async () => {
  const { logIds, from, to, html } = await streamPage(run);
  assert.deepEqual(logIds, Array.from({ length: 100 }, (_, at) => head - at));
  assert.deepEqual([from, to], [head - 99, head]);
  assert.match(html, /data-live-url="\/ui\/live"/);
  const heads = /<div class="entry-row stream-heads".*?<\/div>/s.exec(html)?.[0] ?? "";
  const names = [...heads.matchAll(/<span[^>]*>([^<]*)/g)].map(([, name]) => name);
  assert.deepEqual(names, ["Entry", "Received", "Type", "Job", "Task", "What it did"]);
});

const FILTERS: readonly (readonly [page: string, api: string])[] = [
  ["", ""],
  ["types=mixed.Part", "eventType=mixed.Part"],
  ["types=job.TaskFailed,+job.JobCreated", "eventType=job.TaskFailed,job.JobCreated"],
  ["stratum=domain", "stratum=domain"],
  ["jobId=job-8", "jobId=job-8"],
  [
    "jobId=job-8&types=job.JobCreated&stratum=framework&only=",
    "jobId=job-8&eventType=job.JobCreated",
  ],
  ["types=&stratum=&jobId=+job-8+", "jobId=job-8"],
  ["types=no.Such", "eventType=no.Such"],
];

for (const [search, api] of FILTERS) {
  Deno.test(`stream page: the older pages have every match once: ${search}`, async () => {
    const shown: number[] = [];
    let page = await streamPage(run, `?${search}`);
    for (;;) {
      assert.ok(page.logIds.every((logId) => logId >= page.from && logId <= page.to));
      shown.push(...page.logIds);
      if (page.older === undefined) break;
      page = await streamPage(run, page.older);
    }
    assert.deepEqual(shown, await allPassing(run, api));
  });
}

Deno.test("stream page: the pages from the beginning have every entry once", async () => {
  const pages: (readonly number[])[] = [];
  let page = await streamPage(run, "?after=0");
  for (;;) {
    pages.unshift(page.logIds);
    if (page.newer === undefined) break;
    page = await streamPage(run, page.newer);
  }
  assert.deepEqual(pages.flat(), await allPassing(run, ""));
  assert.doesNotMatch(page.html, /data-live-url/);
});

Deno.test("stream page: only transitions shows the entries that changed a job, with the change", async () => {
  const { logIds, html } = await streamPage(run, "?only=transitions");
  assert.equal(logIds.length, 100);
  for (const logId of logIds) {
    const [entry] = await run.engine.history.at([logId]);
    assert.ok(entry !== undefined && run.engine.transitionAt(entry), String(logId));
  }
  const rows = html.split("<li ").slice(1).filter((row) => row.includes("entry-changed"));
  assert.equal(rows.length, 100);
});

Deno.test("stream page: a row names the job, the task, and the new state of the job", async () => {
  const app = await startApp();
  await app.post("/jobs", { jobId: "order-42", type: "test.parcel", input: { orderId: "42" } });
  await app.clock.settle();
  await app.post("/events", { eventType: "shop.ParcelShipped", attributes: { orderId: "42" } });
  await app.clock.settle();
  const { html } = await streamPage(app);
  const texts = elementOf(html, "stream-rows").split("<li ").slice(1)
    .map((row) => textOf(`<li ${row}`.replace(/<details.*<\/details>/s, "")));
  const words = texts.map((text) => text.replace(/^(\d+) \S+ /, ""));
  assert.ok(words.includes("TaskCompleted order-42 main Running → Done succeeded"), `${words}`);
  assert.ok(words.includes("JobCreated order-42 Created created test.parcel"));
  assert.ok(words.includes('shop.ParcelShipped {"orderId":"42"}'));
  assert.match(html, /href="\/ui\/jobs\/order-42\/time\?at=\d+"/);
  assert.match(html, /href="\/ui\/jobs\/order-42"/);
});

Deno.test("stream page: with a job it follows that job alone, and with an unknown one everything", async () => {
  const app = await startApp();
  await createPlan(app, { jobId: "order-42" });
  assert.match(
    (await streamPage(app, "?jobId=order-42")).html,
    /live-url="\/ui\/live\?jobId=order-42"/,
  );
  assert.match((await streamPage(app, "?jobId=nobody")).html, /data-live-url="\/ui\/live"/);
});

/** A journal in which almost nothing matches. */
async function rareApp(): Promise<TestApp> {
  const app = await startApp();
  await (await app.post("/events", { eventType: "shop.Rare" })).body?.cancel();
  for (let round = 0; round < 11; round++) {
    const common = Array(1_000).fill({ eventType: "shop.Common" });
    await (await app.post("/events", common)).body?.cancel();
  }
  return app;
}

Deno.test("stream page: for a rare match it searches a bounded number of entries, and says which", async () => {
  const app = await rareApp();
  const headThere = app.engine.headLogId;
  const first = await streamPage(app, "?types=shop.Rare");
  assert.deepEqual(first.logIds, []);
  const lowest = (headThere - 9_999).toLocaleString("en");
  assert.match(
    textOf(elementOf(first.html, "stream-looked")),
    new RegExp(`^Of entries ${lowest} to .*, 10,000 were examined, and 0 pass\\.$`),
  );
  assert.equal(first.older, `?types=shop.Rare&before=${headThere - 9_999}`);
  const second = await streamPage(app, first.older);
  assert.deepEqual(second.logIds, [2]);
  assert.equal(second.older, undefined);
  const ahead = await streamPage(app, "?types=shop.Rare&after=2");
  assert.equal(ahead.newer, "?types=shop.Rare&after=10002");
});

Deno.test("stream page: after a position it has the newest entries, and says where a gap begins", async () => {
  const gap = await streamPage(run, `?since=${head - 250}`);
  assert.deepEqual([gap.from, gap.to], [head - 99, head]);
  const none = await streamPage(run, `?since=${head - 7}`);
  assert.deepEqual([none.from, none.to], [head - 6, head]);
  assert.deepEqual(none.logIds, Array.from({ length: 7 }, (_, at) => head - at));
  const nothing = await streamPage(run, `?since=${head}`);
  assert.deepEqual([nothing.logIds.length, nothing.from, nothing.to], [0, head + 1, head]);
  const filtered = await streamPage(run, `?since=${head - 250}&types=no.Such`);
  assert.deepEqual([filtered.logIds.length, filtered.from], [0, head - 249]);
  const ofJob = await streamPage(run, `?since=1&jobId=job-8`);
  assert.deepEqual([ofJob.from, ofJob.to], [2, head]);
});

const WRONG: readonly (readonly [search: string, name: string])[] = [
  ["?types=oh+no!", "types"],
  ["?jobId=%3Cb%3E", "jobId"],
  ["?stratum=all", "stratum"],
  ["?only=some", "only"],
];

Deno.test("stream page: an invalid filter shows an error at its field and keeps what was typed", async () => {
  for (const [search, name] of WRONG) {
    const html = await pageOf(run, `/ui/stream${search}`, { status: 422 });
    assert.match(html, new RegExp(`<div class="field-issues" id="${name}-issues"`), search);
    assert.equal(attributeOf(elementOf(html, name), "aria-invalid"), "true");
    assert.doesNotMatch(html, /id="stream-rows"/);
  }
  const html = await pageOf(run, "/ui/stream?jobId=%3Cb%3E", { status: 422 });
  assert.equal(attributeOf(elementOf(html, "jobId"), "value"), "<b>");
  const unknown = await pageOf(run, "/ui/stream?color=red", { status: 422 });
  assert.match(textOf(unknown), /color is not a known parameter/);
  await pageOf(run, "/ui/stream?before=x", { status: 422 });
});

Deno.test("stream page: the curl call follows with the same filters, from where the page begins", async () => {
  const { html } = await streamPage(run, "?types=mixed.Part&stratum=domain&only=transitions");
  assert.ok(
    textOf(html).includes(
      "curl -sN 'http://localhost/stream?types=mixed.Part&stratum=domain&only=transitions'",
    ),
  );
  const past = await streamPage(run, "?after=5");
  assert.ok(textOf(past.html).includes("curl -sN 'http://localhost/stream?after=5'"));
});

Deno.test("stream page: it requires scope read, and the curl call takes the token from the environment", async () => {
  const app = await startApp({ token: "s3cret-token-0123456789" });
  assert.equal((await app.get("/ui/stream", { accept: "text/html" })).status, 303);
  const headers = { accept: "text/html", authorization: "Bearer s3cret-token-0123456789" };
  const html = await pageText(await app.get("/ui/stream", headers));
  assert.ok(textOf(html).includes('curl -sN -H "authorization: Bearer $DAYBOOK_TOKEN" http://'));
  assert.doesNotMatch(html, /s3cret/);
});

Deno.test("stream page: hostile text is shown as text, and megabytes of it do not make a megabyte of page", async () => {
  const app = await startApp({ bodyBytesMax: 4 * 1024 * 1024 });
  const hostile = "</pre><script>alert(1)</script><img src=x onerror=alert(1)> \u202egpj.exe";
  for (let round = 0; round < 20; round++) {
    const attributes = { [hostile]: hostile, note: "<b>".repeat(100_000) };
    await (await app.post("/events", { eventType: "shop.Hostile", attributes })).body?.cancel();
  }
  await createPlan(app, { jobId: "j" });
  await app.post("/jobs/j/cancel", { reason: hostile });
  const { html, logIds } = await streamPage(app);
  assert.ok(logIds.length > 20);
  assert.doesNotMatch(html, /<script>|<img|<b>/);
  assert.ok(html.length < 400_000, `${html.length}`);
  assert.match(html, /more characters\. <a href="\/events\?after=\d+&amp;limit=1">/);
});

Deno.test("stream page: in an empty journal it says how to add entries", async () => {
  const app = await startApp();
  const { html } = await streamPage(app, "?types=no.Such");
  assert.match(textOf(html), /No entry here matches these filters/);
});
