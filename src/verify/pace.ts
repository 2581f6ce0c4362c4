/** How a verification yields to other work and limits its memory. */

import type { Clock } from "../engine/ports.ts";
import { sizeText } from "../core/size.ts";

/**
 * Lets other work run when it is due; await the result if there is one. Throws or rejects when the
 * verification must end early.
 */
export type Pause = () => Promise<void> | undefined;

/** For when no other work is waiting. */
export const NO_PAUSE: Pause = () => undefined;

/** How long other work may be delayed; a request needs several turns. */
const SLICE_MS = 2;

/**
 * Pauses after every slice of time.
 *
 * @param signal Ends the work with its reason, wherever a pause might be.
 * @param beforePause Called before each pause; may abort the signal.
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

/** The heap of the process. Memory outside of it is negligible. */
export interface MemoryUse {
  readonly usedBytes: number;
  /** The size at which the process would die. */
  readonly bytesMax: number;
}

/** The part of the heap beyond this share is reserved for requests. */
const SHARE_MAX = 0.8;

/** Limits the memory of a verification in a process that does other work too. */
export class MemoryBound {
  readonly #use: () => MemoryUse;

  constructor(use: () => MemoryUse) {
    this.#use = use;
  }

  /**
   * Why a verification would probably run out of memory. It projects the whole journal a second
   * time, which takes about as much memory as the first.
   */
  tooLittleToBegin(): string | undefined {
    const { usedBytes, bytesMax } = this.#use();
    return 2 * usedBytes > SHARE_MAX * bytesMax ? tooLittle(bytesMax) : undefined;
  }

  /** Why a running verification must give up. */
  tooLittleToContinue(): string | undefined {
    const { usedBytes, bytesMax } = this.#use();
    return usedBytes > SHARE_MAX * bytesMax ? tooLittle(bytesMax) : undefined;
  }
}

function tooLittle(bytesMax: number): string {
  return `the heap of this process, ${sizeText(bytesMax)}, has too little room to project ` +
    "the journal a second time; deno task journal verify does it in a process of its own";
}
