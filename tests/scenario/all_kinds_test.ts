/**
 * The real process with jobs of every kind beside each other, while readers and operators are at
 * work, through kills and stops: each job ends as its code says.
 */

import assert from "node:assert/strict";
import { DenoFileSystem } from "../../src/journal/files/deno_file_system.ts";
import { DaybookProcess, type ProcessOptions } from "../support/process/daybook_process.ts";
import { rounds } from "../support/effort.ts";
import { journalCommand } from "../support/process/journal_command.ts";
import { ROOT } from "../support/process/task_process.ts";
import { type IndependentEntry, readIndependently } from "../support/journal/independent_reader.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { PATIENCE_MS, pause } from "../support/until.ts";

const DEFINITIONS = `${ROOT}tests/scenario/all_kinds_definitions.ts`;
/** What a job of each type returns; `undefined` for one that fails, as its code says. */
const OUTCOMES: Readonly<Record<string, (n: number) => number | string | boolean | undefined>> = {
  steps: (n) => (3 + n % 4) * (2 + n % 4) / 2,
  parallel: (n) => 2 + n % 9,
  retried: () => "done",
  overdue: () => true,
  undone: () => undefined,
  waiting: (n) => 2 * n,
  telling: () => 3,
  begun: (n) => n,
  limited: (n) => n,
  secret: () => 2 * "secret-0000".length,
  threaded: (n) => n + 1,
  hostile: (n) => n,
  threadUndone: () => undefined,
};
/** `begun` is begun by the events of others. */
const SUBMITTED = Object.keys(OUTCOMES).filter((kind) => kind !== "begun");
const OF_JOBS = ["", "/explain", "/explain?format=text", "/events", "/replay", "/input", "/log"];
const OF_ALL = [
  ...["/jobs?limit=50", "/jobs?search=all&limit=20", "/failures", "/journal", "/metrics", "/ui"],
  ...["/ui/jobs", "/ui/limits", "/ui/system", "/limits", "/stream?after=0"],
];
const CONTROLS = ["suspend", "resume", "cancel", "retry"];
const LIFE_MS = 2_500;

interface Job {
  readonly state: string;
  readonly input: { readonly n: number };
  readonly output?: unknown;
  readonly failure: { readonly error?: { readonly name: string; readonly message: string } } | null;
}

const any = (count: number) => Math.floor(Math.random() * count);
const oneOf = <Value>(values: readonly Value[]): Value => values[any(values.length)] as Value;

class Crowd {
  readonly jobs: string[] = [];
  /** Jobs that an operator touched, which may end otherwise. */
  readonly touched = new Set<string>();
  readonly wrong: string[] = [];
  readonly #unpaid: number[] = [];
  #daybook: DaybookProcess;
  #isOver = false;

  constructor(daybook: DaybookProcess) {
    this.#daybook = daybook;
  }

  follow(daybook: DaybookProcess): void {
    this.#daybook = daybook;
  }

  /** Works until `over`, and then until everything is submitted and paid. */
  async work(): Promise<void> {
    const submitting = Promise.all([this.#submits(), this.#submits(), this.#submits()]);
    const others = [this.#reads(), this.#reads(), this.#reads(), this.#operates()];
    await Promise.all([submitting, this.#paysUntil(submitting), ...others]);
  }

  over(): void {
    this.#isOver = true;
  }

  async #submits(): Promise<void> {
    while (!this.#isOver) {
      const n = this.jobs.length;
      const kind = SUBMITTED[n % SUBMITTED.length] ?? "steps";
      const jobId = `${kind}-${n}`;
      this.jobs.push(jobId);
      const input = kind === "secret" ? { n, pin: "secret-0000" } : { n };
      await this.#post("/jobs", { type: `all.${kind}`, jobId, input }, jobId);
      if (kind === "waiting") this.#unpaid.push(n);
      await pause(any(20));
    }
  }

  async #paysUntil(submitting: Promise<unknown>): Promise<void> {
    let isSubmitted = false;
    void submitting.finally(() => isSubmitted = true);
    while (!isSubmitted || this.#unpaid.length > 0) {
      const n = this.#unpaid.shift();
      const event = { eventType: "all.Paid", eventId: `paid-${n}`, attributes: { n } };
      if (n !== undefined) await this.#post("/events", event);
      await pause(any(20));
    }
  }

  async #reads(): Promise<void> {
    while (!this.#isOver) {
      const path = any(4) === 0 ? oneOf(OF_ALL) : `/jobs/${oneOf(this.jobs)}${oneOf(OF_JOBS)}`;
      const signal = AbortSignal.timeout(path.startsWith("/stream") ? 1_000 : 20_000);
      await this.#ask(path, { signal });
      await pause(any(20));
    }
  }

  async #operates(): Promise<void> {
    while (!this.#isOver) {
      const jobId = oneOf(this.jobs);
      this.touched.add(jobId);
      await this.#ask(`/jobs/${jobId}/${oneOf(CONTROLS)}`, { method: "POST" });
      await pause(any(200));
    }
  }

  /** Repeats a request until it is answered: the process may be dead, or starting. */
  async #post(path: string, body: unknown, key = ""): Promise<void> {
    const headers = { "content-type": "application/json", ...(key && { "idempotency-key": key }) };
    for (;;) {
      const status = await this.#ask(path, { method: "POST", body: JSON.stringify(body), headers });
      if (status === 200 || status === 202) return;
      if (status !== undefined && status !== 503) this.wrong.push(`${status} of POST ${path}`);
      await pause(50);
    }
  }

  /** The status; `undefined` when there was no answer. */
  async #ask(path: string, request: RequestInit): Promise<number | undefined> {
    try {
      const response = await fetch(this.#daybook.url + path, request);
      const text = await response.text();
      if (response.status >= 500 && response.status !== 503) {
        this.wrong.push(`${response.status} of ${path}: ${text}`);
      }
      return response.status;
    } catch {
      return undefined;
    }
  }
}

async function liveThrough(
  options: ProcessOptions,
  lives: number,
): Promise<{ crowd: Crowd; daybook: DaybookProcess }> {
  // At a stop, running tasks get a second in one life, and none in the next.
  const start = (life: number) =>
    DaybookProcess.start({
      ...options,
      args: [...options.args ?? [], `--drain=${life % 2}s`],
    });
  let daybook = await start(1);
  const crowd = new Crowd(daybook);
  const working = crowd.work();
  for (let life = 1; life < lives; life++) {
    await pause(LIFE_MS / 2 + any(LIFE_MS));
    if (life % 3 === 2) assert.equal(await daybook.stop(), 0);
    else await daybook.kill();
    daybook = await start(life + 1);
    crowd.follow(daybook);
  }
  await pause(LIFE_MS);
  crowd.over();
  await working;
  return { crowd, daybook };
}

/** Resumes what an operator left suspended, until all jobs have ended. */
async function untilEnded(daybook: DaybookProcess): Promise<void> {
  const untilMs = Date.now() + PATIENCE_MS;
  for (;;) {
    const { jobs } = await daybook.get("/jobs?state=Running,Compensating&limit=500") as {
      readonly jobs: readonly { readonly jobId: string; readonly condition: string }[];
    };
    if (jobs.length === 0) return;
    assert.ok(Date.now() < untilMs, JSON.stringify(jobs));
    for (const { jobId } of jobs.filter(({ condition }) => condition === "suspended")) {
      const response = await daybook.post(`/jobs/${jobId}/resume`, {});
      await response.body?.cancel();
    }
    await pause(100);
  }
}

async function allJobs(daybook: DaybookProcess): Promise<readonly string[]> {
  const found: string[] = [];
  for (let path: string | undefined = "/jobs?limit=500"; path !== undefined;) {
    const { jobs, nextCursor } = await daybook.get(path) as {
      readonly jobs: readonly { readonly jobId: string; readonly retryOf?: string }[];
      readonly nextCursor: string | null;
    };
    found.push(...jobs.filter(({ retryOf }) => retryOf === undefined).map(({ jobId }) => jobId));
    path = nextCursor === null ? undefined : `/jobs?limit=500&cursor=${nextCursor}`;
  }
  return found;
}

function wrongIn(job: Job, type: string): string | undefined {
  const expected = OUTCOMES[type.slice("all.".length)]?.(job.input.n);
  const { error } = job.failure ?? {};
  const isRight = expected === undefined
    ? job.state === "Failed" && error?.name === "NonRetryableError"
    : job.state === "Done" && job.output === expected;
  const { name, message } = error ?? {};
  return isRight ? undefined : `${type}: ${job.state} ${job.output} ${name} ${message}`;
}

/** Steps that were executed again after the execution that completed them. */
function wrongExecutions(
  executed: readonly string[],
  entries: readonly IndependentEntry[],
): readonly string[] {
  const last = new Map<string, unknown>();
  for (const line of executed) {
    const [jobId, taskId, executionId] = line.split(" ");
    last.set(`${jobId} ${taskId}`, executionId);
  }
  const begun = new Map<string, unknown>();
  const wrong: string[] = [];
  for (const { eventType, ...entry } of entries) {
    const step = `${entry["jobId"]} ${entry["taskId"]}`;
    if (eventType === "job.TaskStarted") begun.set(step, entry["executionId"]);
    if (eventType !== "job.TaskCompleted" || !last.has(step)) continue;
    if (begun.get(step) !== last.get(step)) {
      wrong.push(`${step} was executed again after ${begun.get(step)}`);
    }
  }
  return wrong;
}

Deno.test("all kinds: each job ends as its code says, through kills, stops, readers and operators", async () => {
  await inFolder(async (folder) => {
    const ledger = `${folder}/ledger.txt`;
    await Deno.writeTextFile(ledger, "");
    const options = {
      journal: `${folder}/journal`,
      env: { DAYBOOK_TEST_LEDGER: ledger },
      args: [
        ...[`--definitions=${DEFINITIONS}`, "--max-running=8", "--snapshot-every=2000"],
        "--segment-bytes=1MiB",
      ],
      permissions: [`--allow-read=${DEFINITIONS},${ROOT}src`, `--allow-write=${ledger}`],
    };
    const { crowd, daybook } = await liveThrough(options, rounds(4, 100));
    await untilEnded(daybook);

    const wrong = [...crowd.wrong];
    const jobs = await allJobs(daybook);
    for (const jobId of jobs.filter((jobId) => !crowd.touched.has(jobId))) {
      const job = await daybook.get(`/jobs/${jobId}`) as Job & { readonly type: string };
      const flaw = wrongIn(job, job.type);
      if (flaw !== undefined) wrong.push(`${jobId}, ${flaw}`);
    }
    assert.equal(await daybook.stop(), 0);
    const executed = (await Deno.readTextFile(ledger)).split("\n").filter((line) => line !== "");
    wrong.push(...wrongExecutions(executed, (await readIndependently(options.journal)).entries));
    const verify = ["verify", "--no-server", "--journal", options.journal];
    const { code, err } = await journalCommand(new DenoFileSystem(), verify);

    assert.deepEqual(wrong.slice(0, 10), [], `${wrong.length} of ${jobs.length} are wrong`);
    assert.equal(crowd.jobs.every((jobId) => jobs.includes(jobId)), true, "all are on record");
    assert.equal(code, 0, err.join("\n"));
    console.log(`${jobs.length} jobs, ${crowd.touched.size} of them touched by operators`);
  });
});
