/** Other changes between a record and the current code, one cause at a time. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { type JobId, taskId } from "../../src/core/ids.ts";
import type { JobState } from "../../src/core/job_state.ts";
import type { AnyJobDefinition } from "../../src/engine/definition.ts";
import type { JobContext } from "../../src/engine/job_context.ts";
import { NonRetryableError } from "../../src/engine/job_errors.ts";
import { type HistoryVerdict, planChanges } from "../../src/tools/history_check.ts";
import { Harness } from "../support/engine/engine_harness.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { NO_SECRETS, SecretGuard } from "../../src/engine/secrets/secret_guard.ts";
import { told, verdictOn } from "../support/engine/history_checks.ts";

type Run = (ctx: JobContext<string>, input: Record<string, unknown>) => Promise<unknown>;

/** A definition that differs only in `run`. */
function job(run: Run, more: Partial<AnyJobDefinition> = {}): AnyJobDefinition {
  const expects = () => ({ shipped: { eventType: "ec.Shipped" } });
  const input = v.looseObject({});
  const definition = { type: "demo.job", version: 1, input, expects, ...more };
  return { ...definition, run: (ctx, input) => run(ctx, input as Record<string, unknown>) };
}

const never = () => {
  throw new Error("a check must not call this");
};

async function recorded(run: Run, more: Partial<AnyJobDefinition> = {}, input = {}) {
  const daybook = await Harness.start({ definitions: [job(run, more)] });
  const id = await daybook.submit("demo.job", input);
  return { daybook, id };
}

/** An unfinished job in a process with the changed definition. */
async function takenUp(daybook: Harness, id: JobId, changed: AnyJobDefinition): Promise<JobState> {
  const restarted = await daybook.crash([changed]);
  await restarted.event("ec.Shipped");
  await restarted.clock.advance(10_000);
  restarted.assertSound();
  return restarted.job(id);
}

/** The failure; `undefined` if the job continues. */
async function liveFailure(daybook: Harness, id: JobId, changed: AnyJobDefinition) {
  const job = await takenUp(daybook, id, changed);
  assert.equal(job.parked, undefined);
  return job.state === "Failed" ? `${job.failure.error.name}: ${job.failure.error.message}` : "";
}

/** It is parked, with the line that the check named. */
async function assertDivergesLive(
  daybook: Harness,
  id: JobId,
  changed: AnyJobDefinition,
  verdict: HistoryVerdict,
): Promise<void> {
  assert.ok(verdict.kind === "diverges");
  const { parked } = await takenUp(daybook, id, changed);
  assert.equal(parked?.reason, "diverged");
  assert.equal(parked.disagreesWith, verdict.logId);
  assert.equal(
    parked.message,
    `demo.job version 1 no longer asks for task ${verdict.taskId}, which entry ` +
      `${verdict.logId} recorded when version 1 ran; it ${verdict.instead}`,
  );
}

Deno.test("history: parallel tasks may be asked for in another order", async () => {
  const all = (names: readonly string[], work: () => unknown): Run => async (ctx) => {
    await Promise.all(names.map((name) => ctx.task(name, work)));
    await ctx.expect("shipped");
  };
  const { daybook, id } = await recorded(all(["a", "b", "c"], () => 1));
  const verdict = await verdictOn(daybook, id, job(all(["c", "a", "b"], never)));

  assert.equal(told(verdict), "compatible: waits for shipped, pending");
  assert.equal(await liveFailure(daybook, id, job(all(["c", "a", "b"], never))), "");
});

Deno.test("history: a branch that renames its task diverges there, and the other branch is unaffected", async () => {
  const two = (second: string, work: (name: string) => unknown): Run => async (ctx) => {
    await Promise.all(["a", second].map((name) => ctx.task(name, () => work(name))));
  };
  const hangs = () => new Promise<void>(() => {});
  const { daybook, id } = await recorded(two("b", hangs));
  const changed = job(two("b2", hangs));
  const verdict = await verdictOn(daybook, id, changed);

  assert.equal(told(verdict), "diverges: recorded task b; run asks for b2 instead");
  await assertDivergesLive(daybook, id, changed, verdict);
});

Deno.test("history: a loop runs as far as the recorded result says", async () => {
  const loop = (more: number, work: () => unknown): Run => async (ctx) => {
    const count = await ctx.task("count", () => 3);
    for (let index = 0; index < Number(count) + more; index++) {
      await ctx.task(`part-${index}`, work);
    }
    await ctx.expect("shipped");
  };
  const { daybook, id } = await recorded(loop(0, () => 1));

  const same = await verdictOn(daybook, id, job(loop(0, never)));
  const longer = await verdictOn(daybook, id, job(loop(1, never)));
  const shorter = await verdictOn(daybook, id, job(loop(-1, never)));

  assert.equal(told(same), "compatible: waits for shipped, pending");
  assert.equal(told(longer), "compatible: asks for part-3, pending");
  assert.equal(told(shorter), "diverges: recorded task part-2; run waits for shipped instead");
  await assertDivergesLive(daybook, id, job(loop(-1, never)), shorter);
});

Deno.test("history: expectations give their recorded events, and now() the recorded time", async () => {
  const seen: unknown[] = [];
  const run = (work: () => unknown): Run => async (ctx) => {
    const [event] = await ctx.expect("shipped");
    seen.push([event.attributes, event.eventType, ctx.now()]);
    await ctx.task(`pack-${event.attributes["size"]}`, work);
  };
  const { daybook, id } = await recorded(run(() => new Promise<void>(() => {})));
  await daybook.clock.advance(1_000);
  await daybook.event("ec.Shipped", { size: "xl" });
  await daybook.clock.advance(1_000);

  const verdict = await verdictOn(daybook, id, job(run(never)));

  assert.equal(told(verdict), "compatible: asks for pack-xl, pending");
  assert.deepEqual(seen[1], seen[0]);
});

Deno.test("history: an expectation that the code declares, but the recorded plan lacks, parks the job", async () => {
  const run = (name: string): Run => async (ctx) => {
    await ctx.task("a", () => 1);
    await ctx.expect(name);
  };
  const expects = () => ({ refunded: { eventType: "ec.Refunded" } });
  const { daybook, id } = await recorded(run("shipped"));
  const changed = job(run("refunded"), { expects });
  const verdict = await verdictOn(daybook, id, changed);

  assert.deepEqual(verdict, {
    kind: "refusesPlan",
    logId: daybook.job(id).firstLogId,
    message: 'recorded a plan that does not fit run: Cannot expect "refunded": expects did ' +
      "not declare it for this job; it declared shipped",
  });
  const { parked } = await takenUp(daybook, id, changed);
  assert.equal(parked?.reason, "diverged");
  assert.equal(parked.disagreesWith, verdict.logId);
  assert.equal(
    parked.message,
    `demo.job version 1 waits for "refunded", which the plan that entry ${verdict.logId} ` +
      "recorded does not name; it names shipped",
  );
});

Deno.test("history: an expectation that neither the code nor the plan names fails the run that asks for it", async () => {
  const run = (name: string): Run => async (ctx) => {
    await ctx.task("a", () => 1);
    await ctx.expect(name);
  };
  const { daybook, id } = await recorded(run("shipped"));
  const changed = job(run("refunded"));
  const verdict = await verdictOn(daybook, id, changed);

  assert.equal(
    told(verdict),
    "wouldFail: is the last that run sees before it throws TypeError: Cannot expect " +
      '"refunded": expects did not declare it for this job; it declared shipped',
  );
  assert.ok(verdict.kind === "wouldFail");
  const [entry] = (await daybook.entries(id)).filter(({ logId }) => logId === verdict.logId);
  assert.deepEqual([entry?.eventType, entry?.taskId], ["job.TaskCompleted", "a"]);
  assert.equal(
    await liveFailure(daybook, id, changed),
    'TypeError: Cannot expect "refunded": expects did not declare it for this job; it declared shipped',
  );
});

Deno.test("history: an error of the code that only reads as if the plan lacked something fails the job", async () => {
  const run = (throwing: string): Run => async (ctx) => {
    await ctx.task("a", () => 1);
    if (throwing !== "") throw new TypeError(throwing);
    await ctx.expect("shipped");
  };
  const { daybook, id } = await recorded(run(""));
  const text =
    'Cannot expect "refunded": expects did not declare it for this job; it declared shipped';
  const changed = job(run(text), { expects: () => ({ refunded: { eventType: "ec.Refunded" } }) });

  assert.equal(await liveFailure(daybook, id, changed), `TypeError: ${text}`);
});

Deno.test("history: a run that now throws where it continued diverges, with the error", async () => {
  const run = (check: () => void): Run => async (ctx) => {
    await ctx.task("a", () => 1);
    check();
    await ctx.task("b", () => new Promise<void>(() => {}));
  };
  const { daybook, id } = await recorded(run(() => {}));
  const changed = job(run(() => {
    throw new RangeError("no\n  such region");
  }));
  const verdict = await verdictOn(daybook, id, changed);

  assert.equal(
    told(verdict),
    "diverges: recorded task b; run throws RangeError: no such region instead",
  );
  await assertDivergesLive(daybook, id, changed, verdict);
});

const STRICT_INPUT = v.object({
  amount: v.pipe(v.number(), v.minValue(10, "must be at least 10")),
});

Deno.test("history: an input that a stricter schema refuses parks a job that has begun", async () => {
  const run: Run = async (ctx) => {
    await ctx.task("a", () => 1);
    await ctx.expect("shipped");
  };
  const { daybook, id } = await recorded(run, {}, { amount: 3 });
  const changed = job(run, { input: STRICT_INPUT, version: 2, runs: [1] });
  const verdict = await verdictOn(daybook, id, changed);

  assert.deepEqual(verdict, {
    kind: "refusesInput",
    logId: daybook.job(id).firstLogId,
    message: "recorded the input; it does not fit version 2: /amount: must be at least 10",
  });
  const { parked } = await takenUp(daybook, id, changed);
  assert.equal(parked?.reason, "diverged");
  assert.equal(parked.disagreesWith, verdict.logId);
  assert.match(parked.message, /version 2 rejects the input .*must be at least 10/);
});

Deno.test("history: an input that its own version refuses fails a job that has not begun", async () => {
  const run: Run = (ctx) => ctx.task("a", () => 1);
  const daybook = await Harness.start({ definitions: [job(run)] });
  const { jobId } = await daybook.create({
    type: "demo.job",
    input: { amount: 3 },
    startAt: "2026-01-01T00:00:05Z",
  });
  const changed = job(run, { input: STRICT_INPUT });

  assert.equal((await verdictOn(daybook, jobId, changed)).kind, "wouldFail");
  assert.equal(
    await liveFailure(daybook, jobId, changed),
    "InvalidInput: Cannot run: the recorded input does not fit version 1: " +
      "/amount: must be at least 10",
  );
});

Deno.test("history: a run that awaits a timer gets some time, and is then left unchecked", async () => {
  const clock = new FakeClock();
  const run = (ms: number): Run => async (ctx) => {
    await new Promise<void>((resolve) => clock.setTimer(ms, resolve));
    await ctx.task("a", () => new Promise<void>(() => {}));
  };
  const { daybook, id } = await recorded((ctx) => ctx.task("a", () => new Promise<void>(() => {})));
  const created = await daybook.create({ type: "demo.job", input: {}, start: false });

  const short = await verdictOn(daybook, id, job(run(900)), clock);
  const long = await verdictOn(daybook, id, job(run(1_100)), clock);
  const first = await verdictOn(daybook, created.jobId, job(run(1_100)), clock);

  assert.equal(told(short), "compatible: asks for a, pending");
  assert.equal(
    told(long),
    "diverges: recorded task a; run asks for nothing new: it awaits something other than ctx",
  );
  assert.equal(
    told(first),
    "notChecked: run awaits something other than ctx, for longer than 1000 ms",
  );
  await assertDivergesLive(daybook, id, job(() => new Promise<void>(() => {})), long);
});

Deno.test("history: a run that needs a permission of its own is not checked", async () => {
  const { daybook, id } = await recorded((ctx) => ctx.task("a", () => new Promise<void>(() => {})));
  const denied = job(() => Promise.reject(new Deno.errors.NotCapable("Requires net access")));

  assert.equal(
    told(await verdictOn(daybook, id, denied)),
    "notChecked: run does more than call ctx, which is not possible here: NotCapable: Requires net access",
  );
});

Deno.test("history: a retried job reuses results wherever run asks for them", async () => {
  let refused = true;
  const lastWork = () => {
    if (refused) throw new NonRetryableError("refused");
    return new Promise<void>(() => {});
  };
  const plain = (names: readonly string[]): Run => async (ctx) => {
    for (const name of names) await ctx.task(name, () => name);
    await ctx.task("last", lastWork);
  };
  const { daybook, id } = await recorded(plain(["a", "b"]));
  refused = false;
  const retried = await daybook.engine.retry(id, {});
  await daybook.clock.settle();
  assert.ok(retried.ok);

  const { jobId } = retried.value;
  const same = await verdictOn(daybook, jobId, job(plain(["a", "b"])));
  const swapped = await verdictOn(daybook, jobId, job(plain(["b", "a"])));
  const dropped = await verdictOn(daybook, jobId, job(plain(["b"])));
  const added = await verdictOn(daybook, jobId, job(plain(["a", "b", "c"])));

  const goesOn = "compatible: asks for last, pending";
  assert.deepEqual([same, swapped, dropped].map(told), [goesOn, goesOn, goesOn]);
  assert.equal(told(added), "diverges: recorded task last; run asks for c instead");
  await assertDivergesLive(daybook, jobId, job(plain(["a", "b", "c"])), added);
});

/** Two tasks that can be undone, and one that can fail. */
function undoable(
  options: { readonly names?: readonly string[]; readonly undo?: () => unknown },
  last: () => unknown,
): Run {
  const compensate = options.undo;
  return async (ctx) => {
    for (const name of options.names ?? ["a", "b"]) {
      await ctx.task(name, () => 1, compensate === undefined ? {} : { compensate });
    }
    await ctx.task("last", last, { retry: { maxAttempts: 1 } });
  };
}

const refuse = () => {
  throw new Error("refused");
};

Deno.test("history: a failed and compensated job is compared up to what is on record", async () => {
  const options = { undo: () => {} };
  const { daybook, id } = await recorded(undoable(options, refuse));
  assert.equal(daybook.job(id).state, "Failed");
  const names = ["a", "b2"];

  const same = await verdictOn(daybook, id, job(undoable({ undo: never }, never)));
  const without = await verdictOn(daybook, id, job(undoable({}, never)));
  const renamed = await verdictOn(daybook, id, job(undoable({ names }, never)));

  assert.equal(told(same), "compatible: asks for last, pending");
  assert.equal(told(without), "compatible: asks for last, pending");
  assert.equal(told(renamed), "diverges: recorded task b; run asks for b2 instead");
});

Deno.test("history: a job whose run threw by itself may throw again", async () => {
  const run: Run = async (ctx) => {
    await ctx.task("a", () => 1);
    throw new TypeError("no address");
  };
  const { daybook, id } = await recorded(run);
  assert.equal(daybook.job(id).state, "Failed");

  assert.equal(told(await verdictOn(daybook, id, job(run))), "compatible: threw");
});

Deno.test("history: a finished job whose run now throws is reported", async () => {
  const { daybook, id } = await recorded((ctx) => ctx.task("a", () => 1), { expects: () => ({}) });
  assert.equal(daybook.job(id).state, "Done");
  const verdict = await verdictOn(
    daybook,
    id,
    job(async (ctx) => {
      await ctx.task("a", never);
      throw new TypeError("no address");
    }),
  );

  assert.equal(
    told(verdict),
    "wouldFail: is the last that run sees before it throws TypeError: no address",
  );
});

for (const state of ["Running", "Compensating"] as const) {
  Deno.test(`history: a ${state} job whose task has lost its compensation cannot be undone`, async () => {
    const hangs = () => new Promise<void>(() => {});
    const { daybook, id } = state === "Running"
      ? await recorded(undoable({ undo: hangs }, hangs))
      : await recorded(undoable({ undo: hangs }, refuse));
    assert.equal(daybook.job(id).state, state);
    const changed = job(undoable({}, hangs));

    const verdict = await verdictOn(daybook, id, changed);
    const same = await verdictOn(daybook, id, job(undoable({ undo: never }, never)));

    assert.equal(
      told(verdict),
      "cannotCompensate: recorded task b as one that can be undone; " +
        "run gives it no compensation now",
    );
    assert.ok(verdict.kind === "cannotCompensate");
    const [entry] = (await daybook.entries(id)).filter(({ logId }) => logId === verdict.logId);
    assert.deepEqual([entry?.eventType, entry?.taskId], ["job.TaskCompleted", "b"]);
    assert.equal(told(same), "compatible: asks for last, pending");
    const restarted = await daybook.crash([changed]);
    if (state === "Running") await restarted.control(id, "cancel");
    await restarted.clock.advance(20_000);
    const undone = restarted.job(id).tasks.find((task) => task.taskId === taskId("b"));
    assert.ok(undone?.status === "completed" && undone.compensation?.status === "failed");
    assert.equal(undone.compensation.error.name, "CompensationMissing");
  });
}

Deno.test("history: a compensating job that diverges is undone only by code that fits", async () => {
  const hangs = () => new Promise<void>(() => {});
  const { daybook, id } = await recorded(undoable({ undo: hangs }, refuse));
  const names = ["a", "b", "new"];
  const changed = job(undoable({ names, undo: () => {} }, never));
  const verdict = await verdictOn(daybook, id, changed);

  assert.equal(told(verdict), "diverges: recorded task last; run asks for new instead");
  await assertDivergesLive(daybook, id, changed, verdict);
});

Deno.test("history: a job whose run has returned is never run again, whatever the current run does", async () => {
  const { daybook, id } = await recorded((ctx) => ctx.task("a", () => 1));
  assert.equal(daybook.job(id).state, "Running");
  const changed = job((ctx) => ctx.task("b", never));

  assert.equal(told(await verdictOn(daybook, id, changed)), "compatible: asks for b, pending");
  const restarted = await daybook.crash([changed]);
  await restarted.clock.advance(10_000);
  assert.equal(restarted.condition(id), "waiting");
  assert.equal(await liveFailure(restarted, id, changed), "");
});

Deno.test("history: a job that was cancelled before it ran has nothing to disagree with", async () => {
  const daybook = await Harness.start({ definitions: [job((ctx) => ctx.task("a", () => 1))] });
  const { jobId } = await daybook.create({ type: "demo.job", input: {}, start: false });
  await daybook.control(jobId, "cancel");

  assert.equal(told(await verdictOn(daybook, jobId, job(never))), "compatible: pending");
});

Deno.test("plan: what the current definition would plan differently is named by id", async () => {
  const correlation = { equals: { orderId: "1" } };
  const { daybook, id } = await recorded(async (ctx) => void (await ctx.expect("shipped")), {
    expects: () => ({
      shipped: { eventType: "ec.Shipped", correlation },
      paid: { eventType: "ec.Paid" },
    }),
  });
  const today = job(never, {
    expects: () => ({
      shipped: { eventType: "ec.Shipped", correlation: { equals: { orderId: 1 } } },
      refunded: { eventType: "ec.Refunded" },
    }),
    errors: () => [{ eventType: "ec.Lost" }],
  });

  assert.deepEqual(planChanges(today, daybook.job(id), NO_SECRETS), [
    { change: "changed", part: "expectation shipped" },
    { change: "removed", part: "expectation paid" },
    { change: "added", part: "expectation refunded" },
    { change: "changed", part: "the list of errors" },
  ]);
  assert.equal(
    planChanges(job(never, { expects: refuse }), daybook.job(id), NO_SECRETS),
    "today's definition makes no plan from the recorded input: Error: refused",
  );
});

Deno.test("history: secrets in what the current code throws are masked before it is cut", async () => {
  const token = "4000-".repeat(40);
  const guard = new SecretGuard();
  guard.watch([token]);
  const refusing = (): never => {
    throw new Error("x".repeat(480) + token);
  };
  const masked = /Error: x{480}\[secret\]/;
  const run = (ctx: JobContext<string>) => ctx.expect("shipped");
  const { daybook, id } = await recorded(run, {}, { token });
  const verdict = await verdictOn(daybook, id, job(refusing), new FakeClock(), guard);
  assert.match(told(verdict), masked);
  const changes = planChanges(job(never, { expects: refusing }), daybook.job(id), guard);
  assert.match(String(changes), masked);
});
