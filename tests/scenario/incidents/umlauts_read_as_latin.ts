import { wait } from "../incident_kit.ts";

export const incident = wait({
  story: "A file was read as Latin-1, and the name with umlauts is no longer the same.",
  eventType: "hr.BadgePrinted",
  equals: { name: "Jürgen Müller" },
  noise: (order) => ({ name: `Ulf Björk ${order}` }),
  goesWrong: (stage) => stage.event("misread", "hr.BadgePrinted", { name: "JÃ¼rgen MÃ¼ller" }),
  cause: [/JÃ¼rgen MÃ¼ller/, /UTF-8 read in another encoding/],
  decisive: ["misread"],
});
