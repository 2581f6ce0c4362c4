/** How a process joins a journal in PostgreSQL: it answers as one that follows, until it leads. */

import { newId } from "../core/ids.ts";
import type { Standing } from "../core/standing.ts";
import { JournalUnusableError } from "../journal/errors.ts";
import { Membership } from "../journal/membership.ts";
import type { PostgresJournal } from "../postgres/open.ts";
import type { Place } from "../postgres/place.ts";
import type { Configuration } from "../settings/configuration.ts";
import { within } from "../engine/within.ts";
import { allowedHostsOf, SERVER_CLOSE_MS } from "./daybook.ts";
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
  readonly #membership: Membership;
  readonly #opened = Promise.withResolvers<void>();

  constructor(options: JoiningOptions) {
    const { configuration, url, tell } = options;
    this.#options = options;
    const self = { writer: newId.writer(systemRandom.ulid()), url };
    this.#membership = new Membership({ self, clock: systemClock, tell });
    this.following = new Following({
      membership: this.#membership,
      clock: systemClock,
      bodyBytesMax: configuration.bodyBytesMax,
      allowedHosts: allowedHostsOf(configuration),
    });
  }

  get standing(): Standing {
    return this.#membership.standing;
  }

  /** This process leads, and can be stopped as a leader. */
  opened(): void {
    this.#opened.resolve();
  }

  /** Whether this process leads; resolves with that once it can be stopped as a leader. */
  async led(): Promise<boolean> {
    if (this.standing.role === "following") return false;
    await this.#opened.promise;
    return true;
  }

  /**
   * Ends a process that follows.
   *
   * @param closeServer Resolves when the server has answered all requests.
   */
  async stop(closeServer: () => Promise<unknown>): Promise<void> {
    await within(systemClock, SERVER_CLOSE_MS, closeServer());
  }

  /** @throws {JournalUnusableError} if the database cannot be used. */
  async join(): Promise<PostgresJournal> {
    const { place, secretKey, warn } = this.#options;
    // Only now: the driver is not loaded for a journal in a folder.
    const { openPostgres } = await import("../postgres/open.ts");
    try {
      return await openPostgres({
        ...{ place, secretKey, warn },
        membership: this.#membership,
        clock: systemClock,
      });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotCapable)) throw error;
      throw new JournalUnusableError("use", place.shown, error.message, error);
    }
  }
}
