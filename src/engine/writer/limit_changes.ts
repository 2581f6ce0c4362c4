/** Limits that an operator put in the place of the code's: kept in step with each durable entry. */

import type { JobEventLogEntry } from "../../core/event.ts";
import { type ChangedLimits, noteLimits } from "../../core/changed_limits.ts";

export class LimitChanges {
  #all: readonly ChangedLimits[] = [];

  /** The oldest first. */
  get all(): readonly ChangedLimits[] {
    return this.#all;
  }

  of(type: string): ChangedLimits | undefined {
    return this.#all.find((one) => one.type === type);
  }

  /** @returns The type that the entry is about, where it is about limits. */
  see(entry: JobEventLogEntry): string | undefined {
    const before = this.#all;
    this.#all = noteLimits(before, entry);
    if (before === this.#all || entry.stratum !== "framework") return undefined;
    return "type" in entry.attributes ? entry.attributes.type : undefined;
  }

  /** Takes over those of a snapshot. */
  restore(changed: readonly ChangedLimits[]): void {
    this.#all = changed;
  }
}
