/** Long work beside which others have theirs. */

import type { Clock } from "../engine/ports.ts";

/**
 * Lets others have their turn, where it is due; to be awaited unless it gives nothing. Throws
 * or rejects when the work is to end before it is done.
 */
export type Pause = () => Promise<void> | undefined;

/** Where nobody else waits. */
export const NO_PAUSE: Pause = () => undefined;

/** How long others may be held up; a request needs several turns. */
const SLICE_MS = 2;

/**
 * A pause after every slice of time.
 *
 * @param signal Ends the work with its reason, wherever a pause might be.
 * @param beforePause Called before each of them; may abort the signal.
 */
export function pauseBetweenSlices(
  clock: Clock,
  signal: AbortSignal,
  beforePause: () => void,
): Pause {
  let began = clock.monotonic();
  const pause = async () => {
    beforePause();
    signal.throwIfAborted();
    await clock.pause();
    began = clock.monotonic();
  };
  return () => {
    signal.throwIfAborted();
    return clock.monotonic() - began < SLICE_MS ? undefined : pause();
  };
}
