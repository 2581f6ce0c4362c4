import assert from "node:assert/strict";
import {
  type CallOptions,
  type ChargeAnswer,
  type Order,
  orderFulfil,
  type OrderServices,
} from "../../src/jobs/order_fulfil.ts";
import { demonstrationServices } from "../../src/jobs/shipped.ts";
import { RefusedError } from "../../src/mod.ts";
import {
  eventFor,
  minutes,
  seconds,
  type TestDaybook,
  testDaybook,
} from "../../src/testing/mod.ts";

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

async function fulfilling(services: OrderServices, input: Order = order, crashAfter?: string) {
  const definition = orderFulfil(services);
  const daybook = await testDaybook([definition]);
  if (crashAfter !== undefined) daybook.crashAfter(crashAfter);
  const { jobId: id } = await daybook.submit(definition, input);
  const shipped = (tracking?: string) =>
    daybook.deliver(
      eventFor(definition, job(daybook, id), "shipped", tracking === undefined ? {} : { tracking }),
    );
  const lost = (orderId: string, message?: string) =>
    daybook.deliver({ eventType: LOST, attributes: { orderId, ...message && { message } } });
  return { daybook, definition, id, shipped, lost };
}

/** The current job. */
function job(daybook: TestDaybook, id: string) {
  const job = daybook.job(id);
  assert.ok(job);
  return job;
}

async function compensated(daybook: TestDaybook, id: string) {
  const entries = await daybook.events(id);
  return entries.filter(({ eventType }) => eventType === "job.TaskCompensated")
    .map(({ taskId }) => taskId);
}

Deno.test("order.fulfil: it reserves, charges, and is done when the order is shipped", async () => {
  const services = new NotedServices();
  const { daybook, id, shipped } = await fulfilling(services);
  assert.equal(job(daybook, id).condition, "waiting");
  assert.deepEqual(services.calls, ["reserve", "charge 2500"]);

  await daybook.deliver({ eventType: COMPLETED, attributes: { orderId: "A-2", tracking: "T-2" } });
  assert.equal(job(daybook, id).condition, "waiting");
  const receipt = await shipped("T-1");

  assert.equal(receipt.disposition, "matched");
  assert.deepEqual((await daybook.wait(id)).output, {
    orderId: "A-1",
    reservation: { reservationId: "r-1" },
    payment: { paymentId: "p-1" },
    tracking: "T-1",
  });
});

Deno.test("order.fulfil: a shipment that comes before the charge counts", async () => {
  const services = new NotedServices();
  const { promise, resolve } = Promise.withResolvers<ChargeAnswer>();
  services.charge = () => promise;
  const { daybook, id, shipped } = await fulfilling(services);

  await shipped();
  resolve({ kind: "charged", payment: { paymentId: "p-1" } });

  const { output } = await daybook.wait(id);
  assert.equal((output as { tracking: unknown }).tracking, null);
});

Deno.test("order.fulfil: a refused charge is not repeated, and the goods are released", async () => {
  const services = new NotedServices();
  services.charge = () => Promise.resolve({ kind: "refused", reason: "card expired" });
  const { daybook, id } = await fulfilling(services);

  const { failure } = await daybook.wait(id);
  assert.equal(failure?.kind, "poison");
  assert.equal(failure?.taskId, "charge");
  assert.equal(failure?.error.message, "Cannot charge: the payment was refused: card expired");
  assert.deepEqual(services.calls, ["reserve", "charge 2500", "release r-1"]);
});

Deno.test("order.fulfil: a lost shipment is refunded and then released", async () => {
  const services = new NotedServices();
  const { daybook, id, lost } = await fulfilling(services);

  await lost("A-2");
  assert.equal(job(daybook, id).condition, "waiting");
  await lost("A-1", "the ship sank");

  const { failure } = await daybook.wait(id);
  assert.equal(failure?.kind, "error");
  assert.deepEqual(failure?.error, { name: LOST, message: "the ship sank" });
  assert.equal(failure?.recoveryRequired, false);
  assert.deepEqual(services.calls.slice(2), ["refund p-1", "release r-1"]);
  assert.deepEqual(await compensated(daybook, id), ["charge", "reserve"]);
});

Deno.test("order.fulfil: if it is cancelled while it waits, everything is undone", async () => {
  const services = new NotedServices();
  const { daybook, id } = await fulfilling(services);
  await daybook.control(id, "cancel");
  assert.equal((await daybook.wait(id)).failure?.kind, "cancelled");
  assert.deepEqual(services.calls.slice(2), ["refund p-1", "release r-1"]);
});

Deno.test("order.fulfil: a failed refund needs a person, and goods are still released", async () => {
  const services = new NotedServices();
  services.refund = () => Promise.reject(new Error("no answer"));
  const { daybook, id, lost } = await fulfilling(services);
  await lost("A-1");

  const { failure } = await daybook.wait(id, { timeoutMs: minutes(10) });
  assert.equal(failure?.recoveryRequired, true);
  assert.equal(failure?.error.name, LOST);
  assert.equal(services.calls.filter((call) => call === "refund p-1").length, 4);
  assert.equal(services.calls.at(-1), "release r-1");
});

Deno.test("order.fulfil: a call has the same key in all attempts, and each action its own", async () => {
  const services = new NotedServices();
  let failures = 0;
  services.charge = () =>
    failures++ < 2
      ? Promise.reject(new Error("no answer"))
      : Promise.resolve({ kind: "charged", payment: { paymentId: "p-1" } });
  const { daybook, id, lost } = await fulfilling(services);
  await daybook.advance(seconds(10));
  await lost("A-1");

  assert.deepEqual(services.keys, [
    `${id}:reserve`,
    ...Array(3).fill(`${id}:charge`),
    `${id}:refund`,
    `${id}:release`,
  ]);
});

Deno.test("order.fulfil: after a kill after either step, nothing is reserved or charged again", async () => {
  for (const step of ["reserve", "charge"]) {
    const services = new NotedServices();
    const { daybook, id, shipped } = await fulfilling(services, order, step);
    await shipped("T-1");
    assert.equal(((await daybook.wait(id)).output as { tracking: unknown }).tracking, "T-1");
    assert.deepEqual(services.calls, ["reserve", "charge 2500"]);
  }
});

Deno.test("order.fulfil: an order without an id, or with an invalid amount, is refused", async () => {
  const definition = orderFulfil(new NotedServices());
  await using daybook = await testDaybook([definition]);
  for (
    const [input, pointer] of [
      [{ orderId: "", amount: 1 }, "/input/orderId"],
      [{ orderId: "A-1", amount: 0 }, "/input/amount"],
      [{ orderId: "A-1", amount: 1.5 }, "/input/amount"],
      [{ orderId: "A-1" }, "/input/amount"],
    ] as const
  ) {
    await assert.rejects(daybook.submit(definition, input as Order), (error) => {
      assert.ok(error instanceof RefusedError);
      assert.deepEqual(error.issues.map((issue) => issue.pointer), [pointer]);
      return true;
    });
  }
});

Deno.test("demonstrationServices: an amount above the limit is refused", async () => {
  const order = { orderId: "A-1", amount: 100_001 };
  const { daybook, id } = await fulfilling(demonstrationServices(), order);
  assert.equal((await daybook.wait(id)).failure?.kind, "poison");
  assert.deepEqual(await compensated(daybook, id), ["reserve"]);
});

Deno.test("demonstrationServices: a flaky order is charged at the third attempt, with backoff", async () => {
  const order = { orderId: "flaky-1", amount: 100_000 };
  const { daybook, id, shipped } = await fulfilling(demonstrationServices(), order);
  const attempts = () => job(daybook, id).tasks.find(({ taskId }) => taskId === "charge")?.attempts;
  assert.equal(job(daybook, id).condition, "backingOff");
  await daybook.advance(999);
  assert.equal(attempts(), 1);
  await daybook.advance(1);
  assert.equal(attempts(), 2);
  await daybook.advance(1_999);
  assert.equal(job(daybook, id).condition, "backingOff");
  await daybook.advance(1);

  assert.equal(job(daybook, id).condition, "waiting");
  assert.equal(attempts(), 3);
  await shipped("T-1");
  assert.equal((await daybook.wait(id)).state, "Done");
});
