/** A real disk that becomes full under a real server, and has room again later. */

import assert from "node:assert/strict";
import { DaybookProcess } from "../support/process/daybook_process.ts";
import { Gate } from "./gate.ts";
import { type IndependentEntry, readIndependently } from "../support/journal/independent_reader.ts";
import { fill, testOnSmallDisk } from "./mounted_folder.ts";
import { ResumingReader } from "./stream_reader.ts";
import { ROOT } from "../support/process/task_process.ts";
import { until } from "../support/until.ts";

const MIB = 1024 * 1024;
const DEFINITIONS = `${ROOT}tests/scenario/kill_definitions.ts`;
const RUNNING = 8;

class Scene {
  readonly gate = new Gate();
  readonly reader = new ResumingReader();
  readonly journal: string;
  readonly filler: string;
  /** Events that were acknowledged. */
  readonly events: string[] = [];
  #number = 0;

  constructor(folder: string) {
    this.journal = `${folder}/journal`;
    this.filler = `${folder}/filler`;
  }

  start(reserveBytes = 256 * 1024): Promise<DaybookProcess> {
    return DaybookProcess.start({
      journal: this.journal,
      args: [
        ...[`--definitions=${DEFINITIONS}`, `--max-running=${RUNNING}`],
        ...["--segment-bytes=64KiB", "--snapshot-every=100"],
      ],
      limits: { reserveBytes },
      env: { DAYBOOK_TEST_GATE: this.gate.url },
      permissions: [`--allow-read=${this.journal},${DEFINITIONS},${ROOT}src`],
    });
  }

  async submit(daybook: DaybookProcess, count: number): Promise<readonly string[]> {
    const jobs: string[] = [];
    for (let each = 0; each < count; each++) {
      const request = { type: "test.gated", input: { number: ++this.#number } };
      const response = await daybook.post("/jobs", request);
      assert.equal(response.status, 202);
      jobs.push((await response.json()).jobId);
    }
    return jobs;
  }

  /** Jobs that wait forever, because ended jobs are not in snapshots. */
  async fillSnapshots(daybook: DaybookProcess, count: number): Promise<void> {
    const expected = Array.from({ length: 10 }, (_, at) => ({
      id: `never-${at}`,
      eventType: "test.Never",
      correlation: { equals: { text: "x".repeat(200) } },
    }));
    for (let each = 0; each < count; each++) {
      assert.equal(await statusOf(daybook.post("/jobs", { plan: { expected } })), 202);
    }
  }

  /** Delivers an event, and remembers it if it is acknowledged. */
  async deliver(daybook: DaybookProcess): Promise<number> {
    const eventId = `evt_filling-${++this.#number}`;
    const attributes = { text: "x".repeat(2_000) };
    const status = await statusOf(
      daybook.post("/events", { eventId, eventType: "test.Filling", attributes }),
    );
    if (status === 200) this.events.push(eventId);
    return status;
  }

  async deliverUntilFull(daybook: DaybookProcess): Promise<void> {
    await fill(this.filler, 100_000);
    for (let count = 0; await this.deliver(daybook) === 200; count++) assert.ok(count < 1_000);
  }

  async makeRoom(): Promise<void> {
    await Deno.remove(this.filler);
  }

  async assertNothingLost(jobs: readonly string[]): Promise<readonly IndependentEntry[]> {
    const { entries } = await readIndependently(this.journal);
    const eventIds = new Set(entries.map((entry) => entry["eventId"]));
    assert.deepEqual(this.events.filter((eventId) => !eventIds.has(eventId)), []);
    const created = new Set(
      entries.filter(({ eventType }) => eventType === "job.JobCreated")
        .map((entry) => entry["jobId"]),
    );
    assert.deepEqual(jobs.filter((jobId) => !created.has(jobId)), []);
    return entries;
  }
}

async function statusOf(response: Response | Promise<Response>): Promise<number> {
  const { status, body } = await response;
  await body?.cancel();
  return status;
}

async function stateOf(daybook: DaybookProcess, jobId: string, seconds = 0): Promise<string> {
  const headers = { prefer: `wait=${seconds}` };
  const response = await fetch(`${daybook.url}/jobs/${jobId}`, { headers });
  const { condition } = await response.json() as { condition: string };
  return condition;
}

async function explanationOf(daybook: DaybookProcess, jobId = ""): Promise<string> {
  return await (await fetch(`${daybook.url}/jobs/${jobId}/explain?format=text`)).text();
}

/** Resolves when the server prints this, with the time it took in ms. */
async function said(daybook: DaybookProcess, text: string): Promise<number> {
  const began = performance.now();
  await until(`said: ${text}`, () => daybook.output.some((line) => line.includes(text)), 10);
  return performance.now() - began;
}

async function withScene(folder: string, run: (scene: Scene) => Promise<void>): Promise<void> {
  const scene = new Scene(folder);
  try {
    await run(scene);
  } finally {
    await scene.gate.close();
  }
}

testOnSmallDisk(
  "disk full: reads and streams continue, running jobs end on record, writes are 507, and service resumes",
  4 * MIB,
  (folder) =>
    withScene(folder, async (scene) => {
      const daybook = await scene.start();
      const reading = scene.reader.readFrom(daybook.url);
      const running = await scene.submit(daybook, RUNNING);
      await scene.gate.asked(RUNNING);
      const queued = await scene.submit(daybook, 10);
      await scene.deliverUntilFull(daybook);

      const [anyone] = running;
      const refused = [
        await statusOf(daybook.post("/jobs", { type: "test.gated", input: { number: 0 } })),
        await scene.deliver(daybook),
        await statusOf(daybook.post(`/jobs/${anyone}/cancel`, {})),
      ];
      assert.deepEqual(refused, [507, 507, 507]);
      assert.equal(await statusOf(fetch(`${daybook.url}/readyz`)), 503);
      assert.equal(await statusOf(fetch(`${daybook.url}/events?limit=500`)), 200);

      assert.doesNotMatch(await explanationOf(daybook, anyone), /disk is full/);
      assert.match(await explanationOf(daybook, queued[0]), /disk is full/);

      scene.gate.open();
      for (const jobId of running) assert.equal(await stateOf(daybook, jobId, 30), "succeeded");
      assert.equal(await statusOf(fetch(`${daybook.url}/readyz`)), 503, "and it is still full");
      for (const jobId of queued) assert.equal(await stateOf(daybook, jobId), "queued");
      const { head } = await daybook.get("/journal") as { head: { logId: number } };
      await scene.reader.reached(head.logId);

      await scene.makeRoom();
      const resumedMs = await said(daybook, "there is room on the disk again");
      assert.equal(await statusOf(fetch(`${daybook.url}/readyz`)), 200);
      assert.equal(await scene.deliver(daybook), 200);
      for (const jobId of queued) assert.equal(await stateOf(daybook, jobId, 30), "succeeded");
      scene.reader.stop();
      await reading;
      assert.equal(await daybook.stop(), 0);

      const entries = await scene.assertNothingLost([...running, ...queued]);
      const ids = scene.reader.messages.map(({ id }) => id);
      assert.deepEqual(ids, ids.map((_, index) => index + 1));
      console.log(
        `disk full: ${running.length} running jobs ended on record, ${scene.events.length} events ` +
          `acknowledged, 0 lost of ${entries.length} entries; resumed after ${resumedMs | 0} ms`,
      );
    }),
);

testOnSmallDisk(
  "disk full: without a reserve running jobs wait for room, and then end",
  4 * MIB,
  (folder) =>
    withScene(folder, async (scene) => {
      const daybook = await scene.start(0);
      const running = await scene.submit(daybook, RUNNING);
      await scene.gate.asked(RUNNING);
      await scene.deliverUntilFull(daybook);
      await fill(`${scene.filler}-of-the-rest`);

      scene.gate.open();
      await stateOf(daybook, running[0] ?? "", 1);
      for (const jobId of running) assert.equal(await stateOf(daybook, jobId), "executing");
      await scene.makeRoom();
      for (const jobId of running) assert.equal(await stateOf(daybook, jobId, 30), "succeeded");
      assert.equal(await daybook.stop(), 0);
      await scene.assertNothingLost(running);
    }),
);

testOnSmallDisk(
  "disk full: a kill loses nothing, and the next start serves when there is room",
  4 * MIB,
  (folder) =>
    withScene(folder, async (scene) => {
      const daybook = await scene.start();
      const jobs = await scene.submit(daybook, RUNNING);
      await scene.gate.asked(RUNNING);
      await scene.deliverUntilFull(daybook);
      await daybook.kill();
      await scene.makeRoom();

      scene.gate.open();
      const next = await scene.start();
      for (const jobId of jobs) assert.equal(await stateOf(next, jobId, 30), "succeeded");
      assert.equal(await next.stop(), 0);
      await scene.assertNothingLost(jobs);
    }),
);

testOnSmallDisk(
  "disk full: a start without room for the reserve serves reads, and everything when there is room",
  4 * MIB,
  (folder) =>
    withScene(folder, async (scene) => {
      const first = await scene.start();
      await scene.deliver(first);
      assert.equal(await first.stop(), 0);
      await Deno.remove(`${scene.journal}/reserve`);
      await fill(scene.filler, 100_000);

      const daybook = await scene.start();
      assert.equal(await statusOf(fetch(`${daybook.url}/readyz`)), 503);
      assert.equal(await scene.deliver(daybook), 507);
      assert.equal(await statusOf(fetch(`${daybook.url}/events`)), 200);
      await scene.makeRoom();
      await said(daybook, "there is room on the disk again");
      assert.equal(await scene.deliver(daybook), 200);
      assert.equal(await daybook.stop(), 0);
      await scene.assertNothingLost([]);
    }),
);

testOnSmallDisk(
  "disk full: a job that has ended takes no event and is not retried, both 507, until there is room",
  4 * MIB,
  (folder) =>
    withScene(folder, async (scene) => {
      scene.gate.open();
      const first = await scene.start();
      const jobs = await scene.submit(first, 50);
      for (const jobId of jobs) assert.equal(await stateOf(first, jobId, 30), "succeeded");
      const plan = { expected: [{ id: "never", eventType: "test.Never" }] };
      assert.equal(await statusOf(first.post("/jobs", { jobId: "failed", plan })), 202);
      assert.equal(await statusOf(first.post("/jobs/failed/cancel", {})), 200);
      // Both jobs are only in the index then.
      assert.equal(await first.stop(), 0);

      const daybook = await scene.start();
      await fill(scene.filler);
      const late = { eventType: "test.Late", jobId: jobs[0] };
      assert.equal(await statusOf(daybook.post("/events", late)), 507);
      assert.equal(await statusOf(daybook.post("/jobs/failed/retry", {})), 507);
      await scene.makeRoom();
      assert.equal(await statusOf(daybook.post("/events", late)), 200);
      assert.equal(await statusOf(daybook.post("/jobs/failed/retry", {})), 201);
      assert.equal(await daybook.stop(), 0);
      assert.doesNotMatch(daybook.output.join("\n"), /defect/);
      await scene.assertNothingLost([...jobs, "failed"]);
    }),
);

testOnSmallDisk(
  "disk full: a snapshot without room is dropped with a warning, and the old one stays",
  6 * MIB,
  (folder) =>
    withScene(folder, async (scene) => {
      scene.gate.open();
      const daybook = await scene.start();
      await scene.fillSnapshots(daybook, 150);
      const before = await writtenSnapshots(scene.journal);
      assert.ok(before.length > 0);
      const [{ size } = { size: 0 }] = before;
      assert.ok(size > 200_000, `the snapshot has only ${size} bytes`);
      // Less room than a snapshot takes, and more than the entries that make one due.
      await fill(scene.filler, 150_000);
      const warning = "Cannot write snapshot";
      for (let count = 0; !daybook.output.some((line) => line.includes(warning)); count++) {
        assert.ok(count < 400, "no snapshot failed");
        // While it is being written it may briefly take the room of an event.
        const event = { eventType: "test.Small", attributes: {} };
        assert.ok([200, 507].includes(await statusOf(daybook.post("/events", event))));
      }

      const names = (await snapshotsOf(scene.journal)).map(({ name }) => name);
      assert.deepEqual(names, before.map(({ name }) => name));
      await scene.makeRoom();
      assert.equal(await daybook.stop(), 0);
      await scene.assertNothingLost([]);
    }),
);

/** Waits until no snapshot is being written: the same ones are there for a while. */
async function writtenSnapshots(journal: string) {
  for (let before = "";;) {
    const snapshots = await snapshotsOf(journal).catch(() => []);
    const names = snapshots.map(({ name }) => name).join();
    const isWhole = snapshots.every(({ name }) => name.endsWith(".snapshot"));
    if (isWhole && names !== "" && names === before) return snapshots;
    before = names;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function snapshotsOf(journal: string) {
  const names = await Array.fromAsync(Deno.readDir(`${journal}/snapshots`), ({ name }) => name);
  return await Promise.all(
    names.toSorted().reverse().map(async (name) => {
      const { size } = await Deno.stat(`${journal}/snapshots/${name}`);
      return { name, size };
    }),
  );
}
