/** The starts that a rate counts: durable ones, and ones that are not durable yet. */

import type { Rate } from "../../../core/place_limits.ts";

export class RateWindow {
  /** Jobs that may begin, and whose start is not durable yet. */
  #pending = 0;
  /** When the latest jobs began, by the monotonic clock, oldest first. */
  readonly #times: number[] = [];
  waiting = 0;
  /** Whether a timer waits for the window to open. */
  isAwaited = false;

  /** @param isOfType Whether the rate counts all jobs of its type, not those of one key. */
  constructor(public rate: Rate, readonly isOfType: boolean) {}

  /** When one more job may begin; `Infinity` while that depends on starts that are not durable. */
  opensAtMs(nowMs: number): number {
    this.#forget(nowMs);
    const free = this.rate.count - this.#pending;
    if (free <= 0) return Infinity;
    const blocking = this.#times[this.#times.length - free];
    return blocking === undefined ? nowMs : blocking + this.rate.perMs;
  }

  counted(nowMs: number): number {
    this.#forget(nowMs);
    return this.#pending + this.#times.length;
  }

  /** The same starts, as another rate would count them. */
  under(rate: Rate): RateWindow {
    const other = new RateWindow(rate, this.isOfType);
    other.#pending = this.#pending;
    other.#times.push(...this.#times);
    return other;
  }

  /** Counts a job that may begin. */
  take(): void {
    this.#pending++;
  }

  /** Stops counting a job that does not begin after all. */
  giveBack(): void {
    this.#pending--;
  }

  /** The start of a counted job is durable. */
  began(nowMs: number): void {
    this.#pending--;
    this.#times.push(nowMs);
  }

  /** Counts a start recorded by an earlier process. */
  remember(atMs: number): void {
    this.#times.push(atMs);
  }

  /** Whether no start counts. */
  isIdle(nowMs: number): boolean {
    this.#forget(nowMs);
    return this.#pending === 0 && this.#times.length === 0;
  }

  #forget(nowMs: number): void {
    const after = nowMs - this.rate.perMs;
    let over = 0;
    while (over < this.#times.length && (this.#times[over] ?? 0) <= after) over++;
    if (over > 0) this.#times.splice(0, over);
  }
}
