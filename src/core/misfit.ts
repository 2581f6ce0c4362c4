/** What is recorded of a job that is parked since its code no longer fits it. */

import type { LogId } from "./ids.ts";

interface Diverged {
  /** The job's type, and the version of the code that is loaded. */
  readonly type: string;
  readonly version: number;
  readonly recordedVersion: number | undefined;
  /** What `run` no longer asks for, such as `task charge`. */
  readonly step: string;
  /** The entry that named the step first. */
  readonly logId: LogId;
  /** What `run` does, as a predicate: `askedText`, or `returns instead`. */
  readonly instead: string;
}

/** Says that `run` no longer asks for a step on record. */
export function divergedText(
  { type, version, recordedVersion, step, logId, instead }: Diverged,
): string {
  return `${type} version ${version} no longer asks for ${step}, which entry ${logId} recorded ` +
    `when version ${recordedVersion} ran; it ${instead}`;
}

export function askedText(ids: readonly string[]): string {
  return `asks for ${ids.join(", ")} instead`;
}

/** Of equal versions. */
const ASKED =
  /version (\d+) no longer asks for .* recorded when version \1 ran; it asks for (.+) instead$/;

/** The steps that `run` asks for instead, by a `divergedText` of the version on record. */
export function askedInstead(message: string): readonly string[] {
  return ASKED.exec(message)?.[2]?.split(", ") ?? [];
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
