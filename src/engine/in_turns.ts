/** Completes a long computation with a pause between its steps. */

import type { Work } from "../core/work.ts";
import type { Clock } from "./ports.ts";

export async function inTurns<Result>(
  work: Work<Result>,
  clock: Pick<Clock, "pause">,
): Promise<Result> {
  let step = work.next();
  for (; step.done !== true; step = work.next()) await clock.pause();
  return step.value;
}
