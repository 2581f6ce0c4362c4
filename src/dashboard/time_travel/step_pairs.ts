/** The steps of a job as recorded and as supposed, side by side. */

import type { LogId } from "../../core/ids.ts";
import type { ReplayStep } from "../../explain/replay_steps.ts";

export interface StepPair {
  readonly logId: LogId;
  readonly eventType: string;
  /** `undefined` when the record has no such entry. */
  readonly recorded: ReplayStep | undefined;
  /** `undefined` when the entry is left out. */
  readonly supposed: ReplayStep | undefined;
  /** Whether one of them applies another rule, or changes something else. */
  readonly differs: boolean;
}

/** Both lists ascend by position. */
export function stepPairs(
  recorded: readonly ReplayStep[],
  supposed: readonly ReplayStep[],
): readonly StepPair[] {
  const pairs: StepPair[] = [];
  for (let [left, right] = [0, 0]; left < recorded.length || right < supposed.length;) {
    const [one, other] = [recorded[left], supposed[right]];
    const position = Math.min(one?.logId ?? Infinity, other?.logId ?? Infinity);
    const pair = pairOf(atPosition(one, position), atPosition(other, position));
    if (pair !== undefined) pairs.push(pair);
    if (pair?.recorded !== undefined) left += 1;
    if (pair?.supposed !== undefined) right += 1;
  }
  return pairs;
}

function atPosition(step: ReplayStep | undefined, position: number): ReplayStep | undefined {
  return step?.logId === position ? step : undefined;
}

function pairOf(
  recorded: ReplayStep | undefined,
  supposed: ReplayStep | undefined,
): StepPair | undefined {
  const some = supposed ?? recorded;
  if (some === undefined) return undefined;
  const { logId, eventType } = some;
  return { logId, eventType, recorded, supposed, differs: !isSame(recorded, supposed) };
}

function isSame(one: ReplayStep | undefined, other: ReplayStep | undefined): boolean {
  return one !== undefined && other !== undefined && one.rule === other.rule &&
    JSON.stringify(one.changed) === JSON.stringify(other.changed);
}
