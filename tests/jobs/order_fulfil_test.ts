import assert from "node:assert/strict";
import type { JsonObject } from "../../src/core/json.ts";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { findTask } from "../../src/core/job_state.ts";
import { taskId } from "../../src/core/ids.ts";
import {
  type CallOptions,
  type ChargeAnswer,
  orderFulfil,
  type OrderServices,
} from "../../src/jobs/order_fulfil.ts";
import { demonstrationServices } from "../../src/jobs/shipped.ts";
import { Harness } from "../support/engine/engine_harness.ts";
import { failureOf, outputOf } from "./job_outcome.ts";

const COMPLETED = "ec.shipment.ShipmentCompleted";
const LOST = "ec.shipment.ShipmentLost";
const order = { orderId: "A-1", amount: 2_500 };

/** Services that note each call; `charge` answers as the test says. */
class NotedServices implements OrderServices {
  readonly calls: string[] = [];
  readonly keys: string[] = [];
  charge: () => Promise<ChargeAnswer> = () =>
    Promise.resolve({ kind: "charged", payment: { paymentId: "p-1" } });
  refund: () => Promise<void> = () => Promise.resolve();

  readonly warehouse: OrderServices["warehouse"] = {
    reserve: (_order, options) =>
      this.#note("reserve", options, () => Promise.resolve({ reservationId: "r-1" })),
    release: ({ reservationId }, options) =>
      this.#note(`release ${reservationId}`, options, () => Promise.resolve()),
  };

  readonly payments: OrderServices["payments"] = {
    charge: ({ amount }, options) => this.#note(`charge ${amount}`, options, () => this.charge()),
    refund: ({ paymentId }, options) =>
      this.#note(`refund ${paymentId}`, options, () => this.refund()),
  };

  #note<Answer>(call: string, options: CallOptions, answer: () => Promise<Answer>) {
    this.calls.push(call);
    this.keys.push(options.idempotencyKey);
    return answer();
  }
}

async function fulfilling(services: OrderServices, input: JsonObject = order) {
  const daybook = await Harness.start({ definitions: [orderFulfil(services)] });
  return { daybook, id: await daybook.submit("order.fulfil", input) };
}

function typesOf(entries: readonly JobEventLogEntry[], type: string): readonly unknown[] {
  return entries.filter(({ eventType }) => eventType === type).map(({ taskId }) => taskId);
}

Deno.test("order.fulfil: reserves, charges, and is done when the order is shipped", async () => {
  const services = new NotedServices();
  const { daybook, id } = await fulfilling(services);
  assert.equal(daybook.condition(id), "waiting");
  assert.deepEqual(services.calls, ["reserve", "charge 2500"]);

  await daybook.event(COMPLETED, { orderId: "A-2", tracking: "T-2" });
  assert.equal(daybook.condition(id), "waiting");
  const receipt = await daybook.event(COMPLETED, { orderId: "A-1", tracking: "T-1" });

  assert.equal(receipt.disposition, "matched");
  assert.deepEqual(outputOf(daybook.job(id)), {
    orderId: "A-1",
    reservation: { reservationId: "r-1" },
    payment: { paymentId: "p-1" },
    tracking: "T-1",
  });
  daybook.assertSound();
});

Deno.test("order.fulfil: a shipment that comes before the charge counts", async () => {
  const services = new NotedServices();
  const { promise, resolve } = Promise.withResolvers<ChargeAnswer>();
  services.charge = () => promise;
  const { daybook, id } = await fulfilling(services);

  await daybook.event(COMPLETED, { orderId: "A-1" });
  resolve({ kind: "charged", payment: { paymentId: "p-1" } });
  await daybook.clock.settle();

  assert.equal((outputOf(daybook.job(id)) as { tracking: unknown }).tracking, null);
});

Deno.test("order.fulfil: a refused charge is not repeated, and the goods are released", async () => {
  const services = new NotedServices();
  services.charge = () => Promise.resolve({ kind: "refused", reason: "card expired" });
  const { daybook, id } = await fulfilling(services);

  const failure = failureOf(daybook.job(id));
  assert.equal(failure?.kind, "poison");
  assert.equal(failure?.taskId, "charge");
  assert.equal(
    failure?.error.message,
    "Cannot charge: the payment was refused: card expired",
  );
  assert.deepEqual(services.calls, ["reserve", "charge 2500", "release r-1"]);
  daybook.assertSound();
});

Deno.test("order.fulfil: a lost shipment is refunded and then released", async () => {
  const services = new NotedServices();
  const { daybook, id } = await fulfilling(services);

  await daybook.event(LOST, { orderId: "A-2" });
  assert.equal(daybook.condition(id), "waiting");
  await daybook.event(LOST, { orderId: "A-1", message: "the ship sank" });

  const failure = failureOf(daybook.job(id));
  assert.equal(failure?.kind, "error");
  assert.deepEqual(failure?.error, { name: LOST, message: "the ship sank" });
  assert.equal(failure?.recoveryRequired, false);
  assert.deepEqual(services.calls.slice(2), ["refund p-1", "release r-1"]);
  const compensated = typesOf(await daybook.entries(id), "job.TaskCompensated");
  assert.deepEqual(compensated, ["charge", "reserve"]);
  daybook.assertSound();
});

Deno.test("order.fulfil: cancelled while it waits, everything is undone", async () => {
  const services = new NotedServices();
  const { daybook, id } = await fulfilling(services);
  await daybook.control(id, "cancel");
  assert.equal(failureOf(daybook.job(id))?.kind, "cancelled");
  assert.deepEqual(services.calls.slice(2), ["refund p-1", "release r-1"]);
});

Deno.test("order.fulfil: a refund that cannot be made asks for a person, and goods are released", async () => {
  const services = new NotedServices();
  services.refund = () => Promise.reject(new Error("no answer"));
  const { daybook, id } = await fulfilling(services);
  await daybook.event(LOST, { orderId: "A-1" });
  await daybook.clock.advance(600_000);

  const failure = failureOf(daybook.job(id));
  assert.equal(failure?.recoveryRequired, true);
  assert.equal(failure?.error.name, LOST);
  assert.equal(services.calls.filter((call) => call === "refund p-1").length, 4);
  assert.equal(services.calls.at(-1), "release r-1");
});

Deno.test("order.fulfil: a call has one key over its attempts, and each action its own", async () => {
  const services = new NotedServices();
  let failures = 0;
  services.charge = () =>
    failures++ < 2
      ? Promise.reject(new Error("no answer"))
      : Promise.resolve({ kind: "charged", payment: { paymentId: "p-1" } });
  const { daybook, id } = await fulfilling(services);
  await daybook.clock.advance(10_000);
  await daybook.event(LOST, { orderId: "A-1" });

  assert.deepEqual(services.keys, [
    `${id}:reserve`,
    ...Array(3).fill(`${id}:charge`),
    `${id}:refund`,
    `${id}:release`,
  ]);
});

Deno.test("order.fulfil: after a restart neither the goods nor the money are asked for again", async () => {
  const services = new NotedServices();
  const { daybook, id } = await fulfilling(services);
  const restarted = await daybook.crash();
  await restarted.event(COMPLETED, { orderId: "A-1", tracking: "T-1" });
  assert.equal((outputOf(restarted.job(id)) as { tracking: unknown }).tracking, "T-1");
  assert.deepEqual(services.calls, ["reserve", "charge 2500"]);
});

Deno.test("order.fulfil: an order without an id, or with an amount that is none, is refused", async () => {
  const daybook = await Harness.start({ definitions: [orderFulfil(new NotedServices())] });
  for (
    const [input, pointer] of [
      [{ orderId: "", amount: 1 }, "/orderId"],
      [{ orderId: "A-1", amount: 0 }, "/amount"],
      [{ orderId: "A-1", amount: 1.5 }, "/amount"],
      [{ orderId: "A-1" }, "/amount"],
    ] as const
  ) {
    const outcome = await daybook.engine.create({ type: "order.fulfil", input });
    assert.ok(!outcome.ok && outcome.problem.kind === "invalidInput");
    assert.deepEqual(outcome.problem.issues.map((issue) => issue.pointer), [pointer]);
  }
});

Deno.test("demonstrationServices: an amount above the limit is refused", async () => {
  const { daybook, id } = await fulfilling(demonstrationServices(), { ...order, amount: 100_001 });
  assert.equal(failureOf(daybook.job(id))?.kind, "poison");
  assert.deepEqual(typesOf(await daybook.entries(id), "job.TaskCompensated"), ["reserve"]);
});

Deno.test("demonstrationServices: a flaky order is charged at the third attempt, with backoff", async () => {
  const { daybook, id } = await fulfilling(demonstrationServices(), {
    orderId: "flaky-1",
    amount: 100_000,
  });
  const charge = taskId("charge");
  const failures = () => findTask(daybook.job(id), charge)?.failures;
  assert.equal(daybook.condition(id), "backingOff");
  await daybook.clock.advance(999);
  assert.equal(failures(), 1);
  await daybook.clock.advance(1);
  assert.equal(failures(), 2);
  await daybook.clock.advance(1_999);
  assert.equal(daybook.condition(id), "backingOff");
  await daybook.clock.advance(1);

  assert.equal(daybook.condition(id), "waiting");
  assert.equal(findTask(daybook.job(id), charge)?.attempts, 3);
  await daybook.event(COMPLETED, { orderId: "flaky-1", tracking: "T-1" });
  assert.equal(daybook.job(id).state, "Done");
  daybook.assertSound();
});
