/**
 * Jobs of random shapes under limits, with controls, pauses and kills in between. No limit on
 * record is ever exceeded, every job ends, so no place is lost, and each ends as it does without
 * the kills.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import * as v from "valibot";
import type { JobId } from "../../src/core/ids.ts";
import { JobFold } from "../../src/core/job_fold.ts";
import { isTerminal } from "../../src/core/job_state.ts";
import { notePause } from "../../src/core/pauses.ts";
import type { AnyJobDefinition } from "../../src/engine/definition.ts";
import { InForce } from "../../src/engine/writer/in_force.ts";
import { Places } from "../../src/engine/writer/places.ts";
import { defineJob, RetryLater } from "../../src/mod.ts";
import { rounds } from "../support/effort.ts";
import { Harness, unpause } from "../support/engine/engine_harness.ts";

const NO_RATE = { count: 10_000, perMs: 1 };
const LIMITS = [
  { maxRunning: 2, perKey: 1, rate: NO_RATE },
  { maxRunning: 3, perKey: 2, rate: NO_RATE },
  { maxRunning: 3, perKey: 2, rate: { count: 4, perMs: 2_000 } },
] as const;
type Limits = typeof LIMITS[number];

const STEPS = ["quick", "slow", "late", "poison", "event"] as const;
type StepKind = typeof STEPS[number];

/** Each job does its steps in order; `late` backs off once, and `poison` fails the job for good. */
function definitionOn(
  limits: Limits,
  clock: { setTimer(ms: number, callback: () => void): unknown },
) {
  return defineJob({
    type: "mail.send",
    version: 1,
    input: v.object({ tenant: v.string(), steps: v.array(v.picklist(STEPS)) }),
    limits: { ...limits, key: ({ tenant }) => tenant },
    expects: () => ({ paid: { eventType: "shop.Paid" } }),
    async run(ctx, { steps }) {
      for (const [at, step] of steps.entries()) {
        if (step === "event") {
          await ctx.expect("paid");
          continue;
        }
        await ctx.task(`${step}-${at}`, async (task) => {
          if (step === "late" && task.attempt === 1) throw new RetryLater(500);
          if (step === "poison") throw new Error("no");
          if (step === "slow") await new Promise<void>((done) => clock.setTimer(1_500, done));
        }, { retry: { maxAttempts: 2, initialMs: 100 }, compensate: () => {} });
      }
    },
  }) as AnyJobDefinition;
}

const jobs = fc.record({
  kind: fc.constant("job" as const),
  tenant: fc.constantFrom("x", "x", "y"),
  priority: fc.constantFrom(2, 1, 0),
  steps: fc.array(fc.constantFrom<StepKind>(...STEPS, "slow", "slow"), { maxLength: 3 }),
});
const COMMON = ["advance", "event", "pause", "unpause", "crash", "crash"];
const others = fc.record({
  kind: fc.constantFrom(...COMMON, "suspend", "resume", "cancel"),
  of: fc.nat(20),
});
/** Nothing whose timing affects the outcome. */
const timeless = fc.record({ kind: fc.constantFrom(...COMMON), of: fc.nat(20) });
type Move =
  & { readonly kind: string }
  & Partial<{
    readonly tenant: string;
    readonly priority: number;
    readonly steps: readonly StepKind[];
    readonly of: number;
  }>;

/** @returns The outcome of each job. */
async function play(limits: Limits, moves: readonly Move[]): Promise<readonly string[]> {
  const clock: { current?: Harness["clock"] } = {};
  const timers = {
    setTimer: (ms: number, callback: () => void) => clock.current?.setTimer(ms, callback),
  };
  let harness = await Harness.start({ definitions: [definitionOn(limits, timers)], maxRunning: 4 });
  clock.current = harness.clock;
  const ids: JobId[] = [];
  for (const move of moves) {
    const id = ids[(move.of ?? 0) % Math.max(1, ids.length)];
    if (move.kind === "job") {
      const jobId = `job-${ids.length}` as JobId;
      const input = { tenant: move.tenant ?? "x", steps: [...move.steps ?? []] };
      await harness.create({ type: "mail.send", input, jobId, priority: move.priority ?? 0 });
      ids.push(jobId);
    } else if (move.kind === "advance") await harness.clock.advance(100 * (move.of ?? 1));
    else if (move.kind === "event") await harness.event("shop.Paid");
    else if (move.kind === "crash") harness = await harness.crash();
    else if (move.kind === "pause") {
      const scope = [{ key: "x" }, { type: "mail.send" }, {}][(move.of ?? 0) % 3];
      await harness.engine.pauses.begin({ ...scope, reason: "a test" });
    } else if (move.kind === "unpause") await unpause(harness);
    else if (id !== undefined) {
      await harness.engine.control(id, { kind: move.kind as "suspend" });
      await harness.clock.settle();
    }
  }
  await endAll(harness, ids);
  harness.assertSound();
  assertWithinLimits(limits, await harness.engine.entries(0, 100_000));
  return ids.map((id) => {
    const { state, tasks } = harness.job(id);
    return `${id} ${state} ${tasks.map(({ taskId, status }) => `${taskId} ${status}`)}`;
  });
}

/** Nothing is held, and every event comes. */
async function endAll(harness: Harness, ids: readonly JobId[]): Promise<void> {
  await unpause(harness);
  for (const id of ids) await harness.engine.control(id, { kind: "resume" });
  for (let turn = 0; turn < 60; turn++) {
    await harness.event("shop.Paid");
    await harness.clock.advance(1_000);
  }
  for (const id of ids) assert.ok(isTerminal(harness.job(id)), `${id} ${harness.condition(id)}`);
  const [use] = harness.engine.limits.all;
  assert.deepEqual([use?.held, use?.waiting], [0, 0]);
}

function assertWithinLimits(
  { maxRunning, perKey, rate }: Limits,
  entries: Awaited<ReturnType<Harness["engine"]["entries"]>>,
): void {
  const folds = new Map<string, JobFold>();
  const pauses = new InForce(notePause, ({ pauseId }) => pauseId);
  const places = new Places(pauses);
  const starts: number[] = [];
  for (const entry of entries) {
    if (pauses.see(entry)) places.pausesChanged();
    if (entry.jobId === undefined) continue;
    const fold = folds.get(entry.jobId) ?? new JobFold();
    folds.set(entry.jobId, fold);
    places.see(fold.apply(entry));
    const keys = places.all.map(([jobId]) => folds.get(jobId)?.head?.key ?? "");
    assert.ok(keys.length <= maxRunning, `entry ${entry.logId}: ${keys.join()}`);
    for (const key of keys) {
      const ofKey = keys.filter((one) => one === key).length;
      assert.ok(ofKey <= perKey, `entry ${entry.logId}: ${ofKey} of ${key}`);
    }
    const isStart = entry.stratum === "framework" && entry.eventType === "job.TaskStarted" &&
      entry.taskId === "main" && entry.attributes.attempt === 1;
    if (!isStart) continue;
    const atMs = Date.parse(entry.receivedAt);
    starts.push(atMs);
    const within = starts.filter((start) => start > atMs - rate.perMs).length;
    assert.ok(within <= rate.count, `entry ${entry.logId}: ${within} starts`);
  }
}

Deno.test("random shares: no limit on record is exceeded, and every job ends, whatever happens", async () => {
  const moves = fc.array(fc.oneof(jobs, jobs, others) as fc.Arbitrary<Move>, {
    minLength: 5,
    maxLength: 40,
  });
  const property = fc.asyncProperty(fc.constantFrom(...LIMITS), moves, async (limits, moves) => {
    await play(limits, moves);
  });
  await fc.assert(property, { numRuns: rounds(24, 2_000, 6) });
});

Deno.test("random shares: jobs under limits and pauses end the same with and without kills", async () => {
  const moves = fc.array(fc.oneof(jobs, timeless) as fc.Arbitrary<Move>, {
    minLength: 5,
    maxLength: 30,
  });
  const property = fc.asyncProperty(fc.constantFrom(...LIMITS), moves, async (limits, moves) => {
    const calm = moves.filter(({ kind }) => kind !== "crash");
    assert.deepEqual(await play(limits, moves), await play(limits, calm));
  });
  await fc.assert(property, { numRuns: rounds(10, 1_000, 3) });
});
