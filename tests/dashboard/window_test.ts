import assert from "node:assert/strict";
import fc from "fast-check";
import { windowAround } from "../../src/dashboard/time_travel/time_view.ts";

Deno.test("windowAround: it has the maximum length, and contains the index", () => {
  const property = fc.property(
    fc.integer({ min: 1, max: 300 }),
    fc.nat(),
    fc.integer({ min: 1, max: 120 }),
    (length, seed, size) => {
      const index = seed % length;
      const { start, end } = windowAround(index, length, size);
      assert.equal(end - start, Math.min(size, length));
      assert.ok(start >= 0 && end <= length);
      assert.ok(index >= start && index < end);
    },
  );
  fc.assert(property);
});

Deno.test("windowAround: the index is in the middle, except at the ends", () => {
  assert.deepEqual(windowAround(50, 100, 10), { start: 45, end: 55 });
  assert.deepEqual(windowAround(0, 100, 10), { start: 0, end: 10 });
  assert.deepEqual(windowAround(99, 100, 10), { start: 90, end: 100 });
});
