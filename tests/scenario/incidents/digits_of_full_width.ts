import { wait } from "../incident_kit.ts";

const COUNTED = "stock.ItemCounted";

export const incident = wait({
  story: "A tablet in Osaka types digits of full width.",
  eventType: COUNTED,
  equals: { bin: "A12-7" },
  noise: (order) => ({ bin: `B${order}` }),
  goesWrong: (stage) => stage.event("tablet", COUNTED, { bin: "Ａ１２-７" }),
  cause: [/bin/, /Unicode|code point|U\+FF/i],
  decisive: ["tablet"],
});
