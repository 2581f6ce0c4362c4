/** The peer shared by rows of the table, started when the first row needs it. */

import { installBullMq } from "../peer/bullmq.ts";
import type { LibraryPeer } from "../peer/client_library.ts";
import type { Installation } from "../peer/peer.ts";

export class Peers implements AsyncDisposable {
  #installed: Promise<Installation<LibraryPeer> | string> | undefined;
  #started: Promise<LibraryPeer> | undefined;

  /** Or the reason, as text, why there is none. */
  async bullMq(): Promise<LibraryPeer | string> {
    const installed = await (this.#installed ??= installBullMq("always"));
    return typeof installed === "string" ? installed : await (this.#started ??= installed.start());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#started)?.[Symbol.asyncDispose]();
    const installed = await this.#installed;
    if (typeof installed === "object") await installed[Symbol.asyncDispose]();
  }
}
