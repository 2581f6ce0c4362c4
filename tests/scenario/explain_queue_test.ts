/** `GET /queue/explain`: why all work has stopped, and what would resolve it. */

import assert from "node:assert/strict";
import type {
  Citation,
  NextStep,
  QueueExplanation,
} from "../../src/explain/statements/explanation.ts";
import { Explained } from "../support/engine/explained.ts";
import { looseJob } from "../support/engine/engine_harness.ts";
import { hang, scripted } from "./incident_kit.ts";

const SLOW = scripted("api.slow", { call: (about) => hang(about) }, { timeoutMs: 600_000 });
const ENDLESS = scripted("web.crawl", { crawl: (about) => hang(about) });
const QUICK = scripted("web.quick", { look: () => "seen" });
const OPTIONS = { definitions: [SLOW, ENDLESS, QUICK], maxRunning: 2 };

type Step = NextStep<Citation> & { readonly curl?: string };
type Told = QueueExplanation<Citation> & { readonly next: readonly Step[] };

async function asked(daybook: Explained, accept = "application/json"): Promise<Response> {
  const response = await daybook.app.request("http://127.0.0.1:8000/queue/explain", {
    headers: { accept },
  });
  assert.equal(response.status, 200);
  return response;
}

async function toldOf(daybook: Explained): Promise<Told> {
  const told: Told = await (await asked(daybook)).json();
  const again = await (await asked(daybook)).json();
  assert.deepEqual(again, told);
  assert.equal(told.asOf, daybook.engine.headLogId);
  assert.ok(told.because.length <= 5);
  for (const { statement, cites } of told.because) assert.ok(cites.length > 0, statement);
  return told;
}

Deno.test("explain the queue: the jobs that hold all workers are named, since when, until when, and the call that ends it", async () => {
  const daybook = await Explained.start(OPTIONS);
  await daybook.submit("slow", "api.slow");
  await daybook.submit("endless", "web.crawl");
  await daybook.clock.advance(60_000);
  await daybook.submit("behind", "web.quick");
  const told = await toldOf(daybook);

  assert.equal(told.standsStill, true);
  assert.equal(
    told.summary,
    "The queue stands still: all 2 workers are held: slow in task call since " +
      "2026-01-01T00:00:00.000Z, with a time limit of 10 min; endless in task crawl since " +
      "2026-01-01T00:00:00.000Z, without a time limit. 1 job waits for a worker, since " +
      "2026-01-01T00:01:00.000Z.",
  );
  const cited = told.because.flatMap(({ cites }) => cites.map(({ eventType }) => eventType));
  assert.deepEqual(cited.slice(0, 2), ["job.TaskStarted", "job.TaskStarted"]);
  const [limit, ...calls] = told.next;
  assert.equal(
    limit?.statement,
    "The attempt of slow ends no later than 2026-01-01T00:10:00.000Z.",
  );
  assert.ok(calls.some(({ curl }) => curl?.includes("/jobs/endless/cancel")));
  const text = await (await asked(daybook, "text/plain")).text();
  assert.match(text.replaceAll(/\s+/g, " "), /since 2026-01-01T00:00:00\.000Z \(1 min ago\)/);

  await daybook.post("/jobs/endless/cancel");
  await daybook.clock.advance(1_000);
  assert.equal((await toldOf(daybook)).standsStill, false);
});

Deno.test("explain the queue: the overview shows it after a while, with the line and the call", async () => {
  const daybook = await Explained.start(OPTIONS);
  const overview = async () => {
    const response = await daybook.app.request("http://127.0.0.1:8000/", {
      headers: { accept: "text/html" },
    });
    return await response.text();
  };
  for (const jobId of ["one", "two", "behind"]) await daybook.submit(jobId, "web.crawl");
  assert.doesNotMatch(await overview(), /stands still/);
  await daybook.clock.advance(10_000);
  const page = await overview();
  assert.match(
    page,
    /The queue stands still: all 2 workers are held: one and two in task crawl since/,
  );
  assert.match(page, /jobs\/one\/cancel/);
  assert.match(page, /href="\/ui\/stream\?before=\d+" title="job\.TaskStarted, \d+\.ndjson:\d+"/);
  await daybook.post("/jobs/one/cancel");
  assert.doesNotMatch(await overview(), /stands still/);
});

Deno.test("explain the queue: a retried step holds its worker since the latest attempt", async () => {
  const again = scripted(
    "again.later",
    { call: (about) => about.attempt === 1 ? Promise.reject(new Error("no")) : hang(about) },
    { retry: { maxAttempts: 3, initialMs: 60_000, factor: 1, jitter: 0 } },
  );
  const daybook = await Explained.start({ definitions: [again, QUICK], maxRunning: 1 });
  await daybook.submit("twice", "again.later");
  await daybook.clock.advance(120_000);
  await daybook.submit("behind", "web.quick");
  const { summary } = await toldOf(daybook);
  assert.match(summary, /the only worker is held: twice in task call since 2026-01-01T00:01:00/);
});

Deno.test("explain the queue: it is moving if a worker was granted since the oldest job came, whatever waits", async () => {
  const daybook = await Explained.start(OPTIONS);
  await daybook.submit("endless", "web.crawl");
  await daybook.submit("slow", "api.slow");
  await daybook.submit("low", "web.quick", {}, { priority: 9 });
  await daybook.submit("next", "web.crawl");
  await daybook.post("/jobs/slow/cancel");
  await daybook.clock.advance(1_000);
  const { standsStill, summary, next } = await toldOf(daybook);
  assert.equal(standsStill, false);
  assert.match(summary, /^Work continues: 2 of 2 workers busy\. 1 job waits for a worker, since/);
  assert.ok(next.every(({ action }) => action === undefined));
});

Deno.test("explain the queue: a pause of everything is named, with its reason and the call that ends it", async () => {
  const first = await Explained.start(OPTIONS);
  await first.submit("held", "web.crawl");
  const daybook = await first.crash({ ...OPTIONS, hold: true });
  const { standsStill, summary, because, next } = await toldOf(daybook);
  assert.equal(standsStill, true);
  assert.match(
    summary,
    /^Nothing starts: everything has been paused since .* \(reason: started with --hold\)\./,
  );
  assert.equal(because[0]?.cites[0]?.eventType, "job.PauseBegan");
  assert.equal(next[0]?.action?.method, "DELETE");
  assert.match(next[0]?.curl ?? "", /-X DELETE .*\/pauses\/pau_/);
});

Deno.test("explain the queue: a pause of a type is named, with what it holds, and the rest continues", async () => {
  const first = await Explained.start({ ...OPTIONS, maxRunning: 1 });
  const until = "2026-01-01T01:00:00.000Z";
  await first.post("/pauses", { type: "web.quick", reason: "the site is down", until });
  await first.submit("held", "web.quick");
  const daybook = await first.crash();
  const all = await toldOf(daybook);
  assert.equal(all.standsStill, true);
  assert.equal(
    all.summary,
    "Nothing starts: a pause holds each job that needs a worker: type web.quick has been paused since " +
      "2026-01-01T00:00:00.000Z, until 2026-01-01T01:00:00.000Z (reason: the site is down).",
  );
  assert.equal(all.because[0]?.cites[0]?.eventType, "job.PauseBegan");
  assert.deepEqual(all.next.map(({ statement }) => statement), [
    "The pause of type web.quick ends by itself at 2026-01-01T01:00:00.000Z.",
    "End the pause of type web.quick:",
  ]);

  await daybook.submit("endless", "web.crawl");
  await daybook.submit("behind", "web.crawl");
  const beside = await toldOf(daybook);
  assert.match(
    beside.summary,
    /^The queue stands still: the only worker is held: .* 1 job waits for a worker, since .*\. Pauses hold 1 job\.$/,
  );
  assert.ok(
    beside.because.some(({ statement }) =>
      statement ===
        "The pause of type web.quick has been in force since 2026-01-01T00:00:00.000Z, until " +
          "2026-01-01T01:00:00.000Z (reason: the site is down); 1 job waits for its end: held."
    ),
  );
});

Deno.test("explain the queue: of many jobs that a pause holds, the first are named and the rest counted", async () => {
  const daybook = await Explained.start(OPTIONS);
  await daybook.post("/pauses", { type: "web.quick", reason: "the site is down" });
  for (let job = 1; job <= 7; job++) await daybook.submit(`job-${job}`, "web.quick");
  assert.match(
    (await toldOf(daybook)).because[0]?.statement ?? "",
    /; 7 jobs wait for its end: job-1, job-2, job-3 and 4 more\.$/,
  );
});

Deno.test("explain the queue: it says if all jobs are parked for lack of a definition, or suspended", async () => {
  const first = await Explained.start(OPTIONS);
  for (const jobId of ["a", "b", "c"]) await first.submit(jobId, "web.crawl");
  const parked = await first.crash({ ...OPTIONS, definitions: [QUICK] });
  const told = await toldOf(parked);
  assert.equal(told.standsStill, true);
  assert.match(
    told.summary,
    /^Nothing runs: all 3 unfinished jobs are held \(3 are parked\): .*web\.crawl/,
  );
  assert.match(
    told.next[0]?.statement ?? "",
    /--definitions.* type web\.crawl: then 3 jobs continue/,
  );
  assert.equal(told.because[0]?.cites[0]?.eventType, "job.JobParked");

  const second = await Explained.start(OPTIONS);
  const plan = { expected: [{ id: "it", eventType: "x.Y", correlation: "any" }] };
  await second.post("/jobs", { jobId: "job", plan });
  assert.equal((await toldOf(second)).standsStill, false);
  await second.post("/jobs/job/suspend", { reason: "audit" });
  const suspended = await toldOf(second);
  assert.match(
    suspended.summary,
    /^Nothing runs: the one unfinished job is held \(1 is suspended\)\./,
  );
  assert.match(suspended.next[0]?.curl ?? "", /\/jobs\/job\/resume/);
});

Deno.test("explain the queue: a full disk is the cause before any other", async () => {
  const daybook = await Explained.start(OPTIONS);
  await daybook.submit("endless", "web.crawl");
  await daybook.submit("slow", "api.slow");
  await daybook.submit("behind", "web.quick");
  daybook.fillDisk();
  await daybook.clock.advance(601_000);
  const { standsStill, summary, next } = await toldOf(daybook);
  assert.equal(standsStill, true);
  assert.match(summary, /^Nothing new can be recorded: the disk is full\. 1 job waits/);
  assert.deepEqual(next.map(({ by }) => by), ["anyone"]);
});

Deno.test("explain the queue: an empty queue is not a standstill", async () => {
  const daybook = await Explained.start(OPTIONS);
  await daybook.submit("done", "web.quick");
  const { standsStill, summary } = await toldOf(daybook);
  assert.deepEqual(
    [standsStill, summary],
    [false, "Nothing is running: there are no unfinished jobs."],
  );
});

/** Jobs of a type with two places, each of which ends when it is told to. */
async function passing(perKey?: number) {
  const ends: (() => void)[] = [];
  const render = looseJob("page.render", async (ctx) => {
    await ctx.task("render", () => new Promise<void>((resolve) => ends.push(resolve)));
  }, { limits: { maxRunning: 2, ...perKey === undefined ? {} : { key: () => "a", perKey } } });
  const daybook = await Explained.start({ definitions: [render], maxRunning: 8 });
  const endNext = async () => {
    await daybook.clock.advance(500);
    ends.shift()?.();
    await daybook.clock.settle();
  };
  for (let at = 0; at < 40; at++) await daybook.submit(`page-${at}`, "page.render");
  return { daybook, endNext };
}

Deno.test("explain a queued job: that the places of its limit pass from job to job as usual is told, and when its turn comes, until one is held for long", async () => {
  const { daybook, endNext } = await passing();
  const held = /all 2 places of type page\.render \(maxRunning\): page-\d+ in task render since/;
  for (let at = 0; at < 5; at++) await endNext();
  assert.match((await daybook.explanation("page-39")).summary, held);
  for (let at = 0; at < 15; at++) await endNext();
  const { summary, next } = await daybook.explanation("page-39");
  assert.equal(
    summary,
    "Job page-39 is queued behind 17 jobs: the 2 places of type page.render (maxRunning) pass " +
      "from job to job, 20 of which ended within 9.5 s, so its turn comes at about " +
      "2026-01-01T00:00:19.000Z.",
  );
  assert.deepEqual(next.flatMap(({ action }) => action?.path ?? []), ["/jobs/page-39/cancel"]);
  await daybook.assertCitations("page-39");
  await daybook.clock.advance(600_000);
  assert.match((await daybook.explanation("page-39")).summary, held);

  const keyed = await passing(2);
  for (let at = 0; at < 20; at++) await keyed.endNext();
  assert.doesNotMatch((await keyed.daybook.explanation("page-39")).summary, /pass from job/);
});
