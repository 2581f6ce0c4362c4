/** Many jobs that wait, for the rows that are about them. */

import { postMany } from "../load/wrk.ts";

export const SHIPPED = "ec.shipment.ShipmentCompleted";

/** Many for the disk, which then has fewer batches to sync. */
const CONNECTIONS = 256;
/** On a slow machine fewer have to do, and the row says how many. */
const SECONDS_MAX = 45;

/** A job to submit; in its text `{n}` stands for one of so many numbers. */
export interface JobBody {
  readonly body: string;
  readonly numbers: number;
}

/** In one region, each for its own order of so many, and for more events than will come. */
export function waitingPlan(numbers: number): JobBody {
  return { body: JSON.stringify(waitingForOrder("{n}", 10_000)), numbers };
}

/** What is submitted of a job that waits for an order of its own to be shipped. */
export function waitingForOrder(order: number | string, times = 1) {
  const correlation = { equals: { region: "JP", orderId: `order-${order}` } };
  const shipped = { id: "shipped", eventType: SHIPPED, correlation, multiplicity: { times } };
  return { plan: { expected: [shipped] } };
}

/**
 * Submits so many jobs, and tells how many there was time for. What is on its way when the
 * last of them is answered comes on top, so a few come by one connection.
 */
export async function fill(url: string, { body, numbers }: JobBody, jobs: number): Promise<number> {
  const connections = jobs <= 1_000 ? 1 : CONNECTIONS;
  return await postMany(jobs, SECONDS_MAX, { url: `${url}/jobs`, body, numbers, connections });
}
