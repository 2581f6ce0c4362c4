/** Random jobs with a deterministic `run`, whatever happens to them in the test kit. */

import assert from "node:assert/strict";
import fc from "fast-check";
import * as v from "valibot";
import {
  defineJob,
  type JobControl,
  JournalFailedError,
  NonRetryableError,
  RefusedError,
  type SubmittedInput,
} from "../../src/mod.ts";
import { minutes, type TestDaybook, testDaybook } from "../../src/testing/mod.ts";
import { rounds } from "../support/effort.ts";
import { type Action, action } from "../support/engine/random_jobs.ts";

const branches = v.array(v.array(v.union([
  v.object({
    kind: v.literal("task"),
    failures: v.number(),
    poison: v.boolean(),
    undoFailures: v.nullable(v.number()),
  }),
  v.object({ kind: v.literal("expect"), event: v.number() }),
  v.object({ kind: v.literal("sleep"), ms: v.number() }),
])));

const EVENTS = ["0", "1", "2"] as const;
type Event = typeof EVENTS[number];

const random = defineJob({
  type: "random.job",
  version: 1,
  input: v.object({ branches }),
  expects: () =>
    Object.fromEntries(
      EVENTS.map((event) => [event, { eventType: `ec.Event${event}` }]),
    ) as Record<Event, { readonly eventType: string }>,
  run: (ctx, { branches }) =>
    Promise.all(branches.map(async (steps, branch) => {
      let sum = 0;
      for (const [index, step] of steps.entries()) {
        if (step.kind === "expect") {
          sum += (await ctx.expect(String(step.event) as Event)).length;
          continue;
        }
        if (step.kind === "sleep") {
          await ctx.sleep(`step-${branch}-${index}`, step.ms);
          continue;
        }
        const { failures, poison, undoFailures } = step;
        let undone = 0;
        const undo = () => {
          if (undone++ < (undoFailures ?? 0)) throw new Error("not yet");
        };
        sum += await ctx.task(`step-${branch}-${index}`, ({ attempt }) => {
          if (attempt <= failures) throw new Error("not yet");
          if (poison) throw new NonRetryableError("never");
          return index;
        }, undoFailures === null ? {} : { compensate: undo });
      }
      return sum;
    })),
});

type Input = SubmittedInput<typeof random["input"]>;

class Play {
  readonly #daybook: TestDaybook;
  readonly #ids: string[] = [];

  constructor(daybook: TestDaybook) {
    this.#daybook = daybook;
  }

  async act(action: Action): Promise<void> {
    const daybook = this.#daybook;
    switch (action.kind) {
      case "create":
        this.#ids.push((await daybook.submit(random, action as unknown as Input)).jobId);
        break;
      case "control":
        await this.#control(this.#ids.at(-1 - action.job), action.control);
        break;
      case "event":
        await this.#event(this.#ids.at(-1 - action.job), String(action.event));
        break;
      case "advance":
        await daybook.advance(action.ms);
        break;
      case "stop":
        daybook.crashAfter(`step-0-${action.drainMs % 3}`);
        break;
      case "crash":
        await daybook.crash();
    }
  }

  /** Lets all of them end. */
  async end(): Promise<void> {
    for (const jobId of this.#ids) await this.#control(jobId, "resume");
    for (const jobId of this.#ids) {
      for (const event of EVENTS) await this.#event(jobId, event);
    }
    for (const jobId of this.#ids) {
      const job = await this.#daybook.wait(jobId, { timeoutMs: minutes(10) });
      assert.ok(job.endedAt, await this.#daybook.explain(jobId));
    }
  }

  async #control(jobId: string | undefined, control: JobControl) {
    if (jobId === undefined) return;
    try {
      const { jobId: id } = await this.#daybook.control(jobId, control);
      if (id !== jobId) this.#ids.push(id);
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
    }
  }

  async #event(jobId: string | undefined, event: string): Promise<void> {
    if (jobId !== undefined) await this.#daybook.deliver({ eventType: `ec.Event${event}`, jobId });
  }
}

Deno.test("second call: a deterministic run is never refused, whatever happens to its jobs", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 2, maxLength: 14 }), async (actions) => {
      const daybook = await testDaybook([random]);
      const play = new Play(daybook);
      const untold = /^Cannot crash after /;
      try {
        for (const action of actions) await play.act(action);
        await play.end();
        await daybook.close();
      } catch (error) {
        // A retry reuses the results of steps: the process may end after one of these.
        if (error instanceof JournalFailedError) return;
        // Not every job has such a step.
        if (!(error instanceof Error) || !untold.test(error.message)) throw error;
      }
    }),
    { numRuns: rounds(100, 20_000, 20) },
  );
});
