/** A job type that repeats its input wherever it can output text. */

import * as v from "valibot";
import { defineJob, NonRetryableError } from "../../src/mod.ts";

/** Markup and direction marks in the description and the hints of a schema. */
const MARKUP = '"><x-pwned data-pwned="1"></x-pwned><img src=x onerror="globalThis.pwned=1">\u202e';

export const HOSTILE = defineJob({
  type: "hostile.echo",
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
