/** How a verification yields to other work and limits its memory. */

import type { Clock } from "../engine/ports.ts";
import { sizeText } from "../core/counted.ts";

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

/**
 * Why a verification has too little memory, if so: this process does other work too. It projects the
 * whole journal a second time, which takes about as much memory as the first.
 *
 * @param when Before it begins, that memory is still to be used.
 */
export function memoryLack(
  { usedBytes, bytesMax }: MemoryUse,
  when: "before" | "during",
): string | undefined {
  const neededBytes = when === "before" ? 2 * usedBytes : usedBytes;
  if (neededBytes <= SHARE_MAX * bytesMax) return undefined;
  return `the heap of this process, ${sizeText(bytesMax)}, has too little room to project ` +
    "the journal a second time; deno task journal verify does it in a process of its own";
}
