/** What is recorded of a job that is parked since its code no longer fits it. */

import type { LogId, TaskId } from "./ids.ts";

/** Where `run` disagrees with the record. */
export interface Divergence {
  /** Absent for a wait. */
  readonly taskId?: TaskId;
  /** Such as `task charge`, `sleep overnight` or `wait 1 for "paid"`. */
  readonly step: string;
  /** The entry that `run` disagrees with: the first one that named the step. */
  readonly logId: LogId;
  /** What `run` does, as a predicate: `asks for bill instead`. */
  readonly instead: string;
}

/**
 * Says that `run` no longer asks for a step on record.
 *
 * @param code The loaded code.
 */
export function divergedText(
  code: { readonly type: string; readonly version: number },
  recordedVersion: number | undefined,
  { step, logId, instead }: Divergence,
): string {
  return `${code.type} version ${code.version} no longer asks for ${step}, which entry ${logId} ` +
    `recorded when version ${recordedVersion} ran; it ${instead}`;
}

/** What `run` does, as a predicate, if it asks for other steps. */
export function askedText(ids: readonly string[]): string {
  return `asks for ${ids.join(", ")} instead`;
}

const ASKED =
  /version (\d+) no longer asks for .* recorded when version (\d+) ran; it asks for (.+) instead$/;

/** What `run` asks for instead of a step on record. */
export interface AskedInstead {
  readonly ids: readonly string[];
  /** Whether the code has the version that recorded the step. */
  readonly isSameVersion: boolean;
}

/** By a `divergedText`; `undefined` if `run` asks for no other steps. */
export function askedInstead(message: string): AskedInstead | undefined {
  const [, loaded, recorded, ids] = ASKED.exec(message) ?? [];
  return ids === undefined
    ? undefined
    : { ids: ids.split(", "), isSameVersion: loaded === recorded };
}

const OF_PLAN = "which the plan that entry";

/**
 * Says, as a predicate of the code, that `run` waits for what the plan lacks.
 *
 * @param createdBy The position of the entry with the plan.
 * @param planned What the plan names.
 */
export function planMisfitText(expectation: string, createdBy: LogId, planned: string): string {
  return `waits for ${JSON.stringify(expectation)}, ${OF_PLAN} ${createdBy} recorded does not ` +
    `name; it names ${planned}`;
}

/** Whether the message of a parked job is about its plan, and not about its input. */
export function isPlanMisfit(message: string): boolean {
  return message.includes(OF_PLAN);
}
