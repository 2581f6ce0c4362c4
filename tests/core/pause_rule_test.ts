/** The rule by which failures pause their type, and the fold of pauses. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { eventId } from "../../src/core/ids.ts";
import {
  holds,
  notePause,
  type Pause,
  ruleFlaw,
  ruleText,
  trippedBy,
} from "../../src/core/pauses.ts";

const EPOCH_MS = Date.parse("2026-01-01T00:00:00.000Z");
const RULE = { failures: 3, withinMs: 1_000, forMs: 5_000 };

/** Failures at these milliseconds after the epoch. */
function failuresAt(...offsets: readonly number[]) {
  return offsets.map((ms, index) => ({
    logId: index + 1,
    at: new Date(EPOCH_MS + ms).toISOString(),
  }));
}

Deno.test("pause rule: the first failures that reach its count within its period are the cause", () => {
  const tripped = (offsets: readonly number[], nowMs = 0) =>
    trippedBy(RULE, failuresAt(...offsets), EPOCH_MS + nowMs);
  assert.equal(tripped([0, 1]), undefined);
  assert.equal(tripped([0, 1, 1_001]), undefined);
  assert.deepEqual(tripped([0, 1, 1_000, 1_000]), {
    failures: failuresAt(0, 1, 1_000),
    untilMs: EPOCH_MS + 6_000,
  });
  assert.deepEqual(tripped([0, 900, 1_800, 1_900])?.failures.map(({ logId }) => logId), [2, 3, 4]);
  assert.deepEqual(
    tripped([0, 500, -86_400_000], -86_400_000)?.failures.length,
    3,
    "a clock that is set back makes no failure older",
  );
});

Deno.test("pause rule: a pause whose end has passed does not begin, and later failures still count", () => {
  const at = (nowMs: number) =>
    trippedBy(RULE, failuresAt(0, 0, 0, 9_000, 9_000, 9_000), EPOCH_MS + nowMs)
      ?.failures.map(({ logId }) => logId);
  assert.deepEqual([at(4_999), at(5_000), at(13_999), at(14_000)], [
    ...[[1, 2, 3], [4, 5, 6], [4, 5, 6], undefined],
  ]);
});

Deno.test("pause rule: an invalid rule is refused, with an example", () => {
  const flaws: readonly (readonly [unknown, RegExp | undefined])[] = [
    [RULE, undefined],
    [20, /must be an object, such as \{failures: 20/],
    [{ ...RULE, failures: 0 }, /failures must be a whole number from 1 to 100/],
    [{ ...RULE, failures: 101 }, /failures must be/],
    [{ failures: 3, withinMs: 1_000 }, /forMs must be whole milliseconds/],
    [{ ...RULE, withinMs: "60s" }, /withinMs must be whole milliseconds/],
    [{ ...RULE, forMs: 86_400_001 }, /forMs must be .*\(a day\)/],
    [{ ...RULE, for: 1 }, /has no for: it takes failures, withinMs and forMs/],
  ];
  for (const [rule, flaw] of flaws) {
    if (flaw === undefined) assert.equal(ruleFlaw(rule), undefined);
    else assert.match(ruleFlaw(rule) ?? "", flaw);
  }
  assert.equal(ruleText({ ...RULE, withinMs: 60_000 }), "3 attempts failed within 1 min");
});

Deno.test("holds: a pause holds a job that fits all its members, and every job if it has none", () => {
  const job = { type: "a.B", key: "k", labels: { tenant: "x:y" } };
  assert.ok(holds({}, job) && holds({ type: "a.B" }, job) && holds({ label: "tenant:x:y" }, job));
  assert.ok(holds({ type: "a.B", label: "tenant:x:y" }, job));
  for (
    const scope of [{ type: "a.C" }, { key: "other" }, { key: "k", type: "a.C" }, {
      label: "tenant:x",
    }, { label: "other:x:y" }]
  ) {
    assert.equal(holds(scope, job), false);
  }
  assert.equal(holds({ type: "a.B", label: "tenant:x" }, job), false);
});

const about = fc.record({
  pause: fc.nat(4),
  begins: fc.boolean(),
  repeats: fc.nat(2),
});

function entriesOf(told: readonly { pause: number; begins: boolean; repeats: number }[]) {
  // A pause begins once: its id is created then.
  const begun = new Set<number>();
  return told.filter(({ pause, begins }) => !begins || !begun.has(pause) && begun.add(pause))
    .map(({ pause, begins }, index) => ({
      logId: index + 1,
      batch: index + 1,
      stratum: "framework",
      eventType: begins ? "job.PauseBegan" : "job.PauseEnded",
      eventId: eventId(`e${index}`),
      receivedAt: new Date(EPOCH_MS + index).toISOString(),
      occurredAt: new Date(EPOCH_MS + index).toISOString(),
      attributes: { pauseId: `p${pause}`, ...begins ? { reason: "r", type: "a.B" } : {} },
    } as unknown as JobEventLogEntry));
}

Deno.test("laws of pauses: second deliveries change nothing, and a fold can resume at any point", () => {
  const fold = (entries: readonly JobEventLogEntry[], from: readonly Pause[] = []) =>
    entries.reduce(notePause, from);
  fc.assert(fc.property(fc.array(about, { maxLength: 20 }), fc.nat(), (told, at) => {
    const entries = entriesOf(told);
    const whole = fold(entries);
    const twice = entries.flatMap((entry, index) =>
      Array.from({ length: 1 + (told[index]?.repeats ?? 0) }, () => entry)
    );
    assert.deepEqual(fold(twice), whole);
    const point = at % (entries.length + 1);
    const restored = JSON.parse(JSON.stringify(fold(entries.slice(0, point))));
    assert.deepEqual(fold(entries.slice(point), restored), whole);
    const begun = new Set(entries.filter(isBegin).map(({ logId }) => logId));
    for (const { by } of whole) assert.ok(begun.has(by));
  }));
});

function isBegin({ eventType }: JobEventLogEntry): boolean {
  return eventType === "job.PauseBegan";
}
