import assert from "node:assert/strict";
import type { ReplayStep } from "../../src/explain/replay_steps.ts";
import { stepPairs } from "../../src/dashboard/time_travel/what_if_result.tsx";

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
