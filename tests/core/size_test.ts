/** Counts and sizes as people read and write them. */

import assert from "node:assert/strict";
import { countText, parseSize, sizeText } from "../../src/core/size.ts";

Deno.test("countText: thousands are separated", () => {
  assert.deepEqual([0, 999, 1_000, 1_234_567].map(countText), ["0", "999", "1,000", "1,234,567"]);
});

Deno.test("sizeText: it uses the unit that leaves few digits", () => {
  const sizes = [0, 1, 1_023, 1_024, 3_500, 10_240, 1_048_575, 5 * 1024 ** 3, 2 * 1024 ** 5];
  assert.deepEqual(sizes.map(sizeText), [
    ...["0 bytes", "1 byte", "1,023 bytes", "1 KiB", "3.4 KiB", "10 KiB", "1,024 KiB"],
    ...["5 GiB", "2 PiB"],
  ]);
});

Deno.test("parseSize: whole numbers of bytes or of binary units, and nothing else", () => {
  assert.deepEqual(["0", "65536", "64KiB", "64 MiB", "2GiB"].map(parseSize), [
    ...[0, 65_536, 65_536, 67_108_864, 2_147_483_648],
  ]);
  for (const size of [512, 65_536, 2 ** 30]) assert.equal(parseSize(sizeText(size)), size);
  for (const text of ["", "-1", "1.5MiB", "64kb", "64 kib", "lots", "KiB"]) {
    assert.ok(Number.isNaN(parseSize(text)), text);
  }
});
