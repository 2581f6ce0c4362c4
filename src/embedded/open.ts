/** Opens a Daybook without a server or a process of its own. */

import type { EmbeddedDaybook, OpenOptions } from "./daybook.ts";

/**
 * Opens a journal in this process, and continues its unfinished jobs.
 *
 * @throws {TypeError} if a setting or a definition is invalid.
 * @throws {JournalLockedError} if another process holds the journal.
 * @throws {JournalUnusableError} if the journal, or the key of a sealed input, cannot be used.
 * @throws {JournalDamagedError} if recorded data is damaged.
 *
 * @example
 * ```ts
 * import { defineJob, openDaybook } from "@daybook/daybook";
 * import * as v from "valibot";
 *
 * const pay = defineJob({
 *   type: "order.pay",
 *   version: 1,
 *   input: v.object({ orderId: v.string() }),
 *   expects: ({ orderId }) => ({
 *     paid: { eventType: "bank.OrderPaid", correlation: { equals: { orderId } } },
 *   }),
 *   run: async (ctx) => (await ctx.expect("paid"))[0].occurredAt,
 * });
 *
 * await using daybook = await openDaybook({ journal: "journal", definitions: [pay] });
 * const job = await daybook.submit(pay, { orderId: "42" });
 * await daybook.deliver({ eventType: "bank.OrderPaid", attributes: { orderId: "42" } });
 * const { state, output } = await daybook.wait(job, { timeoutMs: 5_000 });
 * console.log(state, output);
 * ```
 */
export async function openDaybook(options: OpenOptions): Promise<EmbeddedDaybook> {
  // Imported here: a module of definitions is loaded in each thread, which does not need the
  // engine.
  const { openInProcess } = await import("./in_process.ts");
  return await openInProcess(options);
}
