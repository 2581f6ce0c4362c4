/** Job types that together do everything that a job can do. */

import * as v from "valibot";
import { type AnyJobDefinition, defineJob } from "../../../src/engine/definition.ts";
import { DEFINITIONS } from "./http_definitions.ts";

/** Needs three attempts, and reports progress. */
const FLAKY = defineJob({
  type: "mixed.flaky",
  version: 1,
  input: v.object({ fails: v.number() }),
  async run(ctx, { fails }) {
    const work = (attempt: number) => {
      if (attempt <= fails) throw new Error(`not yet: ${attempt}`);
      return attempt;
    };
    const retry = { maxAttempts: 3, initialMs: 1_000, factor: 2, jitter: 0 };
    return await ctx.task("fetch", (task) => {
      task.progress(task.attempt, 3, "tries");
      return work(task.attempt);
    }, { retry });
  },
});

/** Parallel tasks that emit what another expectation matches, and a fact that fails it. */
const SPREAD = defineJob({
  type: "mixed.spread",
  version: 2,
  input: v.object({ orderId: v.string() }),
  expects: ({ orderId }) => ({
    packed: {
      eventType: "mixed.Packed",
      correlation: { equals: { orderId } },
      multiplicity: { times: 3 },
    },
  }),
  errors: ({ orderId }) => [
    { eventType: "mixed.Lost", correlation: { equals: { orderId } } },
  ],
  async run(ctx, { orderId }) {
    await ctx.task("reserve", () => "reserved", { compensate: () => {} });
    await Promise.all(
      [0, 1, 2].map((part) =>
        ctx.task(`pack-${part}`, (task) => task.emit("mixed.Packed", { orderId, part }), {
          compensate: () => {},
        })
      ),
    );
    await ctx.expect("packed");
    await ctx.task("label", () => "labelled");
  },
});

/** Starts with an event, and waits for another. */
const WELCOME = defineJob({
  type: "mixed.welcome",
  version: 1,
  input: v.object({ userId: v.string() }),
  expects: ({ userId }) => ({
    confirmed: { eventType: "mixed.Confirmed", correlation: { equals: { userId } } },
  }),
  startsOn: {
    eventType: "mixed.SignedUp",
    input: ({ attributes: { userId } }) => ({ userId }),
  },
  async run(ctx) {
    await ctx.task("greet", () => "hello");
    await ctx.sleep("pause", 700);
    const confirmed = await ctx.expect("confirmed", { withinMs: 60_000 });
    return confirmed?.[0].eventId;
  },
});

/** Not loaded in the end, which parks its jobs. */
export const GONE = defineJob({
  type: "mixed.gone",
  version: 1,
  input: v.undefined(),
  expects: () => ({ shipped: { eventType: "mixed.Shipped" } }),
  async run(ctx) {
    await ctx.task("reserve", () => "reserved", { compensate: () => {} });
    await ctx.expect("shipped");
  },
});

export const MIXED_DEFINITIONS: readonly AnyJobDefinition[] = [
  ...DEFINITIONS,
  ...([FLAKY, SPREAD, WELCOME] as unknown as readonly AnyJobDefinition[]),
];

export interface PostRequest {
  readonly path: string;
  readonly body: object;
}

const WAIVED = { ms: 1_500, otherwise: "waive" };

/** The request for job number `n`; every eleventh is of the same kind. */
export function creationOf(n: number): PostRequest {
  const orderId = `o${n}`;
  const jobId = jobIdOf(n);
  const equals = { orderId };
  const kinds: readonly PostRequest[] = [
    job({
      jobId,
      plan: {
        expected: [
          expected("shipped", "shop.ParcelShipped", { correlation: { equals } }),
          ...(n % 2 === 0 ? [] : [expected("rated", "mixed.Rated", { within: WAIVED })]),
        ],
      },
    }),
    job({
      jobId,
      labels: { kind: "parts" },
      plan: {
        expected: [
          expected("parts", "mixed.Part", { multiplicity: { times: 3 }, correlation: { equals } }),
          expected("any", "mixed.Part", {
            correlation: { in: { orderId: [orderId] } },
            within: { ms: 2_500, otherwise: n % 3 === 0 ? "fail" : "waive" },
          }),
        ],
        policy: { errors: [{ eventType: "mixed.Lost", correlation: { equals } }] },
      },
    }),
    job({ jobId, type: "test.greet", input: { name: orderId } }),
    job({ jobId, type: "test.parcel", input: { orderId } }),
    job({ jobId, type: "test.doomed", input: {} }),
    job({ jobId, type: "test.stuck" }),
    job({ jobId, type: "mixed.flaky", input: { fails: n % 4 } }),
    job({
      jobId,
      plan: {
        expected: [expected("paid", "mixed.Paid", { correlation: { equals } })],
        policy: {
          errors: [{ eventType: "mixed.Lost", correlation: { equals } }],
          compensation: {
            succeeded: { eventType: "mixed.Undone", correlation: { equals } },
            failed: { eventType: "mixed.UndoFailed", correlation: { equals } },
          },
          onCompensated: n % 2 === 0 ? "Done" : "Failed",
        },
      },
    }),
    n % 2 === 0 ? job({ jobId, type: "mixed.spread", input: { orderId }, start: false }) : job({
      jobId,
      type: "mixed.spread",
      input: { orderId },
      startAt: "2026-01-01T00:00:40Z",
    }),
    { path: "/events", body: { eventType: "mixed.SignedUp", attributes: { userId: orderId } } },
    job({ jobId, plan: { expected: [] } }),
  ];
  return kinds[n % kinds.length] as PostRequest;
}

export function jobIdOf(n: number): string {
  return `job-${n}`;
}

const EVENT_TYPES = [
  "shop.ParcelShipped",
  "mixed.Part",
  "mixed.Part",
  "mixed.Lost",
  "mixed.Paid",
  "mixed.Undone",
  "mixed.UndoFailed",
  "mixed.Confirmed",
  "mixed.Packed",
] as const;

/**
 * An event that job number `n` may wait for, or that misses by the type of a value; some name the
 * job itself.
 */
export function eventFor(n: number, turn: number): PostRequest {
  const orderId = turn % 7 === 6 ? n : `o${n}`;
  const eventType = EVENT_TYPES[turn % EVENT_TYPES.length];
  const named = turn % 5 === 0 ? { jobId: jobIdOf(n) } : {};
  const attributes = { orderId, userId: `o${n}` };
  return { path: "/events", body: { eventType, attributes, ...named } };
}

const CONTROLS = ["start", "suspend", "resume", "cancel", "retry"] as const;

/** A control of job number `n`; many are refused, because the job is in the wrong state. */
export function controlOf(n: number, turn: number): PostRequest {
  const control = CONTROLS[turn % CONTROLS.length];
  return { path: `/jobs/${jobIdOf(n)}/${control}`, body: { reason: `turn ${turn}` } };
}

function job(body: object): PostRequest {
  return { path: "/jobs", body };
}

function expected(id: string, eventType: string, more: object = {}) {
  return { id, eventType, ...more };
}
