import assert from "node:assert/strict";
import fc from "fast-check";
import { LineIndex } from "../../src/journal/read/line_index.ts";

/** Lengths of lines without newlines, by batches. */
const batchesOfLengths = fc.array(
  fc.array(fc.oneof(fc.nat(400), fc.integer({ min: 7_000, max: 9_000 })), {
    minLength: 1,
    maxLength: 70,
  }),
  { maxLength: 40 },
);

/** A segment with lines of these lengths: its lines, including blank ones, and its index. */
function segmentOf(batches: readonly (readonly number[])[]) {
  const index = new LineIndex();
  const lines: string[] = [];
  let bytes = 0;
  for (const lengths of batches) {
    const origin = bytes++;
    lines.push("");
    const offsets: number[] = [];
    for (const length of lengths) {
      offsets.push(bytes - origin);
      lines.push("x".repeat(length + 1));
      bytes += length + 2;
    }
    index.add(offsets, origin);
  }
  return { index, lines };
}

function numbersOfEntries(lines: readonly string[]): readonly number[] {
  return lines.flatMap((line, index) => line === "" ? [] : [index + 1]);
}

function offsetOf(lines: readonly string[], line: number): number {
  return lines.slice(0, line - 1).reduce((sum, { length }) => sum + length + 1, 0);
}

Deno.test("line index: every line is found from the start of its block, by its number", () => {
  fc.assert(fc.property(batchesOfLengths, fc.boolean(), (batches, trims) => {
    const { index, lines } = segmentOf(batches);
    if (trims) index.trim();
    const numbers = numbersOfEntries(lines);
    assert.equal(index.count, numbers.length);
    for (const [entry, number] of numbers.entries()) {
      const place = index.find(entry);
      assert.equal(place?.line, number);
      assert.ok(place.blockLine <= number);
      assert.equal(place.blockStart, offsetOf(lines, place.blockLine));
      const end = offsetOf(lines, number + 1);
      assert.ok((place.blockEnd ?? Infinity) >= end);
    }
  }));
});

Deno.test("line index: finding a line reads at most 8 KiB and a line", () => {
  fc.assert(fc.property(batchesOfLengths, (batches) => {
    const { index, lines } = segmentOf(batches);
    for (const [entry, number] of numbersOfEntries(lines).entries()) {
      const place = index.find(entry);
      assert.ok(place !== undefined && place.line - place.blockLine < 64);
      const before = offsetOf(lines, number) - place.blockStart;
      assert.ok(before < 8 * 1024, `${before} bytes`);
    }
  }));
});

Deno.test("line index: it continues after it was trimmed, and has no line past the last", () => {
  const index = new LineIndex();
  assert.equal(index.find(0), undefined);
  index.trim();
  index.add([1, 301]);
  index.trim();
  index.add([1, 301], 600);
  assert.deepEqual([0, 1, 2, 3].map((entry) => index.find(entry)?.line), [2, 3, 5, 6]);
  assert.equal(index.find(4), undefined);
  assert.equal(index.find(-1), undefined);
});
