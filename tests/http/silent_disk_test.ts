/** A disk that stalls for a while, as a failing or an overloaded one does. */

import assert from "node:assert/strict";
import { JobEngine } from "../../src/engine/job_engine.ts";
import { createApp } from "../../src/http/app.ts";
import { FileJournal } from "../../src/journal/file_journal.ts";
import { Metrics } from "../../src/metrics/metrics.ts";
import { SilenceLog } from "../../src/server/logs.ts";
import { FakeClock, FakeRandom } from "../support/fake_clock.ts";
import { Gate, gatedJobs } from "../support/http/http_definitions.ts";
import { TestDisk } from "../support/journal/journal_disk.ts";
import { MemoryDisk } from "../support/journal/journal_memory_disk.ts";
import { unlimited } from "../support/engine/unlimited.ts";

Deno.test("silent disk: readiness, explanations and the log say so while a write does not end, and work then continues", async () => {
  const [clock, random, disk] = [new FakeClock(), new FakeRandom(), new TestDisk(new MemoryDisk())];
  const gate = new Gate();
  const definitions = gatedJobs(gate);
  const engine = new JobEngine({ clock, random, definitions, maxRunning: 1, ...unlimited() });
  const options = { folder: "/journal", fileSystem: disk, clock, random };
  const { journal } = await FileJournal.open({ ...options, consumer: engine.consumer });
  await engine.start(journal);
  const app = createApp({ engine, clock, metrics: new Metrics({ types: [] }).of(engine) });
  const submit = (jobId: string) =>
    app.request("/jobs", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ type: "test.gated", jobId }),
    });
  const get = async (path: string) => await (await app.request(path)).json();
  const warnings: string[] = [];
  const log = new SilenceLog((warning) => void warnings.push(warning));
  const look = () => log.look(engine.silence);

  const first = submit("job_1");
  await clock.settle();
  assert.equal((await first).status, 202);
  disk.hold();
  const second = submit("job_2");
  await disk.held;
  const since = new Date(clock.now()).toISOString();

  await clock.advance(4_999);
  look();
  assert.deepEqual(await get("/readyz"), { status: "ready" });
  await clock.advance(1);
  for (let beats = 0; beats < 3; beats++) look();
  const silence = `the disk has not completed a write since ${since}`;
  assert.equal((await app.request("/readyz")).status, 503);
  assert.equal((await get("/readyz")).detail, `Cannot write: ${silence}`);
  const metrics = await (await app.request("/metrics")).text();
  assert.match(metrics, /^daybook_journal_disk_silent 1$/m);
  const queue = await get("/queue/explain");
  assert.equal(queue.since, since);
  assert.ok(queue.summary.startsWith(`Nothing can be recorded: ${silence}.`), queue.summary);
  const { summary, next: [step] } = await get("/jobs/job_1/explain");
  assert.ok(summary.startsWith(`Job job_1 cannot continue: ${silence}.`), summary);
  assert.match(step.statement, /^Nothing, until the disk completes its write/);
  const page = await app.request("/", { headers: { accept: "text/html" } });
  assert.match(await page.text(), /has not completed a write since/);

  disk.release();
  await clock.settle();
  assert.equal((await second).status, 202);
  assert.deepEqual(await get("/readyz"), { status: "ready" });
  look();
  assert.deepEqual(warnings, [
    `${silence}: nothing can be recorded until it does`,
    `the disk completes writes again; it had completed none since ${since}`,
  ]);
  gate.open();
  await clock.settle();
  assert.equal((await get("/queue/explain")).standsStill, false);
  await journal.close();
});
