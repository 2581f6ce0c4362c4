/** The real clock. */

import assert from "node:assert/strict";
import { dropUnprintable, systemClock } from "../../src/server/system.ts";

interface PlatformTimer {
  readonly delayMs: number;
  readonly callback: () => void;
}

const DAY_MS = 86_400_000;

/** Timers as the platform has them: one with more than 32 bits of milliseconds ends at once. */
class PlatformTimers {
  readonly #open = new Map<number, PlatformTimer>();
  #count = 0;

  readonly setTimeout = (callback: () => void, delayMs: number): number => {
    this.#open.set(++this.#count, { delayMs: delayMs < 2 ** 31 ? delayMs : 1, callback });
    return this.#count;
  };

  readonly clearTimeout = (timer: number) => void this.#open.delete(timer);

  /** Ends the open timers one after the other; returns how long that took. */
  run(max: number): number {
    let passedMs = 0;
    for (let count = 0; count < max; count++) {
      const [first] = this.#open;
      if (first === undefined) break;
      const [timer, { delayMs, callback }] = first;
      this.#open.delete(timer);
      passedMs += delayMs;
      callback();
    }
    return passedMs;
  }
}

async function clockOn({ setTimeout, clearTimeout }: PlatformTimers) {
  const own = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
  Object.assign(globalThis, { setTimeout, clearTimeout });
  try {
    // The query makes it a module of its own, with these timers.
    return (await import(`../../src/server/system.ts?${crypto.randomUUID()}`)).systemClock;
  } finally {
    Object.assign(globalThis, own);
  }
}

for (const days of [1, 24, 25, 49, 50, 400]) {
  Deno.test(`systemClock: a timer of ${days} days calls back once, after ${days} days`, async () => {
    const timers = new PlatformTimers();
    const clock = await clockOn(timers);
    let calls = 0;
    clock.setTimer(days * DAY_MS, () => calls++);

    assert.equal(timers.run(1_000), days * DAY_MS);
    assert.equal(calls, 1);
  });
}

Deno.test("systemClock: a cancelled timer never calls back, whatever its length and age", async () => {
  const timers = new PlatformTimers();
  const clock = await clockOn(timers);
  for (const [days, age] of [[1, 0], [60, 0], [60, 1], [60, 2], [Infinity, 5]] as const) {
    const cancel = clock.setTimer(days * DAY_MS, () => assert.fail(`${days} days`));
    timers.run(age);
    cancel();
    assert.equal(timers.run(1), 0);
  }
});

Deno.test("output: what cannot be printed is dropped, and what can is printed as it was given", () => {
  const printed: unknown[][] = [];
  let isFull = false;
  const print = (...values: unknown[]) => {
    if (isFull) throw new Error("No space left on device (os error 28)");
    printed.push(values);
  };
  const console = { log: print, info: print, debug: print, warn: print, error: print };
  dropUnprintable(console);

  console.log("one", 1);
  isFull = true;
  for (const method of [console.log, console.info, console.debug, console.warn, console.error]) {
    method("two");
  }
  isFull = false;
  console.error("three");

  assert.deepEqual(printed, [["one", 1], ["three"]]);
});

for (const turn of ["pause", "nextTurn"] as const) {
  Deno.test(`systemClock: work in twenty places that takes turns by ${turn} lets requests in between`, async () => {
    const server = Deno.serve({ port: 0, onListen() {} }, () => new Response("served"));
    let [pieces, isOver] = [0, false];
    const work = async () => {
      for (; !isOver; pieces++) {
        const until = performance.now() + 4;
        while (performance.now() < until);
        await systemClock[turn]();
      }
    };
    const works = Array.from({ length: 20 }, work);
    try {
      const pieceCounts: number[] = [];
      for (let request = 0; request < 5; request++) {
        const before = pieces;
        await (await fetch(`http://localhost:${server.addr.port}`)).text();
        pieceCounts.push(pieces - before);
      }
      const ofOpenConnection = pieceCounts.slice(1).reduce((sum, count) => sum + count);
      assert.ok(ofOpenConnection < 60, pieceCounts.join(", "));
    } finally {
      isOver = true;
      await Promise.all([...works, server.shutdown()]);
    }
  });
}
