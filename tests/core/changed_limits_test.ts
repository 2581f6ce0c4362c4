/** Changed limits as a pure fold of their entries. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { type ChangedLimits, noteLimits } from "../../src/core/changed_limits.ts";
import type { JobEventLogEntry } from "../../src/core/event.ts";

const told = fc.record({
  type: fc.constantFrom("mail.send", "text.send", "plain.do"),
  maxRunning: fc.option(fc.integer({ min: 1, max: 9 })),
  repeats: fc.nat(2),
  traceId: fc.option(fc.constant("0af7651916cd43dd8448eb211c80319c")),
});

type Told = typeof told extends fc.Arbitrary<infer One> ? One : never;

/** A change, or without a limit its restoration. */
function entryOf({ type, maxRunning, traceId }: Told, index: number): JobEventLogEntry {
  const isChange = maxRunning !== null;
  return {
    logId: index + 1,
    stratum: "framework",
    eventType: isChange ? "job.LimitsChanged" : "job.LimitsRestored",
    receivedAt: `2026-01-01T00:00:00.${String(index).padStart(3, "0")}Z`,
    attributes: isChange ? { type, limits: { maxRunning }, reason: "r" } : { type },
    ...(traceId === null ? {} : { traceId }),
  } as unknown as JobEventLogEntry;
}

const fold = (entries: readonly JobEventLogEntry[], from: readonly ChangedLimits[] = []) =>
  entries.reduce(noteLimits, from);

Deno.test("laws of changed limits: the last change of a type is in force unless it was restored", () => {
  fc.assert(fc.property(fc.array(told, { maxLength: 20 }), (all) => {
    const inForce = fold(all.map(entryOf));
    for (const type of ["mail.send", "text.send", "plain.do"]) {
      const last = all.findLast((one) => one.type === type)?.maxRunning ?? undefined;
      const found = inForce.filter((one) => one.type === type);
      assert.deepEqual(
        found.map(({ limits }) => limits),
        last === undefined ? [] : [{ maxRunning: last }],
      );
    }
  }));
});

Deno.test("laws of changed limits: second deliveries and trace ids change nothing, and a fold can resume at any point", () => {
  fc.assert(fc.property(fc.array(told, { maxLength: 20 }), fc.nat(), (all, at) => {
    const entries = all.map(entryOf);
    const whole = fold(entries);
    const twice = entries.flatMap((entry, index) =>
      Array.from({ length: 1 + (all[index]?.repeats ?? 0) }, () => entry)
    );
    assert.deepEqual(fold(twice), whole);
    assert.deepEqual(fold(all.map((one) => ({ ...one, traceId: null })).map(entryOf)), whole);
    const point = at % (entries.length + 1);
    const restored = JSON.parse(JSON.stringify(fold(entries.slice(0, point))));
    assert.deepEqual(fold(entries.slice(point), restored), whole);
  }));
});

Deno.test("noteLimits: an entry that is not about limits returns the same array", () => {
  const changed = fold([
    entryOf({ type: "plain.do", maxRunning: 1, repeats: 0, traceId: null }, 0),
  ]);
  const other = { logId: 2, stratum: "framework", eventType: "job.PauseEnded", attributes: {} };
  assert.equal(noteLimits(changed, other as unknown as JobEventLogEntry), changed);
});
