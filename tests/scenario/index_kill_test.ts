/**
 * A kill of the real process at each step of filling the index: whatever is in the database and its
 * write-ahead log, the next start serves what the journal says.
 */

import { cp } from "node:fs/promises";
import assert from "node:assert/strict";
import { scratchIndexIn } from "../../src/index/scratch_index.ts";
import { DenoFileSystem } from "../../src/journal/files/deno_file_system.ts";
import { journalLayout } from "../../src/journal/layout.ts";
import { audit } from "../../src/verify/audit.ts";
import { rounds } from "../support/effort.ts";
import { ROOT, taskCommand } from "../support/process/task_process.ts";
import { LineProcess } from "../support/process/line_process.ts";
import { until } from "../support/until.ts";
import { inFolder, inFolderKeptOnFailure } from "../support/temporary_folder.ts";

const SCRIPT = `${ROOT}tests/scenario/index_steps_process.ts`;
const JOBS_A_ROUND = 150;
const ROUNDS = 4;
/** An empty plan: it ends when it starts. */
const ORDER = { plan: { expected: [] } };

/** The step, as named in `index_steps_process.ts`, and how often it occurs before the kill. */
interface Step {
  readonly name: string;
  readonly times?: number;
  /** The step occurs in a start, before it listens; `anew`: in a start without an index. */
  readonly of?: "start" | "start anew";
}

const STEPS_OF_PUTTING: readonly Step[] = [
  { name: "before putting" },
  { name: "inside putting", times: 10 },
  { name: "before the commit of putting" },
  { name: "after putting" },
  { name: "inside marking", times: 2 },
  { name: "before the commit of marking" },
  { name: "after marking" },
];
const STEPS_OF_WAKING: readonly Step[] = [
  { name: "before waking" },
  { name: "after waking" },
  { name: "before putting a woken job" },
  { name: "inside putting a woken job", times: 3 },
  { name: "before the commit of putting a woken job" },
  { name: "after putting a woken job" },
];
const STEPS_OF_STARTS: readonly Step[] = [
  { name: "inside going back", of: "start" },
  { name: "before the commit of going back", of: "start" },
  { name: "after going back", of: "start" },
  { name: "after making it again", of: "start anew" },
  { name: "inside putting", times: 10, of: "start anew" },
  { name: "after putting", of: "start anew" },
];

/** With every commit a different one of each kind. */
function steps(): readonly Step[] {
  const kinds = [STEPS_OF_PUTTING, STEPS_OF_WAKING, STEPS_OF_STARTS];
  return kinds.flatMap((kind) => {
    const from = rounds(Math.floor(Math.random() * kind.length), 0);
    return kind.slice(from, from + rounds(1, kind.length));
  });
}

/** What was acknowledged, kept outside the journal for comparison. */
interface Ledger {
  /** By the idempotency key. */
  readonly jobs: Map<string, string>;
  readonly events: Map<string, unknown>;
}

class Life extends LineProcess {
  constructor(journal: string, { name, times = 1, of }: Step, defect = "none") {
    const command = taskCommand("start", [
      ...["--port=0", `--journal=${journal}`, "--snapshot-every=400", "--segment-bytes=64KiB"],
    ], {
      journal,
      script: SCRIPT,
      env: {
        ...{ NO_COLOR: "1", DAYBOOK_TEST_STEP: name, DAYBOOK_TEST_TIMES: `${times}` },
        DAYBOOK_TEST_DEFECT: defect,
        ...(of === undefined ? {} : { DAYBOOK_TEST_ARMED: "1" }),
      },
    });
    super(command.spawn());
  }

  /** The line that starts with a text, which must come before one that starts with another. */
  async says(start: string, before?: string): Promise<string> {
    const line = await this.first((each) =>
      each.startsWith(start) || (before && each.startsWith(before)) ? each : undefined
    );
    assert.ok(
      line !== undefined && line.startsWith(start),
      `it does not say "${start}":\n${this.text}`,
    );
    return line;
  }

  async url(): Promise<string> {
    return (await this.says("listening on ")).split(" ")[2] ?? "";
  }

  async arm(): Promise<void> {
    this.signal("SIGUSR1");
    await this.says("is armed");
  }

  async end(signal: "SIGKILL" | "SIGINT"): Promise<void> {
    this.signal(signal);
    await this.exitCode();
  }
}

async function post(url: string, body: unknown, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  return { response, answer: await response.json() };
}

/** Jobs that end at once, and then events for ended jobs, which return them to memory. */
async function work(url: string, ledger: Ledger): Promise<never> {
  for (;;) await workRounds(url, ledger);
}

async function workRounds(url: string, ledger: Ledger): Promise<void> {
  const life = crypto.randomUUID();
  const create = async (number: number) => {
    const key = `${life}-${number}`;
    const { response, answer } = await post(`${url}/jobs`, ORDER, { "idempotency-key": key });
    if (response.status === 202) ledger.jobs.set(key, answer.jobId);
  };
  for (let round = 0; round < ROUNDS; round++) {
    const numbers = Array.from({ length: JOBS_A_ROUND }, (_, at) => JOBS_A_ROUND * round + at);
    await Promise.all(numbers.map(create));
    const wake = async (jobId: string) => {
      const event = { eventType: "test.Late", eventId: `${life}-${round}-${jobId}`, jobId };
      const { answer } = await post(`${url}/events`, event);
      if (answer.receipts[0].disposition === "recorded") ledger.events.set(event.eventId, event);
    };
    await Promise.all([...ledger.jobs.values()].slice(0, 40).map(wake));
  }
}

/** What is served agrees with the journal, which has everything acknowledged once. */
async function check(url: string, { jobs, events }: Ledger): Promise<void> {
  const listed = new Set<string>();
  for (let cursor: string | null = ""; cursor !== null;) {
    const at: string = cursor === "" ? "" : `&cursor=${cursor}`;
    const page = await (await fetch(`${url}/jobs?limit=500${at}`)).json();
    for (const { jobId } of page.jobs) {
      assert.ok(!listed.has(jobId), `${jobId} is listed twice`);
      listed.add(jobId);
    }
    cursor = page.nextCursor;
  }
  for (const jobId of jobs.values()) assert.ok(listed.has(jobId), `${jobId} is not listed`);
  for (const [key, jobId] of [...jobs].filter((_, at) => at % 97 === 0)) {
    const { response, answer } = await post(`${url}/jobs`, ORDER, { "idempotency-key": key });
    assert.deepEqual([response.headers.get("idempotency-replayed"), answer.jobId], ["true", jobId]);
  }
  for (const event of [...events.values()].filter((_, at) => at % 23 === 0)) {
    const { answer } = await post(`${url}/events`, event);
    assert.equal(answer.receipts[0].disposition, "duplicate");
  }
  await post(`${url}/journal/verify`, {});
  for (;;) {
    const { verificationRun, lastVerification } = await (await fetch(`${url}/journal`)).json();
    if (verificationRun.status === "running") continue;
    assert.match(lastVerification.detail, /^intact: .* jobs as served/);
    return;
  }
}

/** Checks that the files agree, on a copy, because opening them changes them. */
async function checkFiles(journal: string, copy: string, what: string): Promise<void> {
  await cp(journal, copy, { recursive: true });
  const layout = journalLayout(copy);
  const { problems, notes } = await audit({
    fileSystem: new DenoFileSystem(),
    layout,
    progress: () => {},
    scratch: () => scratchIndexIn(layout),
  });
  const ofIndex = notes.filter((note) => note.startsWith("index"));
  assert.deepEqual([problems, ofIndex], [[], []], what);
  await Deno.remove(copy, { recursive: true });
}

/** Runs a process that is killed at a step, and checks its files. */
async function liveUntil(
  step: Step,
  folder: string,
  ledger: Ledger,
  defect?: string,
): Promise<void> {
  const journal = `${folder}/journal`;
  if (step.of === "start anew") await Deno.remove(`${journal}/index`, { recursive: true });
  const life = new Life(journal, step, defect);
  let working: Promise<unknown> | undefined;
  try {
    if (step.of === undefined) {
      const url = await life.url();
      await check(url, ledger);
      await life.arm();
      // The kill cuts it short.
      working = work(url, ledger).catch(() => {});
    }
    await life.says(`stands still ${step.name}`, step.of && "listening on");
  } finally {
    await life.end("SIGKILL");
    await working;
  }
  await checkFiles(journal, `${folder}/copy`, `killed ${step.name} ${step.of ?? ""}`);
}

/** Runs a process that is killed once it has a snapshot: without one, no start goes back to it. */
async function liveUntilSnapshot(journal: string, ledger: Ledger): Promise<void> {
  const life = new Life(journal, { name: "never" });
  const url = await life.url();
  // The kill cuts it short.
  const working = work(url, ledger).catch(() => {});
  await until("there is a snapshot", async () => {
    const { lastSnapshot } = await (await fetch(`${url}/journal`)).json();
    return lastSnapshot !== null;
  });
  await life.end("SIGKILL");
  await working;
}

Deno.test("index kills: after a kill at any step of filling it, the next start serves what the journal says", () =>
  inFolderKeptOnFailure(async (folder) => {
    const ledger: Ledger = { jobs: new Map(), events: new Map() };
    for (const step of steps()) {
      if (step.of === "start") await liveUntilSnapshot(`${folder}/journal`, ledger);
      await liveUntil(step, folder, ledger);
    }
    const last = new Life(`${folder}/journal`, { name: "never" });
    await check(await last.url(), ledger);
    await last.end("SIGINT");
    await checkFiles(`${folder}/journal`, `${folder}/copy`, "stopped");
    // The few steps of the short form may occur before any answer.
    const isAnswered = ledger.jobs.size > 0 && ledger.events.size > 0;
    assert.ok(isAnswered || rounds(1, 0) === 1);
  }));

Deno.test({
  name: "index kills: a start that assumes that jobs are still in memory is caught",
  ignore: rounds(1, 0) === 1,
  fn: () =>
    inFolder(async (folder) => {
      const ledger: Ledger = { jobs: new Map(), events: new Map() };
      const defect = "awake for ever";
      const lives = async () => {
        for (const step of [...STEPS_OF_PUTTING.slice(-1), ...STEPS_OF_WAKING]) {
          await liveUntil(step, folder, ledger, defect);
        }
      };
      await assert.rejects(lives(), /is not listed|is missing|as served/);
    }),
});
