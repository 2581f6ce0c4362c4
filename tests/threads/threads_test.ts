/** Jobs whose code runs in threads: what they may do, and that they do not affect others. */

import assert from "node:assert/strict";
import { cpuUsage } from "node:process";
import { openInProcess } from "../../src/embedded/in_process.ts";
import { type EmbeddedDaybook, type Job, RetryLater } from "../../src/mod.ts";
import { UnplannedError } from "../../src/engine/run/call/step_checks.ts";
import { thrownData, thrownError } from "../../src/threads/protocol.ts";
import { DaybookProcess } from "../support/process/daybook_process.ts";
import * as definitions from "../support/process/isolated_definitions.ts";
import { rounds } from "../support/effort.ts";
import { ROOT } from "../support/process/task_process.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { PATIENCE_MS, until } from "../support/until.ts";

type Misdeed = Parameters<typeof definitions.hostile.run>[1]["kind"];

const { caused, good, hostile, hostileRun, hostileUndone, secretive, tour, undone } = definitions;
const END_MS = PATIENCE_MS;

async function withThreads(
  max: number,
  work: (daybook: EmbeddedDaybook, folder: string, warnings: string[]) => Promise<void>,
): Promise<void> {
  const warnings: string[] = [];
  await inFolder(async (folder) => {
    await using daybook = await openInProcess({
      journal: `${folder}/journal`,
      definitions: Object.values(definitions),
      warn: (warning) => void warnings.push(warning),
    }, { threads: { max, memoryMb: 48 } });
    await work(daybook, folder, warnings);
  });
}

/** How a job ended, in a few words. */
function endOf({ state, output, failure }: Job): string {
  if (state !== "Failed") return `${state} ${JSON.stringify(output)}`;
  return `${failure?.kind} ${failure?.taskId} ${failure?.error.name}: ${failure?.error.message}`;
}

Deno.test("thrown: a delay that cannot be read leaves the error as it is, and the attempt ends", () => {
  const get = () => {
    throw new Error("not for you");
  };
  for (const delay of [{ get }, { value: { valueOf: get } }, { value: Symbol() }, { value: NaN }]) {
    const error = Object.defineProperty(new RetryLater(5, "busy"), "delayMs", delay);
    const { kind, name, message } = thrownData(error);
    assert.deepEqual([kind, name, message], ["error", "RetryLater", "busy"]);
  }
  assert.equal(thrownData(new RetryLater(5)).delayMs, 5);
});

Deno.test("thrown: what run waits for, but the plan lacks, is known beyond a thread", () => {
  const error = thrownError(thrownData(new UnplannedError("refunded", "not in the plan")));
  assert.ok(error instanceof UnplannedError);
  assert.deepEqual(
    [error.name, error.message, error.expectation],
    ["TypeError", "not in the plan", "refunded"],
  );
});

/** The share of a processor that this process uses during a second. */
async function load(): Promise<number> {
  const before = cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const { user, system } = cpuUsage(before);
  return (user + system) / 1_000_000;
}

/** That no thread goes on. New ones load their module meanwhile, and others get time to end. */
async function assertIdle(): Promise<void> {
  let share = 1;
  // Far less than a thread gets beside other processes, on a busy machine.
  for (let tries = 0; share >= 0.1 && tries < 20; tries++) share = await load();
  assert.ok(share < 0.1, `a thread goes on: ${share}`);
}

Deno.test("threads: everything of ctx and of a task works, and a waiting job gives its thread to others", async () => {
  await withThreads(1, async (daybook, folder) => {
    const waiting = await daybook.submit(tour, { name: "ada" });
    const { output: sum } = await daybook.wait(await daybook.submit(good, { number: 4 }), {
      timeoutMs: END_MS,
    });
    const other = await daybook.submit(undone, { file: `${folder}/undone` }, { jobId: "job_u" });
    await daybook.wait(other, { timeoutMs: END_MS });
    while (daybook.job(waiting.jobId)?.condition !== "waiting") {
      await daybook.wait(waiting, { timeoutMs: 20 });
    }
    await daybook.deliver({ eventType: "test.Arrived", attributes: { name: "ada" } });
    const toured = await daybook.wait(waiting, { timeoutMs: END_MS });
    const secret = await daybook.submit(secretive, { password: "hunter2222" });

    assert.equal(sum, 9);
    assert.deepEqual(toured.output, {
      first: { name: "ada", attempt: 1, hasId: true },
      again: 2,
      seen: { name: "ada" },
      both: "lr",
      at: true,
      failed: "NonRetryableError: no such address",
    });
    const response = await daybook.fetch(
      new Request("http://localhost/events?eventType=test.Began"),
    );
    assert.equal((await response.json()).entries.length, 1);
    assert.equal(await Deno.readTextFile(`${folder}/undone`), "undone 7 of job_u\n");
    assert.equal(
      endOf(await daybook.wait(secret, { timeoutMs: END_MS })),
      "poison say NonRetryableError: [secret] is refused",
    );
  });
});

Deno.test("threads: the causes of an error are recorded as without a thread, with secrets masked", async () => {
  await withThreads(1, async (daybook) => {
    const failWith = async (how: "cause" | "errors" | "object") => {
      const job = await daybook.submit(caused, { password: "hunter2222", how });
      const { failure } = await daybook.wait(job, { timeoutMs: END_MS });
      const { stack: _, ...error } = failure?.error ?? assert.fail();
      return error;
    };
    const refused = { name: "TypeError", message: "[secret] is refused", code: "E_AUTH" };

    assert.deepEqual(await failWith("cause"), {
      name: "Error",
      message: "outer",
      cause: { name: "Error", message: "inner", cause: refused },
    });
    assert.deepEqual(await failWith("errors"), {
      name: "AggregateError",
      message: "all failed",
      errors: [refused, { message: '{"status":402}' }],
    });
    assert.deepEqual(await failWith("object"), {
      name: "Error",
      message: '{"code":7,"details":"[secret]"}',
      code: 7,
    });
  });
});

Deno.test("threads: a secret in a note of progress is masked before the note is cut", async () => {
  await withThreads(1, async (daybook) => {
    const job = await daybook.submit(secretive, { password: "hunter2222" });
    await daybook.wait(job, { timeoutMs: END_MS });
    const path = "http://localhost/events?eventType=job.TaskProgressed";
    const response = await daybook.fetch(new Request(path));
    const { entries: [{ attributes }] } = await response.json();
    assert.equal(attributes.note, `${"x".repeat(995)}[secr`);
  });
});

Deno.test("threads: code that spins, exits, exhausts memory or never ends costs only its own attempt", async () => {
  await withThreads(4, async (daybook) => {
    const numbers = Array.from({ length: rounds(60, 1_000) }, (_, number) => number);
    const submit = async (kind: Parameters<typeof hostileOf>[0], timeoutMs: number) =>
      await daybook.submit(hostile, hostileOf(kind, timeoutMs));
    const bad = [
      await submit("spin", 300),
      await submit("spinLater", 300),
      await submit("never", 300),
      await submit("exit", END_MS),
      await submit("kill", END_MS),
      await submit("killByNode", END_MS),
      await submit("exhaustLater", END_MS),
      await submit("buffers", END_MS),
      await submit("buffersLater", END_MS),
      await submit("buffersSlowly", END_MS),
      await submit("shared", END_MS),
      await submit("assembly", END_MS),
      await submit("assemblyLater", END_MS),
      await submit("litter", END_MS),
      await submit("throwLater", END_MS),
      await submit("throwUnreadable", END_MS),
      await submit("webWorker", END_MS),
      await submit("nodeWorker", END_MS),
      await submit("derivedWorker", END_MS),
      await daybook.submit(hostileRun, { exit: true }),
    ];
    const beside = await daybook.submit(hostile, { ...hostileOf("spin", 300), beside: true });
    const goodOnes = await Promise.all(numbers.map((number) => daybook.submit(good, { number })));
    const ended = (job: Job) => daybook.wait(job, { timeoutMs: END_MS });
    const ends = (await Promise.all(bad.map(ended))).map(endOf);
    const sums = (await Promise.all(goodOnes.map(ended))).map(({ output }) => output);

    const late = "deadLetter bad TimeoutError: took longer than 300 ms";
    const exited = "the code ended its thread, with exit code";
    const worker =
      'deadLetter bad TypeError: Cannot start a worker: code with isolation "thread" ' +
      "is in one, and what another does could not be limited; let several tasks do the work";
    const memory = "the code used more than the 48 MiB that a thread may";
    assert.deepEqual(ends, [
      ...[late, late, late],
      `deadLetter bad ThreadExited: ${exited} 3`,
      `deadLetter bad ThreadExited: ${exited} 137`,
      `deadLetter bad ThreadExited: ${exited} 137`,
      ...[1, 2, 3, 4, 5, 6, 7].map(() => `deadLetter bad OutOfMemory: ${memory}`),
      "Done true",
      "deadLetter bad Error: nobody awaits this",
      "deadLetter bad Error: (its message cannot be read)",
      ...[1, 2, 3].map(() => worker),
      `error main ThreadExited: ${exited} 5`,
    ]);
    assert.deepEqual(sums, numbers.map((number) => 2 * number + 1));
    // Other attempts in the thread run again, without using up an attempt.
    assert.equal(endOf(await ended(beside)), 'Done ["good",2]');
    await assertIdle();
  });
});

Deno.test("threads: what code posts to the port of its thread costs only its own attempt", async () => {
  await withThreads(1, async (daybook) => {
    const bad = await daybook.submit(hostile, hostileOf("rubbish", END_MS));
    const next = await daybook.submit(good, { number: 3 });
    assert.match(
      endOf(await daybook.wait(bad, { timeoutMs: END_MS })),
      /^deadLetter bad ThreadFailed: the code posted a message that cannot be read: /,
    );
    assert.equal((await daybook.wait(next, { timeoutMs: END_MS })).output, 7);
    await assertIdle();
  });
});

/** Before the next test, which leaves a loop that runs on to its limit. */
Deno.test("threads: a handler that never yields is ended at its time limit, and then uses no CPU", async () => {
  await withThreads(4, async (daybook) => {
    const job = await daybook.submit(hostile, hostileOf("spin", 300));
    assert.equal((await daybook.wait(job, { timeoutMs: END_MS })).state, "Failed");
    await assertIdle();
  });
});

Deno.test("threads: a time limit may be months", async () => {
  await withThreads(1, async (daybook) => {
    const timeoutMs = 100 * 24 * 3_600_000;
    const job = await daybook.submit(good, { number: 20, timeoutMs });

    assert.equal(endOf(await daybook.wait(job, { timeoutMs: END_MS })), "Done 41");
  });
});

Deno.test("threads: what a job has done is undone in another thread when its code hangs or ends its thread", async () => {
  await withThreads(4, async (daybook, folder) => {
    const file = `${folder}/undone`;
    const kinds = ["exitRun", "spinRun", "spin", "never"] as const;
    const jobs = await Promise.all(
      kinds.map((kind) => daybook.submit(hostileUndone, { file, kind }, { jobId: kind })),
    );
    for (const jobId of ["spin", "never"]) {
      const hangs = () => daybook.job(jobId)?.tasks.some(({ taskId }) => taskId === "hang");
      await until(`${jobId} hangs`, () => hangs() === true);
      const url = `http://localhost/jobs/${jobId}/cancel`;
      const answer = await daybook.fetch(new Request(url, { method: "POST" }));
      await answer.body?.cancel();
    }
    const ends = await Promise.all(jobs.map((job) => daybook.wait(job, { timeoutMs: END_MS })));

    assert.deepEqual(ends.map(endOf), [
      "error main ThreadExited: the code ended its thread, with exit code 5",
      // The limit of a turn of `run`, also of the first job in its thread.
      "error main NeverGaveWay: the code did not yield for 10000 ms, and was ended",
      "cancelled null JobCancelled: cancelled by an operator",
      "cancelled null JobCancelled: cancelled by an operator",
    ]);
    const undone = (await Deno.readTextFile(file)).trim().split("\n").toSorted();
    assert.deepEqual(undone, kinds.map((kind) => `undone 7 of ${kind}`).toSorted());
  });
});

Deno.test("threads: memory that one job has left does not end the next one in its thread", async () => {
  await withThreads(1, async (daybook) => {
    for (let times = 0; times < 3; times++) {
      const bad = await daybook.submit(hostile, hostileOf("shared", END_MS));
      assert.match(endOf(await daybook.wait(bad, { timeoutMs: END_MS })), /OutOfMemory/);
      const next = await daybook.submit(hostile, hostileOf("litter", END_MS));
      assert.equal(endOf(await daybook.wait(next, { timeoutMs: END_MS })), "Done true");
    }
  });
});

Deno.test("threads: a stop fails no job that waits for a thread, or whose code has one", async () => {
  await inFolder(async (folder) => {
    const options = {
      journal: `${folder}/journal`,
      definitions: Object.values(definitions),
      settings: { drain: "0" },
    };
    const threads = { max: 1, memoryMb: 48 };
    const open = () => openInProcess(options, { threads });
    const jobs: string[] = [];
    for (let life = 0; life < 3; life++) {
      await using daybook = await open();
      for (let number = 0; number < 4; number++) {
        jobs.push((await daybook.submit(good, { number })).jobId);
      }
      await new Promise((resolve) => setTimeout(resolve, 300 * life));
    }
    await using daybook = await open();
    for (const job of jobs) {
      assert.match(endOf(await daybook.wait(job, { timeoutMs: END_MS })), /Done/);
    }
  });
});

Deno.test("threads: emit and progress after the end of a job are reported once, with the step", async () => {
  await withThreads(1, async (daybook, _, warnings) => {
    const job = await daybook.submit(hostile, { kind: "late" });
    assert.equal((await daybook.wait(job, { timeoutMs: END_MS })).state, "Done");
    // Another job has the thread meanwhile.
    const other = await daybook.submit(hostile, hostileOf("never", 1_000));
    await daybook.wait(other, { timeoutMs: END_MS });

    const told = (call: string) =>
      `task bad of isolated.hostile, job ${job.jobId}, called task.${call} after its attempt 1 ` +
      "had ended: the call is not recorded; await its caller in the task (reported once)";
    assert.deepEqual(warnings.filter((text) => text.includes("called")), [
      told("emit"),
      told("progress"),
    ]);
  });
});

function hostileOf(kind: Misdeed, timeoutMs: number) {
  return { kind, timeoutMs };
}

Deno.test("threads: the server runs them with the permissions that definitions need", async () => {
  await inFolder(async (folder) => {
    const path = `${ROOT}tests/support/process/isolated_definitions.ts`;
    const daybook = await DaybookProcess.start({
      journal: `${folder}/journal`,
      definitions: path,
    });
    const post = async (type: string, input: unknown) => {
      const headers = { prefer: "wait=60" };
      return await (await daybook.post("/jobs", { type, input }, headers)).json();
    };
    const bad = await post("isolated.hostile", { kind: "exit" });
    const { output } = await post("isolated.good", { number: 1 });
    assert.equal(await daybook.stop(), 0);

    assert.equal(bad.failure?.error.name, "ThreadExited", JSON.stringify(bad));
    assert.equal(output, 3);
  });
});

Deno.test("threads: a definition without a module, or with a path as its module, is refused", async () => {
  await inFolder(async (folder) => {
    const { module: _, ...without } = good;
    for (const definition of [without, { ...good, module: "./jobs.ts" }]) {
      await assert.rejects(
        openInProcess({ journal: `${folder}/journal`, definitions: [definition] }),
        /Cannot register isolated.good: isolation "thread" needs module: import.meta.url/,
      );
    }
  });
});
