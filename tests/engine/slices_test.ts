import assert from "node:assert/strict";
import type { Work } from "../../src/core/at_once.ts";
import { atOnce } from "../../src/core/at_once.ts";
import { inSlices } from "../../src/engine/queries/slices.ts";
import { FakeClock } from "../support/fake_clock.ts";

/** A clock on which each look takes a millisecond. */
class BusyClock extends FakeClock {
  #now = 0;
  readonly pausedAt: number[] = [];

  override monotonic(): number {
    return this.#now++;
  }

  override pause(): Promise<void> {
    this.pausedAt.push(this.#now);
    return super.pause();
  }
}

function* counting(upTo: number): Work<number> {
  let count = 0;
  while (count < upTo) {
    count++;
    yield;
  }
  return count;
}

Deno.test("inSlices: long work lets others have their turn every few milliseconds", async () => {
  const clock = new BusyClock();
  assert.equal(await inSlices(clock, counting(100)), 100);
  assert.ok(clock.pausedAt.length >= 15, `${clock.pausedAt.length} pauses`);
});

Deno.test("inSlices: short work is not interrupted", async () => {
  const clock = new BusyClock();
  assert.equal(await inSlices(clock, counting(3)), 3);
  assert.deepEqual(clock.pausedAt, []);
});

Deno.test("inSlices: an error of the work is the caller's", async () => {
  // deno-lint-ignore require-yield
  function* failing(): Work<number> {
    throw new Error("no");
  }
  await assert.rejects(inSlices(new BusyClock(), failing()), { message: "no" });
});

Deno.test("atOnce: gives what the work gives", () => {
  assert.equal(atOnce(counting(1_000)), 1_000);
});
