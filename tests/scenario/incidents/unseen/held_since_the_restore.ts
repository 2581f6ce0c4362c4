import type { Incident } from "../../incident.ts";
import { scripted } from "../../incident_kit.ts";

const PRINT = scripted("label.print", { print: () => "printed" });

export const incident: Incident = {
  story: "It was started with --hold to look at a restored journal; nobody let it go again.",
  options: { definitions: [PRINT] },
  async play(stage, culprit) {
    for (let other = 0; other < 10; other++) await stage.submit(`label-${other}`, "label.print");
    await stage.crash({ definitions: [PRINT], hold: culprit });
    await stage.advance(3_600_000);
    await stage.submit("job", "label.print", { parcel: "JJD-0031" });
    for (let other = 10; other < 20; other++) await stage.submit(`label-${other}`, "label.print");
    await stage.advance(7_200_000);
    return "/jobs/job/explain";
  },
  cause: [/paus/i, /hold/i, /[23](\.0)? h\b|(120|180) min/],
  decisive: [],
  next: /DELETE|\/pauses\//,
};
