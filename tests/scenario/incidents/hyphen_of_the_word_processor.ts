import { wait } from "../incident_kit.ts";

export const incident = wait({
  story: "Article numbers were pasted from a document, which sets hyphens that do not break.",
  eventType: "erp.ItemListed",
  equals: { sku: "KX-118-B" },
  noise: (order) => ({ sku: `KX-2${order}-B` }),
  goesWrong: (stage) => stage.event("typeset", "erp.ItemListed", { sku: "KX‑118‑B" }),
  cause: [/KX-118-B/, /dashes or quotes of a word processor/],
  decisive: ["typeset"],
});
