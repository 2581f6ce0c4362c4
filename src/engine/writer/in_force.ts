/**
 * What entries say about many jobs at once: the pauses and the changed limits that are in force, and
 * the failures that a rule counts. Updated with each durable entry.
 */

import type { JobEventLogEntry } from "../../core/event.ts";
import { FAILURES_MAX, isByRule, type Pause, type RecordedFailure } from "../../core/pauses.ts";

/** What operators and rules have put in force, such as pauses: a fold of durable entries. */
export class InForce<One> {
  #all: readonly One[] = [];

  /**
   * @param note Returns what is in force after an entry; the same array if it changes nothing.
   * @param nameOf The name under which `get` finds one.
   */
  constructor(
    private readonly note: (all: readonly One[], entry: JobEventLogEntry) => readonly One[],
    private readonly nameOf: (one: One) => string,
  ) {}

  /** Oldest first. */
  get all(): readonly One[] {
    return this.#all;
  }

  get(name: string): One | undefined {
    return this.#all.find((one) => this.nameOf(one) === name);
  }

  /** @returns Whether the entry changed anything. */
  see(entry: JobEventLogEntry): boolean {
    const before = this.#all;
    this.#all = this.note(before, entry);
    return this.#all !== before;
  }

  restore(all: readonly One[]): void {
    this.#all = all;
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
