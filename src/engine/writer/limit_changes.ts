/** Limits with which an operator overrides those in the code; updated with each durable entry. */

import type { JobEventLogEntry } from "../../core/event.ts";
import { type ChangedLimits, noteLimits } from "../../core/changed_limits.ts";

export class LimitChanges {
  #all: readonly ChangedLimits[] = [];

  /** Oldest first. */
  get all(): readonly ChangedLimits[] {
    return this.#all;
  }

  of(type: string): ChangedLimits | undefined {
    return this.#all.find((one) => one.type === type);
  }

  /** @returns The type whose limits the entry changes, if any. */
  see(entry: JobEventLogEntry): string | undefined {
    const before = this.#all;
    this.#all = noteLimits(before, entry);
    if (before === this.#all || entry.stratum !== "framework") return undefined;
    return "type" in entry.attributes ? entry.attributes.type : undefined;
  }

  restore(changed: readonly ChangedLimits[]): void {
    this.#all = changed;
  }
}
