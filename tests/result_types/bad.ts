/** Code that the compiler must refuse; a directive without an error is an error itself. */

import * as v from "valibot";
import type { EmbeddedDaybook } from "../../src/embedded/daybook.ts";
import { defineJob } from "../../src/engine/definition.ts";

const input = v.object({});

interface Booking {
  readonly at: Date;
}

declare function book(): Booking;
declare function cancel(booking: Booking): void;

export const reads = defineJob({
  type: "demo.reads",
  version: 1,
  input,
  async run(ctx) {
    const booking = await ctx.task("book", book);
    // @ts-expect-error: a Date has become text
    const at: Date = booking.at;
    // @ts-expect-error: and has no Date methods
    booking.at.getTime();
    // @ts-expect-error: its compensation gets the text too
    await ctx.task("undo", book, { compensate: cancel });
    // @ts-expect-error: a missing element is null
    const texts: (string | undefined)[] = await ctx.task("a", (): (string | undefined)[] => []);
    return { at: booking.at, nested: new Date(0), texts, first: at };
  },
});

export const returns = defineJob({
  type: "demo.returns",
  version: 1,
  input,
  async run(ctx) {
    // @ts-expect-error: JSON would lose the content of a Map
    await ctx.task("map", () => new Map<string, number>());
    // @ts-expect-error: also inside
    await ctx.task("inside", () => ({ a: [{ set: new Set<string>() }] }));
    // @ts-expect-error: a function
    await ctx.task("function", () => ({ f: () => 1 }));
    // @ts-expect-error: a symbol
    await ctx.task("symbol", () => ({ s: Symbol("s") }));
    // @ts-expect-error: a bigint
    await ctx.task("bigint", () => 1n);
    // @ts-expect-error: a promise that was not awaited
    await ctx.task("promise", () => ({ later: Promise.resolve(1) }));
    // @ts-expect-error: bytes
    await ctx.task("bytes", () => new Uint8Array(3));
  },
});

export const output = defineJob({
  type: "demo.output",
  version: 1,
  input,
  // @ts-expect-error: nor may run return them
  async run(ctx) {
    return await Promise.resolve({ ids: new Set([ctx.jobId]) });
  },
});

export async function nested(daybook: EmbeddedDaybook): Promise<void> {
  const { output } = await daybook.submit(reads, {});
  // @ts-expect-error: the output of a job is what the journal holds
  const date: Date | undefined = output?.nested;
  void date;
}
