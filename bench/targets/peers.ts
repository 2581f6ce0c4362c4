/** The peer that rows of the table share: started when the first row asks for it. */

import { BullMq } from "../peer/bullmq.ts";

export class Peers implements AsyncDisposable {
  #bullMq: Promise<BullMq | string> | undefined;

  /** Or, in words, why there is none. */
  bullMq(): Promise<BullMq | string> {
    return this.#bullMq ??= BullMq.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const bullMq = await this.#bullMq;
    if (bullMq instanceof BullMq) await bullMq[Symbol.asyncDispose]();
  }
}
