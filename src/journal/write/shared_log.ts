/**
 * A journal that several processes share. Its batches are in one place that all of them can reach,
 * and the folder of each process holds a copy. One process at a time leads, and only it appends.
 * The others follow.
 */

import { EXIT } from "../../core/exit_codes.ts";
import { counted } from "../../core/counted.ts";
import type { LogId } from "../../core/ids.ts";
import type { DatabaseInForce, Standing, WhyLeading, Writer } from "../../core/standing.ts";
import type { Clock } from "../../engine/ports.ts";
import type { SealedBatch } from "../read/segment_scanner.ts";

/** A batch as all processes share it. */
export type SharedBatch = Pick<
  SealedBatch,
  "firstLogId" | "lastLogId" | "previousChain" | "chain" | "bytes"
>;

/** The store of the batches. */
export interface SharedLog {
  /**
   * Appends a batch after the last one. Resolves when it is durable. If the outcome is unknown,
   * retries until it is known, however long that takes.
   *
   * @throws {OvertakenError} if another process has appended there.
   * @throws {LostHistoryError} if earlier batches are gone.
   */
  append(batch: SharedBatch): Promise<void>;
  /** Returns batches after a position, oldest first; if there are many, only the first of them. */
  read(after: LogId): Promise<readonly SharedBatch[]>;
  /** Returns the chain of the batch that ends at a position, if one does. */
  chainAt(logId: LogId): Promise<string | undefined>;
  /** Returns the position of the last entry; 0 if there is none. */
  lastLogId(): Promise<LogId>;
  /**
   * Resolves when there may be a batch after a position, or after a timeout in milliseconds.
   * Notifications can be lost, so callers must read after a timeout too.
   *
   * @returns Whether there was a notification.
   */
  news(after: LogId, withinMs: number): Promise<boolean>;
  /** Closes the log. */
  end(): Promise<void>;
}

/** Called when the lead of a process may end. */
export interface LeadListener {
  /** Called when another process claims to lead. Resolves if it does not: the log decides. */
  doubted(): Promise<void>;
  /** Called when this process can no longer lead. */
  lost(error: Error): void;
}

/**
 * Elects the leader. It only affects how soon another process tries to lead; the log decides who
 * leads.
 */
export interface Turn {
  /** @returns Why this process may lead from now on; `undefined` while it may not. */
  take(): Promise<WhyLeading | undefined>;
  /** Gives up the lead because another process has appended meanwhile. */
  pass(): Promise<void>;
  /** Confirms the lead: tells other processes the address of this one and that it is alive. */
  lead(listener: LeadListener): Promise<void>;
  /** Allows another process to lead. */
  end(): Promise<void>;
}

/** The parts of a shared journal that a process uses. */
export interface SharedJournal {
  readonly log: SharedLog;
  readonly turn: Turn;
  /** Notified of changes. */
  readonly membership: Membership;
}

/** The state of the shared log ends this process; with its exit code. */
export abstract class SharedLogError extends Error {
  constructor(message: string, readonly exitCode: number) {
    super(message);
    this.name = new.target.name; // For logs.
  }
}

/** Another process leads, so this one acknowledges nothing more. */
export class OvertakenError extends SharedLogError {
  constructor() {
    super("another process leads this journal now", EXIT.taken);
  }
}

/** Acknowledged entries are gone from the shared log. */
export class LostHistoryError extends SharedLogError {
  constructor(reason: string) {
    super(
      `${reason}. Keep the folder: \`deno task journal verify --journal <folder> --against ` +
        "<database>` shows from where on they differ, and `deno task journal push <database> " +
        "--journal <folder>` adds the entries if nothing else was recorded since",
      EXIT.damaged,
    );
  }
}

/** The folder of a process and the shared log hold two journals that were begun separately. */
export class OtherJournalError extends SharedLogError {
  constructor(ownEventId: string, sharedEventId: string) {
    super(
      `the folder is a copy of another journal: its first entry is ${ownEventId}, that of the ` +
        `database is ${sharedEventId}. Name the journal of the folder in the address, or give ` +
        "another --folder; if the database was begun anew, keep the folder, since only it has " +
        "the entries that the database had",
      EXIT.otherJournal,
    );
  }
}

/** A batch in the shared log is gone, or not what was written. */
export class DamagedLogError extends SharedLogError {
  constructor(readonly reason: string) {
    super(
      `${reason}. The damage is in the database: \`deno task journal verify --journal <folder> ` +
        "--against <database>` compares the copy in a folder with it",
      EXIT.damaged,
    );
  }
}

/** A newer version of Daybook leads, and has recorded what this one cannot read. */
export class NewerEntryError extends SharedLogError {
  constructor(logId: LogId, reason: string) {
    super(`at logId ${logId}, ${reason}; use a newer version`, EXIT.otherJournal);
  }
}

/**
 * Describes the entries missing from a log that ends before a position that a process has seen. What
 * was recorded since may have replaced earlier ones too.
 */
export function missingEntries(lastLogId: LogId, seenLogId: LogId): string {
  return `the database ends at logId ${lastLogId}, and lacks the entries acknowledged after it, ` +
    `from logId ${lastLogId + 1} on: ${counted(seenLogId - lastLogId, "entry", "entries")}, or ` +
    "more if others were recorded since";
}

/** The database counts as silent once it leaves a question without an answer for this long. */
const SILENT_MS = 3_000;

interface MembershipOptions {
  /** This process. */
  readonly self: Writer;
  readonly clock: Clock;
  /** Prints a line for people. */
  readonly tell: (line: string) => void;
}

/** Tracks the role of this process. The only source for everything that shows it. */
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
