import assert from "node:assert/strict";
import { CheckPool } from "../../src/tools/check_pool.ts";
import { FakeClock } from "../support/fake_clock.ts";

const items = Array.from({ length: 300 }, (_, index) => index);

Deno.test("check pool: it works on few at a time, and on all while they wait for a timer", async () => {
  const clock = new FakeClock();
  let busy = 0;
  let busyMost = 0;
  const done: number[] = [];
  const pool = new CheckPool(items, clock, async (item, clock) => {
    busyMost = Math.max(busyMost, ++busy);
    await clock.nextTurn();
    busy--;
    await new Promise<void>((resolve) => clock.setTimer(1_000, resolve));
    done.push(item);
  });
  const running = pool.run();
  await clock.settle();
  const waiting = clock.armed;
  await clock.advance(1_000);
  await running;

  assert.equal(busyMost, 100);
  assert.equal(waiting, 300);
  assert.deepEqual(done.toSorted((left, right) => left - right), items);
});

Deno.test("check pool: without work it ends, and a failure is reported", async () => {
  await new CheckPool([], new FakeClock(), () => Promise.reject(new Error("no"))).run();
  await assert.rejects(
    new CheckPool(items, new FakeClock(), () => Promise.reject(new Error("no"))).run(),
    /^Error: no$/,
  );
});
