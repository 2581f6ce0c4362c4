/**
 * The limits of the server, as problems. They are 503 and not 429: a limit applies to the whole
 * server, and other clients may have used it up, so the answer does not ask the client to send less. Nothing was
 * recorded, so the request may be repeated as it is.
 */

import type { EngineLimits } from "../../engine/events/delivery_limits.ts";
import { Problem } from "../problems/problem.ts";

const MIB = 1_048_576;

/** Limits of the HTTP edge. */
export const EDGE_LIMITS = {
  /** Requests being answered, except those that wait for a job. */
  requestsMax: 2_000,
  /** Requests being answered that need no token. */
  openRequestsMax: 100,
  /** Long polls, and requests with `Prefer: wait`. */
  waitingMax: 1_000,
  streamsMax: 1_000,
  /** Bytes of all bodies being read. */
  bodiesBytesMax: 64 * MIB,
  /**
   * Bytes held by explanations, replays, what-ifs and large answers; a single one may hold more.
   */
  lookBackBytesMax: 128 * MIB,
  /** Events in one request: more are refused with 422, even if the server is idle. */
  eventsMax: 1_000,
  /** Longest time for a body. */
  bodyTimeMs: 30_000,
  /** How long a client may read nothing of a stream or a large answer before it is closed. */
  streamStallMs: 30_000,
};

export type EdgeLimits = Readonly<typeof EDGE_LIMITS>;

/** Limits that are counted against. */
export type GaugedLimit = Exclude<keyof EdgeLimits, "eventsMax" | "bodyTimeMs" | "streamStallMs">;

interface Limit {
  /** What there is too much of, for the message. */
  readonly what: string;
  /** Seconds after which there may be room again. */
  readonly retryAfter: number;
  /** The flag that sets it, with its dashes; limits without one are fixed. */
  readonly flag?: string;
}

export type LimitName = keyof EngineLimits | GaugedLimit;

export const LIMITS: Readonly<Record<LimitName, Limit>> = {
  jobsMax: { what: "unfinished jobs", retryAfter: 5 },
  jobsBytesMax: { what: "bytes held by unfinished jobs", retryAfter: 5, flag: "--jobs-bytes" },
  queuedMax: { what: "jobs waiting for a worker", retryAfter: 5 },
  pendingBytesMax: { what: "bytes waiting for the disk", retryAfter: 1 },
  triedMax: { what: "predicates tried for an event", retryAfter: 5 },
  fanOutMax: { what: "jobs reached by an event", retryAfter: 5 },
  fanOutBytesMax: { what: "bytes made by an event", retryAfter: 5 },
  entriesMax: { what: "entries made by a request", retryAfter: 1 },
  entriesBytesMax: { what: "bytes made by a request", retryAfter: 1 },
  requestsMax: { what: "requests at a time", retryAfter: 1 },
  openRequestsMax: { what: "requests at a time that need no token", retryAfter: 1 },
  waitingMax: { what: "requests waiting for a job", retryAfter: 5 },
  streamsMax: { what: "open streams", retryAfter: 5 },
  bodiesBytesMax: { what: "bytes of bodies being read", retryAfter: 1 },
  lookBackBytesMax: { what: "bytes held by history reads and large answers", retryAfter: 1 },
};

/** 503 with the limit, and the flag that sets it, if any. */
export function overCapacity(name: LimitName, max: number): Problem {
  const { flag, what, retryAfter } = LIMITS[name];
  const set = flag === undefined ? "" : ` (${flag})`;
  return new Problem(
    "over-capacity",
    `Cannot take the request: the limit is ${max} ${what}${set}; nothing was recorded`,
    { limit: { name, max } },
    { "retry-after": String(retryAfter) },
  );
}

/** Counts something against its limit. */
export class Gauge {
  #open = 0;

  constructor(readonly limit: GaugedLimit, readonly max: number) {}

  /** The current count. */
  get open(): number {
    return this.#open;
  }

  get isFull(): boolean {
    return this.#open >= this.max;
  }

  hasRoom(amount: number): boolean {
    return this.#open + amount <= this.max;
  }

  /** @throws {Problem} `over-capacity` if there is no room for more. */
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

/** The cost of looking back, besides the entries that are held. */
const LOOK_BACK_BYTES = 256 * 1024;

/** What one request holds of a gauge. A single request may exceed the limit. */
export class Holding {
  readonly #gauge: Gauge;
  bytes = 0;

  constructor(gauge: Gauge) {
    this.#gauge = gauge;
  }

  /** @throws {Problem} `over-capacity` if others leave no room for it. */
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

/** Reads recorded history; what it holds is released with its result. */
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
