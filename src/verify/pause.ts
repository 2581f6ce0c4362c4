/** Long work beside which others have theirs. */

import type { Clock } from "../engine/ports.ts";

/**
 * Lets others have their turn, where it is due; to be awaited unless it gives nothing. Rejects
 * when the work is to end before it is done.
 */
export type Pause = () => Promise<void> | undefined;

/** Where nobody else waits. */
export const NO_PAUSE: Pause = () => undefined;

/** How long others may be held up. */
const SLICE_MS = 5;

/**
 * A pause after every slice of time.
 *
 * @param requireGoingOn Throws when the work is to end.
 */
export function pauseBetweenSlices(clock: Clock, requireGoingOn: () => void): Pause {
  let began = clock.monotonic();
  const pause = async () => {
    requireGoingOn();
    await clock.pause();
    requireGoingOn();
    began = clock.monotonic();
  };
  return () => clock.monotonic() - began < SLICE_MS ? undefined : pause();
}
