import { wait } from "../incident_kit.ts";

export const incident = wait({
  story: "A clerk's keyboard writes the file number in Arabic digits.",
  eventType: "gov.FileClosed",
  equals: { file: "48213" },
  noise: (order) => ({ file: `5${1_000 + order}` }),
  goesWrong: (stage) => stage.event("typed", "gov.FileClosed", { file: "٤٨٢١٣" }),
  cause: [/48213/, /digits of another script/],
  decisive: ["typed"],
});
