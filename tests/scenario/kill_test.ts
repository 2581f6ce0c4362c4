/**
 * The promise that matters most: kill -9 at random moments, twenty times, with jobs of
 * three tasks in flight, and nothing that was accepted is lost, repeated or skipped.
 */

import assert from "node:assert/strict";
import { DaybookProcess } from "../support/daybook_process.ts";
import { type IndependentEntry, readIndependently } from "../support/independent_reader.ts";
import { ResumingReader } from "../support/stream_reader.ts";

const KILLS = 20;
const DEFINITIONS = new URL("../support/kill_definitions.ts", import.meta.url).pathname;

const SOURCE = new URL("../../src", import.meta.url).pathname;

class Scene {
  readonly accepted = new Set<string>();
  readonly reader = new ResumingReader();
  readonly ledger: string;
  readonly journal: string;
  #number = 0;

  constructor(readonly folder: string) {
    this.ledger = `${folder}/ledger.txt`;
    this.journal = `${folder}/journal`;
    Deno.writeTextFileSync(this.ledger, "");
  }

  start(): Promise<DaybookProcess> {
    return DaybookProcess.start({
      journal: this.journal,
      args: [
        `--definitions=${DEFINITIONS}`,
        "--max-running=8",
        // Small, so that rolling and snapshots fall into the kills as well.
        "--segment-bytes=64KiB",
        "--snapshot-every=300",
      ],
      env: { DAYBOOK_TEST_LEDGER: this.ledger },
      permissions: [
        `--allow-read=${this.journal},${DEFINITIONS},${SOURCE}`,
        `--allow-write=${this.journal},${this.ledger}`,
      ],
    });
  }

  /** Submits jobs until the process is gone; only what was answered counts as accepted. */
  async submitUntilGone(daybook: DaybookProcess): Promise<void> {
    for (;;) {
      const number = ++this.#number;
      try {
        const response = await daybook.post("/jobs", { type: "test.three", input: { number } });
        const { jobId } = await response.json() as { jobId: string };
        if (response.status === 202) this.accepted.add(jobId);
      } catch {
        return;
      }
    }
  }

  /** One life of the process, ended by a kill at a random moment. */
  async liveAndDie(): Promise<void> {
    const daybook = await this.start();
    const reading = this.reader.readFrom(daybook.url);
    const submitting = [1, 2, 3].map(() => this.submitUntilGone(daybook));
    await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 180));
    await daybook.kill();
    await Promise.all([reading, ...submitting]);
  }
}

async function untilAllEnd(daybook: DaybookProcess, jobs: Iterable<string>): Promise<string[]> {
  const states: string[] = [];
  for (const jobId of jobs) {
    const response = await fetch(`${daybook.url}/jobs/${jobId}`, {
      headers: { prefer: "wait=30" },
    });
    const job = await response.json() as { state: string };
    states.push(job.state);
  }
  return states;
}

Deno.test({
  name: "kill -9: twenty times at random moments, and every accepted job ends exactly once",
  fn: async () => {
    const folder = await Deno.makeTempDir();
    const scene = new Scene(folder);
    for (let kill = 0; kill < KILLS; kill++) await scene.liveAndDie();

    const daybook = await scene.start();
    const reading = scene.reader.readFrom(daybook.url);
    const states = await untilAllEnd(daybook, scene.accepted);
    const { head } = await daybook.get("/journal") as { head: { logId: number } };
    while (scene.reader.lastId < head.logId) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    scene.reader.stop();
    await reading;
    assert.equal(await daybook.stop(), 0);

    assert.ok(scene.accepted.size > KILLS, `only ${scene.accepted.size} jobs were accepted`);
    assert.deepEqual(states.filter((state) => state !== "Done"), []);
    assertStreamWhole(scene.reader);
    const { entries } = await readIndependently(scene.journal);
    assertEveryJobRecorded(entries, scene.accepted);
    assertNothingRanTwice(entries, await Deno.readTextFile(scene.ledger));
    await Deno.remove(folder, { recursive: true });
  },
});

function assertStreamWhole({ messages }: ResumingReader): void {
  const ids = messages.map(({ id }) => id);
  assert.deepEqual(ids, ids.map((_, index) => index + 1));
  for (const { id, data } of messages) assert.equal(JSON.parse(data).logId, id);
}

type Entries = readonly IndependentEntry[];

function assertEveryJobRecorded(entries: Entries, accepted: ReadonlySet<string>): void {
  const created = entries.filter(({ eventType }) => eventType === "job.JobCreated");
  const recorded = new Set(created.map((entry) => entry["jobId"]));
  for (const jobId of accepted) assert.ok(recorded.has(jobId), `${jobId} was accepted and lost`);
}

/** Each attempt ran at most once, and none after the one whose result is on record. */
function assertNothingRanTwice(entries: Entries, ledger: string): void {
  const runs = ledger.trim().split("\n");
  assert.equal(new Set(runs).size, runs.length, "an attempt ran twice");
  const completed = new Map<string, number>();
  for (const { eventType, attributes, ...entry } of entries) {
    if (eventType !== "job.TaskCompleted" || entry["taskId"] === "main") continue;
    const key = `${entry["jobId"]} ${entry["taskId"]}`;
    assert.ok(!completed.has(key), `${key} completed twice`);
    completed.set(key, Number(attributes["attempt"]));
  }
  for (const run of runs) {
    const [jobId, taskId, attempt] = run.split(" ");
    const last = completed.get(`${jobId} ${taskId}`);
    assert.ok(last !== undefined && Number(attempt) <= last, `${run} ran after its completion`);
  }
}
