/** Code that the compiler must accept: results have the type of their form in the journal. */

import * as v from "valibot";
import type { JsonValue } from "../../src/core/json.ts";
import type { EmbeddedDaybook } from "../../src/embedded/daybook.ts";
import { defineJob } from "../../src/engine/definition.ts";

interface Booking {
  readonly id: number;
  readonly at: Date;
  readonly note?: string;
  readonly left: string | undefined;
  readonly legs: readonly { at: Date | null; by: "ship" | "rail" }[];
}

declare function book(): Promise<Booking>;
declare function cancel(booking: { readonly id: number; readonly at: string }): void;

class Order {
  constructor(readonly id: string) {}
}

class Money {
  constructor(readonly cents: bigint) {}
  toJSON(): { readonly cents: string } {
    return { cents: String(this.cents) };
  }
}

interface Tree {
  readonly at: Date;
  readonly children: readonly Tree[];
}

type Answer = { kind: "yes"; at: Date } | { kind: "no" };

export const good = defineJob({
  type: "demo.good",
  version: 1,
  input: v.object({ orderId: v.string() }),
  async run(ctx, { orderId }) {
    const booking = await ctx.task("book", () => book(), { compensate: cancel });
    const at: string = booking.at;
    const legs: readonly { at: string | null; by: "ship" | "rail" }[] = booking.legs;
    const texts: readonly (string | undefined)[] = [booking.note, booking.left];
    const id: number = await ctx.task("id", (task) => task.attempt);
    const nothing: undefined = await ctx.task("nothing", () => {});
    const order: { readonly id: string } = await ctx.task("order", () => new Order(orderId));
    const money: { readonly cents: string } = await ctx.task("money", () => new Money(1n));
    const pair: [number, string] = await ctx.task("pair", (): [number, Date] => [1, new Date(0)]);
    const gaps: (string | null)[] = await ctx.task("gaps", (): (string | undefined)[] => []);
    const tree = await ctx.task("tree", (): Tree => ({ at: new Date(0), children: [] }));
    const leaf: string | undefined = tree.children[0]?.children[0]?.at;
    const answer = await ctx.task("answer", (): Answer => ({ kind: "no" }));
    const when: string = answer.kind === "yes" ? answer.at : "";
    const days: Record<string, string> = await ctx.task("days", (): Record<string, Date> => ({}));
    const json: JsonValue = await ctx.task("json", (): JsonValue => null);
    const unknown: unknown = await ctx.task("unknown", (): unknown => json);
    const any = await ctx.task("any", () => JSON.parse("{}"));
    await ctx.task("throws", () => {
      throw new Error("no");
    });
    void [at, legs, texts, id, nothing, order, money, pair, gaps, leaf, when, days, unknown, any];
    return { at: new Date(ctx.now()), total: id };
  },
});

export async function output(daybook: EmbeddedDaybook): Promise<string | undefined> {
  const job = await daybook.submit(good, { orderId: "42" });
  return job.output?.at;
}
