/**
 * Jobs with limits that start and end in any order, with pauses, changed limits and kills in
 * between: the explanation of a queued job as of a point equals the one given then, and the times
 * of an ended job add up.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { deriveCondition } from "../../src/core/condition.ts";
import type { JobId } from "../../src/core/ids.ts";
import type { Explanation } from "../../src/explain/statements/explanation.ts";
import { rounds } from "../support/effort.ts";
import { Explained } from "../support/engine/explained.ts";
import { Letters } from "../support/engine/letters.ts";

const LIMITS = [
  { maxRunning: 3, perKey: 2 },
  { perKey: 1 },
  { maxRunning: 2, rate: { count: 3, perMs: 20_000 } },
] as const;

const OTHER_LIMITS = [{ maxRunning: 1 }, { perKey: 1, maxRunning: 4 }, {}] as const;

const common = [
  { weight: 5, arbitrary: fc.constantFrom("submit a", "submit b", "submit c") },
  { weight: 5, arbitrary: fc.nat(5).map((nth) => `end ${nth}`) },
  { weight: 2, arbitrary: fc.constantFrom("advance 500", "advance 7000", "advance 30000") },
  { weight: 1, arbitrary: fc.constantFrom("pause a", "unpause", "crash") },
] as const;

const changes = {
  weight: 1,
  arbitrary: fc.constantFrom("change 0", "change 1", "change 2", "restore"),
};

/** The parts that a look back can know. */
function known({ summary, because, condition }: Explanation<unknown>) {
  return { summary, because, condition };
}

async function play(limits: typeof LIMITS[number], script: readonly string[]) {
  const letters = new Letters();
  let daybook = await Explained.start({
    definitions: [letters.definition(limits)],
    maxRunning: 50,
  });
  const said: { jobId: JobId; asOf: number; told: ReturnType<typeof known> }[] = [];
  let jobs = 0;
  for (const step of script) {
    const [what, which = ""] = step.split(" ");
    if (what === "submit") {
      await daybook.submit(`${which}${++jobs}`, "mail.send", { tenant: which });
    } else if (what === "end") {
      const open = daybook.engine.lists.page({ conditions: ["executing"], limit: 50 }).jobs;
      const { jobId } = open[Number(which) % Math.max(1, open.length)] ?? {};
      if (jobId !== undefined) letters.sent(jobId);
    } else if (what === "advance") {
      await daybook.clock.advance(Number(which));
    } else if (what === "pause") {
      await daybook.post("/pauses", { key: which, reason: "moves house" });
    } else if (what === "unpause") {
      for (const { pauseId } of daybook.engine.pauses.all()) {
        await daybook.engine.pauses.end(pauseId);
      }
    } else if (what === "change") {
      const other = OTHER_LIMITS[Number(which)] ?? {};
      await daybook.engine.limits.change("mail.send", other, "slow today");
    } else if (what === "restore") await daybook.engine.limits.restore("mail.send");
    else daybook = await daybook.crash();
    await daybook.clock.settle();
    for (const { jobId } of daybook.engine.lists.page({ conditions: ["queued"], limit: 50 }).jobs) {
      const told = await daybook.explanation(jobId);
      said.push({ jobId, asOf: told.asOf, told: known(told) });
    }
  }
  return { daybook, said };
}

Deno.test("random places: the explanation of a queued job as of a point equals the one given then", async () => {
  const scripts = fc.array(fc.oneof(...common, changes), { minLength: 10, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...LIMITS), scripts, async (limits, script) => {
      // Starts while no rate was in force are on record, but do not count.
      const isChanging = !("rate" in limits);
      const { daybook, said } = await play(
        limits,
        script.filter((step) => isChanging || !/^(change|restore)/.test(step)),
      );
      for (const { jobId, asOf, told } of said) {
        if (asOf === daybook.engine.headLogId) continue;
        const point = { kind: "logId", logId: asOf } as const;
        const then = await (await daybook.engine.explanations()).explainer.explainAt(jobId, point);
        assert.ok(then.ok);
        // How many workers there were is not on record.
        if (told.summary.includes("workers busy")) {
          assert.doesNotMatch(then.value.summary, /taken \(|used up|paused/, `${jobId} at ${asOf}`);
        } else assert.deepEqual(known(then.value), told, `${jobId} at ${asOf}`);
      }
      for (
        const { jobId } of daybook.engine.lists.page({ conditions: ["succeeded"], limit: 50 }).jobs
      ) {
        const { timing } = await daybook.explanation(jobId);
        const { queuedMs, queuedPausedMs = 0, queuedLimitedMs = 0 } = timing;
        assert.ok(
          queuedPausedMs + queuedLimitedMs <= queuedMs,
          `${jobId} ${JSON.stringify(timing)}`,
        );
      }
    }),
    { numRuns: rounds(15, 2_000, 5), seed: rounds(26, Date.now()) },
  );
});

const SUPPOSED = [
  { maxRunning: 1, perKey: null, rate: null },
  { maxRunning: 3, perKey: 1, rate: null },
  { maxRunning: 5, perKey: 2, rate: null },
  { maxRunning: null, perKey: 3, rate: null },
  { maxRunning: 4, perKey: null, rate: { count: 4, perMs: 20_000 } },
  { maxRunning: null, perKey: null, rate: null },
] as const;

Deno.test("random places: what-if predicts what other limits do once they are in force", async () => {
  const scripts = fc.array(fc.oneof(...common), { minLength: 10, maxLength: 40 });
  const which = fc.record({
    limits: fc.constantFrom(...LIMITS),
    supposed: fc.constantFrom(...SUPPOSED),
    nth: fc.nat(9),
  });
  await fc.assert(
    fc.asyncProperty(which, scripts, async ({ limits, supposed, nth }, script) => {
      const { daybook } = await play(limits, script);
      const { engine } = daybook;
      const queued = engine.lists.page({ conditions: ["queued"], limit: 50 }).jobs;
      const job = queued[nth % Math.max(1, queued.length)];
      if (job === undefined) return;
      const answer = await (await engine.explanations()).replays.whatIf(job.jobId, {
        limits: supposed,
      });
      assert.ok(answer.ok && answer.value.limits !== undefined);
      const { outcome, behind = [], statement } = answer.value.limits;
      const given = Object.entries(supposed).filter(([, limit]) => limit !== null);
      await engine.limits.change("mail.send", Object.fromEntries(given), "as was asked");
      await daybook.clock.settle();
      const conditionIn = (jobId: JobId) => {
        const found = engine.job(jobId);
        return found && deriveCondition(found);
      };
      const begins = conditionIn(job.jobId) === "executing";
      assert.equal(outcome, begins ? "begins" : "waits", statement);
      for (const jobId of behind) assert.equal(conditionIn(jobId), "executing", statement);
    }),
    { numRuns: rounds(15, 2_000, 5), seed: rounds(26, Date.now()) },
  );
});
