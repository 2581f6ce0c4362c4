/** Times and durations as people read and write them. */

import assert from "node:assert/strict";
import { parseDurationMs, Times } from "../../src/cli/times.ts";

Deno.test("parseDurationMs: units can be combined, and a plain number means seconds", () => {
  const durations = ["90s", "90", "1.5", "1h30m", "0"];
  assert.deepEqual(durations.map(parseDurationMs), [
    ...[90_000, 90_000, 1_500, 5_400_000, 0],
  ]);
});

Deno.test("parseDurationMs: anything else is refused", () => {
  for (const text of ["", "-5s", "5x"]) assert.equal(parseDurationMs(text), undefined, text);
});

Deno.test("Times: the year comes first, with 24 hours, in the reader's time zone", () => {
  const midnight = "2026-07-31T22:05:09.007Z";
  const [utc, berlin] = [new Times("UTC"), new Times("Europe/Berlin")];
  assert.equal(utc.dayAndTime(midnight), "2026-07-31 22:05:09");
  assert.equal(utc.preciseTimeOfDay(midnight), "22:05:09.007");
  assert.equal(berlin.dayAndTime(midnight), "2026-08-01 00:05:09");
  assert.equal(berlin.day(Date.parse(midnight)), "2026-08-01");
});
