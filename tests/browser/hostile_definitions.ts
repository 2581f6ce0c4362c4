/** Job types of the walks through the dashboard. */

import * as v from "valibot";
import { defineJob, NonRetryableError } from "../../src/mod.ts";

/** Markup and direction marks in the description and the hints of a schema. */
const MARKUP = '"><x-pwned data-pwned="1"></x-pwned><img src=x onerror="globalThis.pwned=1">\u202e';

/** Repeats its input wherever it can output text. */
export const HOSTILE = defineJob({
  // The longest name, without a place to break a line.
  type: `hostile.echo_${"W".repeat(187)}`,
  version: 1,
  description: MARKUP,
  input: v.object({
    text: v.pipe(v.string(), v.title(MARKUP), v.description(MARKUP)),
    how: v.picklist(["succeed", "fail", "wait", "retry"]),
    [MARKUP]: v.optional(v.string()),
  }),
  expects: ({ text, how }) => ({
    named: { eventType: "hostile.Named", correlation: { equals: { text, how } } },
  }),
  async run(ctx, { text, how }) {
    await ctx.task("say", (task) => {
      task.progress(1, 2, text.slice(0, 2_000));
      task.log(text.slice(0, 2_000), { text });
      task.emit(how === "succeed" ? "hostile.Named" : "hostile.Said", { text, how });
      return { [text.slice(0, 200)]: [text] };
    });
    await ctx.task("end", () => {
      if (how === "fail") throw new NonRetryableError(text);
      if (how === "retry") throw Object.assign(new Error(text), { name: text.slice(0, 500) });
    }, { retry: { maxAttempts: 3, initialMs: 3_600_000 } });
    if (how === "wait") await ctx.expect("named");
    return { text };
  },
});

/** A name as people give them: long, and with hyphens. */
export const LONG = "declaration-of-the-authority-of-the-country-of-destination-".repeat(2)
  .slice(0, 110);

/** Its expectation has a long name. */
export const NAMED = defineJob({
  type: "hostile.named",
  version: 1,
  input: v.object({}),
  expects: () => ({ [LONG]: { eventType: "hostile.Named" } }),
  run: () => Promise.resolve(),
});

/** Two tasks fail side by side; the first one fails again a second later. */
export const APART = defineJob({
  type: "hostile.apart",
  version: 1,
  input: v.object({}),
  run: (ctx) =>
    Promise.all(
      [["first", 1_000], ["second", 3_600_000]].map(([id, initialMs]) =>
        ctx.task(String(id), () => {
          throw new Error(`${id} failed`);
        }, { retry: { maxAttempts: 9, initialMs: Number(initialMs) } })
      ),
    ),
});
