/** How a process joins a journal in PostgreSQL: it answers as one that follows, until it leads. */

import { newId } from "../core/ids.ts";
import { JournalUnusableError } from "../journal/errors.ts";
import type { PostgresJournal } from "../postgres/open.ts";
import type { Place } from "../postgres/place.ts";
import type { Configuration } from "../settings/configuration.ts";
import { allowedHostsOf } from "./daybook.ts";
import { Following } from "./following.ts";
import { systemClock, systemRandom } from "./system.ts";

export interface JoiningOptions {
  readonly configuration: Configuration;
  readonly place: Place;
  readonly secretKey: Uint8Array;
  /** Where others reach this process. */
  readonly url: string;
  /** Takes a line for people. */
  readonly tell: (line: string) => void;
  readonly warn: (message: string) => void;
}

export class Joining {
  /** What is answered until this process leads. */
  readonly following: Following;
  readonly #options: JoiningOptions;
  #joined: PostgresJournal | undefined;

  constructor(options: JoiningOptions) {
    const { configuration, tell } = options;
    this.#options = options;
    this.following = new Following({
      leader: () => this.#leader,
      clock: systemClock,
      bodyBytesMax: configuration.bodyBytesMax,
      allowedHosts: allowedHostsOf(configuration),
      tell,
    });
  }

  /** @throws {JournalUnusableError} if the database cannot be used. */
  async join(): Promise<PostgresJournal> {
    const { place, secretKey, url, warn } = this.#options;
    // Only now: the driver is not loaded for a journal in a folder.
    const { openPostgres } = await import("../postgres/open.ts");
    try {
      return this.#joined = await openPostgres({
        ...{ place, secretKey, url, warn },
        writer: newId.writer(systemRandom.ulid()),
        clock: systemClock,
        followed: this.following.followed,
      });
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
}
