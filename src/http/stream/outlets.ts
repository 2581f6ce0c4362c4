/** All streams that are open: how many there may be, how long they may stall, and their end. */

import type { Clock } from "../../engine/ports.ts";
import type { Gauge } from "../guard/capacity.ts";
import { Timeouts } from "./timeouts.ts";
import type { Outlet, OutletKeeper } from "./outlet.ts";

export interface OutletsOptions {
  readonly clock: Clock;
  readonly streams: Gauge;
  /** A stream is closed when its reader leaves a chunk untaken for this long. */
  readonly streamStallMs: number;
  readonly shutdownSignal: AbortSignal;
}

export class Outlets implements OutletKeeper {
  readonly stalls: Timeouts<Pick<Outlet, "stall">>;
  readonly #streams: Gauge;
  readonly #shutdownSignal: AbortSignal;
  readonly #open = new Set<Outlet>();

  constructor({ clock, streams, streamStallMs, shutdownSignal }: OutletsOptions) {
    this.#streams = streams;
    this.#shutdownSignal = shutdownSignal;
    this.stalls = new Timeouts(clock, streamStallMs, (outlet) => outlet.stall());
    shutdownSignal.addEventListener("abort", () => this.#stop(), { once: true });
  }

  /** @throws {Problem} `over-capacity`, when no more streams may be opened. */
  requireRoom(): void {
    this.#streams.requireRoom();
  }

  opened(outlet: Outlet): void {
    this.#streams.opened();
    this.#open.add(outlet);
    if (this.#shutdownSignal.aborted) outlet.stop();
  }

  closed(outlet: Outlet): void {
    this.#streams.closed();
    this.#open.delete(outlet);
    this.stalls.stop(outlet);
  }

  #stop(): void {
    for (const outlet of [...this.#open]) outlet.stop();
  }
}
