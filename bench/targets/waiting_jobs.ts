/** Many waiting jobs, for the rows that need them. */

import { postMany } from "../load/wrk.ts";

export const SHIPPED = "ec.shipment.ShipmentCompleted";

/** Many at once, so that the disk has fewer batches to sync. */
const CONNECTIONS = 256;
/** On a slow machine there are fewer, and the row says how many. */
const SECONDS_MAX = 60;

/** A job to submit; `{n}` in its text is replaced by one of this many numbers. */
export interface JobBody {
  readonly body: string;
  readonly numbers: number;
}

/** All in one region, each for its own order of this many, and for more events than will come. */
export function waitingPlan(numbers: number): JobBody {
  return { body: JSON.stringify(waitingForOrder("{n}", 10_000)), numbers };
}

/** The body of a job that waits for its own order to be shipped. */
export function waitingForOrder(order: number | string, times = 1) {
  const correlation = { equals: { region: "JP", orderId: `order-${order}` } };
  const shipped = { id: "shipped", eventType: SHIPPED, correlation, multiplicity: { times } };
  return { plan: { expected: [shipped] } };
}

/**
 * Submits this many jobs, and returns the number that there was time for. Jobs on their way when
 * the last one is answered come on top, so the last few use one connection.
 */
export async function fill(url: string, { body, numbers }: JobBody, jobs: number): Promise<number> {
  const connections = jobs <= 1_000 ? 1 : CONNECTIONS;
  return await postMany(jobs, SECONDS_MAX, { url: `${url}/jobs`, body, numbers, connections });
}
