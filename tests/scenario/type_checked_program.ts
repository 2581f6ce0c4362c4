/** A program that embeds Daybook; it prints an explanation. */

import * as v from "valibot";
import { defineJob, openDaybook } from "../../src/mod.ts";

const wait = defineJob({
  type: "order.wait",
  version: 1,
  input: v.object({ orderId: v.string() }),
  expects: ({ orderId }) => ({
    paid: { eventType: "ec.Paid", correlation: { equals: { orderId } } },
  }),
  run: async (ctx) => void await ctx.expect("paid"),
});

await using daybook = await openDaybook({ journal: Deno.args[0] ?? "", definitions: [wait] });
const { jobId } = await daybook.submit(wait, { orderId: "R-400" });
await daybook.deliver({ eventType: "ec.Paid", attributes: { orderId: "r-400" } });
let text = await daybook.explain(jobId);
// On a slow machine the index of values takes longer to start than an explanation waits for it.
while (text.includes("is not ready yet")) text = await daybook.explain(jobId);
console.log(text);
