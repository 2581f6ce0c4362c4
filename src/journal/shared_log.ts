/**
 * A journal that several processes share. Its batches are in one place that all of them reach, and
 * the folder of each holds a copy. One process at a time leads: it appends. The others follow.
 */

import type { LogId } from "../core/ids.ts";
import { messageOf } from "../core/thrown.ts";
import type { JournalHead } from "../engine/ports.ts";
import type { SealedBatch } from "./batch.ts";
import { JournalDamagedError } from "./errors.ts";
import type { BatchSink } from "./group_commit.ts";
import { segmentName } from "./layout.ts";
import { type ScanStart, SegmentScanner } from "./segment_scanner.ts";

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
}

/** Whose turn it is to lead. It decides how soon another tries, never what is true. */
export interface Turn {
  /** Whether this process may lead from now on. */
  take(): Promise<boolean>;
  /** Resolves when something may have changed. */
  news(): Promise<void>;
  /**
   * This process leads: others are told where it listens, and that it is alive.
   *
   * @param overtaken Called when another process leads.
   */
  lead(overtaken: () => void): Promise<void>;
  /** Lets another process lead. */
  end(): Promise<void>;
}

/** How a process takes part in a shared journal. */
export interface SharedJournal {
  readonly log: SharedLog;
  readonly turn: Turn;
  /** Tells this process from others. */
  readonly writer: string;
  /** Where others reach it. */
  readonly url: string;
  /** Called with the position up to which the copy is complete. */
  followed(head: JournalHead): void;
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

/** Whether an error says what became of a shared log. */
export function isOfSharedLog(error: unknown): error is OvertakenError | LostHistoryError {
  return error instanceof OvertakenError || error instanceof LostHistoryError;
}

/**
 * The batch, read and verified.
 *
 * @throws {JournalDamagedError} if it is not what was written, or does not follow the head.
 */
export function sealedBatch({ bytes, ...batch }: SharedBatch, head: JournalHead): SealedBatch {
  const firstLogId = head.logId + 1;
  const read = (start: ScanStart) => {
    const scanner = new SegmentScanner(bytes, firstLogId, head.chain, start);
    return { scanned: scanner.next(), scanner };
  };
  let { scanned, scanner } = read("later");
  const opensSegment = scanned?.entries[0]?.eventType === "journal.SegmentOpened";
  // Its format may be one that this version does not read.
  if (opensSegment) ({ scanned, scanner } = read("opening"));
  const isWhole = scanned?.chain === batch.chain && scanned.lastLogId === batch.lastLogId &&
    scanner.end === bytes.length;
  if (scanned !== undefined && isWhole) return { ...scanned, bytes, opensSegment };
  throw new JournalDamagedError(
    { segment: segmentName(firstLogId), offset: 0, logId: firstLogId },
    "the batch in the database is not what was written: " +
      (scanner.flaw?.reason ?? "its chain or its positions are others"),
  );
}

/** Appends to the shared log first, and then to this process's copy. */
export class SharedSink implements BatchSink {
  readonly #log: SharedLog;
  readonly #copy: BatchSink;
  readonly #head: () => JournalHead;

  /** @param head What the next batch follows. */
  constructor(log: SharedLog, copy: BatchSink, head: () => JournalHead) {
    this.#log = log;
    this.#copy = copy;
    this.#head = head;
  }

  async write(batch: SealedBatch, holdUp: boolean): Promise<void> {
    const { firstLogId, lastLogId, chain, bytes } = batch;
    const previousChain = this.#head().chain;
    await this.#log.append({ firstLogId, lastLogId, previousChain, chain, bytes });
    try {
      await this.#copy.write(batch, holdUp);
    } catch (error) {
      // It is durable, so a full disk takes nothing back; the next start fetches it.
      throw new Error(`they are in the database, but not in this folder: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }
}

/**
 * Keeps the copy of this process up to date until it may lead.
 *
 * @param adopt Stores a batch in the copy, and replays it.
 * @throws {LostHistoryError} if the copy has what the log has not.
 */
export async function follow(
  { log, turn, followed }: SharedJournal,
  head: () => JournalHead,
  adopt: (batch: SealedBatch) => Promise<void>,
): Promise<void> {
  await requireSame(log, head());
  for (;;) {
    const mayLead = await turn.take();
    // What the last leader wrote may come while the turn passes.
    const batches = await log.read(head().logId);
    for (const batch of batches) await adopt(sealedBatch(batch, head()));
    followed(head());
    if (batches.length > 0) continue;
    if (mayLead) return;
    await turn.news();
  }
}

async function requireSame(log: SharedLog, { logId, chain }: JournalHead): Promise<void> {
  if (logId === 0 || await log.chainAt(logId) === chain) return;
  const lastLogId = await log.lastLogId();
  throw new LostHistoryError(
    lastLogId < logId
      ? `the folder of this process holds entries up to logId ${logId}, the database up to ` +
        `${lastLogId}: either entries that were acknowledged are gone from the database, or the ` +
        "folder is that of another journal"
      : `the folder of this process and the database differ at logId ${logId}: the folder is a ` +
        "copy of another journal",
  );
}
