/** How much memory a proof may take in a process that has other things to do. */

import { sizeText } from "../core/size.ts";

/** The heap of the process; what is not on it is small. */
export interface MemoryUse {
  readonly usedBytes: number;
  /** At which the process would die. */
  readonly bytesMax: number;
}

/** Beyond this share of the heap, it is the requests' alone. */
const SHARE_MAX = 0.8;

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
