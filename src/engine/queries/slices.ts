/** Long work that nobody else should have to wait for. */

import type { Work } from "../../core/at_once.ts";
import type { Clock } from "../ports.ts";

/** How long others may be held up. */
const SLICE_MS = 5;

/** Goes on with work until it is done, and lets others have their turn where it yields. */
export async function inSlices<Result>(
  clock: Clock,
  work: Work<Result>,
): Promise<Result> {
  let began = clock.monotonic();
  for (let step = work.next();; step = work.next()) {
    if (step.done === true) return step.value;
    if (clock.monotonic() - began < SLICE_MS) continue;
    await clock.pause();
    began = clock.monotonic();
  }
}
