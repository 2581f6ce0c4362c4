/** The trail of a job: where its entries are, and how each changed it. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { CONDITIONS } from "../../src/core/condition.ts";
import type { JobId, LogId } from "../../src/core/ids.ts";
import type { Applied } from "../../src/core/job_fold.ts";
import { STATE_NAMES } from "../../src/core/job_state.ts";
import type { JobIndex } from "../../src/engine/job_index.ts";
import {
  extended,
  NO_TRAIL,
  parseTrail,
  type Trail,
  trailBytes,
  Trails,
} from "../../src/engine/writer/trail.ts";

const jobId = "job-1" as JobId;

/** The trails of one job in memory. */
function trailsWith(trail: Trail): Trails {
  return new Trails(new Map([[jobId, { trail }]]), undefined);
}

Deno.test("trail: conditions in older snapshots can still be read", () => {
  const done = (condition: number): Trail => [5 * 4096 + (2 << 8 | 5 << 4 | condition)];
  const read = [5, 8, 11, 12].map((number) =>
    trailsWith(done(number)).transitionAt({ jobId, logId: 5 })?.condition
  );
  assert.deepEqual(read, ["backingOff", "compensating", "cancelled", "sleeping"]);
});

/** The distance of an entry from the previous one, and its effect. */
const step = fc.record({
  distance: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 2 ** 33 })),
  from: fc.option(fc.constantFrom(...STATE_NAMES), { nil: undefined }),
  to: fc.constantFrom(...STATE_NAMES),
  hasChanged: fc.boolean(),
  condition: fc.constantFrom(...CONDITIONS),
});
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

function appliedAt(logId: LogId, { from, to, hasChanged, condition }: Step): Applied {
  const before = hasChanged ? from : to;
  const other = CONDITIONS.find((one) => one !== condition);
  return {
    entry: { logId },
    before: before === undefined ? undefined : { state: before },
    job: { state: to },
    conditionBefore: hasChanged ? other : condition,
    condition,
  } as unknown as Applied;
}

/** The trail of some entries, and their positions. */
function made(steps: readonly Step[]): { trail: Trail; logIds: LogId[] } {
  let trail = NO_TRAIL;
  const logIds: LogId[] = [];
  for (const one of steps) {
    const logId = (logIds.at(-1) ?? 0) + one.distance;
    trail = extended(trail, appliedAt(logId, one));
    logIds.push(logId);
  }
  return { trail, logIds };
}

Deno.test("trail: pages from any position are correct, in both directions", () => {
  fc.assert(fc.property(
    fc.array(step, { maxLength: 60 }),
    fc.nat(60),
    fc.integer({ min: -1, max: 1 }),
    fc.constantFrom(0, 1, 7, Infinity),
    (steps, index, beside, limit) => {
      const { trail, logIds } = made(steps);
      const at = (logIds[index] ?? 0) + beside;
      const after = logIds.filter((logId) => logId > at);
      const before = logIds.filter((logId) => logId < at);
      const trails = trailsWith(trail);
      assert.deepEqual(trails.logIds(jobId, at, limit), after.slice(0, limit));
      const last = limit === 0 ? [] : before.slice(-limit);
      assert.deepEqual(trails.logIdsBack(jobId, at, limit), last);
    },
  ));
});

Deno.test("trail: each entry of the job says how it changed the job, and other entries nothing", () => {
  fc.assert(fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
    const { trail, logIds } = made(steps);
    const trails = trailsWith(trail);
    const transitionAt = (logId: LogId) => trails.transitionAt({ jobId, logId });
    logIds.forEach((logId, index) => {
      const { from = null, to, hasChanged, condition } = steps[index] as Step;
      const expected = hasChanged ? { from, to, condition } : undefined;
      assert.deepEqual(transitionAt(logId), expected);
      if (!logIds.includes(logId + 1)) assert.equal(transitionAt(logId + 1), undefined);
    });
    const last = logIds.findLast((_, index) => steps[index]?.hasChanged) ?? 0;
    assert.equal(trails.lastTransition({ jobId }), last);
  }));
});

Deno.test("trail: it can be restored from its bytes, whole and up to any entry", () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), fc.nat(60), (steps, index) => {
    const { trail, logIds } = made(steps);
    assert.deepEqual(parseTrail(trailBytes(trail)), trail);
    const upTo = logIds[index] ?? 0;
    assert.deepEqual(
      parseTrail(trailBytes(trail, upTo)),
      made(steps.slice(0, index + 1)).trail.filter(
        (number) => number < (upTo + 1) * 2 ** 12,
      ),
    );
  }));
});

Deno.test("trail: a job of thousands of entries takes a few bytes for each", () => {
  const one: Step = {
    distance: 40,
    from: undefined,
    to: "Running",
    hasChanged: false,
    condition: "executing",
  };
  const { trail } = made(Array.from({ length: 30_000 }, () => one));
  assert.ok(trailBytes(trail).length <= 30_000);
});

function indexOf(trails: ReadonlyMap<JobId, Trail>): { index: JobIndex; asked: JobId[] } {
  const asked: JobId[] = [];
  const trail = (jobId: JobId) => {
    asked.push(jobId);
    return trails.get(jobId);
  };
  return { index: { trail } as unknown as JobIndex, asked };
}

Deno.test("trails: those that left last and those requested last are cached", () => {
  const number = (index: number) => `job-${index}` as JobId;
  const all = new Map(
    Array.from({ length: 5_000 }, (_, index) => [number(index), [index * 4_096]]),
  );
  const { index, asked } = indexOf(all);
  const trails = new Trails(new Map(), index);
  for (let at = 0; at < 1_000; at++) trails.left(number(at), all.get(number(at)) as Trail);
  for (let at = 0; at < 1_000; at++) assert.equal(trails.of(number(at)), all.get(number(at)));
  assert.deepEqual(asked, []);

  for (let at = 1_000; at < 5_000; at++) {
    for (let again = 0; again < 3; again++) trails.of(number(at));
  }
  assert.equal(asked.length, 4_000, "each is read once, however often it is asked for");
  trails.of(number(0));
  assert.equal(asked.at(-1), number(0), "it was long ago");
  assert.equal(trails.of("job-x" as JobId), NO_TRAIL);
});

Deno.test("trails: a job that returned to memory and left again has its newer trail", () => {
  const trails = new Trails(new Map(), indexOf(new Map()).index);
  trails.left(jobId, [4_096]);
  assert.deepEqual(trails.take(jobId), [4_096]);
  assert.equal(trails.of(jobId), NO_TRAIL);
  trails.left(jobId, [4_096, 8_192]);
  trails.left(jobId, [4_096, 8_192, 12_288]);
  assert.deepEqual(trails.of(jobId), [4_096, 8_192, 12_288]);
});

Deno.test("trails: however long they are, the cache is bounded", () => {
  const { index, asked } = indexOf(new Map());
  const trails = new Trails(new Map(), index);
  const long = new Array<number>(30_000).fill(1);
  for (let at = 0; at < 10; at++) trails.left(`job-${at}` as JobId, long);
  for (let at = 0; at < 10; at++) trails.of(`job-${at}` as JobId);
  assert.equal(asked.length, 8, "two of them are within the bound");
});
