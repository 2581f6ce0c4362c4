/**
 * Sign-ins that failed, by the address that they came from: so many at once, then one a second.
 * What is refused for that is not compared with any token, or the refusal would tell.
 */

import type { Clock } from "../engine/ports.ts";

/** That may fail at once. */
const AT_ONCE = 10;
const EACH_MS = 1_000;
/** Beyond it the address whose last failure is longest ago is forgotten. */
const ADDRESSES_MAX = 10_000;

export class FailedSignIns {
  readonly #clock: Pick<Clock, "monotonic">;
  /** When each address is as if nothing had failed, the last that failed last. */
  readonly #forgivenAt = new Map<string, number>();

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
  }

  /** How many seconds until an address may try again; 0 when it may now. */
  waitSeconds(address: string): number {
    const forgivenAt = this.#forgivenAt.get(address) ?? 0;
    const waitMs = forgivenAt - (AT_ONCE - 1) * EACH_MS - this.#clock.monotonic();
    return Math.max(0, Math.ceil(waitMs / 1_000));
  }

  failed(address: string): void {
    const now = this.#clock.monotonic();
    const forgivenAt = Math.max(now, this.#forgivenAt.get(address) ?? now) + EACH_MS;
    this.#forgivenAt.delete(address);
    this.#forgivenAt.set(address, forgivenAt);
    this.#forget(now);
  }

  /** Those that are forgiven, as far as they are the first, and what there are too many of. */
  #forget(now: number): void {
    for (const [address, forgivenAt] of this.#forgivenAt) {
      if (forgivenAt > now && this.#forgivenAt.size <= ADDRESSES_MAX) return;
      this.#forgivenAt.delete(address);
    }
  }
}
