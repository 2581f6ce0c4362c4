/**
 * The limits of the server, as problems. They are 503 and not 429: each is a limit of the
 * whole server, which other clients may have used up, and no client is told to ask less
 * than its share. Nothing was recorded, so the request may be repeated as it is.
 */

import type { EngineLimits } from "../../engine/events/delivery_limits.ts";
import { Problem } from "../problems/problem.ts";

const MIB = 1_048_576;

/** What the HTTP edge holds at a time, and for how long. */
export const EDGE_LIMITS = {
  /** Requests that are being answered, beside those that wait for a job. */
  requestsMax: 2_000,
  /** Requests that are being answered and need no token. */
  openRequestsMax: 100,
  /** Long polls, and requests with `Prefer: wait`. */
  waitingMax: 1_000,
  streamsMax: 1_000,
  /** Bytes of all bodies that are being read. */
  bodiesBytesMax: 64 * MIB,
  /** Bytes that explanations, replays, what-ifs and large answers hold; one alone may hold more. */
  lookBackBytesMax: 128 * MIB,
  /** Events in one request: more of them are refused with 422, however idle the server is. */
  eventsMax: 1_000,
  /** How long a body may take. */
  bodyTimeMs: 30_000,
  /** How long a reader of a stream or a large answer may take nothing before it is closed. */
  streamStallMs: 30_000,
};

export type EdgeLimits = Readonly<typeof EDGE_LIMITS>;

/** What is counted against its limit. */
export type GaugedLimit = Exclude<keyof EdgeLimits, "eventsMax" | "bodyTimeMs" | "streamStallMs">;

interface Limit {
  /** Of what there are as many as there may be. */
  readonly what: string;
  /** After how many seconds there may be room again. */
  readonly retryAfter: number;
  /** That sets it, with its dashes; the others are the same everywhere. */
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
  lookBackBytesMax: { what: "bytes held by looks back and large answers", retryAfter: 1 },
};

/** 503, with the limit, and the flag that sets it if there is one. */
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

/** Counts what is open against its limit. */
export class Gauge {
  #open = 0;

  constructor(readonly limit: GaugedLimit, readonly max: number) {}

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
