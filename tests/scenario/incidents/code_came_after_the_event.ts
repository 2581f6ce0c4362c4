import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";

const WELCOME = defineJob({
  type: "user.welcome",
  version: 1,
  input: v.object({ user: v.string() }),
  startsOn: {
    eventType: "user.SignedUp",
    correlation: { equals: { plan: "free" } },
    input: ({ attributes }) => ({ user: String(attributes["user"]) }),
  },
  async run(ctx) {
    await ctx.task("mail", () => "sent");
  },
});

export const incident: Incident = {
  story: "A new user got no welcome: she signed up an hour before the code for it was deployed.",
  async play(stage, culprit) {
    await stage.noise(9, "user.Renamed", (user) => ({ user: `A-${user}` }));
    await stage.event("signed", "user.SignedUp", {
      user: "u-8",
      plan: culprit ? "free" : "team",
    });
    await stage.advance(3_600_000);
    await stage.crash({ definitions: [WELCOME] });
    return "/events/signed/explain";
  },
  cause: [/no job of type user\.welcome/, /no code that was loaded when it came/],
  decisive: ["signed"],
  next: /sent again under a new id/,
};
