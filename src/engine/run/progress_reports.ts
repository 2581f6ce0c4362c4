/**
 * What one attempt reports of its progress. Its code may report as fast as it can: a few reports a
 * second are recorded, one at a time, each the latest then; the end takes the last along.
 */

import type { LogId } from "../../core/ids.ts";
import type { Progress } from "../../core/job_state.ts";
import type { Clock } from "../ports.ts";

/** No two of an attempt are recorded closer than this, but for the last. */
export const PROGRESS_EVERY_MS = 250;

export interface ProgressParts {
  readonly clock: Clock;
  durableLogId(): LogId;
  /** Appends one; `undefined` when there is no room for it. */
  record(progress: Progress): LogId | undefined;
}

export class ProgressReports {
  readonly #parts: ProgressParts;
  /** The latest that is not appended. */
  #latest: Progress | undefined;
  /** Where the one before it is. */
  #recordedBy: LogId = 0;
  /** By the monotonic clock. */
  #notBeforeMs = -Infinity;
  #cancelTimer: (() => void) | undefined;

  constructor(parts: ProgressParts) {
    this.#parts = parts;
  }

  report(progress: Progress): void {
    this.#latest = progress;
    this.considered();
  }

  /** Something may have changed, such as what is durable. */
  considered(): void {
    const { clock, durableLogId } = this.#parts;
    if (this.#latest === undefined || this.#recordedBy > durableLogId()) return;
    const waitMs = this.#notBeforeMs - clock.monotonic();
    if (waitMs <= 0) return this.#record(this.#latest);
    this.#cancelTimer ??= clock.setTimer(waitMs, () => {
      this.#cancelTimer = undefined;
      this.considered();
    });
  }

  /** What was on its way is lost. */
  lost(): void {
    this.#recordedBy = 0;
  }

  /** The attempt ends: gives what is left, to be recorded with the end. */
  end(): Progress | undefined {
    this.#cancelTimer?.();
    const latest = this.#latest;
    this.#latest = undefined;
    return latest;
  }

  #record(progress: Progress): void {
    const recordedBy = this.#parts.record(progress);
    if (recordedBy !== undefined) {
      this.#latest = undefined;
      this.#recordedBy = recordedBy;
    }
    this.#notBeforeMs = this.#parts.clock.monotonic() + PROGRESS_EVERY_MS;
  }
}
