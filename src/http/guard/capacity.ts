/**
 * The limits of the server, as problems. They are 503 and not 429: each is a limit of the
 * whole server, which other clients may have used up, and no client is told to ask less
 * than its share. Nothing was recorded, so the request may be repeated as it is.
 */

import type { EngineLimits } from "../../engine/events/delivery_limits.ts";
import { Problem } from "../problems/problem.ts";

/** Limits that the HTTP edge keeps by itself. */
export type EdgeLimit =
  | "requestsMax"
  | "openRequestsMax"
  | "waitingMax"
  | "streamsMax"
  | "bodiesBytesMax"
  | "lookBackBytesMax";

interface Limit {
  readonly flag: string;
  /** Of what there are as many as there may be. */
  readonly what: string;
  /** After how many seconds there may be room again. */
  readonly retryAfter: number;
}

/** Each with the flag of `main.ts` that sets it. */
export const LIMITS: Readonly<Record<keyof EngineLimits | EdgeLimit, Limit>> = {
  jobsMax: { flag: "max-jobs", what: "unfinished jobs", retryAfter: 5 },
  jobsBytesMax: { flag: "jobs-bytes", what: "bytes held by unfinished jobs", retryAfter: 5 },
  queuedMax: { flag: "max-queued", what: "jobs waiting for a worker", retryAfter: 5 },
  pendingBytesMax: { flag: "pending-bytes", what: "bytes waiting for the disk", retryAfter: 1 },
  triedMax: { flag: "max-tried", what: "predicates tried for an event", retryAfter: 5 },
  fanOutMax: { flag: "max-fan-out", what: "jobs reached by an event", retryAfter: 5 },
  fanOutBytesMax: { flag: "fan-out-bytes", what: "bytes made by an event", retryAfter: 5 },
  entriesMax: { flag: "max-entries", what: "entries made by a request", retryAfter: 1 },
  entriesBytesMax: { flag: "entries-bytes", what: "bytes made by a request", retryAfter: 1 },
  requestsMax: { flag: "max-requests", what: "requests at a time", retryAfter: 1 },
  openRequestsMax: {
    flag: "max-open-requests",
    what: "requests at a time that need no token",
    retryAfter: 1,
  },
  waitingMax: { flag: "max-waiting", what: "requests waiting for a job", retryAfter: 5 },
  streamsMax: { flag: "max-streams", what: "open streams", retryAfter: 5 },
  bodiesBytesMax: { flag: "bodies-bytes", what: "bytes of bodies being read", retryAfter: 1 },
  lookBackBytesMax: {
    flag: "look-back-bytes",
    what: "bytes held by history reads and large answers",
    retryAfter: 1,
  },
};

/** 503, with the limit and the flag that sets it. */
export function overCapacity(name: keyof typeof LIMITS, max: number): Problem {
  const { flag, what, retryAfter } = LIMITS[name];
  return new Problem(
    "over-capacity",
    `Cannot take the request: the limit is ${max} ${what} (--${flag}); nothing was recorded`,
    { limit: limitShown(name, max) },
    { "retry-after": String(retryAfter) },
  );
}

/** With the flag that sets it. */
export function limitShown(name: keyof typeof LIMITS, max: number) {
  return { flag: `--${LIMITS[name].flag}`, max };
}

/** Counts what is open against its limit. */
export class Gauge {
  #open = 0;

  constructor(readonly limit: EdgeLimit, readonly max: number) {}

  /** How much is open right now. */
  get open(): number {
    return this.#open;
  }

  get isFull(): boolean {
    return this.#open >= this.max;
  }

  hasRoom(amount: number): boolean {
    return this.#open + amount <= this.max;
  }

  /** @throws {Problem} `over-capacity`, when no more may be opened. */
  requireRoom(amount = 1): void {
    if (!this.hasRoom(amount)) throw overCapacity(this.limit, this.max);
  }

  opened(amount = 1): void {
    this.#open += amount;
  }

  closed(amount = 1): void {
    this.#open -= amount;
  }
}

/** Of what looks back, beside the entries that it keeps. */
const LOOK_BACK_BYTES = 256 * 1024;

/** What one request holds of a gauge. One that is alone may hold more than there may be. */
export class Holding {
  readonly #gauge: Gauge;
  bytes = 0;

  constructor(gauge: Gauge) {
    this.#gauge = gauge;
  }

  /** @throws {Problem} `over-capacity`, when others hold so much that there is no room for it. */
  readonly hold = (bytes: number): void => {
    if (this.#gauge.open > this.bytes) this.#gauge.requireRoom(bytes);
    this.#gauge.opened(bytes);
    this.bytes += bytes;
  };

  release(): void {
    this.#gauge.closed(this.bytes);
    this.bytes = 0;
  }
}

/** Looks back at what is on record; what it holds is let go of with its result. */
export async function lookingBack<Result>(
  { lookBack }: { readonly lookBack: Gauge },
  look: (holding: Holding) => Promise<Result>,
): Promise<Result> {
  const holding = new Holding(lookBack);
  try {
    holding.hold(LOOK_BACK_BYTES);
    return await look(holding);
  } finally {
    holding.release();
  }
}
