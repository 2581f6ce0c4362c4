/** Decides when a snapshot is taken, and takes one at a time. */

import type { LogId } from "../../core/ids.ts";
import { errorMessage } from "../../core/thrown.ts";
import type { JournalHead, JournalInfo } from "../../engine/ports.ts";

/** The last snapshot, as `Journal.info` reports it. */
export type LastSnapshot = NonNullable<JournalInfo["lastSnapshot"]>;

/**
 * A small snapshot is taken sooner, so that a start after a crash has less to replay: after as many
 * entries as make it a hundredth of the work. Writing these characters takes about a hundredth of
 * the time that an entry takes.
 */
const CHARACTERS_PER_ENTRY = 30;
/** Even then, not before this share of the usual entries. */
const SOONEST_SHARE = 1 / 4;
/** The files of a snapshot have to be synced, however small it is. */
const SOONEST = 25_000;
/** Entries after which a start is over: a snapshot would delay it. */
const OF_A_START = 1_000;

interface SnapshotOptions {
  /** The most entries from one snapshot to the next. */
  readonly every: number;
  readonly last: LastSnapshot | null;
  /** The last position when the journal was opened. */
  readonly openedAt: LogId;
  /** Captures the content of a snapshot of the durable state. */
  capture(head: JournalHead): Iterable<string>;
  /** Stores a snapshot and returns its file name. */
  write(head: JournalHead, lines: Iterable<string>): Promise<string>;
  /** Called when a snapshot cannot be stored; the journal continues. */
  warn(message: string): void;
}

export class Snapshots {
  #last: LastSnapshot | null;
  #writing: Promise<void> | undefined;
  /** The position of the last attempt, so that a full disk is not tried after every batch. */
  #triedAt: LogId;
  /** Of the last snapshot that was written here. */
  #characters = 0;

  constructor(private readonly options: SnapshotOptions) {
    this.#last = options.last;
    this.#triedAt = options.last?.logId ?? 0;
  }

  get last(): LastSnapshot | null {
    return this.#last;
  }

  /** Starts a snapshot if enough entries came since the last and none is being written. */
  takeWhenDue(head: JournalHead): void {
    if (this.#isDue(head) && this.#writing === undefined) this.#begin(head);
  }

  /** What was replayed counts, so that the starts after several crashes do not become longer. */
  #isDue({ logId }: JournalHead): boolean {
    const { every, openedAt } = this.options;
    const since = logId - this.#triedAt;
    if (since >= every) return true;
    const soonest = Math.max(every * SOONEST_SHARE, Math.min(every, SOONEST));
    const distance = Math.max(soonest, this.#characters / CHARACTERS_PER_ENTRY);
    return since >= distance && logId - openedAt >= Math.min(OF_A_START, distance);
  }

  /**
   * Waits for a snapshot that is being written, then takes another unless it covers all content.
   */
  async takeLast(head: JournalHead, contentLogId: LogId): Promise<void> {
    await this.#writing;
    if (contentLogId > (this.#last?.logId ?? 0)) await this.#begin(head);
  }

  /** Resolves when no snapshot is being written. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  #begin(head: JournalHead): Promise<void> {
    this.#triedAt = head.logId;
    return this.#writing = this.#write(head).finally(() => this.#writing = undefined);
  }

  *#counted(lines: Iterable<string>): Iterable<string> {
    this.#characters = 0;
    for (const line of lines) {
      this.#characters += line.length;
      yield line;
    }
  }

  /** Captures synchronously, so that the content matches the head exactly. */
  async #write(head: JournalHead): Promise<void> {
    try {
      const file = await this.options.write(head, this.#counted(this.options.capture(head)));
      this.#last = { logId: head.logId, file };
    } catch (error) {
      const reason = errorMessage(error);
      this.options.warn(`Cannot write snapshot of logId ${head.logId}: ${reason}`);
    }
  }
}
