/** Jobs that need a worker, and pauses that begin and end while there are very many such jobs. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { JobId } from "../../src/core/ids.ts";
import type { Work } from "../../src/core/work.ts";
import { holds, notePause, type Pause } from "../../src/core/pauses.ts";
import { PauseControls } from "../../src/engine/run/queue/pause_controls.ts";
import { FIRST_MAX } from "../../src/engine/run/queue/paused_requests.ts";
import { PromptTypes } from "../../src/engine/run/queue/slots.ts";
import { inQueueOrder, type Worker } from "../../src/engine/run/queue/request_lines.ts";
import { WorkerQueue } from "../../src/engine/run/queue/worker_queue.ts";
import { InForce } from "../../src/engine/writer/in_force.ts";
import { cases } from "../support/effort.ts";
import { NO_SHARES, WANTED } from "./lists_of.ts";

const pauseOf = (by: number, scope: object): Pause => ({
  ...{ pauseId: `p${by}`, reason: "", by, since: "" },
  ...scope,
});

function queueOf(max: number): WorkerQueue {
  return new WorkerQueue(max, new PromptTypes(), assert.ifError, NO_SHARES);
}

/** Pauses of a queue, and a clock that counts the turns for other work. */
function controlsOf(workers: WorkerQueue) {
  const pauses = new InForce(notePause, ({ pauseId }) => pauseId);
  const turns: (() => void)[] = [];
  const clock = { pause: () => new Promise<void>((resolve) => turns.push(resolve)) };
  const parts = { pauses, workers, threadWorkers: queueOf(0), clock, onDefect: assert.ifError };
  const controls = new PauseControls(parts as never);
  const change = (all: readonly Pause[]) => {
    pauses.restore(all);
    controls.changed();
  };
  const turn = async () => {
    turns.shift()?.();
    for (let tick = 0; tick < 5; tick++) await Promise.resolve();
    return turns.length > 0;
  };
  return { change, turn };
}

Deno.test("pauses: while a pause takes 10,000 jobs, other work continues and none of them starts", async () => {
  const queue = queueOf(1);
  const granted: string[] = [];
  let worker: Worker | undefined;
  const ask = (jobId: string, order: number, type = "held") =>
    queue.request({ ...WANTED, jobId: jobId as JobId, order, type }, (of) => {
      granted.push(jobId);
      worker = of;
    });
  const { change, turn } = controlsOf(queue);
  ask("busy", 0, "other");
  for (let order = 1; order <= 10_000; order++) ask(`held-${order}`, order);
  ask("free", 20_000, "other");

  change([pauseOf(1, { type: "held" })]);
  assert.ok(queue.paused <= 1_000, `${queue.paused} at once`);
  queue.release(worker as Worker);
  assert.deepEqual(granted, ["busy"], "so many are in front of it that it takes more than one go");
  let turns = 0;
  let freeAfter = 0;
  while (await turn()) {
    turns++;
    if (freeAfter === 0 && granted.includes("free")) freeAfter = turns;
  }
  assert.ok(turns >= 9, `${turns} turns`);
  assert.deepEqual([granted, queue.paused, queue.waiting], [["busy", "free"], 10_000, 0]);

  queue.release(worker as Worker);
  change([]);
  assert.ok(queue.paused >= 9_000, `${queue.paused} are left after the first go`);
  for (turns = 0; await turn();) turns++;
  assert.ok(turns >= 9, `${turns} turns`);
  assert.deepEqual([granted.at(-1), queue.paused, queue.waiting], ["held-1", 0, 9_999]);
});

type Act =
  | { readonly does: "ask"; readonly priority: number; readonly type: string; readonly tag: string }
  | { readonly does: "withdraw" | "release"; readonly at: number }
  | { readonly does: "begin"; readonly scope: object }
  | { readonly does: "end"; readonly at: number }
  | { readonly does: "sort"; readonly steps: number };

const name = fc.constantFrom("a", "b");
const scope = fc.oneof(
  fc.constant({}),
  name.map((type) => ({ type })),
  name.map((tag) => ({ label: `tag:${tag}` })),
);
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      ...{ does: fc.constant("ask" as const), priority: fc.nat(1), type: name, tag: name },
    }),
  },
  fc.record({ does: fc.constantFrom("withdraw" as const, "release" as const), at: fc.nat(20) }),
  fc.record({ does: fc.constant("begin" as const), scope }),
  fc.record({ does: fc.constant("end" as const), at: fc.nat(3) }),
  fc.record({ does: fc.constant("sort" as const), steps: fc.nat(4) }),
);

interface Asked {
  readonly jobId: JobId;
  readonly priority: number;
  readonly order: number;
  readonly type: string;
  readonly labels: { readonly tag: string };
  withdraw?: (() => void) | undefined;
}

/** A queue, and its public view. */
class Play {
  readonly queue = queueOf(2);
  readonly waiting = new Set<Asked>();
  readonly granted: Asked[] = [];
  readonly workers: Worker[] = [];
  pauses: readonly Pause[] = [];
  #works: Work<void>[] = [];
  #count = 0;

  isPaused(job: Asked): boolean {
    return this.pauses.some((pause) => holds(pause, job));
  }

  do(act: Act): void {
    if (act.does === "ask") this.#ask(act);
    else if (act.does === "withdraw") this.#withdraw([...this.waiting][act.at]);
    else if (act.does === "release") this.#release();
    else if (act.does === "sort") this.sort(act.steps);
    else if (act.does === "begin") {
      this.change([...this.pauses, pauseOf(++this.#count, act.scope)]);
    } else this.change(this.pauses.filter((_, index) => index !== act.at));
  }

  change(pauses: readonly Pause[]): void {
    this.pauses = pauses;
    this.#works.push(this.queue.pause(pauses));
  }

  sort(steps = Infinity): void {
    for (; steps > 0 && this.#works.length > 0; steps--) {
      if (this.#works[0]?.next().done === true) this.#works.shift();
    }
    this.queue.grantNext();
  }

  releaseAll(): void {
    while (this.workers.length > 0) this.#release();
  }

  #ask({ priority, type, tag }: Act & { does: "ask" }): void {
    const order = ++this.#count;
    const job: Asked = { jobId: `j${order}` as JobId, priority, order, type, labels: { tag } };
    this.waiting.add(job);
    job.withdraw = this.queue.request({ ...WANTED, ...job }, (worker) => {
      assert.ok(this.waiting.delete(job), "it is granted once, and not when withdrawn");
      assert.ok(!this.isPaused(job), "no pause holds it");
      this.granted.push(job);
      this.workers.push(worker);
    });
  }

  #withdraw(job: Asked | undefined): void {
    if (job === undefined) return;
    this.waiting.delete(job);
    job.withdraw?.();
  }

  #release(): void {
    const worker = this.workers.shift();
    if (worker !== undefined) this.queue.release(worker);
  }
}

Deno.test("pauses: each holds the right jobs, and no held job starts, however far sorting has got", () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
      const play = new Play();
      for (const act of acts) play.do(act);
      play.sort();
      for (const pause of play.pauses) {
        const should = [...play.waiting].filter((job) => holds(pause, job)).toSorted(inQueueOrder);
        const { jobs, first } = play.queue.heldBy(pause, Infinity);
        assert.deepEqual(
          [jobs, first.map(({ jobId }) => jobId)],
          [should.length, should.slice(0, FIRST_MAX).map(({ jobId }) => jobId)],
        );
      }
      const held = [...play.waiting].filter((job) => play.isPaused(job));
      const counts = [play.queue.paused, play.queue.waiting];
      assert.deepEqual(counts, [held.length, play.waiting.size - held.length]);

      const before = play.granted.length;
      const left = [...play.waiting].toSorted(inQueueOrder);
      play.queue.hold(true);
      play.change([]);
      play.sort();
      play.queue.hold(false);
      play.releaseAll();
      assert.deepEqual(play.granted.slice(before), left, "in the order of the queue");
    }),
    { numRuns: cases(500) },
  );
});
