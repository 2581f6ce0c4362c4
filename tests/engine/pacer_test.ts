import assert from "node:assert/strict";
import type { Work } from "../../src/core/work.ts";
import { Pacer, type Share } from "../../src/engine/events/pacer.ts";
import { FakeClock } from "../support/fake_clock.ts";

/** A clock on which only work takes time. */
class WorkClock extends FakeClock {
  worked = 0;
  pauses = 0;

  override monotonic(): number {
    return this.worked;
  }

  override pause(): Promise<void> {
    this.pauses++;
    return super.pause();
  }
}

const share = (spentMs = 0): Share => ({ spentMs });

Deno.test("pacer: a little work is done at once, and costs no pause", () => {
  const clock = new WorkClock();
  const pacer = new Pacer(clock);
  for (let piece = 0; piece < 5; piece++) {
    assert.equal(pacer.do(share(), () => ++clock.worked), piece + 1);
  }
  assert.equal(clock.pauses, 0);
});

Deno.test("pacer: however many share it, it yields every few milliseconds", async () => {
  const clock = new WorkClock();
  const pacer = new Pacer(clock);
  const results = await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      pacer.do(share(), () => {
        clock.worked += 1;
        return index;
      })),
  );
  assert.deepEqual(results, Array.from({ length: 100 }, (_, index) => index));
  assert.ok(clock.pauses >= 10, `${clock.pauses} pauses in 100 ms`);
});

Deno.test("pacer: the task that has had the least time goes first", async () => {
  const clock = new WorkClock();
  const pacer = new Pacer(clock);
  const [large, small] = [share(), share()];
  const done: string[] = [];
  const work = (name: string, of: Share) =>
    pacer.do(of, () => {
      clock.worked += 3;
      done.push(name);
    });
  const all = Array.from({ length: 10 }, () => work("large", large));
  all.push(work("small", small));
  await Promise.all(all);
  assert.equal(done.indexOf("small"), 2);
});

Deno.test("pacer: a task that has had hardly any time waits only for others like it", async () => {
  const clock = new WorkClock();
  const pacer = new Pacer(clock);
  const large = share();
  const all = Array.from({ length: 10 }, () => pacer.do(large, () => clock.worked += 3));
  const small = Array.from({ length: 20 }, () => pacer.do(share(), () => clock.worked += 0.5));
  assert.equal(small.filter((one) => typeof one === "number").length, 10);
  await Promise.all([...all, ...small]);
});

Deno.test("pacer: long work is done in pieces, and returns its result", async () => {
  const clock = new WorkClock();
  const pacer = new Pacer(clock);
  function* counting(): Work<number> {
    for (let step = 0; step < 50; step++) {
      clock.worked += 0.5;
      yield;
    }
    return clock.worked;
  }
  assert.equal(await pacer.all(share(), counting()), 25);
  assert.ok(clock.pauses >= 4, `${clock.pauses} pauses in 25 ms`);
});

Deno.test("pacer: an error rejects only its own work, and the others continue", async () => {
  const clock = new WorkClock();
  const pacer = new Pacer(clock);
  const failing = () => {
    clock.worked += 10;
    throw new Error("no");
  };
  assert.throws(() => pacer.do(share(), failing), { message: "no" });
  const [later, last] = [pacer.do(share(1), failing), pacer.do(share(1), () => "done")];
  await assert.rejects(async () => await later, { message: "no" });
  assert.equal(await last, "done");
});
