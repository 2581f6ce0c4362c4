/** What is recorded of a job that is parked since its code waits for what its plan lacks. */

import type { LogId } from "./ids.ts";

const OF_PLAN = "which the plan that entry";

/**
 * As a predicate of the code.
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
