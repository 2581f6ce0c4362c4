/** Counts and sizes as people read them. */

import assert from "node:assert/strict";
import { countText, sizeText } from "../../src/dashboard/parts/amounts.tsx";

Deno.test("count: thousands are told apart", () => {
  assert.deepEqual([0, 999, 1_000, 1_234_567].map(countText), ["0", "999", "1,000", "1,234,567"]);
});

Deno.test("size: it is told in the unit that leaves a number of few digits", () => {
  const sizes = [0, 1, 1_023, 1_024, 10_240, 1_048_575, 5 * 1024 ** 3, 2 * 1024 ** 5, 2 ** 70];
  assert.deepEqual(sizes.map(sizeText), [
    ...["0 bytes", "1 byte", "1023 bytes", "1.0 KiB", "10 KiB", "1,024 KiB"],
    ...["5.0 GiB", "2.0 PiB", "1,048,576 PiB"],
  ]);
});
