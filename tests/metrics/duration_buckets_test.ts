/** Quantiles from buckets, compared with those of the durations themselves. */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  DURATION_BUCKETS,
  DURATION_ERROR,
  durationBucket,
  durationQuantile,
} from "../../src/metrics/trends.ts";
import { cases } from "../support/effort.ts";

function counted(durations: readonly number[]): Uint32Array {
  const counts = new Uint32Array(DURATION_BUCKETS);
  for (const ms of durations) counts[durationBucket(ms)]! += 1;
  return counts;
}

/** The nearest rank: the least duration that this share of all do not exceed. */
function quantileOf(durations: readonly number[], part: number): number {
  const rank = Math.max(1, Math.ceil(part * durations.length));
  return durations.toSorted((left, right) => left - right)[rank - 1]!;
}

const duration = fc.oneof(
  fc.constant(0),
  fc.nat(100_000),
  fc.double({ min: 0.01, max: 1e9, noNaN: true }),
);

Deno.test("duration buckets: a quantile is at most 4.5 % from the true one", () => {
  assert.ok(DURATION_ERROR < 1.045);
  fc.assert(
    fc.property(
      fc.array(duration, { minLength: 1, maxLength: 60 }),
      fc.constantFrom(0.5, 0.95, 0, 1),
      (durations, part) => {
        const read = durationQuantile(counted(durations), part);
        const truth = quantileOf(durations, part);
        assert.ok(read !== undefined);
        if (truth === 0) return assert.equal(read, 0);
        const factor = Math.max(read / truth, truth / read);
        assert.ok(factor <= DURATION_ERROR * (1 + 1e-9), `${read} for ${truth}`);
      },
    ),
    { numRuns: cases(2_000) },
  );
});

Deno.test("duration buckets: without counts there is no quantile, and every number has a bucket", () => {
  assert.equal(durationQuantile(counted([]), 0.5), undefined);
  assert.equal(durationQuantile(counted([0, 0.001]), 0.95), 0);
  for (const ms of [-1, Number.NaN, Number.MIN_VALUE, 1e300, Infinity]) {
    const bucket = durationBucket(ms);
    assert.ok(bucket >= 0 && bucket < DURATION_BUCKETS, String(ms));
  }
});
