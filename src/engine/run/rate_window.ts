/** The starts that a rate counts: those on record, and those on their way there. */

import type { Rate } from "../../core/place_limits.ts";

export class RateWindow {
  /** Jobs that may begin, and whose start is not on disk yet. */
  #pending = 0;
  /** When the latest began, by the clock that only runs; oldest first. */
  readonly #times: number[] = [];
  /** Requests that wait for it. */
  waiting = 0;
  /** Whether somebody is to be told when it is open again. */
  isAwaited = false;

  /** @param isOfType Whether it counts all jobs of its type, and not those of one key. */
  constructor(public rate: Rate, readonly isOfType: boolean) {}

  /** When one more may begin; `Infinity` while that hangs on starts that are not on disk. */
  opensAtMs(nowMs: number): number {
    this.#forget(nowMs);
    const free = this.rate.count - this.#pending;
    if (free <= 0) return Infinity;
    const blocking = this.#times[this.#times.length - free];
    return blocking === undefined ? nowMs : blocking + this.rate.perMs;
  }

  isOpen(nowMs: number): boolean {
    return this.opensAtMs(nowMs) <= nowMs;
  }

  /** How many count now. */
  counted(nowMs: number): number {
    this.#forget(nowMs);
    return this.#pending + this.#times.length;
  }

  /** A job may begin. */
  take(): void {
    this.#pending++;
  }

  /** It does not after all. */
  giveBack(): void {
    this.#pending--;
  }

  /** Its start is on disk. */
  began(nowMs: number): void {
    this.#pending--;
    this.#times.push(nowMs);
  }

  /** One that another process had put on record. */
  remember(atMs: number): void {
    this.#times.push(atMs);
  }

  /** Whether nothing of it counts any more. */
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
