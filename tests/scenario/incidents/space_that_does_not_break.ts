import { wait } from "../incident_kit.ts";

const SIGNED_OFF = "docs.VersionSignedOff";

export const incident = wait({
  story: "A title was pasted from a web page, with a space that does not break.",
  eventType: SIGNED_OFF,
  equals: { title: "Quality Manual" },
  noise: (order) => ({ title: `Manual ${order}` }),
  goesWrong: (stage) => stage.event("pasted", SIGNED_OFF, { title: "Quality\u00a0Manual" }),
  cause: [/title/, /space|U\+00A0|code point/i],
  decisive: ["pasted"],
});
