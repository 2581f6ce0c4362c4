/** How a process joins a journal in PostgreSQL. */

import { newId } from "../core/ids.ts";
import type { JournalHead } from "../engine/ports.ts";
import { JournalUnusableError } from "../journal/errors.ts";
import type { PostgresJournal } from "../postgres/open.ts";
import type { Place } from "../postgres/place.ts";
import type { Sharing } from "./daybook.ts";
import { systemClock, systemRandom } from "./system.ts";

export interface JoiningOptions {
  readonly place: Place;
  readonly secretKey: Uint8Array;
  /** Where others reach this process. */
  readonly url: string;
  /** Takes a line for people. */
  readonly tell: (line: string) => void;
  readonly warn: (message: string) => void;
}

export class Joining {
  readonly #options: JoiningOptions;
  #joined: PostgresJournal | undefined;
  #toldOf: string | undefined;

  constructor(options: JoiningOptions) {
    this.#options = options;
  }

  /** @throws {JournalUnusableError} if the database cannot be used. */
  async join(): Promise<Sharing> {
    const { place, secretKey, url, warn } = this.#options;
    // Only now: the driver is not loaded for a journal in a folder.
    const { openPostgres } = await import("../postgres/open.ts");
    try {
      this.#joined = await openPostgres({
        ...{ place, secretKey, url, warn },
        writer: newId.writer(systemRandom.ulid()),
        clock: systemClock,
        followed: (head) => this.#followed(head),
      });
      const { shared, keys } = this.#joined;
      return { shared, keys, leader: () => this.#leader };
    } catch (error) {
      if (!(error instanceof Deno.errors.NotCapable)) throw error;
      throw new JournalUnusableError("use", place.shown, error.message, error);
    }
  }

  /** Where the leader listens; a row that an earlier life of this process left does not count. */
  get #leader(): string | undefined {
    const url = this.#joined?.leader()?.url;
    return url === this.#options.url ? undefined : url;
  }

  #followed(head: JournalHead): void {
    const leader = this.#leader;
    if (leader === this.#toldOf || leader === undefined) return;
    this.#toldOf = leader;
    this.#options.tell(`following ${leader}, at logId ${head.logId}; leads when that is gone`);
  }
}
