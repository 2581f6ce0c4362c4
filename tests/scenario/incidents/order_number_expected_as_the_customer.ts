import { wait } from "../incident_kit.ts";

export const incident = wait({
  story: "The plan compares the order's number with the customer of the parcel.",
  eventType: "stock.Shipped",
  equals: { customerId: "O-8008" },
  noise: (order) => ({ orderId: `O-1${order}`, customerId: `K-${order}` }),
  goesWrong: (stage) =>
    stage.event("parcel", "stock.Shipped", { orderId: "O-8008", customerId: "K-3117" }),
  cause: [/"O-8008" at orderId/, /customerId: expected "O-8008", found "K-3117"/],
  decisive: ["parcel"],
});
