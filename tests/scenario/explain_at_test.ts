/** `explain?at=`: the explanation of a job as of a point, from what was on record by then. */

import assert from "node:assert/strict";
import { NonRetryableError } from "../../src/mod.ts";
import { citedIn } from "../../src/explain/explain.ts";
import type { Citation, Explanation } from "../../src/explain/statements/explanation.ts";
import type { JobId, LogId } from "../../src/core/ids.ts";
import { Explained } from "../support/engine/explained.ts";
import { ALL } from "../support/engine/explained_definitions.ts";
import { jobOf, SCENARIOS } from "../support/engine/explained_scenarios.ts";
import { hang, scripted } from "./incident_kit.ts";

const BASE = "http://127.0.0.1:8000";
/** Every nth scenario. */
const EVERY = 6;

async function explainedAt(daybook: Explained, jobId: string, logId: LogId) {
  const point = { kind: "logId", logId } as const;
  const outcome = await (await daybook.engine.explanations()).explainer.explainAt(
    jobId as JobId,
    point,
  );
  assert.ok(outcome.ok, JSON.stringify(outcome));
  return outcome.value;
}

for (const { name, arrange } of SCENARIOS.filter((_, at) => at % EVERY === 0)) {
  Deno.test(`explain at every point, ${name.replaceAll("_", " ")}: no later line is cited, and the last point equals the present`, async () => {
    const first = await Explained.start({ definitions: ALL });
    const daybook = await arrange(first) ?? first;
    const jobId = jobOf(daybook);
    const { headLogId } = daybook.engine;
    const created = daybook.engine.history.positions(jobId as JobId)[0] ?? assert.fail();
    for (let logId = created; logId < headLogId; logId++) {
      const told = await explainedAt(daybook, jobId, logId);
      assert.equal(told.asOf, logId);
      assert.ok(told.asOfTime !== undefined);
      const cited = positionsIn(told);
      assert.ok(cited.every((one) => one <= logId), `${logId} cites ${cited}`);
      assert.ok(told.next.every(({ action }) => action === undefined));
    }
    const last = await explainedAt(daybook, jobId, headLogId);
    assert.deepEqual(last, await daybook.explanation(jobId));
  });
}

function positionsIn(told: Explanation<Citation>): readonly LogId[] {
  // Positions and citations are in the same places.
  const cites = citedIn(told as unknown as Explanation<LogId>) as unknown as readonly Citation[];
  return cites.map(({ logId }) => logId);
}

const PRINT = scripted("label.print", {
  print: ({ input, attempt }) => {
    if (input["bad"] === true) throw new NonRetryableError("unknown command");
    if (input["odd"] === true && attempt === 1) throw new Error("paper jam");
    return "printed";
  },
}, { retry: { maxAttempts: 3, initialMs: 5_000, factor: 1, jitter: 0 } });

/** What a look back cannot know, and what it does not offer. */
function comparable({ next: _, asOfTime: _then, ...told }: Explanation<Citation>) {
  return told;
}

Deno.test("explain at a point says what was said then: later suspects, likenesses, siblings and attempts do not count", async () => {
  const daybook = await Explained.start({ definitions: [PRINT], maxRunning: 8 });
  const said = new Map<string, Explanation<Citation>>();
  const note = async (...jobIds: string[]) => {
    await daybook.clock.settle();
    for (const jobId of jobIds) {
      const told = await daybook.explanation(jobId);
      said.set(`${jobId} ${told.asOf}`, told);
    }
  };
  const correlation = { equals: { order: "R-400" } };
  const expected = [{
    id: "paid",
    eventType: "shop.Paid",
    correlation,
    multiplicity: { times: 2 },
  }];
  await daybook.post("/jobs", { jobId: "job", plan: { expected } });
  await note("job");
  await daybook.event("shop.Paid", { order: "r-400" });
  await note("job");
  await daybook.event("shop.Paid", { order: " R-400" });
  await daybook.event("shop.Paid", { order: "R-400" });
  await note("job");
  await daybook.submit("odd", "label.print", { odd: true });
  await note("odd");
  for (let good = 0; good < 10; good++) {
    await daybook.submit(`good-${good}`, "label.print", { printer: "z1" });
  }
  for (const jobId of ["a", "b", "c"]) {
    await daybook.submit(jobId, "label.print", { printer: "z9", bad: true });
    await note("a");
  }
  await daybook.clock.advance(6_000);
  await note("odd", "a");
  await daybook.post("/jobs/job/cancel", { reason: "wrong list" });
  await note("job");
  await daybook.submit("d", "label.print", { printer: "z1", bad: true });
  await note("a");
  await daybook.post("/jobs", { jobId: "other", plan: { expected } });
  await daybook.post("/jobs/other/cancel", { reason: "wrong list" });
  await note("job");

  assert.ok(said.size >= 11);
  assert.ok([...said.values()].some(({ contrast }) => contrast !== undefined));
  assert.ok([...said.values()].some(({ siblings }) => siblings?.others === 3));
  for (const [key, then] of said) {
    const [jobId = ""] = key.split(" ");
    const told = await explainedAt(daybook, jobId, then.asOf);
    assert.deepEqual(comparable(told), comparable(then), key);
  }
});

Deno.test("explain at a point: a queued job names the jobs that had the workers at that point", async () => {
  const crawl = scripted("web.crawl", {
    crawl: ({ jobId, signal }) => jobId === "later" ? "done" : hang({ signal }),
  });
  const daybook = await Explained.start({ definitions: [crawl], maxRunning: 2 });
  for (const jobId of ["one", "two"]) await daybook.submit(jobId, "web.crawl");
  await daybook.clock.advance(3_600_000);
  await daybook.submit("later", "web.crawl");
  const asOf = daybook.engine.headLogId;
  const said = (await daybook.explanation("later")).because[0]?.cites;
  await daybook.clock.advance(3_600_000);
  await daybook.post("/jobs/one/cancel");
  await daybook.clock.advance(3_600_000);

  const then = await explainedAt(daybook, "later", asOf);
  assert.equal(
    then.summary,
    "Job later is queued: it waits for a worker, and others have them: one and two in task crawl " +
      "since 2026-01-01T00:00:00.000Z, without a time limit.",
  );
  assert.deepEqual(then.because[0]?.cites, said);
  assert.equal((await daybook.explanation("later")).condition, "succeeded");
});

Deno.test("explain at a point: the holder of a worker is found behind hundreds of jobs, and after its end", async () => {
  const crawl = scripted("web.crawl", { crawl: (about) => hang(about) });
  const quick = scripted("web.quick", { look: () => "seen" });
  const daybook = await Explained.start({ definitions: [crawl, quick], maxRunning: 2 });
  await daybook.submit("one", "web.crawl");
  const quickOnes = Array.from(
    { length: 400 },
    (_, at) => daybook.submit(`quick-${at}`, "web.quick"),
  );
  await Promise.all(quickOnes);
  await daybook.submit("two", "web.crawl");
  await daybook.submit("later", "web.quick");
  const asOf = daybook.engine.headLogId;
  for (const jobId of ["one", "two"]) await daybook.post(`/jobs/${jobId}/cancel`);
  await daybook.clock.advance(1_000);

  const { summary } = await explainedAt(daybook, "later", asOf);
  assert.match(summary, /others have them: one and two in task crawl since/);
  assert.doesNotMatch(summary, /looked at/);
});

Deno.test("explain at a point: a pause of everything at that point is named, even after it has ended", async () => {
  const quick = scripted("web.quick", { look: () => "seen" });
  const options = { definitions: [quick], maxRunning: 1 };
  const first = await Explained.start(options);
  const daybook = await first.crash({ ...options, hold: true });
  await daybook.submit("held", "web.quick");
  const asOf = daybook.engine.headLogId;
  const said = await daybook.explanation("held");
  const [pause] = daybook.engine.pauses.all();
  await daybook.app.request(`${BASE}/pauses/${pause?.pauseId}`, { method: "DELETE" });
  await daybook.clock.advance(1_000);

  const then = await explainedAt(daybook, "held", asOf);
  assert.match(said.summary, /everything has been paused since .* \(reason: started with --hold\)/);
  assert.match(then.summary, /everything has been paused since .* \(reason: started with --hold\)/);
  assert.ok(then.because[0]?.cites.some(({ eventType }) => eventType === "job.PauseBegan"));
  assert.equal((await daybook.explanation("held")).condition, "succeeded");
});

Deno.test("GET /jobs/:id/explain?at= takes a position, an event's id and a time, and says as of when", async () => {
  const daybook = await Explained.start();
  const correlation = { equals: { order: "7" } };
  const plan = { expected: [{ id: "paid", eventType: "shop.Paid", correlation }] };
  await daybook.post("/jobs", { jobId: "job", plan });
  await daybook.clock.advance(60_000);
  await daybook.event("shop.Paid", { order: 7 }, { eventId: "wrong" });
  await daybook.clock.advance(60_000);
  await daybook.event("shop.Paid", { order: "7" }, { jobId: "job", eventId: "right" });
  await daybook.clock.advance(3_600_000);
  await daybook.event("shop.Noise", {});

  const wrongAt = (await daybook.engine.entries(0, 100)).find(({ eventId }) => eventId === "wrong");
  const asked = async (at: string, accept = "application/json") => {
    const path = `/jobs/job/explain?at=${encodeURIComponent(at)}`;
    const response = await daybook.app.request(BASE + path, { headers: { accept } });
    const text = await response.text();
    return { status: response.status, text };
  };
  for (const at of [String(wrongAt?.logId), "2026-01-01T00:01:30Z"]) {
    const { status, text } = await asked(at, "text/plain");
    assert.equal(status, 200, text);
    const flowing = text.replaceAll(/\s+/g, " ");
    assert.ok(
      flowing.startsWith(
        `As of entry ${wrongAt?.logId}, received at 2026-01-01T00:01:00.000Z (61 min ago): ` +
          'Job job is waiting for "paid" (shop.Paid), 0 of 1: shop.Paid came',
      ) || flowing.includes("Job job is waiting"),
      flowing,
    );
    assert.match(flowing, /order: expected "7" \(text\), found 7 \(number\)/);
    assert.doesNotMatch(flowing, /curl/);
  }
  const early = JSON.parse((await asked("2026-01-01T00:00:59Z")).text);
  assert.deepEqual([early.condition, early.waitingFor[0].nearMisses], ["waiting", []]);
  assert.equal(JSON.parse((await asked("right")).text).condition, "succeeded");
  for (const at of ["9999", "nobody", "2020-01-01T00:00:00Z"]) {
    const { status, text } = await asked(at);
    assert.equal(status, 422, text);
    assert.match(text, /unknown-point/);
  }
});
