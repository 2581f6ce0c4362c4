/** The overview: its content is correct, and readable without scripts. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { CONDITIONS } from "../../src/core/condition.ts";
import { STATE_NAMES } from "../../src/core/job_state.ts";
import { type AnyJobDefinition, defineJob } from "../../src/engine/definition.ts";
import { NonRetryableError } from "../../src/engine/job_errors.ts";
import { JournalFullError } from "../../src/engine/ports.ts";
import { Trends } from "../../src/metrics/trends.ts";
import { pageOf, regionOf } from "../support/http/dashboard.ts";
import { FakeClock } from "../support/fake_clock.ts";
import {
  createAndRun,
  createPlan,
  jsonOf,
  problemOf,
  startApp,
  type TestApp,
} from "../support/http/http_app.ts";
import { startMixedJobs } from "../support/http/mixed_conditions.ts";
import { shownText } from "../support/http/job_pages.ts";

const HOSTILE = `</td><script src=x></script>&lt;\u202e"'`;
const HOSTILE_AS_TEXT = "&lt;/td&gt;&lt;script src=x&gt;&lt;/script&gt;&amp;lt;\\u202e&quot;&#39;";

/** A type that fails with a given message. */
function failingWith(message: string): AnyJobDefinition {
  return defineJob({
    type: "test.failing",
    version: 1,
    input: v.unknown(),
    run: (ctx) =>
      ctx.task("try", () => {
        throw new NonRetryableError(message);
      }),
  }) as unknown as AnyJobDefinition;
}

async function countBy(app: TestApp, query: string): Promise<number> {
  const { jobs } = await jsonOf<{ jobs: unknown[] }>(
    await app.get(`/jobs?limit=500&${query}`),
    200,
  );
  return jobs.length;
}

Deno.test("overview: browsers get a page, and programs the JSON index", async () => {
  const app = await startApp();
  const asked = await app.get("/", { accept: "text/html" });
  assert.equal(asked.headers.get("vary"), "accept");
  assert.match(await asked.text(), /<title>Overview · Daybook<\/title>/);
  for (const accept of ["*/*", "application/json", ""]) {
    const response = await app.get("/", accept === "" ? {} : { accept });
    assert.equal(response.headers.get("vary"), "accept");
    const { name } = await jsonOf<{ name: string }>(response, 200);
    assert.equal(name, "Daybook");
  }
});

Deno.test("overview: the counts are those of GET /jobs, with links", async () => {
  const app = await startMixedJobs();
  const html = await pageOf(app, "/");
  const census = regionOf(html, "census");
  const tiles = [...census.matchAll(
    /href="\/ui\/jobs\?condition=(\w+)"><span class="tile-count">([\d,]+)</g,
  )];
  assert.deepEqual(tiles.map(([, condition]) => condition), [...CONDITIONS]);
  for (const [, condition, count] of tiles) {
    assert.equal(Number(count), await countBy(app, `condition=${condition}`), condition);
  }
  assert.ok(tiles.filter(([, , count]) => count !== "0").length >= 7);
  const states = [...regionOf(html, "states").matchAll(/state=(\w+)">\w+ <b>([\d,]+)</g)];
  assert.deepEqual(states.map(([, state]) => state), [...STATE_NAMES]);
  for (const [, state, count] of states) {
    assert.equal(Number(count), await countBy(app, `state=${state}`), state);
  }
});

Deno.test("overview: the longest queued, the last failed and the waiting jobs are shown with links", async () => {
  const app = await startMixedJobs();
  const html = await pageOf(app, "/");
  const { jobs } = app.engine.lists.page({ limit: 100 });
  const queued = jobs.find(({ type, state }) => type === "test.greet" && state === "Running");
  assert.ok(queued);
  const census = regionOf(html, "census");
  assert.match(shownText(census), /5 s oldest queued/);
  assert.match(census, new RegExp(`href="/ui/jobs/${queued.jobId}"`));
  assert.match(shownText(census), /1 of 1 workers busy/);

  const failed = regionOf(html, "attention-failed");
  assert.equal([...failed.matchAll(/<li>/g)].length, 2);
  assert.match(shownText(failed), /test\.doomed NonRetryableError: the card is stolen/);
  const waiting = shownText(regionOf(html, "attention-waiting"));
  assert.match(waiting, /test\.parcel 0 of 1: shop\.ParcelShipped .*a plan 0 of 1/);
});

Deno.test("overview: what may need a person comes first, headed by failures not yet retried", async () => {
  const app = await startApp();
  const headline = async () => {
    const html = await pageOf(app, "/");
    const order = ["attention-heading", "attention-failed", "jobs-heading", "trend-heading"]
      .concat("trust-heading").map((id) => html.indexOf(`id="${id}"`));
    assert.deepEqual(order, order.toSorted((left, right) => left - right));
    return regionOf(html, "attention-headline");
  };
  assert.match(shownText(await headline()), /0 failures not yet retried/);
  const { jobId } = await createAndRun(app, "test.doomed");
  await createAndRun(app, "test.doomed");
  const two = await headline();
  assert.match(shownText(two), /2 failures not yet retried by kind/);
  assert.match(two, /href="\/ui\/jobs\?condition=failed&amp;retried=false"/);
  // A retry that fails again is a separate failure.
  await app.post(`/jobs/${jobId}/retry`);
  await app.clock.settle();
  assert.match(shownText(await headline()), /2 failures not yet retried/);
});

Deno.test("overview: a job that was retried no longer needs a person", async () => {
  const app = await startApp();
  const { jobId } = await createAndRun(app, "test.doomed");
  await createAndRun(app, "test.doomed");
  await app.post(`/jobs/${jobId}/retry`);
  await app.clock.settle();
  const failed = regionOf(await pageOf(app, "/"), "attention-failed");
  assert.equal([...failed.matchAll(/<li>/g)].length, 2, "the other one, and the retry");
  assert.doesNotMatch(failed, new RegExp(`"/ui/jobs/${jobId}"`));
});

Deno.test("overview: jobs that no definition runs are reported until there are none", async () => {
  const old = await startApp();
  const request = { type: "test.parcel", input: { orderId: "1" } };
  const { jobId } = await jsonOf(await old.post("/jobs", request), 202);
  const app = await startApp({ definitions: [], content: old.journal.content, clock: old.clock });
  const parked = async () => shownText(regionOf(await pageOf(app, "/"), "attention-parked"));
  assert.match(await parked(), /1 job of type test\.parcel is parked: no definition/);
  await app.post(`/jobs/${jobId}/cancel`);
  assert.doesNotMatch(await parked(), /is parked/);
});

Deno.test("overview: when suspended jobs hold up all work, each step links to the page with its control", async () => {
  const app = await startApp();
  for (const orderId of ["1", "2"]) {
    await jsonOf(
      await app.post("/jobs", {
        type: "test.parcel",
        jobId: `parcel-${orderId}`,
        input: { orderId },
      }),
      202,
    );
    await app.clock.settle();
    await app.post(`/jobs/parcel-${orderId}/suspend`);
  }
  await app.clock.advance(10_000);
  const standstill = regionOf(await pageOf(app, "/"), "standstill");
  const steps = [...standstill.matchAll(/<li>(.*?)<\/li>/g)].map(([, step = ""]) => step)
    .filter((step) => step.includes("Resume"));
  assert.equal(steps.length, 2);
  assert.match(steps[0]!, /href="\/ui\/jobs\/parcel-1"/);
  assert.match(steps[1]!, /href="\/ui\/jobs\?condition=suspended"/);
});

Deno.test("overview: failures come first, unless a pause stops everything", async () => {
  const app = await startApp();
  const firstOf = async () => {
    const ids = [...(await pageOf(app, "/")).matchAll(/ id="(attention-headline|pauses)"/g)];
    return ids.map(([, id]) => id);
  };
  const ofType = { type: "test.parcel", reason: "the depot is closed" };
  await jsonOf(await app.post("/pauses", ofType), 201);
  assert.deepEqual(await firstOf(), ["attention-headline", "pauses"]);
  await jsonOf(await app.post("/pauses", { reason: "a deploy" }), 201);
  await jsonOf(await app.post("/jobs", { type: "test.greet", input: { name: "a" } }), 202);
  assert.deepEqual(await firstOf(), ["pauses", "attention-headline"]);
});

Deno.test("overview: without scripts the figures of the charts are in a table", async () => {
  const app = await startMixedJobs();
  await app.clock.advance(10_000);
  await createAndRun(app, "test.parcel", { orderId: "2" });
  const html = await pageOf(app, "/");
  const table = regionOf(html, "trend-figures");
  const rows = [...table.matchAll(/<tr><th scope="row".*?<\/tr>/g)].map(([row]) => shownText(row));
  assert.equal(rows.length, 2);
  assert.match(rows[0]!, /^00:00:00 11 1 2 1 0 ms /);
  assert.match(rows[1]!, /^00:00:10 1 0 0 0 – – /);
  assert.match(
    shownText(regionOf(html, "legend-throughput")),
    /created 12 succeeded 1 failed 2 cancelled 1/,
  );
});

Deno.test("overview: the charts cover the requested span, and other spans are refused", async () => {
  const app = await startApp();
  await app.clock.advance(3 * 3_600_000);
  for (const [query, rows] of [["", 60], ["?span=10m", 60], ["?span=1h", 60], ["?span=24h", 10]]) {
    const table = regionOf(await pageOf(app, `/${query}`), "trend-figures");
    assert.equal([...table.matchAll(/<tr><th scope="row"/g)].length, rows, String(query));
  }
  await pageOf(app, "/?span=1y", { status: 422 });
  await pageOf(app, "/?spam=1h", { status: 422 });
});

Deno.test("overview: failing types are shown with the number of failures, and link to them", async () => {
  const app = await startApp();
  await createAndRun(app, "test.doomed");
  await app.clock.advance(2 * 3_600_000);
  await createAndRun(app, "test.doomed");
  const failing = regionOf(await pageOf(app, "/"), "attention-failing");
  assert.match(failing, /href="\/ui\/jobs\?condition=failed&amp;type=test\.doomed"/);
  assert.match(shownText(failing), /test\.doomed 1 2/);
});

Deno.test("overview: the state of the journal is that of GET /journal", async () => {
  const app = await startApp();
  const empty = shownText(regionOf(await pageOf(app, "/"), "trust"));
  assert.match(empty, /Durable head #0 nothing is written/);
  await createAndRun(app, "test.greet", { name: "x" });
  const journal = await app.engine.journalInfo();
  const html = regionOf(await pageOf(app, "/"), "trust");
  const text = shownText(html);
  assert.match(text, new RegExp(`Durable head #${journal.head.logId} chain`));
  assert.ok(html.includes(`title="${journal.head.chain}"`));
  assert.match(text, /Disk free unknown .*--allow-sys=statfs/);
  assert.match(text, /Last recovery a new journal nothing to recover/);
  assert.match(text, /Last verification never/);
});

Deno.test("overview: a recovery is shown only for a journal that existed before", async () => {
  const old = await startApp();
  await createAndRun(old, "test.greet", { name: "x" });
  const recovery = async (app: TestApp) => {
    const overview = /Last recovery .*? Last verification/.exec(
      shownText(regionOf(await pageOf(app, "/"), "trust")),
    )?.[0] ?? "";
    const system = /Previous stop .*? Back/.exec(
      `${shownText(await pageOf(app, "/ui/system"))} Back`,
    );
    return [overview, system?.[0] ?? ""] as const;
  };
  const [fresh, freshSystem] = await recovery(old);
  assert.match(fresh, /a new journal/);
  assert.match(freshSystem, /none: a new journal/);
  assert.doesNotMatch(fresh + freshSystem, /clean|eplayed/);

  const unclean = await startApp({ content: old.journal.content, clock: old.clock });
  const [again, againSystem] = await recovery(unclean);
  assert.match(again, /after an unclean stop \d+ replayed in/);
  assert.match(againSystem, /unclean; .* Replayed \d+ entries in/);

  await old.engine.stop(0);
  await old.journal.close();
  const [kept, keptSystem] = await recovery(
    await startApp({ content: old.journal.content, clock: old.clock }),
  );
  assert.match(kept, /Last recovery clean \d+ replayed in/);
  assert.match(keptSystem, /Previous stop clean Replayed/);
});

Deno.test("overview: the free disk space is shown if it is known", async () => {
  const clock = new FakeClock();
  const diskFree = () => Promise.resolve(5 * 1024 ** 3);
  const app = await startApp({ clock, overview: new Trends({ clock, types: [], diskFree }) });
  assert.match(shownText(regionOf(await pageOf(app, "/"), "trust")), /Disk free 5 GiB/);
});

async function healthOf(app: TestApp): Promise<string> {
  return shownText(regionOf(await pageOf(app, "/"), "health"));
}

Deno.test("overview: what keeps Daybook from accepting jobs is shown first", async () => {
  const full = await startApp();
  assert.doesNotMatch(await healthOf(full), /nothing new/);
  full.journal.failNext(new JournalFullError("no room"));
  await full.post("/jobs", { plan: { expected: [] } });
  assert.match(await healthOf(full), /disk is full: no new work is accepted until there is room/);

  const failed = await startApp();
  failed.journal.failNext(new Error("the disk is gone"));
  await failed.post("/jobs", { plan: { expected: [] } });
  assert.match(await healthOf(failed), /The journal failed: nothing can be recorded/);

  const stopping = await startApp();
  await stopping.engine.stop(0);
  assert.match(await healthOf(stopping), /The process is stopping: it accepts no new work\./);
});

Deno.test("overview: hostile types, ids and errors are shown as text", async () => {
  const old = await startApp({ definitions: [failingWith(HOSTILE)] });
  await jsonOf(await old.post("/jobs", { type: "test.failing", jobId: "a~b:c" }), 202);
  await old.clock.settle();
  assert.match(await pageOf(old, "/"), new RegExp(`: ${escapeRegExp(HOSTILE_AS_TEXT)}<`));

  // Another release, or another program, may have written any type.
  const recorded = JSON.stringify(old.journal.content)
    .replaceAll('"type":"test.failing"', `"type":${JSON.stringify(HOSTILE)}`);
  const app = await startApp({ content: JSON.parse(recorded), clock: old.clock });
  const html = await pageOf(app, "/");
  assert.ok(html.includes(`<bdi>${HOSTILE_AS_TEXT}</bdi>`));
  assert.ok(html.includes('href="/ui/jobs/a~b%3Ac"'));
});

Deno.test("overview: a megabyte in an error, and a thousand jobs, leave the page small", async () => {
  const app = await startApp({ definitions: [failingWith("x".repeat(1024 * 1024))] });
  for (let job = 0; job < 5; job++) await createAndRun(app, "test.failing", {});
  await Promise.all(Array.from({ length: 1_000 }, () => createPlan(app)));
  await app.clock.advance(24 * 3_600_000);
  const html = await pageOf(app, "/?span=24h");
  assert.ok(html.length < 100_000, `${html.length} characters`);
});

Deno.test("overview: an empty journal shows how to submit a job, and that works", async () => {
  const app = await startApp();
  const before = regionOf(await pageOf(app, "/"), "first-job");
  assert.match(before, /deno task demo/);
  const calls = [...shownText(before).matchAll(/curl -s (\S+) -H \S+ \S+ -d '(.*?)' Copy/g)];
  assert.equal(calls.length, 2);
  for (const [, url = "", body] of calls) {
    const response = await app.post(new URL(url).pathname, body);
    assert.ok(response.ok, await response.text());
  }
  assert.equal(await countBy(app, "condition=succeeded"), 1);
  assert.doesNotMatch(await pageOf(app, "/"), /There are no jobs yet/);
});

Deno.test("overview: without counters over time it shows the current figures", async () => {
  const app = await startApp({ overview: undefined });
  const html = await pageOf(app, "/");
  assert.doesNotMatch(html, /data-chart/);
  assert.match(shownText(regionOf(html, "trust")), /Disk free unknown/);
});

Deno.test("overview: if tokens are set, it requires one", async () => {
  const app = await startApp({ token: "a-token-of-some-length" });
  const response = await app.get("/", { accept: "text/html" });
  assert.equal(response.status, 303);
  assert.equal(response.headers.get("location"), "/ui/sign-in?next=%2F");
  await problemOf(await app.get("/"), 401, "unauthorized");
});

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

Deno.test("overview: of many pauses it shows a few, that of everything among them", async () => {
  const app = await startApp();
  for (let at = 1; at <= 6; at++) {
    await jsonOf(await app.post("/pauses", { label: `team:${at}`, reason: "a move" }), 201);
  }
  await jsonOf(await app.post("/pauses", { reason: "a deploy" }), 201);
  const pauses = await pageOf(app, "/");
  assert.equal(pauses.match(/been paused/g)?.length, 5);
  assert.match(pauses, /a deploy/);
  assert.match(pauses, /<a href="\/ui\/limits#pauses-heading">2 more pauses<\/a>/);
  assert.doesNotMatch(await pageOf(app, "/ui/limits"), /more pauses/);
});
