/**
 * Random jobs under random commands, events, crashes and stops. In the end nothing may be lost:
 * every job ends, no worker is held, and nothing ran after its result was on record. At any moment
 * the code that wrote a history agrees with it.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { MAIN_TASK } from "../../src/core/ids.ts";
import type { JobParkedAttributes } from "../../src/core/framework_events.ts";
import { findTask } from "../../src/core/job_state.ts";
import { IS_QUICK, rounds } from "../support/effort.ts";
import { told, verdictOn } from "../support/engine/history_checks.ts";
import { action, alteration, Play, withoutDeadlines } from "../support/engine/random_jobs.ts";

const turns = fc.array(fc.constantFrom(0, 1, 2, 3, 5, 30), { minLength: 1, maxLength: 8 });
const maxRunning = fc.constantFrom(1, 1, 2, 5);

Deno.test("random jobs: whatever happens, every job ends and nothing is lost", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(action, { minLength: 2, maxLength: 14 }),
      maxRunning,
      turns,
      async (actions, maxRunning, turns) => {
        const play = new Play();
        await play.start(maxRunning);
        for (const [index, action] of actions.entries()) {
          await play.act(action);
          await play.daybook.clock.settle(turns[index % turns.length]);
        }
        await play.settle();
        await play.assertNothingLost();
      },
    ),
    { numRuns: rounds(60, 20_000, 15) },
  );
});

async function assertAllCompatible(play: Play): Promise<void> {
  for (const job of play.jobs()) {
    const verdict = await verdictOn(play.daybook, job.jobId, play.inertDefinition);
    assert.equal(
      verdict.kind,
      "compatible",
      `${told(verdict)}: ${await play.daybook.story(job.jobId)}`,
    );
  }
}

Deno.test("random jobs: the unchanged definition is compatible with every history, at any time", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(action, { minLength: 2, maxLength: 12 }),
      maxRunning,
      turns,
      async (actions, maxRunning, turns) => {
        const play = new Play();
        await play.start(maxRunning);
        for (const [index, action] of actions.entries()) {
          await play.act(action);
          await play.daybook.clock.settle(turns[index % turns.length]);
          await assertAllCompatible(play);
        }
        await play.settle();
        await assertAllCompatible(play);
        assert.deepEqual(play.violations, []);
      },
    ),
    { numRuns: rounds(60, 300, 15) },
  );
});

/** The jobs that the current code diverges from, each with the line, according to the check. */
async function toldDivergences(play: Play): Promise<readonly string[]> {
  const told: string[] = [];
  for (const job of play.jobs()) {
    const isRunAgain = job.state === "Created" || job.state === "Compensating" ||
      (job.state === "Running" && findTask(job, MAIN_TASK)?.status !== "completed");
    if (!isRunAgain) continue;
    const verdict = await verdictOn(play.daybook, job.jobId, play.inertDefinition);
    if (verdict.kind === "diverges") told.push(`${job.jobId} ${verdict.logId}`);
  }
  return told;
}

/** The jobs that were parked since, each with the line, however they ended. */
async function liveDivergences(play: Play): Promise<readonly string[]> {
  const parked = new Set<string>();
  for (const { jobId } of play.jobs()) {
    for (const { eventType, attributes } of await play.daybook.entries(jobId)) {
      const { reason, disagreesWith } = attributes as Partial<JobParkedAttributes>;
      const isIt = eventType === "job.JobParked" && reason === "diverged";
      if (isIt) parked.add(`${jobId} ${disagreesWith}`);
    }
  }
  return [...parked];
}

Deno.test("random jobs: an altered definition diverges live exactly where the check says so", async () => {
  let divergences = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(action, { minLength: 2, maxLength: 12 }),
      maxRunning,
      turns,
      alteration,
      async (actions, maxRunning, turns, alteration) => {
        const play = new Play();
        await play.start(maxRunning);
        for (const [index, action] of actions.entries()) {
          // A deadline that passes meanwhile may let altered code continue.
          await play.act(withoutDeadlines(action));
          await play.daybook.clock.settle(turns[index % turns.length]);
        }
        // Waits until nothing continues on its own: the check covers what the crash leaves behind.
        await play.daybook.clock.settle(200);
        play.alteration = alteration;
        const told = await toldDivergences(play);
        await play.act({ kind: "crash" });
        await play.settle();

        assert.deepEqual(await liveDivergences(play), told);
        divergences += told.length;
      },
    ),
    { numRuns: rounds(150, 600, 30) },
  );
  // The few rounds of the quick form may have none.
  if (IS_QUICK) return;
  assert.ok(divergences > rounds(2, 10), `${divergences} divergences prove little`);
});
