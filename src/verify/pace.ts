/** How a proof gives others their turn, and keeps within its memory. */

import type { Clock } from "../engine/ports.ts";
import { sizeText } from "../core/size.ts";

/**
 * Lets others have their turn, where it is due; to be awaited unless it gives nothing. Throws
 * or rejects when the work is to end before it is done.
 */
export type Pause = () => Promise<void> | undefined;

/** Where no other work is waiting. */
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

/** The heap of the process; what is not on it is small. */
export interface MemoryUse {
  readonly usedBytes: number;
  /** At which the process would die. */
  readonly bytesMax: number;
}

/** Beyond this share of the heap, it is the requests' alone. */
const SHARE_MAX = 0.8;

/** How much memory a proof may take in a process that has other things to do. */
export class MemoryBound {
  readonly #use: () => MemoryUse;

  constructor(use: () => MemoryUse) {
    this.#use = use;
  }

  /**
   * In words, when a proof would most likely not come to its end. It projects the whole
   * journal a second time, which takes about what the first one does.
   */
  tooLittleToBegin(): string | undefined {
    const { usedBytes, bytesMax } = this.#use();
    return 2 * usedBytes > SHARE_MAX * bytesMax ? tooLittle(bytesMax) : undefined;
  }

  /** In words, when a proof that runs has to give up. */
  tooLittleToGoOn(): string | undefined {
    const { usedBytes, bytesMax } = this.#use();
    return usedBytes > SHARE_MAX * bytesMax ? tooLittle(bytesMax) : undefined;
  }
}

function tooLittle(bytesMax: number): string {
  return `the heap of this process, ${sizeText(bytesMax)}, has too little room to project ` +
    "the journal a second time; deno task journal verify does it in a process of its own";
}
