/**
 * Records groups, whatever the sink: passes durable entries to the consumer, takes snapshots, and
 * writes seals. The journal in memory, for tests, uses it too.
 */

import type { Silence } from "../../core/silence.ts";
import type { JournalEventDraft } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import { errorMessage } from "../../core/thrown.ts";
import {
  type Appended,
  JournalFailedError,
  JournalFullError,
  type JournalHead,
  type Random,
  type UnplacedEvent,
  type Urgency,
} from "../../engine/ports.ts";
import type { SealedBatch } from "../read/segment_scanner.ts";
import type { ResolvedOptions } from "../options.ts";
import { type BatchListener, type BatchSink, GroupCommit } from "./group_commit.ts";
import { DiskSpace, type Reserve } from "../files/disk_space.ts";
import { isOnlySeal, isStop, QuietSealer } from "../read/seals.ts";
import { type LastSnapshot, Snapshots } from "./snapshots.ts";

/** The state of the journal when it was opened. */
interface Origin {
  readonly head: JournalHead;
  /** Bytes in the active segment. */
  readonly segmentBytes: number;
  /** Whether the active segment has an older format, and so gets no more batches. */
  readonly isOfOlderFormat: boolean;
  /** Whether the last entry is the seal of a clean stop. */
  readonly stopped: boolean;
  readonly snapshot: LastSnapshot | null;
}

/** Work that must be done before anything is recorded, possibly delayed for lack of space. */
interface Undone {
  /** Does the work; `false` if there is no space for it. */
  mend(): Promise<boolean>;
  /** The fact to record first once the work is done, if any. */
  fact(): JournalEventDraft | undefined;
}

interface RecorderOptions extends
  Pick<
    ResolvedOptions,
    | ("consumer" | "clock" | "watch" | "warn")
    | ("segmentBytes" | "batchBytesMax" | "snapshotEvery" | "quietSealMs")
  > {
  readonly origin: Origin;
  readonly sink: BatchSink;
  readonly random: Pick<Random, "ulid">;
  /** Space for vital entries, if any is reserved. */
  readonly reserve?: Reserve | undefined;
  /** Whether there was no space for the reserve. */
  readonly short?: boolean;
  /** Work that must be done before anything is recorded, if any. */
  readonly undone?: Undone | undefined;
  /** Whether this process may append; in a shared journal, another process may lead. */
  readonly leads?: () => boolean;
  /** Makes a durable batch readable; called before the consumer gets it. */
  publish(batch: SealedBatch): void;
  /** Stores a snapshot and returns its file name. */
  writeSnapshot(head: JournalHead, lines: Iterable<string>): Promise<string>;
}

export class Recorder implements BatchListener {
  readonly #commit: GroupCommit;
  readonly #snapshots: Snapshots;
  readonly #sealer: QuietSealer;
  readonly #diskSpace: DiskSpace;
  /** The last position of an entry other than a seal. */
  #contentLogId: LogId;
  #stopped: boolean;
  #undone: Undone | undefined;
  #recording: Promise<LogId | null> | undefined;
  #closed = false;
  /** Settles when the last adopted batch has been handled. */
  #adopting = Promise.resolve();

  constructor(private readonly options: RecorderOptions) {
    const { origin, consumer, clock, writeSnapshot, warn } = options;
    this.#stopped = origin.stopped;
    this.#undone = options.undone;
    this.#contentLogId = origin.stopped ? origin.head.logId - 1 : origin.head.logId;
    this.#commit = this.#groupCommit(options);
    this.#sealer = new QuietSealer(clock, options.quietSealMs, () => this.#sealWhenIdle());
    this.#diskSpace = this.#createDiskSpace(options);
    this.#snapshots = new Snapshots({
      every: options.snapshotEvery,
      last: origin.snapshot,
      openedAt: origin.head.logId,
      capture: (head) => consumer.capture(head),
      write: writeSnapshot,
      warn,
    });
  }

  get head(): JournalHead {
    return this.#commit.head;
  }

  get silence(): Silence | undefined {
    return this.#commit.silence;
  }

  get pendingBytes(): number {
    return this.#commit.pendingBytes;
  }

  /** The position of the first entry of a group appended now. */
  get nextLogId(): LogId {
    return this.#commit.nextLogId;
  }

  get lastSnapshot(): LastSnapshot | null {
    return this.#snapshots.last;
  }

  /** Whether there is known to be no space for groups of this urgency. */
  full(urgency: Urgency): boolean {
    return this.#undone !== undefined || this.#diskSpace.full(urgency);
  }

  /**
   * @throws {JournalFailedError} if the journal has failed or is closed.
   * @throws {JournalFullError} if the remaining space is kept for vital entries.
   */
  append(
    group: readonly UnplacedEvent[],
    urgency: Urgency = "ordinary",
    receivedAt: string | undefined,
  ): Appended {
    if (this.#closed) throw new JournalFailedError("Cannot append: the journal is closed");
    if (this.#commit.refusal === undefined) {
      if (this.#undone !== undefined) throw withoutRoom();
      if (urgency === "ordinary") this.#diskSpace.require();
    }
    return this.#commit.append(group, receivedAt);
  }

  gather(): () => void {
    return this.#commit.gather();
  }

  /**
   * Does the undone work. Without space for it, nothing is recorded until there is some.
   *
   * @returns The position of the entry it recorded, if any.
   */
  async begin(): Promise<LogId | null> {
    if (!await this.#mend()) this.#diskSpace.ranOut();
    else {
      try {
        return await this.#recordUndone();
      } catch (error) {
        if (!(error instanceof JournalFullError)) throw error;
      }
    }
    return null;
  }

  /** Appends an entry of the journal itself; resolves when it is durable. */
  async record(draft: JournalEventDraft): Promise<LogId> {
    const { entries, durable } = this.#commit.append([draft]);
    await durable;
    return entries[0]?.logId ?? 0;
  }

  /** Builds a batch with an entry of the journal itself, to adopt once it is durable elsewhere. */
  batchOf(draft: JournalEventDraft): SealedBatch {
    return this.#commit.batchOf([draft]);
  }

  /**
   * Publishes a batch that is durable elsewhere and stored in the copy. Resolves when the consumer
   * has handled it.
   *
   * @param as `found` while opening, `news` for a consumer that is already running.
   */
  adopt(batch: SealedBatch, as: "found" | "news"): Promise<void> {
    return this.#adopting = this.#adopt(batch, as);
  }

  async #adopt(batch: SealedBatch, as: "found" | "news"): Promise<void> {
    const { consumer, publish } = this.options;
    this.#commit.advance(batch);
    publish(batch);
    if (as === "news") await consumer.durable(batch.entries);
    else for (const entry of batch.entries) consumer.replay(entry);
    this.#stopped = isStop(batch.entries.at(-1));
    if (!isOnlySeal(batch.entries)) this.#contentLogId = batch.lastLogId;
    this.#snapshots.takeWhenDue(this.head);
  }

  /** Seals the journal once it has been quiet. */
  sealLater(): void {
    if (!this.#closed && this.#commit.refusal === undefined) this.#sealer.restart();
  }

  /**
   * Records a seal, so that the shared log shows whether this process still leads. If not, the
   * journal fails as with any refused append.
   */
  async confirm(): Promise<void> {
    await this.#seal("quiet");
  }

  /** Fails the journal: nothing more is acknowledged. */
  fail(error: JournalFailedError): void {
    this.#commit.fail(error);
  }

  /** Accepts nothing more; resolves when everything is durable, captured and sealed. */
  async close(): Promise<void> {
    const { gathering } = this.#commit;
    // The slices that follow belong to those that were appended.
    if (gathering !== undefined) await gathering;
    this.#closed = true;
    this.#sealer.stop();
    await this.#diskSpace.stop();
    await Promise.all([this.#commit.settled(), this.#adopting]);
    if (this.#commit.refusal === undefined) {
      if (!this.#diskSpace.isKept) await this.#snapshots.takeLast(this.head, this.#contentLogId);
      if (this.#leads) await this.#sealStop();
    }
    await this.#snapshots.settled();
  }

  #groupCommit(options: RecorderOptions): GroupCommit {
    return new GroupCommit({
      head: options.origin.head,
      segmentBytes: options.origin.segmentBytes,
      rolls: options.origin.isOfOlderFormat,
      segmentBytesMax: options.segmentBytes,
      batchBytesMax: options.batchBytesMax,
      sink: options.sink,
      random: options.random,
      clock: options.clock,
      listener: this,
    });
  }

  #createDiskSpace({ clock, reserve, short = false, warn }: RecorderOptions): DiskSpace {
    return new DiskSpace({
      clock,
      reserve,
      short,
      mend: () => this.#mendLater(),
      between: (work) => this.#commit.between(work),
      probe: () => this.#probe(),
      warn,
    });
  }

  #mend(): Promise<boolean> {
    return this.#undone?.mend() ?? Promise.resolve(true);
  }

  /** Appends already wait for this work, so a disk failure fails the journal. */
  async #mendLater(): Promise<boolean> {
    try {
      if (!await this.#mend()) return false;
      // Running jobs continue in the reserve, even without space for another one. Not awaited,
      // since this runs between two batches.
      this.#recordUndone().catch(() => {});
      return true;
    } catch (error) {
      this.fail(new JournalFailedError(errorMessage(error), { cause: error }));
      return false;
    }
  }

  /** Runs one at a time; can run again if there was no space. */
  #recordUndone(): Promise<LogId | null> {
    return this.#recording ??= this.#recordFact().finally(() => this.#recording = undefined);
  }

  async #recordFact(): Promise<LogId | null> {
    const fact = this.#undone?.fact();
    const logId = fact === undefined ? null : await this.record(fact);
    this.#undone = undefined;
    return logId;
  }

  get #leads(): boolean {
    return this.options.leads?.() ?? true;
  }

  async #probe(): Promise<void> {
    if (!this.#leads) return;
    await this.#recordUndone();
    await this.#seal("room");
  }

  durable(batch: SealedBatch, durationMs: number): void | Promise<void> {
    this.#count(batch, durationMs);
    this.options.publish(batch);
    this.#stopped = false;
    this.#diskSpace.found();
    const handled = this.options.consumer.durable(batch.entries);
    if (!isOnlySeal(batch.entries)) {
      this.#contentLogId = batch.lastLogId;
      this.sealLater();
    }
    // A batch that takes several turns has them before the snapshot.
    return handled === undefined ? this.#takeWhenDue() : handled.then(() => this.#takeWhenDue());
  }

  /** A snapshot is only a cache, so it does not get the remaining space. */
  #takeWhenDue(): void {
    if (!this.#diskSpace.isKept) this.#snapshots.takeWhenDue(this.head);
  }

  #count({ entries, bytes }: SealedBatch, durationMs: number): void {
    try {
      this.options.watch?.committed({ entries: entries.length, bytes: bytes.length, durationMs });
    } catch (error) {
      // The batch is on disk, so a counter must not fail the journal.
      this.options.warn(`Cannot count a batch: ${errorMessage(error)}`);
    }
  }

  ranOut(error: JournalFullError): void {
    this.#diskSpace.ranOut(error);
    this.options.consumer.lost(error);
  }

  failed(error: JournalFailedError): void {
    this.#sealer.stop();
    void this.#diskSpace.stop();
    this.options.consumer.failed(error);
  }

  #sealWhenIdle(): void {
    if (!this.#commit.idle) return this.sealLater();
    // The journal is sealed already.
    if (this.head.logId > this.#contentLogId) return;
    // Retries if there was no space; a failure is reported to the consumer.
    this.#seal("quiet").catch(() => this.sealLater());
  }

  async #sealStop(): Promise<void> {
    if (this.#stopped || this.head.logId === 0) return;
    try {
      await this.#seal("stop");
      this.#stopped = true;
    } catch (error) {
      const reason = errorMessage(error);
      this.options.warn(`Cannot seal the journal, so the next start recovers it: ${reason}`);
    }
  }

  #seal(reason: "quiet" | "room" | "stop"): Promise<LogId> {
    const stratum = "framework";
    return this.record({ stratum, eventType: "journal.Sealed", attributes: { reason } });
  }
}

function withoutRoom(): JournalFullError {
  return new JournalFullError(
    "Cannot record: the disk has been full since the start. Nothing was recorded",
  );
}
