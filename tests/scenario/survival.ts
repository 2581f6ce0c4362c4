/**
 * Many short-lived server processes on one journal, each ended at a random moment. At the end, the
 * journal must have everything that they acknowledged.
 */

import assert from "node:assert/strict";
import { endedJob } from "./ended_job.ts";
import { BusyClients } from "./busy_clients.ts";
import {
  DaybookProcess,
  type ProcessOptions,
  startAndKill,
} from "../support/process/daybook_process.ts";
import { Executions } from "./executions.ts";
import { type IndependentEntry, readIndependently } from "../support/journal/independent_reader.ts";
import { OutsideLedger } from "./outside_ledger.ts";
import { ResumingReader } from "./stream_reader.ts";
import { ROOT } from "../support/process/task_process.ts";

/** More than a defect needs to show. */
const DEATHS_OF_DEFECT_MAX = 40;

/** The path of a build with a defect that a test must catch. */
export function defectiveBuild(name: string): string {
  return `${ROOT}tests/scenario/defective/${name}`;
}

const DEFINITIONS = `${ROOT}tests/scenario/kill_definitions.ts`;

export interface SurvivalOptions {
  /** A folder only for this test. */
  readonly folder: string;
  readonly journal: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Instead of `main.ts`. */
  readonly script?: string;
  /** The share of processes that end before the server listens; 0.15 by default. */
  readonly stillborn?: number;
  /** Called before each process. */
  readonly beforeLife?: () => Promise<void>;
  /** Called after each, when the process is dead. */
  readonly afterDeath?: () => Promise<void>;
}

/** Something acknowledged is gone, or the server reports damage. */
export class Loss extends Error {
  override readonly name = "Loss";
}

export class Survival {
  readonly ledger = new OutsideLedger();
  readonly reader = new ResumingReader();
  readonly #clients = new BusyClients(this.ledger);
  readonly #runs: string;
  readonly #executions: Executions;

  constructor(private readonly options: SurvivalOptions) {
    this.#runs = `${options.folder}/runs.txt`;
    this.#executions = new Executions(this.#runs);
  }

  get processOptions(): ProcessOptions {
    const { journal, env, args = [], script } = this.options;
    return {
      journal,
      script,
      args: [
        `--definitions=${DEFINITIONS}`,
        "--max-running=8",
        // Small, so that kills also hit new segments and snapshots.
        ...["--segment-bytes=32KiB", "--snapshot-every=150", ...args],
      ],
      env: { ...env, DAYBOOK_TEST_LEDGER: this.#runs },
      permissions: [
        // Includes the parent folder, so that the journal's name can be made durable.
        `--allow-read=${journal},${journal.slice(0, journal.lastIndexOf("/"))}`,
        `--allow-read=${DEFINITIONS},${ROOT}src`,
        `--allow-write=${journal},${this.#runs}`,
      ],
    };
  }

  /**
   * Runs one process, ended by a kill at a random moment.
   *
   * @throws {Loss} if the journal is damaged, or lacks something that the previous process
   * acknowledged.
   */
  async liveAndDie(): Promise<void> {
    const { beforeLife, afterDeath, stillborn = 0.15 } = this.options;
    await beforeLife?.();
    if (Math.random() < stillborn) await startAndKill(this.processOptions, Math.random() * 600);
    else await this.#live();
    this.#executions.lifeEnded();
    await afterDeath?.();
  }

  async #live(): Promise<void> {
    const daybook = await this.#start();
    const reading = this.reader.readFrom(daybook.url);
    const checking = this.#requireFresh(daybook);
    const working = this.#clients.untilGone(daybook);
    const [checked] = await Promise.allSettled([checking, this.#randomMoment(working)]);
    const end = await killed(daybook);
    await Promise.all([reading, working]);
    if (end !== undefined) throw new Loss(end);
    if (checked.status === "rejected") throw checked.reason;
  }

  /** After some acknowledgements, however fast the machine is, unless no more will come. */
  async #randomMoment(working: Promise<void>): Promise<void> {
    const after = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    const wanted = this.ledger.size + Math.floor(Math.random() * 12);
    let isOver = false;
    const end = () => isOver = true;
    working.then(end, end);
    while (this.ledger.size < wanted && !isOver) await after(5);
    await after(Math.random() * 150);
  }

  /**
   * Is killed this many times and then ends in order; returns what was acknowledged, none of which
   * is lost.
   *
   * @param deaths `kills` or `cuts`.
   */
  async surviveAll(count: number, deaths: string): Promise<void> {
    for (let death = 0; death < count; death++) await this.liveAndDie();
    await this.finish();
    const { jobs, events, controls } = this.ledger;
    console.log(
      `${count} ${deaths}: 0 lost of ${jobs.size} jobs, ${events.size} events and ` +
        `${controls.length} controls that were acknowledged; ` +
        `${this.reader.messages.length} messages without a gap`,
    );
    assert.ok(jobs.size > count / 2, `only ${jobs.size} jobs were acknowledged`);
    assert.ok(count < 10 || (events.size > 0 && controls.length > 0));
  }

  /**
   * Starts and kills processes until something is lost, which must happen in a build with a defect.
   *
   * @param before Called before each process.
   */
  async firstLoss(
    before: () => Promise<void> = () => Promise.resolve(),
  ): Promise<{ readonly deaths: number; readonly message: string }> {
    for (let deaths = 1; deaths <= DEATHS_OF_DEFECT_MAX; deaths++) {
      try {
        await before();
        await this.liveAndDie();
      } catch (error) {
        if (error instanceof Loss) return { deaths, message: error.message };
        throw error;
      }
    }
    assert.fail(`no loss in ${DEATHS_OF_DEFECT_MAX} deaths, of ${this.ledger.size} facts`);
  }

  /**
   * A last process, in which everything ends and is checked.
   *
   * @throws {Loss} as `liveAndDie` does, and an `AssertionError` for all else.
   */
  async finish(): Promise<void> {
    await this.options.beforeLife?.();
    const unended = await this.#lastLife();
    this.#executions.lifeEnded();
    assert.deepEqual(this.ledger.wrong, []);
    assert.deepEqual(unended, [], "jobs that did not end as they should");
    const { entries } = await readIndependently(this.options.journal);
    assertAllRecorded(entries, this.ledger);
    assertKeysOnce(entries);
    assertStreamWhole(this.reader, entries);
    assertNothingRanTwice(entries, this.#executions.lines);
    const { steps, executions } = this.#executions.requireOnce(entries, ["one", "two", "three"]);
    console.log(`${steps} steps with a result, executed ${executions} times, counted outside`);
    assert.ok(steps > 0);
  }

  /** The jobs that do not end as expected. */
  async #lastLife(): Promise<readonly string[]> {
    const daybook = await this.#start();
    const reading = this.reader.readFrom(daybook.url);
    try {
      await this.#requireFresh(daybook);
      await this.#clients.sendUnanswered(daybook);
      const unended = await this.#unended(daybook);
      const { head } = await daybook.get("/journal") as { head: { logId: number } };
      await this.reader.reached(head.logId);
      return unended;
    } finally {
      this.reader.stop();
      await reading;
      assert.equal(await daybook.stop(), 0);
    }
  }

  async #start(): Promise<DaybookProcess> {
    try {
      return await DaybookProcess.start(this.processOptions);
    } catch (error) {
      const [, reason] = /daybook: (Cannot use the journal: .*)/.exec(String(error)) ?? [];
      if (reason === undefined) throw error;
      throw new Loss(`the server does not start any more: ${reason}`);
    }
  }

  async #requireFresh(daybook: DaybookProcess): Promise<void> {
    const { jobs, events } = this.ledger.takeFresh();
    for (const jobId of jobs) {
      const { status, body } = await fetch(`${daybook.url}/jobs/${jobId}`);
      await body?.cancel();
      if (status !== 200) throw new Loss(`job ${jobId} was acknowledged and is gone`);
    }
    for (const eventId of events) {
      const number = Number(/\d+$/.exec(eventId)?.[0]);
      const event = { eventId, eventType: "test.Arrived", attributes: { number } };
      const answer = await (await daybook.post("/events", event)).json();
      const isKnown = answer.receipts?.[0]?.disposition === "duplicate";
      if (!isKnown) throw new Loss(`event ${eventId} was acknowledged and is gone`);
    }
  }

  async #unended(daybook: DaybookProcess): Promise<readonly string[]> {
    const unended: string[] = [];
    for (const jobId of this.ledger.jobs) {
      const { job: { state } } = await endedJob(daybook.url, jobId);
      const isRight = state === "Done" ||
        (state === "Failed" && this.ledger.cancelled.has(jobId));
      if (!isRight) unended.push(`${jobId} ${state}`);
    }
    return unended;
  }
}

type Entries = readonly IndependentEntry[];

function assertAllRecorded(entries: Entries, { jobs, events, controls }: OutsideLedger): void {
  const recorded = new Set(entries.map((entry) => `${entry.eventType} ${entry["jobId"]}`));
  for (const jobId of jobs) {
    assert.ok(recorded.has(`job.JobCreated ${jobId}`), `${jobId} was acknowledged and lost`);
  }
  for (const { eventType, jobId } of controls) {
    assert.ok(recorded.has(`${eventType} ${jobId}`), `${eventType} of ${jobId} was lost`);
  }
  const eventIds = entries.map((entry) => String(entry["eventId"]));
  const unique = new Set(eventIds);
  assert.equal(unique.size, eventIds.length, "an eventId is on record twice");
  for (const eventId of events) assert.ok(unique.has(eventId), `${eventId} was lost`);
}

/** Every number was sent with one key, so it must have created one job. */
function assertKeysOnce(entries: Entries): void {
  const made = new Set<string>();
  for (const { eventType, attributes } of entries) {
    if (eventType !== "job.JobCreated" || attributes["retryOf"] !== undefined) continue;
    const number = JSON.stringify(attributes["input"] ?? attributes["labels"]);
    assert.ok(!made.has(number), `the request of ${number} made two jobs`);
    made.add(number);
  }
}

/** Every position once, in order, and each with the entry that is on record now. */
function assertStreamWhole({ messages }: ResumingReader, entries: Entries): void {
  const ids = messages.map(({ id }) => id);
  assert.deepEqual(ids, ids.map((_, index) => index + 1));
  for (const { id, data } of messages) {
    const { eventId, logId } = JSON.parse(data);
    const onRecord = { eventId: entries[id - 1]?.["eventId"], logId: id };
    assert.deepEqual({ eventId, logId }, onRecord, "shown, and not on record");
  }
}

/** Each attempt ran at most once, and none after the one whose result is on record. */
function assertNothingRanTwice(entries: Entries, runs: readonly string[]): void {
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
    assert.ok(
      last === undefined || Number(attempt) <= last,
      `${run} ran after its completion`,
    );
  }
}

/** How the process ended, if it did so before: it notices some losses by itself. */
async function killed(daybook: DaybookProcess): Promise<string | undefined> {
  try {
    await daybook.kill();
    return undefined;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return `ended by itself with ${await daybook.exitCode()}: ${daybook.output.at(-1)}`;
  }
}
