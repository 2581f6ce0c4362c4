/**
 * The limits of the server. Reaching one is 503 and not 429, since other clients may have used it
 * up.
 */

import { type GaugedLimit, overCapacity } from "../../documents/refusal.ts";
import type { Problem } from "../responses/problem.ts";

const MIB = 1_048_576;

export const HTTP_LIMITS = {
  /** Requests being answered, except those that wait for a job. */
  requestsMax: 2_000,
  /** Requests being answered whose routes need no token. */
  openRequestsMax: 100,
  /**
   * Requests being answered from one connection, which matters for HTTP/2; enforced only while many
   * others are being answered.
   */
  connectionRequestsMax: 16,
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
} satisfies Readonly<Record<GaugedLimit, number>> & Readonly<Record<string, number>>;

export type HttpLimits = Readonly<typeof HTTP_LIMITS>;

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
    if (!this.hasRoom(amount)) throw this.overCapacity();
  }

  overCapacity(): Problem {
    return overCapacity({ name: this.limit, max: this.max });
  }

  opened(amount = 1): void {
    this.#open += amount;
  }

  closed(amount = 1): void {
    this.#open -= amount;
  }
}

/** The cost of reading history, besides the entries that are held. */
const LOOK_BACK_BYTES = 256 * 1024;

/** What one request has reserved of a gauge. A single request may exceed the limit. */
export class GaugeLease {
  bytes = 0;

  constructor(private readonly gauge: Gauge) {}

  /** @throws {Problem} `over-capacity` if others leave no room for it. */
  readonly hold = (bytes: number): void => {
    if (this.gauge.open > this.bytes) this.gauge.requireRoom(bytes);
    this.gauge.opened(bytes);
    this.bytes += bytes;
  };

  release(): void {
    this.gauge.closed(this.bytes);
    this.bytes = 0;
  }
}

/** Reads recorded history, and releases what it reserved when the result is ready. */
export async function lookingBack<Result>(
  { lookBack }: { readonly lookBack: Gauge },
  look: (holding: GaugeLease) => Promise<Result>,
): Promise<Result> {
  const holding = new GaugeLease(lookBack);
  try {
    holding.hold(LOOK_BACK_BYTES);
    return await look(holding);
  } finally {
    holding.release();
  }
}
