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
      "order matters: when shop.Paid (entry 6) comes before shop.OrderCancelled (entry 5), the " +
        "job ends Done; as it was, it ended Failed",
    );
    assert.match(seen.out[1] ?? "", /^ +entry 6 first: 6 meets "Running: matches an expectation/);
    assert.doesNotMatch(seen.out.join("\n"), /random|seed/);
  },
);

testWithHomes(
  "permute: an event that the job was too late for is part of the question",
  DEFINITIONS,
  async (home) => {
    await home.start();
    await home.event("shop.OrderCancelled", {}, { eventId: "before" });
    const id = await home.create({ plan: PLAN });
    await home.event("shop.Paid", { orderId: "a" });
    await home.event("shop.Paid", { orderId: "b" });
    const late = await home.event("shop.OrderCancelled", {}, { eventId: "late" });

    const { code, out } = await runJournal(["permute", id, "--journal", home.folder]);

    assert.equal(code, 1);
    const { missed, second, text } = JSON.parse(out[0] ?? "");
    const event = { logId: late.logId, eventId: "late", eventType: "shop.OrderCancelled" };
    assert.deepEqual(missed, { total: 1, considered: [event] });
    assert.deepEqual(second, event);
    assert.match(text, /the job ends Failed; as it was, it ended Done$/);
  },
);

testWithHomes(
  "permute: a difference in counts alone is exit code 0",
  DEFINITIONS,
  async (home) => {
    await home.start();
    const id = await home.create({ plan: { ...PLAN, expected: planFor("a", 2).expected } });
    await home.event("shop.Paid", { orderId: "a" });
    await home.event("shop.OrderCancelled");

    const { code, out } = await runJournal(["permute", id, "--journal", home.folder], {
      isInteractive: true,
    });

    assert.equal(code, 0);
    assert.match(out[0] ?? "", /^the outcome is Failed in every order; only the counts differ: /);
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
    const { text, seed, randomOrders, facts, orders } = JSON.parse(first.out[0] ?? "");
    assert.match(
      text,
      new RegExp(
        `^order does not matter: all ${orders} orders of 2 facts and \\d+ other entries end`,
      ),
    );
    assert.deepEqual([seed, randomOrders, facts], [undefined, 0, 2]);
  },
);

testWithHomes("permute: what it cannot use is told", DEFINITIONS, async (home) => {
  await home.start();
  const run = (...args: string[]) => runJournal(["permute", ...args, "--journal", home.folder]);
  assert.equal((await run("job_none")).code, 1);
  assert.equal((await run("job_none", "--tries", "many")).code, 64);
  const help = await runJournal(["permute", "--help"]);
  assert.equal(help.code, 0);
  assert.match(help.out.join(" "), /No event moves before the start: there it would count for/);
  assert.match(help.out.join(" "), /counted never comes behind what the job's code began after it/);
  for (const line of help.out) assert.ok(line.length <= (line.startsWith(" ") ? 100 : 78), line);
});
