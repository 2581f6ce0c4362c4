/** The page of a job, in each condition and with each kind of failure. */

import assert from "node:assert/strict";
import * as v from "valibot";
import type { JobId } from "../../src/core/ids.ts";
import { defineJob } from "../../src/engine/definition.ts";
import { pageOf } from "../support/http/dashboard.ts";
import { Explained } from "../support/engine/explained.ts";
import { ALL } from "../support/engine/explained_definitions.ts";
import { jobOf, SCENARIOS } from "../support/engine/explained_scenarios.ts";
import { elementOf } from "./html_text.ts";
import {
  createAndRun,
  createPlan,
  jsonOf,
  startApp,
  type TestApp,
} from "../support/http/http_app.ts";
import {
  briefInProse,
  briefOnPage,
  browserOf,
  formsOf,
  readable,
  regionOf,
} from "../support/http/job_pages.ts";
import { CARD, paymentDefinition } from "../support/http/payment_definition.ts";

/** The page of a scenario's job. */
async function pageOfScenario(name: string) {
  const scenario = SCENARIOS.find((one) => one.name === name) ?? assert.fail(name);
  const first = await Explained.start({ definitions: ALL });
  const daybook = await scenario.arrange(first) ?? first;
  const jobId = jobOf(daybook) as JobId;
  const html = await pageOf(browserOf(daybook), `/ui/jobs/${jobId}`);
  return { html, daybook, jobId };
}

for (const { name, condition } of SCENARIOS) {
  Deno.test(`job page: ${name.replaceAll("_", " ")}: the brief of the prose, with evidence at hand`, async () => {
    const { html, daybook, jobId } = await pageOfScenario(name);
    const [text, brief] = [readable(html), briefOnPage(html)];
    const prose = await daybook.text(jobId);
    for (const said of briefInProse(prose)) {
      assert.ok(brief.includes(said), `${said}\nis not in\n${brief}`);
    }
    const [, timing = ""] = /\nTiming\n([^]*?)\n\n/.exec(prose) ?? [];
    const spent = timing.replaceAll(/\s+/g, " ").trim();
    assert.ok(spent !== "" && text.includes(spent), `${spent}\nis not in\n${text}`);
    const { waitingFor } = await daybook.explanation(jobId);
    for (const { statement } of waitingFor.slice(0, 20)) {
      assert.ok(text.includes(statement.replaceAll(/\s+/g, " ")), statement);
    }
    const reasons = /<ol class="reasons">(.*?)<\/ol>/s.exec(html)?.[1] ?? "";
    assert.ok(reasons.split("<li>").length - 1 <= 5, reasons);
    assert.match(html, new RegExp(`class="condition condition-${condition}"`));
    assert.doesNotMatch(text, /\bundefined\b|\bNaN\b|\[object|\bInfinity\b/);
    assertCitations(html);
  });
}

/** Every link to an entry on this page works, and every id is unique. */
function assertCitations(html: string): void {
  const ids = [...html.matchAll(/ id="([^"]*)"/g)].map(([, id = ""]) => id);
  assert.deepEqual(ids.filter((id, index) => ids.indexOf(id) !== index), []);
  const targets = [...html.matchAll(/href="#(entry-\d+)"/g)].map(([, id = ""]) => id);
  assert.ok(targets.length > 0);
  assert.deepEqual(targets.filter((id) => !ids.includes(id)), []);
}

Deno.test("job page: a near miss shows the clause, with what was expected and what was found", async () => {
  const { html } = await pageOfScenario("waiting_text_for_number");
  const waits = readable(
    html.slice(html.indexOf('id="job-waits"'), html.indexOf('id="job-timeline"')),
  );
  assert.match(waits, /shipped 0 of 1/);
  assert.match(waits, /Near miss shop\.ParcelShipped came at/);
  assert.match(waits, /Clause Expected Found orderId 42 "42"/);
});

Deno.test("job page: counts are those of the explanation", async () => {
  const { html } = await pageOfScenario("waiting_counting");
  assert.match(readable(regionOf(html, "job-expectations")), /parts shop\.PartArrived .*[12] of 3/);
});

Deno.test("job page: running, waiting and backing off differ in shape, and the tables agree", async () => {
  const { html } = await pageOfScenario("failed_dead_letter");
  const timeline = regionOf(html, "job-timeline");
  const bars = [...timeline.matchAll(/<rect class="bar bar-(\w+)[^"]*"[^>]*? height="(\d+)"/g)];
  const heights = new Map(bars.map(([, kind, height]) => [kind, Number(height)]));
  assert.ok((heights.get("executing") ?? 0) > (heights.get("backingOff") ?? Infinity));
  assert.match(timeline, /class="bar bar-backingOff [^>]*fill="url\(#pattern-backingOff\)"/);
  assert.match(timeline, /<title id="timeline-title">Timeline of the job over 7 s/);
  const tables = readable(timeline.slice(timeline.indexOf("<details")));
  assert.match(tables, /backing off 0 ms 1 s # ?entry|backing off 0 ms 1 s/);
  assert.match(tables, /backing off 1 s 2 s/);
});

Deno.test("job page: attempts stand side by side, with their errors and the waits between them", async () => {
  const { html } = await pageOfScenario("failed_dead_letter");
  const attempts = readable(regionOf(html, "job-attempts"));
  assert.match(attempts, /charge 1 of 4 failed .* backed off 1 s .* 2 of 4 .* 4 of 4/);
  assert.match(attempts, /undo reserve 1 of \d completed/);
});

Deno.test("job page: after a restart, the call of run that had waited is not said to lack its end", async () => {
  const failing = defineJob({
    type: "test.waitsThenThrows",
    version: 1,
    input: v.object({}),
    expects: () => ({ shipped: { eventType: "shop.ParcelShipped" } }),
    run: async (ctx) => {
      await ctx.task("pack", () => 1);
      await ctx.expect("shipped");
      throw new Error("no such parcel");
    },
  });
  const before = await startApp({ definitions: [failing] });
  const { jobId } = await jsonOf(
    await before.post("/jobs", { type: failing.type, input: {} }),
    202,
  );
  await before.clock.settle();
  const { journal: { content }, clock } = before;
  const app = await startApp({ definitions: [failing], content, clock });
  await app.post("/events", { eventType: "shop.ParcelShipped" });
  await app.clock.settle();
  const html = await pageOf(app, `/ui/jobs/${jobId}`);
  const attempts = readable(regionOf(html, "job-attempts"));
  assert.match(attempts, /run 1 rested, then continued .* 2 failed/);
  assert.doesNotMatch(attempts, /no end on record|cut short/);
});

Deno.test("job page: the number of bars and marks is bounded, however long the job is", async () => {
  const app = await startApp();
  const plan = { expected: [{ id: "x", eventType: "a.B", multiplicity: { times: 10_000 } }] };
  const { jobId } = await jsonOf(await app.post("/jobs", { plan }), 202);
  for (let batch = 0; batch < 135; batch++) {
    await app.clock.advance(1_000);
    const events = Array.from({ length: 74 }, () => ({ eventType: "a.B", jobId }));
    await jsonOf(await app.post("/events", events), 200);
  }
  const html = await pageOf(app, `/ui/jobs/${jobId}`);
  const marks = [...html.matchAll(/class="event event-matched"/g)];
  assert.ok(marks.length > 50 && marks.length < 1_000, `${marks.length} marks`);
  assert.ok(html.length < 400_000, `${html.length} characters`);
  assert.match(readable(html), /\d,\d{3} spans and events are too narrow to show one by one/);
  assert.match(readable(html), /4,992 entries from \d+ to \d+ are included, but not/);
  assert.match(readable(html), /9,990 of 10,000/);
});

Deno.test("job page: a clock that went back is reported, and no length is negative", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  app.clock.jump(-10_000);
  await app.post(`/jobs/${jobId}/suspend`);
  const { lastLogId } = await jsonOf(await app.get(`/jobs/${jobId}`), 200);
  app.clock.jump(3_000);
  const timeline = readable(regionOf(await pageOf(app, `/ui/jobs/${jobId}`), "job-timeline"));
  assert.match(timeline, new RegExp(`The clock went back before entry ${lastLogId}:`));
  assert.match(timeline, /waiting 0 ms 0 ms .* suspended 0 ms 3 s so far/);
});

Deno.test("job page: of many tasks, timeline and attempts have the same pages, and say so", async () => {
  const tasks = Array.from({ length: 20 }, (_, index) => `step-${index}`);
  const long = defineJob({
    type: "test.long",
    version: 1,
    input: v.object({}),
    async run(ctx) {
      for (const task of tasks) await ctx.task(task, () => 1);
    },
  });
  const app = await startApp({ definitions: [long] });
  const { jobId } = await createAndRun(app, long.type);
  const html = await pageOf(app, `/ui/jobs/${jobId}`);
  for (const part of ["timeline", "attempts"]) {
    const region = regionOf(html, `job-${part}`);
    assert.match(readable(region), /16 of 20 tasks, page 1 of 2/);
    assert.ok(region.includes(`tasks=2#${part}-heading`));
  }
});

Deno.test("job page: the timeline to scale and the one with short times enlarged link to each other", async () => {
  const { html, daybook, jobId } = await pageOfScenario("waiting_text_for_number");
  const [steps, time] = [`/ui/jobs/${jobId}?scale=steps`, `/ui/jobs/${jobId}?scale=time`];
  assert.ok(html.includes(`href="${time}#timeline-heading"`));
  assert.match(readable(html), /Not to scale/);
  const scaled = await pageOf(browserOf(daybook), time);
  assert.ok(scaled.includes(`href="${steps}#timeline-heading"`));
  assert.doesNotMatch(readable(scaled), /Not to scale/);
  assert.match(regionOf(scaled, "job-timeline"), /<text class="tick"[^>]*>15 s<\/text>/);
});

const CONTROLS_BY_SCENARIO: Readonly<Record<string, readonly string[]>> = {
  created: ["start", "cancel"],
  scheduled: ["start", "cancel"],
  queued: ["suspend", "cancel"],
  executing: ["suspend", "cancel"],
  waiting_counting: ["suspend", "cancel"],
  backing_off: ["wake", "suspend", "cancel"],
  suspended: ["resume", "cancel"],
  compensating: ["wake", "suspend", "cancel"],
  succeeded: [],
  failed_dead_letter: ["retry"],
  cancelled: ["retry"],
};

for (const [name, expected] of Object.entries(CONTROLS_BY_SCENARIO)) {
  Deno.test(`job page: ${name}: only legal controls are shown`, async () => {
    const { html, jobId } = await pageOfScenario(name);
    const actions = formsOf(regionOf(html, "job-controls")).map(({ action }) => action);
    assert.deepEqual(actions, expected.map((control) => `/ui/jobs/${jobId}/${control}`));
  });
}

Deno.test("job page: a job and its retries link to each other", async () => {
  const app = await startApp();
  const { jobId } = await createAndRun(app, "test.doomed");
  const { jobId: next } = await jsonOf(await app.post(`/jobs/${jobId}/retry`), 201);
  const old = await pageOf(app, `/ui/jobs/${jobId}`);
  const retry = await pageOf(app, `/ui/jobs/${next}`);
  assert.match(readable(regionOf(old, "job-head")), new RegExp(`Retried as ${next}`));
  assert.match(readable(regionOf(retry, "job-head")), new RegExp(`Retry of ${jobId}`));
});

Deno.test("job page: the explanation links to the other jobs that it names", async () => {
  const app = await startApp();
  const { jobId } = await createAndRun(app, "test.doomed");
  const { jobId: other } = await createAndRun(app, "test.doomed");
  const html = await pageOf(app, `/ui/jobs/${jobId}`);
  assert.match(readable(html), new RegExp(`other job failed with the same error: ${other}`));
  assert.ok(html.includes(`<a href="/ui/jobs/${other}">${other}</a>`), html);
});

Deno.test("job page: the explanation links jobs with ids of the user", async () => {
  const app = await startApp();
  for (const jobId of ["payout-okafor", "sixty"]) {
    await jsonOf(await app.post("/jobs", { type: "test.doomed", input: {}, jobId }), 202);
    await app.clock.settle();
  }
  const explanation = regionOf(await pageOf(app, "/ui/jobs/sixty"), "job-explanation");
  assert.match(explanation, /<a href="\/ui\/jobs\/payout-okafor">payout-okafor<\/a>/);
});

Deno.test("job page: a failure links to all failures of its kind, and a cancellation has no kind", async () => {
  const app = await startApp();
  const [one, other] = [
    await createAndRun(app, "test.doomed"),
    await createAndRun(app, "test.doomed"),
  ];
  const failure = regionOf(await pageOf(app, `/ui/jobs/${one.jobId}`), "job-failure");
  const [, path = ""] = /href="(\/ui\/jobs\?fingerprint=[0-9a-f]{12})"/.exec(failure) ?? [];
  const list = await pageOf(app, path);
  assert.ok(list.includes(one.jobId) && list.includes(other.jobId));
  const { jobId } = await createPlan(app);
  await app.post(`/jobs/${jobId}/cancel`);
  const cancelled = regionOf(await pageOf(app, `/ui/jobs/${jobId}`), "job-failure");
  assert.match(readable(cancelled), /Cancellation/);
  assert.doesNotMatch(cancelled, /fingerprint/);
});

Deno.test("job page: the page of an unknown id searches for it as a part of an id", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  await pageOf(app, `/ui/jobs/${jobId.slice(0, -2)}`, { status: 404 });
  assert.ok((await pageOf(app, `/ui/jobs?search=${jobId.slice(0, -2)}`)).includes(jobId));
});

Deno.test("job page: an invalid and an unknown id lead to the search", async () => {
  const app = await startApp();
  const text = await pageOf(app, "/ui/jobs/job_01NOBODY", { status: 404 });
  assert.match(readable(text), /No job in this journal has the id job_01NOBODY/);
  assert.match(text, /<form method="get" action="\/ui\/jobs"/);
  assert.match(text, /<input [^>]*name="search"[^>]* value="job_01NOBODY"/);
  const odd = await pageOf(app, `/ui/jobs/${encodeURIComponent('<b>"')}`, { status: 404 });
  assert.match(
    readable(odd),
    /No job in this journal has the id <b>" \. This is not a valid job id/,
  );
  assert.match(odd, /&lt;b&gt;&quot;/);
});

/** A job of some 120 entries. */
async function longJob(app: TestApp): Promise<{ jobId: string; last: number; first: number }> {
  const plan = { expected: [{ id: "x", eventType: "a.B", multiplicity: { times: 200 } }] };
  const { jobId } = await jsonOf(await app.post("/jobs", { plan }), 202);
  const events = Array.from({ length: 118 }, () => ({ eventType: "a.B", jobId }));
  await jsonOf(await app.post("/events", events), 200);
  const { firstLogId, lastLogId } = await jsonOf(await app.get(`/jobs/${jobId}`), 200);
  return { jobId, first: firstLogId, last: lastLogId };
}

function entriesIn(html: string): readonly number[] {
  return [...html.matchAll(/<li id="entry-(\d+)"/g)].map(([, logId]) => Number(logId));
}

Deno.test("job page: entries are paged from the oldest, so that a page does not change", async () => {
  const app = await startApp();
  const { jobId, first, last } = await longJob(app);
  const html = await pageOf(app, `/ui/jobs/${jobId}`);
  assert.match(
    readable(html),
    /in journal order newest first 20 of 120, page 3 of 3: the newest\./,
  );
  const newest = entriesIn(html);
  assert.deepEqual([newest[0], newest.at(-1), newest.length], [first + 100, last, 20]);
  const oldest = entriesIn(await pageOf(app, `/ui/jobs/${jobId}?page=1`));
  assert.deepEqual([oldest[0], oldest.length], [first, 50]);
  const reversed = entriesIn(await pageOf(app, `/ui/jobs/${jobId}?page=1&order=newest`));
  assert.deepEqual(reversed, oldest.toReversed());
});

Deno.test("job page: a link to an entry opens the page that has it, and the entry", async () => {
  const app = await startApp();
  const { jobId, first } = await longJob(app);
  const newest = await pageOf(app, `/ui/jobs/${jobId}`);
  assert.match(newest, new RegExp(`href="/ui/jobs/${jobId}\\?entry=${first}#entry-${first}"`));
  const html = await pageOf(app, `/ui/jobs/${jobId}?entry=${first}`);
  assert.ok(entriesIn(html).includes(first));
  assert.match(html, new RegExp(`<details id="entry-json-${first}" open`));
});

Deno.test("job page: a requested entry of another job is shown separately", async () => {
  const app = await startApp();
  const other = await createPlan(app);
  const { jobId } = await createPlan(app);
  const html = await pageOf(app, `/ui/jobs/${jobId}?entry=${other.firstLogId}`);
  const apart = html.slice(html.indexOf('id="foreign-entries"'));
  assert.deepEqual(entriesIn(apart), [other.firstLogId]);
});

Deno.test("job page: unknown parameters are refused", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  for (const query of ["order=random", "entry=x", "page=0", "nothing=1", "scale=log"]) {
    await pageOf(app, `/ui/jobs/${jobId}?${query}`, { status: 422 });
  }
});

Deno.test("job page: a secret is shown as a mark, and a removed input as removed", async () => {
  const payments = { charged: [], release: undefined };
  const kept = await startApp({ definitions: [paymentDefinition(payments, "keep") as never] });
  const input = { orderId: "42", card: { number: CARD, holder: "A. Customer" } };
  const { jobId } = await createAndRun(kept, "test.pay", input);
  const html = await pageOf(kept, `/ui/jobs/${jobId}`);
  assert.ok(!html.includes(CARD));
  assert.match(readable(regionOf(html, "job-data")), /"number": "\[secret\]".*Secrets are marked/);

  const retention = { afterMs: 3_600_000 };
  const gone = await startApp({ definitions: [paymentDefinition(payments, retention) as never] });
  const { jobId: removed } = await createAndRun(gone, "test.pay", { ...input, leak: "run" });
  assert.match(await pageOf(gone, `/ui/jobs/${removed}`), /A\. Customer/);
  await gone.clock.advance(3_600_000);
  const later = await pageOf(gone, `/ui/jobs/${removed}`);
  assert.match(readable(regionOf(later, "job-data")), /The input was removed at/);
  assert.ok(!later.includes("A. Customer"));
  assert.match(
    readable(regionOf(later, "job-controls")),
    /cannot be retried: its input was removed/,
  );
});

const HOSTILE = `</script><img src=x onerror=alert(1)>"'&\u202e`;

Deno.test("job page: hostile text in fields that users control is shown as text", async () => {
  const app = await startApp();
  const plan = {
    expected: [{ id: "x", eventType: "a.B", correlation: { equals: { note: HOSTILE } } }],
  };
  const labels = { tenant: HOSTILE };
  const { jobId } = await jsonOf(await app.post("/jobs", { plan, labels }), 202);
  await app.post("/events", { eventType: "a.B", jobId, attributes: { note: `${HOSTILE}!` } });
  await app.post(`/jobs/${jobId}/cancel`, { reason: HOSTILE });
  const html = await pageOf(app, `/ui/jobs/${jobId}`);
  assert.doesNotMatch(html, /<img|<\/script><img/);
  assert.ok(html.includes("&lt;img src=x onerror=alert(1)&gt;"));
  assert.ok(regionOf(html, "job-head").includes(`<bdi>&lt;/script&gt;`));
});

Deno.test("job page: a megabyte of text does not make a megabyte of page", async () => {
  const app = await startApp({ bodyBytesMax: 8 * 1024 * 1024 });
  const long = "<&".repeat(500_000);
  const { jobId } = await createAndRun(app, "test.greet", { name: long });
  await app.post("/events", { eventType: "a.B", jobId, attributes: { long } });
  const html = await pageOf(app, `/ui/jobs/${jobId}`);
  assert.ok(html.length < 300_000, `${html.length} characters`);
  assert.match(html, new RegExp(`<a href="/jobs/${jobId}">All of it, as JSON</a>`));
  assert.match(html, /<a href="\/events\?after=\d+&amp;limit=1">All of it, as JSON<\/a>/);
});

Deno.test("job page: each curl call works", async () => {
  const { html, daybook, jobId } = await pageOfScenario("waiting_text_for_number");
  assert.match(html, new RegExp(`curl -s http://127\\.0\\.0\\.1:8000/jobs/${jobId}`));
  const paths = [
    ...readable(html).matchAll(/curl -s (?:-H '[^']*' )?'?http:\/\/127\.0\.0\.1:8000([^\s']*)/g),
  ];
  for (const [, path = ""] of paths.filter(([, path]) => path !== "/events")) {
    const response = await daybook.app.request(`http://127.0.0.1:8000${path}`);
    assert.ok(response.ok, path);
    await response.body?.cancel();
  }
  const calls = readable(elementOf(html, "calls"));
  // One call for the screen and one for each action, in one place.
  assert.equal(readable(html).split("curl -s").length, calls.split("curl -s").length);
  assert.match(calls, /This job curl .* Suspend curl .* Cancel curl .* Send what shipped/);
});
