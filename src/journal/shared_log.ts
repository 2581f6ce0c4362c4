/**
 * A journal that several processes share. Its batches are in one place that all of them reach, and
 * the folder of each holds a copy. One process at a time leads: it appends. The others follow.
 */

import { counted } from "../core/counted.ts";
import type { LogId } from "../core/ids.ts";
import type { WhyLeading } from "../core/standing.ts";
import type { Membership } from "./membership.ts";

/** A batch as all processes have it. */
export interface SharedBatch {
  readonly firstLogId: LogId;
  readonly lastLogId: LogId;
  /** The chain before it; empty before the first. */
  readonly previousChain: string;
  readonly chain: string;
  /** Its lines, as they are in a segment. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Where the batches are. */
export interface SharedLog {
  /**
   * Puts a batch behind the last one. Resolves when it is durable, and tries until that is known,
   * however long nobody answers.
   *
   * @throws {OvertakenError} if another process has put something there.
   * @throws {LostHistoryError} if batches that were there are gone.
   */
  append(batch: SharedBatch): Promise<void>;
  /** Batches after a position, oldest first: some of them if there are many. */
  read(after: LogId): Promise<readonly SharedBatch[]>;
  /** The chain of the batch that ends at a position, if one does. */
  chainAt(logId: LogId): Promise<string | undefined>;
  /** The position of the last entry; 0 if there is none. */
  lastLogId(): Promise<LogId>;
  /**
   * Resolves as soon as there may be a batch after a position, or after a time in milliseconds. A
   * message about one may be lost, so whoever waits has to look then as well.
   *
   * @returns Whether there was a message.
   */
  news(after: LogId, withinMs: number): Promise<boolean>;
  /** Nothing more is asked of it. */
  end(): Promise<void>;
}

/** Told of what may end that a process leads. */
export interface LeadListener {
  /** Another process says that it leads. Resolves if it does not: the log decides. */
  doubted(): Promise<void>;
  /** This process cannot lead any more. */
  lost(error: Error): void;
}

/** Whose turn it is to lead. It decides how soon another tries, never what is true. */
export interface Turn {
  /** Why this process may lead from now on; `undefined` while it may not. */
  take(): Promise<WhyLeading | undefined>;
  /** This process does not lead after all: another one has appended meanwhile. */
  pass(): Promise<void>;
  /** This process leads: others are told where it listens, and that it is alive. */
  lead(listener: LeadListener): Promise<void>;
  /** Lets another process lead. */
  end(): Promise<void>;
}

/** How a process takes part in a shared journal. */
export interface SharedJournal {
  readonly log: SharedLog;
  readonly turn: Turn;
  /** Told of what changes. */
  readonly membership: Membership;
}

/** Another process leads: this one acknowledges nothing any more. */
export class OvertakenError extends Error {
  /** For logs. */
  override readonly name = "OvertakenError";
  /** What a process ends with that led until then. */
  readonly exitCode = 73;

  constructor() {
    super("another process leads this journal now");
  }
}

/** Entries that were acknowledged are gone from where all processes have them. */
export class LostHistoryError extends Error {
  /** For logs. */
  override readonly name = "LostHistoryError";
  /** What a process ends with that finds it. */
  readonly exitCode = 78;
}

/** What is gone from a log that ends before the position that a process has seen. */
export function missingEntries(lastLogId: LogId, seenLogId: LogId): string {
  return `the database ends at logId ${lastLogId}, and lacks what was acknowledged after it, from ` +
    `logId ${lastLogId + 1} on: ${counted(seenLogId - lastLogId, "entry", "entries")}`;
}

/** Whether an error says what became of a shared log. */
export function isOfSharedLog(error: unknown): error is OvertakenError | LostHistoryError {
  return error instanceof OvertakenError || error instanceof LostHistoryError;
}
