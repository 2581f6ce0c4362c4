import assert from "node:assert/strict";
import { eventType } from "../../src/core/event_type.ts";
import { DEFAULT_POLICY, type JobPlan } from "../../src/core/job_plan.ts";
import { testWithHomes } from "../support/journal_home.ts";
import { DEFINITIONS, planFor, taskIs } from "../support/journal_kinds.ts";
import { runJournal } from "../support/journal_command.ts";

const PLAN: JobPlan = {
  ...planFor("a"),
  policy: {
    ...DEFAULT_POLICY,
    errors: [{ eventType: eventType("shop.OrderCancelled"), correlation: "any" }],
  },
};

testWithHomes(
  "permute: an order that matters is shown by its pair, while a server runs",
  DEFINITIONS,
  async (home) => {
    await home.start();
    const id = await home.create({ plan: PLAN });
    await home.event("shop.OrderCancelled", {}, { eventId: "cancelled" });
    await home.event("shop.Paid", { orderId: "a" }, { jobId: id, eventId: "paid" });
    const args = ["permute", id, "--journal", home.folder];

    const piped = await runJournal(args);
    const seen = await runJournal(args, { isInteractive: true });

    assert.deepEqual([piped.code, seen.code], [1, 1]);
    const verdict = JSON.parse(piped.out[0] ?? "");
    assert.equal(verdict.verdict, "pair");
    assert.equal(verdict.text, seen.out[0]);
    assert.deepEqual(verdict.second, { logId: 6, eventId: "paid", eventType: "shop.Paid" });
    assert.equal(
      seen.out[0],
      "order matters: shop.OrderCancelled (entry 5) before shop.Paid (entry 6) ends Failed, " +
        "after it Done",
    );
    assert.equal(seen.out.at(-1), "  seed 42, 1000 random orders");
  },
);

testWithHomes(
  "permute: an order that does not matter is exit code 0, and says how many it tried",
  DEFINITIONS,
  async (home) => {
    await home.start();
    const id = await home.create({ type: "test.order", input: { orderId: "a" } });
    await home.until(id, taskIs("main", "waiting"));
    await home.event("shop.Noise", {}, { jobId: id });
    await home.event("shop.Shipped", { orderId: "a", region: "EU" });
    await home.until(id, ({ state }) => state === "Done");
    const args = ["permute", id, "--journal", home.folder, "--tries", "50", "--seed", "7"];

    const first = await runJournal(args);
    const second = await runJournal(args);

    assert.equal(first.code, 0);
    assert.deepEqual(first.out, second.out);
    const { text, seed, tries, facts } = JSON.parse(first.out[0] ?? "");
    assert.match(text, /^order does not matter: \d+ orders of 2 facts all end Done$/);
    assert.deepEqual([seed, tries, facts], [7, 50, 2]);
  },
);

testWithHomes("permute: what it cannot use is told", DEFINITIONS, async (home) => {
  await home.start();
  const run = (...args: string[]) => runJournal(["permute", ...args, "--journal", home.folder]);
  assert.equal((await run("job_none")).code, 1);
  assert.equal((await run("job_none", "--tries", "many")).code, 64);
  const help = await runJournal(["permute", "--help"]);
  assert.equal(help.code, 0);
  assert.match(help.out.join("\n"), /no event moves before the start: there it would count for/);
});
