/**
 * The progress that one attempt reports. Its code may report at any rate: at most a few reports a
 * second are recorded, always the latest. The last one is recorded with the end of the attempt.
 */

import type { LogId } from "../../core/ids.ts";
import type { Progress } from "../../core/job_state.ts";
import type { Clock } from "../ports.ts";

/** The least time between two recorded reports, except for the last. */
const PROGRESS_EVERY_MS = 250;

interface ProgressParts {
  readonly clock: Clock;
  durableLogId(): LogId;
  /** Appends a report; `undefined` when there is no room for it. */
  record(progress: Progress): LogId | undefined;
}

export class ProgressReports {
  readonly #parts: ProgressParts;
  /** The latest report, if it is not appended yet. */
  #latest: Progress | undefined;
  /** The position of the report recorded before. */
  #recordedBy: LogId = 0;
  /** When the next report may be recorded, by the monotonic clock. */
  #notBeforeMs = -Infinity;
  #cancelTimer: (() => void) | undefined;

  constructor(parts: ProgressParts) {
    this.#parts = parts;
  }

  report(progress: Progress): void {
    this.#latest = progress;
    this.considered();
  }

  /** Records the latest report if it is due. Called when, for example, more entries are durable. */
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

  lost(): void {
    this.#recordedBy = 0;
  }

  /** The attempt has ended: returns the last report, to be recorded with the end. */
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
