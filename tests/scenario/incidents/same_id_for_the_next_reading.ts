import { wait } from "../incident_kit.ts";

const TAKEN = "scale.WeightTaken";

export const incident = wait({
  story: "The scale gives each day's first weighing the id w-1.",
  eventType: TAKEN,
  equals: { lot: "LOT-5" },
  noise: (order) => ({ lot: `LOT-9${order}` }),
  before: (stage) => stage.event("w-1", TAKEN, { lot: "LOT-4", kg: 18 }),
  goesWrong: async (stage) => {
    await stage.eventOrRefusal("w-1", TAKEN, { lot: "LOT-5", kg: 21 });
  },
  cause: [/w-1/, /twice|other content/],
  decisive: ["w-1"],
});
