/** The latest failed attempts of each type since a rule last paused it. */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { JobId } from "../../core/ids.ts";
import { FAILURES_MAX, type RecordedFailure } from "../../core/pause_rule.ts";
import { isByRule, type Pause } from "../../core/pauses.ts";

export type FailuresByType = readonly (readonly [type: string, readonly RecordedFailure[]])[];

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
   * @returns The type whose failures the entry adds to, if any.
   */
  see(
    entry: JobEventLogEntry,
    pauses: readonly Pause[],
    typeOf: (jobId: JobId) => string | undefined,
  ): string | undefined {
    if (entry.stratum !== "framework") return undefined;
    const { eventType, logId, receivedAt: at } = entry;
    if (eventType === "job.PauseBegan") {
      const { failures, type } = entry.attributes;
      if (failures !== undefined && type !== undefined) this.#byType.delete(type);
      return undefined;
    }
    if (eventType !== "job.TaskFailed" && eventType !== "job.TaskCompensationFailed") {
      return undefined;
    }
    const type = entry.jobId === undefined ? undefined : typeOf(entry.jobId);
    if (type === undefined || pauses.some((pause) => isByRule(pause) && pause.type === type)) {
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
