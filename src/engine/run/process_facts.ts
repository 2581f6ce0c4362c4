/**
 * Records what happened to the whole process: that its event loop was blocked, or that the clock of
 * the machine was set. No entry of a job shows it, and explanations need it.
 */

import type { EventDraft } from "../../core/event.ts";
import type { FrameworkAttributes } from "../../core/framework_events.ts";
import type { Clock } from "../ports.ts";
import type { Writer } from "../writer/writer.ts";

/** A smaller change of the clock is no cause worth looking for. */
const CLOCK_SET_MS = 3_000;

interface ProcessFactParts {
  readonly clock: Clock;
  readonly writer: Pick<Writer, "tryAppend">;
  readonly leads: boolean;
  readonly failed: boolean;
}

export type LoopBlocked = FrameworkAttributes["journal.LoopBlocked"];

export class ProcessFacts {
  readonly #parts: ProcessFactParts;
  #apartMs: number;

  constructor(parts: ProcessFactParts) {
    this.#parts = parts;
    this.#apartMs = this.#clocksApartMs();
  }

  loopBlocked(attributes: LoopBlocked): void {
    this.#record({ stratum: "framework", eventType: "journal.LoopBlocked", attributes });
  }

  /** Compares the clock of the machine with the monotonic clock, as at the last look. */
  lookAtClock(): void {
    const apartMs = this.#clocksApartMs();
    const setMs = Math.round(apartMs - this.#apartMs);
    this.#apartMs = apartMs;
    this.#clockSet(setMs);
  }

  /**
   * Begins to look, at a time that may be before the last on record.
   *
   * @param lastAt RFC 3339; absent for an empty journal.
   */
  begin(lastAt: string | undefined): void {
    this.#apartMs = this.#clocksApartMs();
    if (lastAt === undefined) return;
    this.#clockSet(Math.min(0, this.#parts.clock.now() - Date.parse(lastAt)));
  }

  #clockSet(setMs: number): void {
    if (Math.abs(setMs) < CLOCK_SET_MS) return;
    this.#record({ stratum: "framework", eventType: "journal.ClockSet", attributes: { setMs } });
  }

  /** It only explains, so it does not take the reserve of a full disk, which running jobs need. */
  #record(draft: EventDraft): void {
    const { failed, leads, writer } = this.#parts;
    if (!leads || failed) return;
    writer.tryAppend([draft], "ordinary");
  }

  #clocksApartMs(): number {
    return this.#parts.clock.now() - this.#parts.clock.monotonic();
  }
}
