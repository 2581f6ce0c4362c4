/** Times and durations as people read and write them. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { ageText, durationOf, durationText, Times } from "../../src/cli/times.ts";

const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000];

Deno.test("durationText: two units at most, and tenths below a minute", () => {
  const texts: readonly (readonly [number, string])[] = [
    [-5, "0ms"],
    [0, "0ms"],
    [999.4, "999ms"],
    [SECOND, "1s"],
    [4_240, "4.2s"],
    [59_960, "1m"],
    [3 * MINUTE + 12 * SECOND, "3m 12s"],
    [HOUR - 1, "1h"],
    [2 * HOUR + 5 * MINUTE + 59 * SECOND, "2h 5m"],
    [2 * DAY + 59 * MINUTE, "2d"],
    [400 * DAY + 5 * HOUR, "400d 5h"],
  ];
  assert.deepEqual(texts.map(([ms]) => durationText(ms)), texts.map(([, text]) => text));
});

Deno.test("ageText: the largest unit alone", () => {
  const ages = [-1, 0, 900, 59_999, MINUTE, HOUR - 1, HOUR, DAY - 1, 12 * DAY];
  assert.deepEqual(ages.map(ageText), ["0s", "0s", "0s", "59s", "1m", "59m", "1h", "23h", "12d"]);
});

Deno.test("durationOf: units may be combined, and a number alone is of seconds", () => {
  const durations = ["500ms", "90s", "90", "1.5", "10m", "1h30m", "2d", "0"];
  assert.deepEqual(durations.map(durationOf), [
    ...[500, 90_000, 90_000, 1_500, 600_000, 5_400_000, 172_800_000, 0],
  ]);
});

Deno.test("durationOf: anything else is no duration", () => {
  for (const text of ["", "s", "-5s", "5 s", "5x", "1h30", "1e3", "PT5S", "5s "]) {
    assert.equal(durationOf(text), undefined, text);
  }
});

Deno.test("durationText: what it writes below an hour reads back as nearly the same", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: HOUR - SECOND }), (ms) => {
    const back = durationOf(durationText(ms).replaceAll(" ", "")) ?? NaN;
    assert.ok(Math.abs(back - ms) <= SECOND / 2, `${ms} came back as ${back}`);
  }));
});

Deno.test("Times: the year goes first, by 24 hours, in the zone of the reader", () => {
  const midnight = "2026-07-31T22:05:09.007Z";
  const [utc, berlin] = [new Times("UTC"), new Times("Europe/Berlin")];
  assert.equal(utc.dayAndTime(midnight), "2026-07-31 22:05:09");
  assert.equal(utc.preciseTimeOfDay(midnight), "22:05:09.007");
  assert.equal(berlin.dayAndTime(midnight), "2026-08-01 00:05:09");
  assert.equal(berlin.day(Date.parse(midnight)), "2026-08-01");
});
