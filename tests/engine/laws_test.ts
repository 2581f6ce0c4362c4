/** Laws of the whole engine, for random histories: the journal is the state. */

import assert from "node:assert/strict";
import fc from "fast-check";
import * as v from "valibot";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { eventId, eventType, executionId } from "../../src/core/ids.ts";
import type { JobPlan } from "../../src/core/job_plan.ts";
import { type AnyJobDefinition, defineJob } from "../../src/engine/definition.ts";
import { NonRetryableError } from "../../src/engine/job_errors.ts";
import type { TraceIds } from "../../src/core/trace_ids.ts";
import type { IncomingEvent } from "../../src/engine/requests.ts";
import { Harness } from "../support/engine/engine_harness.ts";
import { expectation, matcher, plan } from "../support/engine/entries.ts";
import { rounds } from "../support/effort.ts";

/** The position of a snapshot does not matter here. */

const PAID = eventType("ec.Paid");
const LOST = eventType("ec.Lost");

function planFor(orderId: string, times: number): JobPlan {
  const correlation = { equals: { orderId } };
  const paid = expectation("paid", PAID, { correlation, multiplicity: { times } });
  return plan([paid], { errors: [matcher(LOST, correlation)] });
}

const coded: AnyJobDefinition = defineJob({
  type: "law.coded",
  version: 1,
  input: v.object({ orderId: v.string(), fails: v.boolean() }),
  expects: ({ orderId }) => ({
    paid: { eventType: PAID, correlation: { equals: { orderId } } },
  }),
  async run(ctx, { fails }) {
    await ctx.task("reserve", () => "R", { compensate: () => {} });
    await ctx.task("check", () => {
      if (fails) throw new NonRetryableError("no");
    });
    const [paid] = await ctx.expect("paid");
    return paid.attributes;
  },
});

type Action =
  | { readonly kind: "plan"; readonly orderId: string; readonly times: number }
  | { readonly kind: "coded"; readonly orderId: string; readonly fails: boolean }
  | {
    readonly kind: "event";
    readonly lost: boolean;
    readonly orderId: string;
    readonly id: number;
  }
  | { readonly kind: "control"; readonly job: number; readonly control: Control };

type Control = "start" | "cancel" | "suspend" | "resume" | "retry";

const orderId = fc.constantFrom("1", "2", "3");
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ kind: fc.constant("plan"), orderId, times: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ kind: fc.constant("coded"), orderId, fails: fc.boolean() }),
  fc.record({
    kind: fc.constant("event"),
    lost: fc.boolean(),
    orderId,
    // Few ids, so that many deliveries are duplicates.
    id: fc.nat(12),
  }),
  fc.record({
    kind: fc.constant("control"),
    job: fc.nat(6),
    control: fc.constantFrom<Control>("start", "cancel", "suspend", "resume", "retry"),
  }),
) as fc.Arbitrary<Action>;

/** @param observed A trace id, and the observability ids of all actions. */
async function act(daybook: Harness, action: Action, observed?: string): Promise<void> {
  const trace = observed === undefined
    ? undefined
    : { traceId: observed, spanId: observed.slice(16) };
  switch (action.kind) {
    case "plan":
      await daybook.engine.create({ plan: planFor(action.orderId, action.times), origin: trace });
      break;
    case "coded": {
      const { orderId, fails } = action;
      await daybook.engine.create({ type: "law.coded", input: { orderId, fails }, origin: trace });
      break;
    }
    case "event":
      await daybook.engine.deliver([eventOf(action, observed)]);
      break;
    case "control":
      await control(daybook, action.job, action.control, trace);
  }
  await daybook.clock.settle(12);
}

function eventOf(
  { lost, orderId, id }: Extract<Action, { kind: "event" }>,
  observed: string | undefined,
): IncomingEvent {
  const event: IncomingEvent = {
    eventType: lost ? LOST : PAID,
    stratum: "domain",
    attributes: { orderId },
    eventId: eventId(`event-${id}`),
  };
  return observed === undefined
    ? event
    : { ...event, executionId: executionId(observed), traceId: observed, spanId: observed };
}

async function control(
  daybook: Harness,
  index: number,
  kind: Control,
  trace: TraceIds | undefined,
): Promise<void> {
  const job = daybook.engine.lists.page({ limit: 500 }).jobs.at(-1 - index);
  if (job === undefined) return;
  if (kind === "retry") await daybook.engine.retry(job.jobId, { origin: trace });
  else await daybook.engine.control(job.jobId, { kind, origin: trace });
}

function states(daybook: Harness): string {
  return JSON.stringify(daybook.engine.lists.page({ limit: 500 }).jobs);
}

const start = () => Harness.start({ definitions: [coded] });

Deno.test("engine: a snapshot and the tail after it give the states of a full replay", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(action, { maxLength: 14 }),
      fc.array(action, { maxLength: 8 }),
      async (before, after) => {
        const first = await start();
        await act(first, { kind: "coded", orderId: "1", fails: false });
        for (const step of before) await act(first, step);
        await first.engine.stop(0);
        await first.journal.close();
        const second = await first.crash();
        for (const step of after) await act(second, step);

        const snapshotAndTail = await second.crash();
        const fullReplay = await second.crashWithoutSnapshot();

        assert.ok(second.journal.content.snapshot !== null);
        assert.equal(states(fullReplay), states(snapshotAndTail));
        assert.deepEqual(second.defects, []);
      },
    ),
    { numRuns: rounds(120, 400, 25) },
  );
});

Deno.test("engine: second deliveries and observability ids change no state", async () => {
  let traced = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 20 }), async (actions) => {
      const once = await start();
      const twice = await start();
      for (const step of actions) {
        await act(once, step);
        await act(twice, step, "0af7651916cd43dd8448eb211c80319c");
        if (step.kind === "event") await act(twice, step);
      }

      assert.equal(states(twice), states(once));
      const told = (entries: readonly JobEventLogEntry[]) =>
        entries.filter(({ traceId }) => traceId !== undefined).length;
      traced += told(await twice.engine.entries(0, 1_000));
      assert.equal(told(await once.engine.entries(0, 1_000)), 0);
    }),
    { numRuns: rounds(120, 400, 25) },
  );
  assert.ok(traced > rounds(200, 1_000, 10), `only ${traced} entries had a trace`);
});

Deno.test("engine: an ended job does not change, whatever comes", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 25 }), async (actions) => {
      const daybook = await start();
      const ended = new Map<string, string>();
      for (const step of actions) {
        await act(daybook, step);
        for (const job of daybook.engine.lists.page({ limit: 500 }).jobs) {
          if (job.state !== "Done" && job.state !== "Failed") continue;
          const { lastLogId: _, ...rest } = job;
          const text = JSON.stringify(rest);
          assert.equal(ended.get(job.jobId) ?? text, text);
          ended.set(job.jobId, text);
        }
      }
    }),
    { numRuns: rounds(120, 400, 25) },
  );
});
