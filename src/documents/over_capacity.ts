/**
 * Refusals for limits that are reached. A limit applies to the whole process, and other clients may
 * have used it up. Nothing was recorded, so the request may be repeated.
 */

import type { EngineLimits } from "../engine/events/delivery_limits.ts";
import { Refusal } from "./refusal.ts";

interface Limit {
  /** What is counted, for the message. */
  readonly what: string;
  /** Seconds after which a request may succeed. */
  readonly retryAfter: number;
}

/** Limits of the engine. */
const ENGINE_LIMIT_FACTS: Readonly<Record<keyof EngineLimits, Limit>> = {
  jobsMax: { what: "unfinished jobs", retryAfter: 5 },
  jobsBytesMax: { what: "bytes held by unfinished jobs", retryAfter: 5 },
  queuedMax: { what: "jobs waiting for a worker", retryAfter: 5 },
  pendingBytesMax: { what: "bytes waiting for the disk", retryAfter: 1 },
  triedMax: { what: "predicates tried for an event", retryAfter: 5 },
  fanOutMax: { what: "jobs reached by an event", retryAfter: 5 },
  fanOutBytesMax: { what: "bytes made by an event", retryAfter: 5 },
  entriesMax: { what: "entries made by a request", retryAfter: 1 },
  entriesBytesMax: { what: "bytes made by a request", retryAfter: 1 },
};

/** Counted limits of the HTTP layer. */
const HTTP_LIMIT_FACTS = {
  requestsMax: { what: "requests at a time", retryAfter: 1 },
  openRequestsMax: { what: "requests at a time that need no token", retryAfter: 1 },
  connectionRequestsMax: { what: "requests at a time of one connection", retryAfter: 1 },
  waitingMax: { what: "requests waiting for a job", retryAfter: 5 },
  streamsMax: { what: "open streams", retryAfter: 5 },
  bodiesBytesMax: { what: "bytes of bodies being read", retryAfter: 1 },
  lookBackBytesMax: { what: "bytes held by history reads and large answers", retryAfter: 1 },
};

export type GaugedLimit = keyof typeof HTTP_LIMIT_FACTS;

export type LimitName = keyof EngineLimits | GaugedLimit;

export const LIMITS: Readonly<Record<LimitName, Limit>> = {
  ...ENGINE_LIMIT_FACTS,
  ...HTTP_LIMIT_FACTS,
};

/** The refusal for a limit, which names it. */
export function overCapacity(name: string, max: number, { what, retryAfter }: Limit): Refusal {
  return new Refusal(
    "over-capacity",
    `Cannot take the request: the limit is ${max} ${what}; nothing was recorded`,
    { limit: { name, max } },
    retryAfter,
  );
}

export function engineOverCapacity(name: keyof EngineLimits, max: number): Refusal {
  return overCapacity(name, max, ENGINE_LIMIT_FACTS[name]);
}
