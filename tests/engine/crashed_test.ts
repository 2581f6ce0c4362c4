/** The rule of three: an attempt that ends the process runs alone and is parked; others are not. */

import assert from "node:assert/strict";
import * as v from "valibot";
import type { JobId } from "../../src/core/ids.ts";
import { defineJob } from "../../src/engine/definition.ts";
import { Harness } from "../support/engine/engine_harness.ts";

function definitionOf(work: (name: string) => Promise<void>) {
  return defineJob({
    type: "demo.work",
    version: 1,
    input: v.object({ tasks: v.array(v.string()) }),
    async run(ctx, { tasks }) {
      await Promise.all(tasks.map((name) => ctx.task(name, () => work(name))));
    },
  });
}

/** Each task runs until its gate is opened; a job has two, in parallel if its input says so. */
class Works {
  readonly running = new Set<string>();
  readonly #gates = new Map<string, () => void>();

  readonly definition = definitionOf((name) => this.#work(name));

  /** Nothing runs in an ended process. */
  died(): void {
    this.running.clear();
    this.#gates.clear();
  }

  open(name: string): void {
    this.#gates.get(name)?.();
  }

  async #work(name: string): Promise<void> {
    this.running.add(name);
    await new Promise<void>((resolve) => this.#gates.set(name, resolve));
    this.running.delete(name);
  }
}

async function started(works: Works, ...jobs: readonly (readonly string[])[]) {
  const daybook = await Harness.start({ definitions: [works.definition] });
  const ids: JobId[] = [];
  for (const tasks of jobs) ids.push(await daybook.submit("demo.work", { tasks: [...tasks] }));
  return { daybook, ids };
}

async function died(daybook: Harness, works: Works): Promise<Harness> {
  works.died();
  const next = await daybook.crash();
  return next;
}

Deno.test("crashed: attempts open at two unclean ends run alone, one at a time", async () => {
  const works = new Works();
  const { daybook: first, ids } = await started(works, ["a"], ["b", "c"], ["d"]);
  const second = await died(first, works);
  assert.deepEqual([...works.running].toSorted(), ["a", "b", "c", "d"]);
  // A job created now was not there at the first end.
  await second.submit("demo.work", { tasks: ["late"] });
  const third = await died(second, works);

  const order: string[] = [];
  while (works.running.size === 1) {
    const [name = ""] = works.running;
    order.push(name);
    works.open(name);
    await third.clock.settle();
    if (order.length === 4) break;
  }
  assert.deepEqual(order.toSorted(), ["a", "b", "c", "d"]);
  assert.deepEqual([...works.running], ["late"]);
  for (const id of ids) assert.equal(third.job(id).state, "Done");
  third.assertSound();
});

Deno.test("crashed: only the job that was alone at the third end is parked, and the others continue", async () => {
  const works = new Works();
  const { daybook, ids: [bad, good] } = await started(works, ["bad"], ["good"]);
  assert.ok(bad && good);
  let now = daybook;
  for (let ends = 0; ends < 3; ends++) now = await died(now, works);

  const { parked } = now.job(bad);
  assert.equal(now.condition(bad), "parked");
  assert.equal(parked?.reason, "crashed");
  assert.match(
    parked?.message ?? "",
    /ended without a stop 3 times in a row while task bad was open/,
  );
  assert.deepEqual([...works.running], ["good"]);
  works.open("good");
  await now.clock.settle();
  assert.equal(now.job(good).state, "Done");
  // It stays parked at further starts: fitting code is no reason to resume it.
  const later = await died(now, works);
  assert.equal(later.condition(bad), "parked");
  later.assertSound();
});

Deno.test("crashed: an end with several open attempts parks none", async () => {
  const works = new Works();
  const { daybook, ids } = await started(works, ["a"], ["b"]);
  let now = daybook;
  for (let ends = 0; ends < 2; ends++) now = await died(now, works);
  assert.equal(works.running.size, 1);
  for (const id of ids) assert.notEqual(now.condition(id), "parked");
  now.assertSound();
});

Deno.test("crashed: a clean stop resets the count of unclean ends", async () => {
  const works = new Works();
  const { daybook } = await started(works, ["a"], ["b"]);
  const second = await died(daybook, works);
  const stopping = second.engine.stop(0);
  await second.clock.advance(20_000);
  await stopping;
  await second.journal.close();
  const third = await died(second, works);
  assert.equal(works.running.size, 2);
  await died(third, works);
  assert.equal(works.running.size, 2);
});

Deno.test("crashed: cancel compensates at once, and resume tries again, alone", async () => {
  const works = new Works();
  const { daybook, ids: [bad, good] } = await started(works, ["bad"], ["good"]);
  assert.ok(bad && good);
  let now = daybook;
  for (let ends = 0; ends < 3; ends++) now = await died(now, works);
  await now.control(bad, "resume");
  // The running attempt ends first.
  assert.deepEqual([...works.running], ["good"]);
  works.open("good");
  await now.clock.settle();
  assert.deepEqual([...works.running], ["bad"]);
  const again = await died(now, works);
  assert.equal(again.job(bad).parked?.reason, "crashed");
  await again.control(bad, "cancel");
  assert.equal(again.condition(bad), "cancelled");
  again.assertSound();
});
