/** More requests than a stuck disk can take: memory stays bounded, and service resumes. */

import assert from "node:assert/strict";
import type { Journal } from "../../src/engine/ports.ts";
import { JobEngine } from "../../src/engine/job_engine.ts";
import { createApp } from "../../src/http/app.ts";
import { FileJournal } from "../../src/journal/file_journal.ts";
import { rounds } from "../support/effort.ts";
import { FakeClock, FakeRandom } from "../support/fake_clock.ts";
import { Gate, gatedJobs } from "../support/http/http_definitions.ts";
import { TestDisk } from "../support/journal/journal_disk.ts";
import { MemoryDisk } from "../support/journal/journal_memory_disk.ts";
import { usedMebibytes } from "./memory_use.ts";
import { NO_LIMITS, unlimited } from "../support/engine/unlimited.ts";

const MEBIBYTE = 1024 * 1024;
const PENDING_MEBIBYTES = 4;
/** Of larger ones only one per turn would reach the journal. */
const BODY_BYTES = 15 * 1024;
const REQUESTS = rounds(2_000, 6_000);
/** Pending data is held as text and as entries, plus some per request. */
const GROWTH_MEBIBYTES_MAX = 6 * PENDING_MEBIBYTES;

/** A journal that does not report how much waits for its disk. */
function tellingNothing(journal: FileJournal): Journal {
  return new Proxy(journal, {
    get(target, name) {
      if (name === "pendingBytes") return 0;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

async function start(wrapped: (journal: FileJournal) => Journal = (journal) => journal) {
  const [clock, random, disk] = [new FakeClock(), new FakeRandom(), new TestDisk(new MemoryDisk())];
  const gate = new Gate();
  const engine = new JobEngine({
    clock,
    random,
    definitions: gatedJobs(gate),
    maxRunning: 1,
    ...unlimited(),
    limits: { ...NO_LIMITS, pendingBytesMax: PENDING_MEBIBYTES * MEBIBYTE },
  });
  const folder = "/journal";
  const options = { folder, fileSystem: disk, clock, random, consumer: engine.consumer };
  const { journal } = await FileJournal.open(options);
  await engine.start(wrapped(journal));
  // Only the journal must bound them.
  const app = createApp({ engine, clock, requestsMax: Infinity, bodiesBytesMax: Infinity });
  const post = (body: object) =>
    app.request("/jobs", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  return { clock, disk, gate, engine, journal, post };
}

type Started = Awaited<ReturnType<typeof start>>;

/** Sends requests without waiting for their answers, and returns promises of the statuses. */
async function offer({ clock, post }: Started): Promise<readonly Promise<number>[]> {
  const answers: Promise<number>[] = [];
  for (let index = 0; index < REQUESTS; index++) {
    const input = { index, text: "x".repeat(BODY_BYTES) };
    const answer = Promise.resolve(post({ type: "test.gated", input, start: false }));
    answers.push(answer.then(async (response) => {
      await response.body?.cancel();
      return response.status;
    }));
    if (index % 50 === 49) await clock.settle(5);
  }
  return answers;
}

/** The memory of requests that the disk does not take, in MiB. */
async function growthWhileHeld(started: Started) {
  const before = usedMebibytes();
  started.disk.hold();
  const answers = await offer(started);
  await started.disk.held;
  return { answers, growth: usedMebibytes() - before };
}

Deno.test("held disk: memory stays bounded, running jobs continue, and service returns", async () => {
  const started = await start();
  const { gate, clock, engine, journal, disk, post } = started;
  await post({ type: "test.gated" });
  await clock.settle();
  const { answers, growth } = await growthWhileHeld(started);
  gate.open();
  await clock.settle();
  const offered = Math.round(REQUESTS * BODY_BYTES / MEBIBYTE);
  console.log(`held disk: ${offered} MiB offered, ${growth.toFixed(1)} MiB held`);
  assert.ok(growth < GROWTH_MEBIBYTES_MAX, `${growth} MiB are held`);

  disk.release();
  await clock.settle(300);
  const statuses = await Promise.all(answers);
  const accepted = statuses.filter((status) => status === 202).length;
  assert.deepEqual(new Set(statuses), new Set([202, 503]));
  assert.equal(engine.activity.jobs, accepted + 1);
  assert.equal(engine.lists.page({ limit: 1, states: ["Done"] }).jobs.length, 1);
  assert.equal(journal.pendingBytes, 0);
  assert.equal((await post({ type: "test.gated" })).status, 202);
  await clock.settle();
  await journal.close();
});

Deno.test("held disk: a journal that does not report its queue is caught", async () => {
  const started = await start(tellingNothing);
  const { growth } = await growthWhileHeld(started);
  console.log(`held disk, without the limit: ${growth.toFixed(1)} MiB held`);
  assert.ok(growth > 2 * GROWTH_MEBIBYTES_MAX, `only ${growth} MiB are held`);
  started.disk.release();
  await started.clock.settle(300);
  await started.journal.close();
});
