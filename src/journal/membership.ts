/**
 * Tracks the role of this process in a shared journal. The only source for everything that shows
 * it.
 */

import type { LogId } from "../core/ids.ts";
import type { DatabaseInForce, Standing, WhyLeading, Writer } from "../core/standing.ts";
import type { Clock } from "../engine/ports.ts";

/** The database counts as silent once it leaves a question without an answer for this long. */
const SILENT_MS = 3_000;

interface MembershipOptions {
  /** This process. */
  readonly self: Writer;
  readonly clock: Clock;
  /** Prints a line for people. */
  readonly tell: (line: string) => void;
}

export class Membership {
  readonly self: Writer;
  readonly #clock: Clock;
  readonly #tell: (line: string) => void;
  #sinceMs: number;
  #leader: Writer | undefined;
  #why: WhyLeading | undefined;
  #logId: LogId = 0;
  #entriesBehind = 0;
  #completeMs: number;
  /** The time and the monotonic time of the first question that is still without an answer. */
  #asked: { readonly at: number; readonly ms: number } | undefined;
  #database: DatabaseInForce | undefined;
  #announcedUrl: string | undefined;

  constructor({ self, clock, tell }: MembershipOptions) {
    this.self = self;
    this.#clock = clock;
    this.#tell = tell;
    this.#sinceMs = clock.now();
    this.#completeMs = clock.monotonic();
  }

  /**
   * Notes who leads while this process follows. An entry with the URL of this process, left by an
   * earlier run, is ignored.
   */
  ledBy(leader: Writer | undefined): void {
    this.#leader = leader?.url === this.self.url ? undefined : leader;
  }

  /** The URL of the leader, if it is known and another process leads. */
  get otherUrl(): string | undefined {
    return this.#leader?.url === this.self.url ? undefined : this.#leader?.url;
  }

  get follows(): boolean {
    return this.#why === undefined;
  }

  /** Notes that this process leads from now on. */
  leads(why: WhyLeading): void {
    this.#sinceMs = this.#clock.now();
    this.#leader = this.self;
    this.#why = why;
  }

  /**
   * Notes that the copy is complete up to a position.
   *
   * @param lastLogId The end of the shared log when it was last checked.
   */
  copied(logId: LogId, lastLogId: LogId): void {
    this.#logId = logId;
    this.#entriesBehind = Math.max(0, lastLogId - logId);
    if (this.#entriesBehind === 0) this.#completeMs = this.#clock.monotonic();
    const url = this.#leader?.url;
    if (url === undefined || url === this.#announcedUrl) return;
    this.#announcedUrl = url;
    this.#tell(`following ${url}, at logId ${logId}; takes over if that process stops`);
  }

  /** Notes that this process asks the database something that needs no time to answer. */
  asks(): void {
    this.#asked ??= { at: this.#clock.now(), ms: this.#clock.monotonic() };
  }

  /** Notes that the database has answered. */
  answered(): void {
    this.#asked = undefined;
  }

  /** Since when the database has not answered, RFC 3339; `null` while it does. */
  get silentSince(): string | null {
    const asked = this.#asked;
    if (asked === undefined || this.#clock.monotonic() - asked.ms < SILENT_MS) return null;
    return new Date(asked.at).toISOString();
  }

  inForce(database: DatabaseInForce): void {
    this.#database = database;
  }

  get standing(): Standing {
    const { follows } = this;
    return {
      role: follows ? "following" : "leading",
      since: new Date(this.#sinceMs).toISOString(),
      leader: this.#leader ?? null,
      why: this.#why ?? null,
      copy: !follows ? null : {
        logId: this.#logId,
        entriesBehind: this.#entriesBehind,
        msBehind: Math.round(this.#clock.monotonic() - this.#completeMs),
      },
      databaseSilentSince: this.silentSince,
      database: this.#database ?? null,
    };
  }
}
