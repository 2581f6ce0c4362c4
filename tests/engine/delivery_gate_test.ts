import assert from "node:assert/strict";
import { DeliveryGate, type Place } from "../../src/engine/events/delivery_gate.ts";

/** Requests room, and notes which request gets it. */
function asking(gate: DeliveryGate, entered: string[]) {
  return async (name: string, cost: number, served = 0): Promise<Place> => {
    const place = await gate.enter(cost, served);
    entered.push(name);
    return place;
  };
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test("delivery gate: a large request waits until little is inside", async () => {
  const gate = new DeliveryGate();
  const first = gate.tryEnter(499);
  const second = gate.tryEnter(10_000);
  assert.ok(first && second);
  assert.equal(gate.tryEnter(50), undefined);

  second.leave();
  const third = gate.tryEnter(50);
  assert.ok(third);
  assert.equal(gate.tryEnter(50), undefined);
  await Promise.resolve();
});

Deno.test("delivery gate: a small request does not wait for a large one while there is room", () => {
  const gate = new DeliveryGate();
  assert.ok(gate.tryEnter(900));
  void gate.enter(900, 0);
  for (let little = 0; little < 10; little++) assert.ok(gate.tryEnter(10));
  assert.equal(gate.tryEnter(10), undefined);
});

Deno.test("delivery gate: of those waiting, the one that needs little and had little goes first", async () => {
  const gate = new DeliveryGate();
  const entered: string[] = [];
  const ask = asking(gate, entered);
  const inside = gate.tryEnter(500);
  const large = ask("large", 1_000);
  const greedy = ask("small, of a request that had much", 20, 5_000);
  const small = ask("small", 20);
  await turn();
  assert.deepEqual(entered, []);

  inside?.leave();
  await Promise.all([small, large]);
  assert.deepEqual(entered, ["small", "large"]);
  (await large).leave();
  await greedy;
});

Deno.test("delivery gate: a large request is not overtaken forever", async () => {
  const gate = new DeliveryGate();
  const entered: string[] = [];
  const ask = asking(gate, entered);
  let inside = gate.tryEnter(500);
  const large = ask("large", 3_000);
  for (let round = 0; round < 20; round++) {
    const small = ask("small", 500);
    inside?.leave();
    inside = await Promise.race([small, large]);
  }
  assert.ok(entered.includes("large"), `${entered.length} went first`);
});

Deno.test("delivery gate: a request that turns out smaller than announced makes room at once", async () => {
  const gate = new DeliveryGate();
  const place = gate.tryEnter(500);
  const waiting = gate.enter(20, 0);
  place?.keep(3);
  (await waiting).leaveUnlessKept();
  place?.leaveUnlessKept();

  const [one, other] = [gate.tryEnter(477), gate.tryEnter(20)];
  assert.ok(one && other);
  assert.equal(gate.tryEnter(20), undefined);
});
