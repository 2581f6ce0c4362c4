/** The pauses in force; updated with each durable entry. */

import type { JobEventLogEntry } from "../../core/event.ts";
import { notePause, type Pause } from "../../core/pauses.ts";

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
