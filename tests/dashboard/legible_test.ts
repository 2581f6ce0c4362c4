/** Spans too narrow to be visible are merged, and none is lost. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { legible } from "../../src/dashboard/job/time_scale.ts";
import type { Extent } from "../../src/dashboard/timeline/timeline.ts";

const extents: fc.Arbitrary<readonly Extent[]> = fc.array(
  fc.tuple(fc.nat({ max: 30 }), fc.nat({ max: 30 })),
  { maxLength: 300, size: "max" },
).map((parts) => {
  let at = 0;
  return parts.map(([gap, length]) => {
    const fromMs = at + Math.max(0, gap - 20);
    at = fromMs + length;
    return { fromMs, toMs: at };
  });
});

const units = fc.integer({ min: 1, max: 50 });

Deno.test("legible: pieces are in order, do not overlap, and cover every span once", () => {
  fc.assert(fc.property(extents, units, (spans, unitMs) => {
    const pieces = legible(spans, unitMs);
    let taken = 0;
    for (const { fromMs, toMs, count, longest } of pieces) {
      const held = spans.slice(taken, taken + count);
      taken += count;
      assert.deepEqual([held[0]?.fromMs, held.at(-1)?.toMs], [fromMs, toMs]);
      assert.ok(held.includes(longest));
      for (const span of held) {
        assert.ok(span.toMs - span.fromMs <= longest.toMs - longest.fromMs);
      }
    }
    assert.equal(taken, spans.length);
  }));
});

Deno.test("legible: there are no more pieces than two for each unit that fits", () => {
  fc.assert(fc.property(extents, units, (spans, unitMs) => {
    const total = spans.at(-1)?.toMs ?? 0;
    assert.ok(legible(spans, unitMs).length <= 2 * (total / unitMs) + 2);
  }));
});

Deno.test("legible: a span as long as a unit is not merged", () => {
  fc.assert(fc.property(extents, units, (spans, unitMs) => {
    for (const { count, longest } of legible(spans, unitMs)) {
      if (longest.toMs - longest.fromMs >= unitMs) assert.equal(count, 1);
    }
  }));
});

Deno.test("legible: ten thousand spans in a thousand units are some two thousand pieces", () => {
  const spans = Array.from({ length: 10_000 }, (_, at) => ({ fromMs: at, toMs: at + 1 }));
  const pieces = legible(spans, 10);
  assert.equal(pieces.length, 1_000);
  assert.equal(pieces[0]?.count, 10);
});
