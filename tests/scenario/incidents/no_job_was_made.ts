import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";

const WELCOME = defineJob({
  type: "user.welcome",
  version: 1,
  input: v.object({ user: v.string() }),
  startsOn: {
    eventType: "users.UserSignedUp",
    correlation: { equals: { plan: "pro" } },
    input: ({ attributes }) => ({ user: String(attributes["user"]) }),
  },
  async run(ctx) {
    await ctx.task("greet", () => "hello");
  },
});

export const incident: Incident = {
  story: "A customer got no welcome: the plan was sent as Pro, and no job was ever made.",
  options: { definitions: [WELCOME], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 15; other++) {
      await stage.event(`u-${other}`, "users.UserSignedUp", { user: `u${other}`, plan: "pro" });
    }
    const plan = culprit ? "Pro" : "pro";
    await stage.event("signed-up", "users.UserSignedUp", { user: "u-4711", plan });
    return "/explain?about=u-4711";
  },
  cause: [/no job/i, /plan/],
  decisive: ["signed-up"],
};
