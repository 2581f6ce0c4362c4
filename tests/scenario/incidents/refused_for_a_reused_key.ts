import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

const ORDER = scripted("shop.take", { take: () => "taken" });

export const incident: Incident = {
  story: "The shop refuses every order but the first, and looks at no answer: order-43 is nowhere.",
  options: { definitions: [ORDER] },
  async play(stage, culprit) {
    const takes = culprit ? ["order-42"] : ["order-42", "order-43"];
    for (const orderId of takes) await stage.submit(orderId, "shop.take", { orderId });
    return "/explain?about=order-43";
  },
  cause: [/Nothing on record has order-43/, /refused is not on record; the answer/],
  decisive: [],
};
