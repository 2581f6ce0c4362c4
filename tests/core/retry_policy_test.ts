import assert from "node:assert/strict";
import fc from "fast-check";
import { backoffMs, DEFAULT_RETRY, type RetryPolicy } from "../../src/core/retry_policy.ts";
import { cases } from "../support/effort.ts";

const STEADY: RetryPolicy = { maxAttempts: 10, initialMs: 100, factor: 2, maxMs: 1_000, jitter: 0 };

/** The largest number of a source of randomness. */
const ALMOST_ONE = 1 - Number.EPSILON / 2;

const policies: fc.Arbitrary<RetryPolicy> = fc.record({
  maxAttempts: fc.integer({ min: 1, max: 100 }),
  initialMs: fc.integer({ min: 1, max: 100_000 }),
  factor: fc.double({ min: 1, max: 10, noNaN: true }),
  maxMs: fc.integer({ min: 1, max: 1_000_000 }),
  jitter: fc.double({ min: 0, max: 1, noNaN: true }),
});
const failuresOf = fc.integer({ min: 1, max: 5_000 });
const randoms = fc.double({ min: 0, max: ALMOST_ONE, noNaN: true });

/** The delay before jitter: exponential, bounded. */
function middle(policy: RetryPolicy, failures: number): number {
  return Math.min(policy.initialMs * policy.factor ** (failures - 1), policy.maxMs);
}

Deno.test("backoffMs: the first delay is initialMs, and each is factor times longer", () => {
  assert.deepEqual([1, 2, 3, 4].map((n) => backoffMs(STEADY, n, 0.5)), [100, 200, 400, 800]);
});

Deno.test("backoffMs: a delay grows no longer than maxMs", () => {
  assert.equal(backoffMs(STEADY, 4, 0.5), 800);
  assert.equal(backoffMs(STEADY, 5, 0.5), 1_000);
  assert.equal(backoffMs(STEADY, 5_000, 0.5), 1_000);
});

Deno.test("backoffMs: a delay is at most a year, so that its end is a valid time", () => {
  const policy = { ...STEADY, initialMs: 1e16, maxMs: 1e16, jitter: 1 };
  for (const random of [0.5, ALMOST_ONE]) {
    assert.equal(backoffMs(policy, 1, random), 31_536_000_000);
  }
});

Deno.test("backoffMs: jitter moves a delay in either direction by its share", () => {
  const policy = { ...STEADY, jitter: 0.2 };

  assert.equal(backoffMs(policy, 1, 0), 80);
  assert.equal(backoffMs(policy, 1, 0.5), 100);
  assert.equal(backoffMs(policy, 1, ALMOST_ONE), 120);
});

Deno.test("backoffMs: without jitter, randomness changes nothing", () => {
  fc.assert(fc.property(policies, failuresOf, randoms, (policy, failures, random) => {
    const steady = { ...policy, jitter: 0 };
    assert.equal(backoffMs(steady, failures, random), backoffMs(steady, failures, 0.5));
  }));
});

Deno.test("backoffMs: a delay is a whole number of milliseconds, never negative", () => {
  fc.assert(
    fc.property(policies, failuresOf, randoms, (policy, failures, random) => {
      const delay = backoffMs(policy, failures, random);
      assert.ok(Number.isSafeInteger(delay) && delay >= 0 && !Object.is(delay, -0));
    }),
    { numRuns: cases(2_000) },
  );
});

Deno.test("backoffMs: a delay stays within jitter's share of the exponential", () => {
  fc.assert(
    fc.property(policies, failuresOf, randoms, (policy, failures, random) => {
      const delay = backoffMs(policy, failures, random);
      const bounded = middle(policy, failures);
      assert.ok(delay >= Math.floor(bounded * (1 - policy.jitter)));
      assert.ok(delay <= Math.ceil(bounded * (1 + policy.jitter)));
    }),
    { numRuns: cases(2_000) },
  );
});

Deno.test("backoffMs: no delay is longer than maxMs, jitter included", () => {
  fc.assert(
    fc.property(policies, failuresOf, randoms, (policy, failures, random) => {
      assert.ok(backoffMs(policy, failures, random) <= policy.maxMs);
    }),
    { numRuns: cases(2_000) },
  );
});

Deno.test("backoffMs: for the same randomness, a later delay is never shorter", () => {
  fc.assert(
    fc.property(policies, failuresOf, randoms, (policy, failures, random) => {
      assert.ok(
        backoffMs(policy, failures + 1, random) >= backoffMs(policy, failures, random),
      );
    }),
    { numRuns: cases(2_000) },
  );
});

Deno.test("backoffMs: without an initial delay there is none, however many attempts failed", () => {
  const policy = { ...STEADY, initialMs: 0 };

  for (const failures of [1, 2, 1_000, 1_025, 5_000]) {
    assert.equal(backoffMs(policy, failures, 0.5), 0, `${failures} failures`);
  }
});

Deno.test("DEFAULT_RETRY: three attempts, one second, doubling, within a minute", () => {
  assert.deepEqual(DEFAULT_RETRY, {
    maxAttempts: 3,
    initialMs: 1_000,
    factor: 2,
    maxMs: 60_000,
    jitter: 0.2,
  });
});
