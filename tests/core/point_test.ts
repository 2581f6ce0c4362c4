/** Points in a job's history, and the entries before each. */

import assert from "node:assert/strict";
import { eventId, type LogId } from "../../src/core/ids.ts";
import { type Point, resolvePoint } from "../../src/core/point.ts";
import { outsideJob, timeOf } from "../support/engine/entries.ts";

/** Entries 6, 7, 10 and 11; the others are of other jobs, and the journal ends at 15. */
const story = outsideJob([]).skip(5).started();
const entries = [
  ...outsideJob([]).entries.map((entry) => ({ ...entry, logId: 6, receivedAt: timeOf(6) })),
  ...story.entries.slice(1),
  ...story.skip(2).fact("x.Y").correlated("x.Z").entries.slice(2),
];
const HEAD = 15;

function at(point: Point | undefined): number | string {
  const resolved = resolvePoint(point, entries, HEAD);
  return resolved.ok ? resolved.count : resolved.detail;
}

function logId(logId: LogId): Point {
  return { kind: "logId", logId };
}

function time(seconds: number): Point {
  return { kind: "time", time: timeOf(seconds) };
}

Deno.test("point: the entries of the test are where its comments say", () => {
  assert.deepEqual(entries.map((entry) => entry.logId), [6, 7, 10, 11]);
});

Deno.test("point: without a point it is the end", () => {
  assert.equal(at(undefined), 4);
});

Deno.test("point: a logId means everything up to it, even if it is another job's", () => {
  assert.deepEqual([6, 7, 8, 9, 10, 11, 15].map((id) => at(logId(id))), [1, 2, 2, 2, 3, 4, 4]);
});

Deno.test("point: a logId before the creation is refused, with the position of the creation", () => {
  const detail = `is before the job's creation, entry 6 at ${timeOf(6)}`;
  assert.deepEqual([at(logId(5)), at(logId(0))], [detail, detail]);
});

Deno.test("point: a logId beyond the journal is refused, with the position of the end", () => {
  assert.equal(at(logId(16)), "is beyond the journal, which ends at entry 15");
});

Deno.test("point: a time means everything received by then", () => {
  assert.deepEqual([6, 7, 8, 10, 11, 900].map((seconds) => at(time(seconds))), [1, 2, 2, 3, 4, 4]);
  assert.match(String(at(time(5))), /^is before the job's creation/);
});

Deno.test("point: if the clock went back, a time means the last moment that showed it", () => {
  const times = [10, 20, 5, 6, 30];
  const jumping = times.map((seconds, index) => ({
    ...entries[0] as (typeof entries)[number],
    logId: index + 1,
    receivedAt: timeOf(seconds),
  }));
  const counts = [5, 8, 15, 20, 30].map((seconds) => {
    const resolved = resolvePoint(time(seconds), jumping, HEAD);
    return resolved.ok ? resolved.count : 0;
  });
  assert.deepEqual(counts, [3, 4, 4, 4, 5]);
});

Deno.test("point: an eventId means everything up to its entry, or to the correlation of that event", () => {
  const named = (id: string): Point => ({ kind: "eventId", eventId: eventId(id) });
  const [, , fact, stand] = entries;
  assert.equal(at(named(fact?.eventId ?? "")), 3);
  assert.equal(at(named(stand?.eventId ?? "")), 4);
  assert.equal(at(named("evt_original_11")), 4);
  assert.equal(
    at(named("evt_nobody")),
    "is neither a position, nor a time such as 2026-01-31T12:00:00Z, nor the id of one of this job's events",
  );
});
