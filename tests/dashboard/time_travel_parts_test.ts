/** The parts of time travel: the what-if form, pairs of steps, and the window of entries. */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  EMPTY_WHAT_IF,
  leftOutEntries,
  whatIfDocument,
  whatIfForm,
} from "../../src/dashboard/time_travel/what_if.tsx";
import type { ReplayStep } from "../../src/explain/replay/replay_steps.ts";
import { stepPairs } from "../../src/dashboard/time_travel/what_if_result.tsx";
import { windowAround } from "../../src/dashboard/time_travel/point_section.tsx";

const PLAN = { expected: [{ id: "a", eventType: "ec.A" }] };

function documentOf(fields: Partial<typeof EMPTY_WHAT_IF>) {
  return whatIfDocument({ ...EMPTY_WHAT_IF, ...fields }, PLAN);
}

Deno.test("whatIfDocument: empty fields and an unchanged plan suppose nothing", () => {
  const form = whatIfForm(new URLSearchParams({ with: " ", plan: JSON.stringify(PLAN, null, 2) }));
  assert.deepEqual(whatIfDocument(form, PLAN), { document: {}, issues: [] });
  assert.deepEqual(documentOf({}), { document: {}, issues: [] });
});

Deno.test("whatIfDocument: every field has its member", () => {
  const fields = new URLSearchParams([
    ["without", "7"],
    ["without", "9"],
    ["with", '[{"eventType":"ec.A"}]'],
    ["plan", '{"expected":[]}'],
    ["upTo", " 12 "],
    ["limits", '{"maxRunning":6}'],
  ]);
  const form = whatIfForm(fields);
  assert.deepEqual(whatIfDocument(form, PLAN).document, {
    without: [7, 9],
    with: [{ eventType: "ec.A" }],
    plan: { expected: [] },
    upTo: "12",
    limits: { maxRunning: 6 },
  });
  assert.deepEqual([...leftOutEntries(form)], [7, 9]);
});

Deno.test("whatIfDocument: one event needs no brackets", () => {
  const { document } = documentOf({ with: '{"eventType":"ec.A"}' });
  assert.deepEqual(document, { with: [{ eventType: "ec.A" }] });
});

Deno.test("whatIfDocument: invalid JSON is reported by line and column", () => {
  const { issues } = documentOf({ with: '[\r\n  {"eventType": oops}\r\n]', plan: '{"expected"' });
  assert.deepEqual(issues, [
    { pointer: "/with", detail: "is not JSON: unexpected character in line 2, column 17" },
    { pointer: "/plan", detail: "is not JSON: it ends too early" },
  ]);
});

Deno.test("whatIfDocument: a value that is not allowed in JSON is reported by its pointer", () => {
  const { issues } = documentOf({ with: '[{"__proto__":1}]' });
  assert.deepEqual(issues.map(({ pointer }) => pointer), ["/with/0/__proto__"]);
});

Deno.test("whatIfDocument: an entry that is not a number is passed on to be refused", () => {
  assert.deepEqual(documentOf({ without: ["x"] }).document, { without: ["x"] });
  assert.equal(leftOutEntries({ ...EMPTY_WHAT_IF, without: ["x"] }).size, 0);
});

function step(logId: number, more: Partial<ReplayStep> = {}): ReplayStep {
  const eventType = "ec.Shipped";
  return { logId, eventType, rule: "running/matched", changed: [], why: "", ...more };
}

Deno.test("stepPairs: steps at one position are paired, and the others are alone", () => {
  const pairs = stepPairs(
    [step(3), step(4), step(7)],
    [step(3), step(4.001), step(7, { rule: "running/satisfied" })],
  );
  assert.deepEqual(
    pairs.map(({ logId, recorded, supposed, differs }) => [
      logId,
      recorded?.rule,
      supposed?.rule,
      differs,
    ]),
    [
      [3, "running/matched", "running/matched", false],
      [4, "running/matched", undefined, true],
      [4.001, undefined, "running/matched", true],
      [7, "running/matched", "running/satisfied", true],
    ],
  );
});

Deno.test("stepPairs: the same rule with another change differs", () => {
  const counted = (to: number) => ({ changed: [{ path: "expected[a].matched", from: 0, to }] });
  const [pair] = stepPairs([step(3, counted(1))], [step(3, counted(2))]);
  assert.equal(pair?.differs, true);
  assert.deepEqual(stepPairs([], []), []);
});

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
