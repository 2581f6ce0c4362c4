/** The journal in files. A facade: it connects its parts and makes no decisions. */

import type { Silence } from "../core/silence.ts";
import type { JobEventLogEntry } from "../core/event.ts";
import type { LogId } from "../core/ids.ts";
import {
  type Appended,
  type EntryLocation,
  type Journal,
  JournalFailedError,
  type JournalHead,
  type JournalInfo,
  type RecoveryReport,
  type UnplacedEvent,
  type Urgency,
} from "../engine/ports.ts";
import { Announcement, takeFolder } from "./files/folder.ts";
import { JournalDamagedError } from "./errors.ts";
import { journalLayout } from "./layout.ts";
import { type FileJournalOptions, resolvedOptions } from "./options.ts";
import { WatchedFiles } from "./write/segment_writer.ts";
import { type JournalParts, openParts } from "./journal_parts.ts";

export class FileJournal implements Journal {
  #report: RecoveryReport;
  #closing: Promise<void> | undefined;

  private constructor(
    private readonly parts: JournalParts,
    private readonly announcement: Announcement,
    report: RecoveryReport,
  ) {
    this.#report = report;
  }

  /**
   * Locks a folder, replays its entries into the consumer, and repairs what a crash can explain.
   * After an unclean stop, `journal.Recovered` is durable on return.
   *
   * @throws {JournalLockedError} when another process holds the journal.
   * @throws {JournalDamagedError} when it is damaged, or written by a newer version.
   * @throws {JournalUnusableError} when it cannot be read or written.
   * @throws {RangeError} when an option is out of range.
   */
  static async open(
    options: FileJournalOptions,
  ): Promise<{ journal: FileJournal; report: RecoveryReport }> {
    const resolved = resolvedOptions(options);
    const layout = journalLayout(resolved.folder);
    const lock = await takeFolder(resolved.fileSystem, layout, resolved.warn);
    const announcement = new Announcement(lock, layout.lock, resolved.warn);
    const watched = new WatchedFiles({ ...resolved, lock, lockPath: layout.lock });
    try {
      await announcement.clear();
      const { parts, report } = await openParts({ ...resolved, layout, watched });
      return { journal: new FileJournal(parts, announcement, report), report };
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  get head(): JournalHead {
    return this.parts.recorder.head;
  }

  /** The size of all segments. */
  get bytes(): number {
    return this.parts.catalogue.bytes;
  }

  full(urgency: Urgency): boolean {
    return this.parts.recorder.full(urgency);
  }

  get silence(): Silence | undefined {
    const { follower, recorder } = this.parts;
    return follower === undefined ? recorder.silence : follower.silence;
  }

  get pendingBytes(): number {
    return this.parts.recorder.pendingBytes;
  }

  /**
   * The position of the first entry of a group appended now, provided that nothing else is being
   * appended. For entries whose attributes name positions in their own group.
   */
  get nextLogId(): LogId {
    return this.parts.recorder.nextLogId;
  }

  append(group: readonly UnplacedEvent[], urgency?: Urgency, receivedAt?: string): Appended {
    if (!this.#leads) {
      throw new JournalFailedError("Cannot append: another process leads this journal");
    }
    return this.parts.recorder.append(group, urgency, receivedAt);
  }

  gather(): () => void {
    return this.parts.recorder.gather();
  }

  read(after: LogId, limit: number): Promise<readonly JobEventLogEntry[]> {
    return this.parts.history.read(after, limit, this.head.logId).catch(this.#failIfDamaged);
  }

  /** @throws {RangeError} when a position is not durable, or the positions do not ascend. */
  readAt(logIds: readonly LogId[]): Promise<readonly JobEventLogEntry[]> {
    return this.parts.history.readAt(logIds, this.head.logId).catch(this.#failIfDamaged);
  }

  /** Rejects with a `RangeError` when a position is not durable, or the positions do not ascend. */
  locate(logIds: readonly LogId[]): Promise<readonly EntryLocation[]> {
    return this.parts.catalogue.locate(logIds, this.head.logId).catch(this.#failIfDamaged);
  }

  /**
   * Fails the journal, because a line is not what was recorded: nothing more is acknowledged. Once
   * it is being closed, its files may be gone.
   */
  damaged(error: JournalDamagedError): void {
    if (this.#closing === undefined) this.parts.damaged(error);
  }

  readonly #failIfDamaged = (error: unknown): never => {
    if (error instanceof JournalDamagedError) this.damaged(error);
    throw error;
  };

  async info(): Promise<JournalInfo> {
    const { recorder, catalogue, proof, verification } = this.parts;
    const lastVerification = await verification();
    return {
      head: recorder.head,
      segments: [...catalogue.segments],
      bytes: catalogue.bytes,
      proof: proof.state,
      lastSnapshot: recorder.lastSnapshot,
      lastRecovery: this.#report,
      lastVerification,
    };
  }

  /**
   * In a shared journal, passes what other processes record to the consumer until this process
   * leads. Throws errors that end a process that follows.
   *
   * @returns The position of the `journal.WriterOpened` entry of this process, or, if the journal
   * is not shared, of the entry that the start recorded. `undefined` if the journal was closed
   * first.
   */
  async lead(): Promise<LogId | null | undefined> {
    const { follower } = this.parts;
    if (follower === undefined) return this.#report.recoveredLogId;
    const recoveredLogId = await follower.untilLead();
    if (recoveredLogId === undefined) return undefined;
    this.#report = { ...this.#report, recoveredLogId };
    return recoveredLogId;
  }

  /**
   * Writes the address of the server into the lock file, where commands on this machine look for
   * it. A failure is only a warning.
   */
  announce(url: string): Promise<void> {
    return this.announcement.make(url);
  }

  get #leads(): boolean {
    return this.parts.follower?.leads ?? true;
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    const { follower, recorder } = this.parts;
    const unproven = this.parts.proof.stop();
    try {
      await (follower ?? recorder).close();
    } finally {
      await this.parts.leave();
      await unproven;
      await this.parts.segment.close();
      await this.announcement.end();
    }
  }
}
