/**
 * What entries say about many jobs at once: the pauses and the changed limits that are in force, and
 * the failures that a rule counts. Updated with each durable entry.
 */

import { type ChangedLimits, noteLimits } from "../../core/changed_limits.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import {
  FAILURES_MAX,
  isByRule,
  notePause,
  type Pause,
  type RecordedFailure,
} from "../../core/pauses.ts";

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

/** Whether an entry is the failure of an attempt, of a task or of its compensation. */
export function isFailedAttempt({ eventType }: JobEventLogEntry): boolean {
  return eventType === "job.TaskFailed" || eventType === "job.TaskCompensationFailed";
}

export type FailuresByType = readonly (readonly [type: string, readonly RecordedFailure[]])[];

/** The latest failed attempts of each type since a rule last paused it. */
export class RecentFailures {
  readonly #byType = new Map<string, RecordedFailure[]>();

  /** In journal order. */
  of(type: string): readonly RecordedFailure[] {
    return this.#byType.get(type) ?? [];
  }

  /**
   * Adds an entry. Failures do not count while a rule pauses their type, since their attempts
   * started before the pause.
   *
   * @param pauses The pauses in force after the entry.
   * @param type The type of its job, if it has one; needed only for a failed attempt.
   * @returns The type whose failures the entry adds to, if any.
   */
  see(
    entry: JobEventLogEntry,
    pauses: readonly Pause[],
    type: string | undefined,
  ): string | undefined {
    if (entry.stratum !== "framework") return undefined;
    const { logId, receivedAt: at } = entry;
    if (entry.eventType === "job.PauseBegan") {
      const { failures, type } = entry.attributes;
      if (failures !== undefined && type !== undefined) this.#byType.delete(type);
      return undefined;
    }
    if (!isFailedAttempt(entry) || type === undefined) return undefined;
    if (pauses.some((pause) => isByRule(pause) && pause.type === type)) {
      return undefined;
    }
    const failures = this.#byType.getOrInsertComputed(type, () => []);
    failures.push({ logId, at });
    if (failures.length > FAILURES_MAX) failures.shift();
    return type;
  }

  capture(): FailuresByType {
    return [...this.#byType].map(([type, failures]) => [type, [...failures]]);
  }

  restore(all: FailuresByType): void {
    this.#byType.clear();
    for (const [type, failures] of all) this.#byType.set(type, [...failures]);
  }
}
