import { wait } from "../incident_kit.ts";

const PRINTED = "shop.LabelPrinted";

export const incident = wait({
  story: "The printer's driver says labelPrinted in a namespace of its own and nests the order.",
  eventType: PRINTED,
  equals: { order: "A-5519" },
  noise: (order) => ({ order: `A-${order}` }),
  goesWrong: (stage) => stage.event("driver", "shop.LabelsPrinted", { order: "A-5519", count: 1 }),
  cause: [/shop\.LabelsPrinted/],
  decisive: ["driver"],
});
