/** The pauses and the changed limits that are in force; updated with each durable entry. */

import { type ChangedLimits, noteLimits } from "../../core/changed_limits.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import { notePause, type Pause } from "../../core/pauses.ts";

/** The pauses in force. */
export class Pauses {
  #all: readonly Pause[] = [];

  /** Oldest first. */
  get all(): readonly Pause[] {
    return this.#all;
  }

  get(pauseId: string): Pause | undefined {
    return this.#all.find((pause) => pause.pauseId === pauseId);
  }

  /** @returns Whether the entry changed the pauses. */
  see(entry: JobEventLogEntry): boolean {
    const before = this.#all;
    this.#all = notePause(before, entry);
    return this.#all !== before;
  }

  restore(pauses: readonly Pause[]): void {
    this.#all = pauses;
  }
}

/** Limits with which an operator overrides those in the code. */
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
