/** Creates events that jobs under test wait for. */

import { holds } from "../core/correlation.ts";
import type { JsonObject } from "../core/json.ts";
import type { Job } from "../embedded/job.ts";
import type { DeliveredEvent } from "../embedded/submission.ts";
import type { InputSchema, JobDefinition } from "../engine/definition.ts";
import { matchingAttributes } from "../explain/open/requests_to_send.ts";

/**
 * An event that satisfies an expectation of a job: it has the type and the values that the plan
 * demands, and those of the first alternative if there are several. It names no job, so the test
 * also covers that it reaches the job.
 *
 * @param name The name of the expectation in `expects` of the definition.
 * @param attributes Further attributes, or values to use instead.
 * @throws {TypeError} when the plan has no such expectation, or the event would not match it.
 *
 * @example
 * ```ts
 * import { defineJob } from "@daybook/daybook";
 * import { eventFor, testDaybook } from "@daybook/daybook/testing";
 * import * as v from "valibot";
 *
 * const pay = defineJob({
 *   type: "order.pay",
 *   version: 1,
 *   input: v.object({ orderId: v.string() }),
 *   expects: ({ orderId }) => ({
 *     paid: { eventType: "bank.OrderPaid", correlation: { equals: { orderId } } },
 *   }),
 *   run: async (ctx) => (await ctx.expect("paid"))[0].attributes.amount ?? 0,
 * });
 *
 * await using daybook = await testDaybook([pay]);
 * const job = await daybook.submit(pay, { orderId: "42" });
 * await daybook.deliver(eventFor(pay, job, "paid", { amount: 12 }));
 * console.log((await daybook.wait(job)).output); // 12
 * ```
 */
export function eventFor<
  Schema extends InputSchema,
  ExpectationName extends string,
  Output,
>(
  _definition: JobDefinition<Schema, ExpectationName, Output>,
  { jobId, expected }: Job,
  name: ExpectationName,
  attributes: JsonObject = {},
): DeliveredEvent {
  const wanted = expected.find(({ id }) => id === name);
  if (wanted === undefined) {
    const names = expected.map(({ id }) => id).join(", ");
    throw new TypeError(
      `Cannot make an event for ${JSON.stringify(name)}: job ${jobId} expects ${names}`,
    );
  }
  const { eventType, correlation } = wanted;
  const said = { ...matchingAttributes(correlation), ...attributes };
  if (!holds(correlation, said)) {
    throw new TypeError(
      `Cannot make an event for ${JSON.stringify(name)}: the plan of job ${jobId} asks for ` +
        `${JSON.stringify(correlation)}, and the event says ${JSON.stringify(said)}`,
    );
  }
  return { eventType, attributes: said };
}
