/** The story of all three walks: a job waits for a parcel, and the parcel comes. */

declare const process: { readonly argv: readonly string[] };

/** Of the server. */
export const URL = process.argv[2] ?? "";

export const ORDER = "order-of-generated-clients";

export const PLAN = {
  expected: [{
    id: "shipped",
    eventType: "shop.ParcelShipped",
    correlation: { equals: { orderId: ORDER } },
  }],
};

export function SHIPPED(client: string) {
  return {
    eventType: "shop.ParcelShipped",
    eventId: `parcel-of-${client}`,
    attributes: { orderId: ORDER, weight: { kilograms: 2 } },
  };
}

/** The data of a request that must succeed. */
export function after<Data>(data: Data | undefined): Data {
  if (data === undefined) throw new Error("the request was refused");
  return data;
}

export function check(isSo: boolean): asserts isSo {
  if (!isSo) throw new Error("an answer is not as it should be");
}
