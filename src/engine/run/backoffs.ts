/** The tasks and compensations of one run that back off, each until its time. */

import type { Scheduler } from "./scheduler.ts";

export class Backoffs {
  readonly #scheduler: Scheduler;
  /** What cancels each alarm; absent until there is one, as for most jobs. */
  #alarms: Set<() => void> | undefined;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  get areAny(): boolean {
    return (this.#alarms?.size ?? 0) > 0;
  }

  /** @param retryAt RFC 3339. */
  until(retryAt: string, over: () => void): void {
    const cancel = this.#scheduler.at(Date.parse(retryAt), () => {
      this.#alarms?.delete(cancel);
      over();
    });
    (this.#alarms ??= new Set()).add(cancel);
  }

  cancel(): void {
    for (const cancel of this.#alarms ?? []) cancel();
    this.#alarms = undefined;
  }
}
