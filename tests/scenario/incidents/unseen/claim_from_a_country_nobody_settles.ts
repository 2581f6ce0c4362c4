import * as v from "valibot";
import { defineJob } from "../../../../src/mod.ts";
import type { Incident } from "../../incident.ts";

const SETTLE = defineJob({
  type: "claim.settle",
  version: 1,
  input: v.object({ claim: v.string() }),
  startsOn: {
    eventType: "claims.ClaimFiled",
    correlation: { in: { "holder.country": ["DE", "AT"] } },
    input: ({ attributes }) => ({ claim: String(attributes.claim) }),
  },
  run: (ctx) => ctx.task("settle", () => "settled"),
});

export const incident: Incident = {
  story: "A claim from Switzerland was filed; the definition starts for Germany and Austria alone.",
  options: { definitions: [SETTLE] },
  async play(stage, culprit) {
    for (let other = 0; other < 15; other++) {
      await stage.event(`filed-${other}`, "claims.ClaimFiled", {
        claim: `CLM-${other}`,
        holder: { country: "DE" },
      });
    }
    await stage.event("swiss", "claims.ClaimFiled", {
      claim: "CLM-2207",
      holder: { country: culprit ? "CH" : "AT" },
    });
    return "/explain?about=CLM-2207";
  },
  cause: [/claim\.settle/, /holder\.country/, /CH/],
  decisive: ["swiss"],
  innocent: ["filed-3", "filed-14"],
};
