/** What every route shares: the engine, the limits, and the end of the process. */

import type { Clock } from "../engine/ports.ts";
import type { EnginePort } from "./engine_port.ts";

export interface Edge {
  readonly engine: EnginePort;
  readonly clock: Clock;
  readonly bodyBytesMax: number;
  readonly maxStartDelayMs: number;
  /** Whether requests must carry a token. */
  readonly needsToken: boolean;
  /** How often an idle stream says that it is alive, and how far it is. */
  readonly heartbeatMs: number;
  /** A stream is closed when its reader leaves a chunk untaken for this long. */
  readonly streamStallMs: number;
  /** Aborts when the process stops: streams and long polls end. */
  readonly shutdownSignal: AbortSignal;
  readonly streams: StreamGauge;
}

/** Counts open streams against their limit. */
export class StreamGauge {
  #open = 0;

  constructor(readonly max: number) {}

  get isFull(): boolean {
    return this.#open >= this.max;
  }

  opened(): void {
    this.#open += 1;
  }

  closed(): void {
    this.#open -= 1;
  }
}
