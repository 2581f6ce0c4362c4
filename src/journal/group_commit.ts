/**
 * Group commit by single flight, without a timer: at most one batch is on its way to
 * disk, and all that arrives meanwhile forms the next. Positions are given at once.
 */

import type { LogId } from "../core/ids.ts";
import { messageOf } from "../core/thrown.ts";
import {
  type Appended,
  type Clock,
  GroupTooLargeError,
  JournalFailedError,
  JournalFullError,
  type JournalHead,
  type StampedEvent,
} from "../engine/ports.ts";
import { Batch, type EncodedGroup, encodedGroup, type SealedBatch, type Stamp } from "./batch.ts";
import { Calm } from "./calm.ts";
import { FORMAT_VERSION } from "./line_codec.ts";

/** Where batches go. */
export interface BatchSink {
  /**
   * Returns when the batch is on disk. Rejects with `JournalFullError` when nothing of it
   * is left there and a later batch may succeed; any other rejection is the end.
   *
   * @param holdUp Whether the event loop may be held up until it is there.
   */
  write(batch: SealedBatch, holdUp: boolean): Promise<void>;
}

/** Who is told what became of a batch. Must not throw. */
export interface BatchListener {
  /**
   * Called before the groups of the batch are answered.
   *
   * @param durationMs From the first byte written until the disk said that all of it is there.
   */
  durable(batch: SealedBatch, durationMs: number): void;
  /** There was no room for it, and what was to follow is lost with it. */
  full(error: JournalFullError): void;
  failed(error: JournalFailedError): void;
}

export interface GroupCommitOptions {
  readonly head: JournalHead;
  /** Bytes in the active segment. */
  readonly segmentBytes: number;
  /** Whether the first batch opens another segment, however small the active one is. */
  readonly rolls: boolean;
  /** A segment that has this many bytes gets no more batches. */
  readonly segmentBytesMax: number;
  /** A batch takes no more groups when the next would bring it over this. */
  readonly batchBytesMax: number;
  readonly sink: BatchSink;
  readonly listener: BatchListener;
  readonly stamp: Stamp;
  readonly clock: Pick<Clock, "monotonic">;
}

/** A group is one batch, which is built and written whole, and read back whole. */
const GROUP_BYTES_MAX = 64 * 1024 * 1024;

/** So many steps of other code may lie between one append and the next that it leads to. */
const QUIET_HOPS = 12;
/** Code that appends without end is not waited for. */
const QUIET_ROUNDS_MAX = 64;

/** About what a line takes beside its attributes; for limits only. */
const LINE_OVERHEAD_BYTES = 400;

export class GroupCommit {
  readonly #options: GroupCommitOptions;
  #head: JournalHead;
  #segmentBytes: number;
  #inFlight: Batch | undefined;
  /** In order; only the last one takes more groups. */
  #pending: Batch[] = [];
  /** To be done before the next batch. */
  readonly #between: (() => Promise<void>)[] = [];
  #running: Promise<void> | undefined;
  #refusal: JournalFailedError | undefined;
  readonly #calm = new Calm();
  /** Groups, so far. */
  #appended = 0;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
    this.#head = options.head;
    this.#segmentBytes = options.segmentBytes;
  }

  get head(): JournalHead {
    return this.#head;
  }

  /** The position that a group would begin with if it were appended now, in a batch of its own. */
  get nextLogId(): LogId {
    return this.#newBatch().nextLogId;
  }

  /** About how many bytes are waiting or on their way. */
  get pendingBytes(): number {
    let bytes = this.#inFlight?.sealedBytes ?? 0;
    for (const batch of this.#pending) bytes += batch.sealedBytes;
    return bytes;
  }

  /** Whether nothing is waiting or on its way. */
  get idle(): boolean {
    return this.#inFlight === undefined && this.#pending.length === 0;
  }

  /** Why nothing can be appended any more. */
  get refusal(): JournalFailedError | undefined {
    return this.#refusal;
  }

  /** @throws {JournalFailedError} after a failure. */
  append(events: readonly StampedEvent[]): Appended {
    if (this.#refusal !== undefined) throw this.#refusal;
    if (events.length === 0) return { entries: [], durable: Promise.resolve() };
    const group = encodedGroup(events);
    requireSize(group);
    this.#appended++;
    const appended = this.#batchFor(group).add(group);
    this.#running ??= this.#run();
    return appended;
  }

  /**
   * Takes nothing more. What waits is rejected, and so is what is on its way, though it may
   * come to be on disk.
   */
  fail(error: JournalFailedError): void {
    if (this.#refusal !== undefined) return;
    this.#refusal = error;
    for (const batch of this.#pending.splice(0)) batch.reject(error);
    this.#options.listener.failed(error);
  }

  /** Resolves when all that was appended so far is settled. */
  async settled(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  /**
   * Runs something that must not reject while no batch is on its way. Groups that are
   * appended meanwhile wait for it.
   */
  between(work: () => Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      this.#between.push(() => work().then(resolve));
      this.#running ??= this.#run();
    });
  }

  #batchFor(group: EncodedGroup): Batch {
    const open = this.#pending.at(-1);
    if (open !== undefined && this.#fits(open, group)) return open;
    const batch = this.#newBatch();
    this.#pending.push(batch);
    return batch;
  }

  #fits(batch: Batch, group: EncodedGroup): boolean {
    return !batch.hasGroups || batch.sealedBytes + sizeOf(group) <= this.#options.batchBytesMax;
  }

  #newBatch(): Batch {
    const last = this.#pending.at(-1) ?? this.#inFlight;
    const firstLogId = last === undefined ? this.#head.logId + 1 : last.nextLogId;
    const before = this.#segmentBytesAhead();
    const isFirst = last === undefined && this.#head === this.#options.head;
    const rolls = before === 0 || before >= this.#options.segmentBytesMax ||
      this.#options.rolls && isFirst;
    return new Batch(firstLogId, rolls ? this.#segmentOpening() : undefined);
  }

  #segmentOpening(): StampedEvent {
    return this.#options.stamp({
      stratum: "framework",
      eventType: "journal.SegmentOpened",
      attributes: { formatVersion: FORMAT_VERSION },
    });
  }

  /** Bytes that the active segment will have before a batch opened now. */
  #segmentBytesAhead(): number {
    let bytes = this.#segmentBytes;
    const ahead = this.#inFlight === undefined ? this.#pending : [this.#inFlight, ...this.#pending];
    for (const batch of ahead) bytes = afterBatch(bytes, batch, batch.sealedBytes);
    return bytes;
  }

  async #run(): Promise<void> {
    for (;;) {
      await this.#quiet();
      for (let work = this.#between.shift(); work; work = this.#between.shift()) await work();
      const next = this.#pending.shift();
      if (next === undefined) break;
      this.#inFlight = next;
      await this.#commit(next);
    }
    this.#running = undefined;
  }

  /**
   * Resolves when nothing more is being appended: what code does next, without waiting for
   * anything from outside, shares the batch with what made it do so.
   */
  async #quiet(): Promise<void> {
    for (let round = 0; round < QUIET_ROUNDS_MAX; round++) {
      const before = this.#appended;
      for (let hop = 0; hop < QUIET_HOPS; hop++) await undefined;
      if (this.#appended === before) return;
    }
  }

  async #commit(batch: Batch): Promise<void> {
    try {
      const { sink, clock, listener } = this.#options;
      const sealed = batch.seal(this.#head.chain);
      const holdUp = this.#calm.isCalm;
      const began = clock.monotonic();
      await sink.write(sealed, holdUp);
      if (this.#refusal !== undefined) return this.#drop(batch, this.#refusal);
      const durationMs = clock.monotonic() - began;
      this.#calm.synced(sealed, durationMs, holdUp, this.#pending.length === 0);
      this.#advance(sealed);
      listener.durable(sealed, durationMs);
    } catch (error) {
      if (this.#refusal !== undefined) this.#drop(batch, this.#refusal);
      else this.#giveUp(batch, error);
      return;
    }
    batch.resolve();
  }

  #drop(batch: Batch, reason: JournalFailedError): void {
    this.#inFlight = undefined;
    batch.reject(reason);
  }

  #advance(batch: SealedBatch): void {
    this.#inFlight = undefined;
    this.#head = { logId: batch.lastLogId, chain: batch.chain };
    this.#segmentBytes = afterBatch(this.#segmentBytes, batch, batch.bytes.length);
  }

  /** What was to follow a lost batch is lost with it: positions restart after the head. */
  #giveUp(batch: Batch, error: unknown): void {
    const reason = error instanceof JournalFullError ? error : failure(batch, error);
    const lost = [batch, ...this.#pending];
    this.#inFlight = undefined;
    this.#pending = [];
    if (reason instanceof JournalFailedError) this.#refusal = reason;
    for (const each of lost) each.reject(reason);
    if (reason instanceof JournalFailedError) this.#options.listener.failed(reason);
    else this.#options.listener.full(reason);
  }
}

/** About how many bytes a group takes. */
function sizeOf({ attributes }: EncodedGroup): number {
  return attributes.reduce((sum, text) => sum + text.length + LINE_OVERHEAD_BYTES, 0);
}

function requireSize(group: EncodedGroup): void {
  const bytes = sizeOf(group);
  if (bytes <= GROUP_BYTES_MAX) return;
  throw new GroupTooLargeError(
    `Cannot record ${group.attributes.length} entries at once: they take ${bytes} bytes, and a ` +
      `batch takes ${GROUP_BYTES_MAX} at most`,
  );
}

function afterBatch(
  segmentBytes: number,
  batch: { readonly opensSegment: boolean },
  batchBytes: number,
): number {
  return batch.opensSegment ? batchBytes : segmentBytes + batchBytes;
}

function failure(batch: Batch, cause: unknown): JournalFailedError {
  const reason = messageOf(cause);
  return new JournalFailedError(
    `Cannot record entries from logId ${batch.firstLogId} on: ${reason}. Whether they are on ` +
      "disk is unknown until the next start; repeat the request then with the same id or key",
    { cause },
  );
}
