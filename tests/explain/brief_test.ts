/** What is in the summary of an explanation is not repeated below it. */

import assert from "node:assert/strict";
import { withoutRepeats, withoutSaid } from "../../src/explain/brief.ts";

const told = (statement: string, ...cites: readonly number[]) => ({ statement, cites });

Deno.test("withoutRepeats: a repeated sentence moves to the summary with its evidence; the rest stays", () => {
  const again = told("Task charge may have happened twice: it was cut short.", 7, 9);
  const time = told("It spent 40 s until attempt 2.", 12);
  const other = told("It was submitted at noon.", 2);
  const summary =
    "Job j is Done, after 40 s: 40 s until attempt 2. Task charge may have happened twice: it was " +
    "cut short.";
  assert.deepEqual(withoutRepeats(summary, [again, time, other]), {
    summary: [
      told("Job j is Done, after 40 s: 40 s until attempt 2", 12),
      told(". Task charge may have happened twice: it was cut short", 7, 9),
      told("."),
    ],
    rest: [other],
  });
});

Deno.test("withoutSaid: only an error or a last sentence that the summary has is left out", () => {
  const summary =
    "Job j failed: Error: the bank is closed (reason: cutover to winter). Nothing resembles it.";
  for (
    const [statement, shown] of [
      [
        "It failed at 2026-01-01T00:00:00.000Z: Error: the bank is closed, thrown at a.ts:4.",
        "It failed at 2026-01-01T00:00:00.000Z, thrown at a.ts:4.",
      ],
      ["It failed: Error: the bank is closed.", "It failed."],
      ["It failed: Error: the bank is open.", "It failed: Error: the bank is open."],
      ["It ended (reason: cutover to winter).", "It ended (reason: cutover to winter)."],
      ["0 of 1 came. Nothing resembles it.", "0 of 1 came."],
      ["0 of 1 came. Others resemble it.", "0 of 1 came. Others resemble it."],
    ] as const
  ) {
    assert.equal(withoutSaid(statement, summary), shown);
  }
});
