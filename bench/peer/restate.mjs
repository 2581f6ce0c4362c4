// The side of Restate that runs code: a service with three durable steps, on a separate port.

import { createRequire } from "node:module";

// Imported by name, so that `deno check` does not look for a package that only Node has here.
const restate = createRequire(import.meta.url)("@restatedev/restate-sdk");

const bench = restate.service({
  name: "bench",
  handlers: {
    three: async (ctx) => {
      await ctx.run("one", () => 1);
      await ctx.run("two", () => 2);
      await ctx.run("three", () => 3);
      return "done";
    },
  },
});

await restate.serve({ services: [bench], port: Number(process.argv[2]) });
