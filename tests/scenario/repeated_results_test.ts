/** Steps of a job that returned the same one after another, as by a cursor that did not advance. */

import assert from "node:assert/strict";
import { NonRetryableError } from "../../src/mod.ts";
import { looseJob } from "../support/engine/engine_harness.ts";
import { Explained } from "../support/engine/explained.ts";

/** What a page returns, by the job and its number. */
type Page = (jobId: string, page: number) => unknown;

const rowsOf = (page: number) => Array.from({ length: 4 }, (_, at) => ({ sku: `S-${page}${at}` }));

/** Jobs that read six pages and check how many different rows they have; `bad` fails. */
async function synced(pageOf: Page, others = 6): Promise<Explained> {
  const sync = looseJob("catalog.sync", async (ctx) => {
    for (let page = 1; page <= 6; page++) {
      await ctx.task(`page-${page}`, () => pageOf(ctx.jobId, page) as string);
    }
    await ctx.task("check", () => {
      if (ctx.jobId === "bad") throw new NonRetryableError("expected 24 articles, got 12");
    });
  });
  const daybook = await Explained.start({ definitions: [sync] });
  for (let at = 0; at < others; at++) await daybook.submit(`good-${at}`, "catalog.sync", { at });
  await daybook.submit("bad", "catalog.sync", { at: others });
  return daybook;
}

const stuck: Page = (jobId, page) => {
  const read = jobId === "bad" ? Math.min(page, 3) : page;
  return { rows: rowsOf(read), next: `c-${read + 1}` };
};

Deno.test("explain a failure: steps in a row that returned the same are named, if they differ in jobs that went through, and a retry is offered that runs them again", async () => {
  const daybook = await synced(stuck);
  for (const now of [daybook, await daybook.crash()]) {
    await now.assertCitations("bad");
    const { summary, next } = await now.explanation("bad");
    assert.ok(
      summary.includes(
        " Tasks page-3, page-4, page-5 and page-6 returned exactly the same, where no two such " +
          "tasks in a row did so in 6 jobs that went through; a retry reuses these results unless it " +
          "begins at page-3.",
      ),
      summary,
    );
    assert.ok(
      next.some(({ statement }) =>
        statement.startsWith(
          "Then retry it from task page-3, which returned the same as those after it; that task",
        )
      ),
    );
  }
});

const alike: Page = (jobId, page) => stuck(jobId === "good-2" ? "bad" : jobId, page);

Deno.test("explain a job that is Done: the same is said of it, without a retry", async () => {
  const { summary } = await (await synced(alike)).explanation("good-2");
  assert.match(
    summary,
    / Tasks page-3, .* returned exactly the same, .* in 5 jobs that went through\.$/,
  );
});

Deno.test("innocent: steps in a row that returned the same in another job too, that have nothing of its own, or that are two", async () => {
  const empty: Page = (jobId, page) => jobId === "bad" ? { rows: [], next: null } : rowsOf(page);
  const sent: Page = (jobId, page) => ({ sent: jobId === "bad" || page % 2 === 0 });
  const two: Page = (jobId, page) => stuck(jobId, jobId === "bad" && page > 4 ? 2 : page % 4);
  for (
    const daybook of [
      await synced(empty),
      await synced(alike),
      await synced(sent),
      await synced(two),
      await synced(stuck, 2),
    ]
  ) {
    const { summary, next } = await daybook.explanation("bad");
    assert.match(summary, /expected 24 articles/);
    assert.doesNotMatch(summary + JSON.stringify(next), /the same/);
  }
});
