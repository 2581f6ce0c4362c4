import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";

const WELCOME = defineJob({
  type: "user.welcome",
  version: 1,
  input: v.object({ userId: v.string() }),
  startsOn: {
    eventType: "auth.SignedUp",
    input: ({ attributes: { userId } }) => ({ userId: String(userId) }),
  },
  run: (ctx, { userId }) => ctx.task("mail", () => `mailed ${userId}`),
});

export const incident: Incident = {
  story: "A user got two mails: the identity provider sent its event again, under another id.",
  options: { definitions: [WELCOME] },
  async play(stage, culprit) {
    await stage.event("idp-1", "auth.SignedUp", { userId: "user-9" });
    await stage.advance(500);
    await stage.event("idp-2", "auth.SignedUp", { userId: culprit ? "user-9" : "user-10" });
    return "/explain?about=user-9";
  },
  cause: [/of type user\.welcome got the same input 500 ms apart: the work may be done twice/],
  decisive: ["idp-1", "idp-2"],
};
