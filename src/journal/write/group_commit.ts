/**
 * Group commit with a single batch in flight and no timer: everything that arrives during a write
 * forms the next batch. Positions are assigned at once.
 */

import type { Silence } from "../../core/silence.ts";
import type { LogId } from "../../core/ids.ts";
import { errorMessage } from "../../core/thrown.ts";
import { runToEnd } from "../../core/work.ts";
import { soonInNoContext } from "../../engine/async_context.ts";
import {
  type Appended,
  type Clock,
  JournalFailedError,
  JournalFullError,
  type JournalHead,
  type Random,
  requireGroupSize,
  type UnplacedEvent,
} from "../../engine/ports.ts";
import type { SealedBatch } from "../read/segment_scanner.ts";
import { Batch, type EncodedGroup, encodedGroup } from "./batch.ts";
import { SyncPolicy } from "./sync_policy.ts";
import { FORMAT_VERSION } from "../format/line_codec.ts";
import { type StampedEvent, stampedEvent } from "../format/stamped_event.ts";

/** Where batches are stored. */
export interface BatchSink {
  /**
   * Resolves when the batch is on disk. Rejects with `JournalFullError` if no part of it is left on
   * disk and a later batch may succeed; any other rejection is final.
   *
   * @param holdUp Whether the call may block the event loop.
   */
  write(batch: SealedBatch, holdUp: boolean): Promise<void>;
}

/** Called with the outcome of each batch. Must not throw. */
export interface BatchListener {
  /**
   * Called before the promises of the groups resolve.
   *
   * @param durationMs From the first byte written to the end of the sync.
   */
  durable(batch: SealedBatch, durationMs: number): void | Promise<void>;
  /** There was no space for the batch. The batches behind it are lost too. */
  ranOut(error: JournalFullError): void;
  failed(error: JournalFailedError): void;
}

interface GroupCommitOptions {
  readonly head: JournalHead;
  /** Bytes in the active segment. */
  readonly segmentBytes: number;
  /** Whether the first batch starts a new segment, however small the active one is. */
  readonly rolls: boolean;
  /** A segment of this size gets no more batches. */
  readonly segmentBytesMax: number;
  /** A batch takes no more groups that would exceed this size. */
  readonly batchBytesMax: number;
  readonly sink: BatchSink;
  readonly listener: BatchListener;
  readonly clock: Pick<Clock, "monotonic" | "now" | "pause">;
  readonly random: Pick<Random, "ulid">;
}

/**
 * A batch takes no more groups that would exceed this. None of it becomes visible before all of it
 * is durable, and the next batch waits until all of it is visible. A large batch becomes visible in
 * slices, so that others get their turn, but that takes some milliseconds in all.
 */
const BATCH_ENTRIES_MAX = 1_000;

/** The disk counts as silent once a write takes this long. */
const SILENT_MS = 5_000;

/** The most microtasks between an append and the next one that it causes. */
const QUIET_HOPS = 12;
/** Limits the wait for code that never stops appending. */
const QUIET_ROUNDS_MAX = 64;

export class GroupCommit {
  #head: JournalHead;
  #segmentBytes: number;
  #inFlight: Batch | undefined;
  /** In order; only the last one takes more groups. */
  #pending: Batch[] = [];
  /** Work to run before the next batch. */
  readonly #between: (() => Promise<void>)[] = [];
  #running: Promise<void> | undefined;
  #refusal: JournalFailedError | undefined;
  readonly #syncPolicy = new SyncPolicy();
  /** When the batch in flight was given to the disk: the time, and by the monotonic clock. */
  #writing: { readonly at: number; readonly ms: number } | undefined;
  /** Settles when the last batch may be written, while groups are gathered in it. */
  #gathering: Promise<void> | undefined;
  /** Whether the next group is the first of those that are gathered. */
  #beginsGathering = false;
  /** Number of groups so far. */
  #appended = 0;

  constructor(private readonly options: GroupCommitOptions) {
    this.#head = options.head;
    this.#segmentBytes = options.segmentBytes;
  }

  get head(): JournalHead {
    return this.#head;
  }

  /** The position of the first entry of a group appended now in a batch of its own. */
  get nextLogId(): LogId {
    return this.#newBatch().nextLogId;
  }

  /** Estimated bytes that are waiting or being written. */
  get pendingBytes(): number {
    let bytes = this.#inFlight?.sealedBytes ?? 0;
    for (const batch of this.#pending) bytes += batch.sealedBytes;
    return bytes;
  }

  get silence(): Silence | undefined {
    const writing = this.#writing;
    const { clock } = this.options;
    if (writing === undefined || clock.monotonic() - writing.ms < SILENT_MS) return undefined;
    return { of: "disk", since: new Date(writing.at).toISOString() };
  }

  /** Whether nothing is waiting or being written. */
  get idle(): boolean {
    return this.#inFlight === undefined && this.#pending.length === 0;
  }

  /** Why nothing more can be appended, if so. */
  get refusal(): JournalFailedError | undefined {
    return this.#refusal;
  }

  /** @throws {JournalFailedError} after a failure. */
  append(events: readonly UnplacedEvent[], receivedAt?: string): Appended {
    if (this.#refusal !== undefined) throw this.#refusal;
    if (events.length === 0) return { entries: [], durable: Promise.resolve() };
    const group = encodedGroup(events);
    requireGroupSize(events.length, group.bytes);
    this.#appended++;
    const appended = this.#batchFor(group).add(group, this.options, receivedAt);
    this.#running ??= this.#runSoon();
    return appended;
  }

  /** See `Journal.gather`. */
  gather(): () => void {
    if (this.#gathering !== undefined) throw new TypeError("Cannot gather groups twice at once");
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gathering = promise;
    this.#beginsGathering = true;
    return () => {
      this.#gathering = undefined;
      resolve();
    };
  }

  /** Resolves when the groups that are being gathered are complete; absent when there are none. */
  get gathering(): Promise<void> | undefined {
    return this.#gathering;
  }

  /**
   * Accepts nothing more. Rejects batches that wait and the one being written, although that may
   * reach the disk.
   */
  fail(error: JournalFailedError): void {
    if (this.#refusal !== undefined) return;
    this.#refusal = error;
    for (const batch of this.#pending.splice(0)) batch.reject(error);
    this.options.listener.failed(error);
  }

  /**
   * Builds the next batch without storing it, for another store. Only while nothing is being
   * appended.
   */
  batchOf(events: readonly UnplacedEvent[]): SealedBatch {
    const batch = this.#newBatch();
    batch.add(encodedGroup(events), this.options);
    return runToEnd(batch.sealing(this.#head.chain));
  }

  /**
   * Continues after a durable batch. For one that is durable elsewhere, call it only while nothing
   * is being appended.
   */
  advance(batch: SealedBatch): void {
    this.#inFlight = undefined;
    this.#head = { logId: batch.lastLogId, chain: batch.chain };
    this.#segmentBytes = afterBatch(this.#segmentBytes, batch, batch.bytes.length);
  }

  /** Resolves when everything appended so far is settled. */
  async settled(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  /**
   * Runs `work`, which must not reject, while no batch is being written. Groups appended meanwhile
   * wait for it.
   */
  between(work: () => Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      this.#between.push(() => work().then(resolve));
      this.#running ??= this.#runSoon();
    });
  }

  #batchFor(group: EncodedGroup): Batch {
    const open = this.#pending.at(-1);
    const isGathered = this.#gathering !== undefined && !this.#beginsGathering;
    this.#beginsGathering = false;
    if (open !== undefined && (isGathered || this.#fits(open, group))) return open;
    const batch = this.#newBatch();
    this.#pending.push(batch);
    return batch;
  }

  #fits(batch: Batch, group: EncodedGroup): boolean {
    return batch.size === 0 ||
      batch.sealedBytes + group.bytes <= this.options.batchBytesMax &&
        batch.size + group.events.length <= BATCH_ENTRIES_MAX;
  }

  #newBatch(): Batch {
    const last = this.#pending.at(-1) ?? this.#inFlight;
    const firstLogId = last === undefined ? this.#head.logId + 1 : last.nextLogId;
    const before = this.#segmentBytesAhead();
    const isFirst = last === undefined && this.#head === this.options.head;
    const rolls = before === 0 || before >= this.options.segmentBytesMax ||
      this.options.rolls && isFirst;
    return new Batch(firstLogId, rolls ? this.#segmentOpening() : undefined);
  }

  #segmentOpening(): StampedEvent {
    const opening = {
      stratum: "framework",
      eventType: "journal.SegmentOpened",
      attributes: { formatVersion: FORMAT_VERSION },
    } as const;
    return stampedEvent(opening, undefined, this.options);
  }

  /** Bytes in the active segment ahead of a batch created now. */
  #segmentBytesAhead(): number {
    let bytes = this.#segmentBytes;
    const ahead = this.#inFlight === undefined ? this.#pending : [this.#inFlight, ...this.#pending];
    for (const batch of ahead) bytes = afterBatch(bytes, batch, batch.sealedBytes);
    return bytes;
  }

  #runSoon(): Promise<void> {
    return new Promise((resolve) => soonInNoContext(() => resolve(this.#run())));
  }

  async #run(): Promise<void> {
    for (;;) {
      await this.#quiet();
      for (let work = this.#between.shift(); work; work = this.#between.shift()) await work();
      if (this.#gathering !== undefined && this.#pending.length === 1) {
        await this.#gathering;
        continue;
      }
      const next = this.#pending.shift();
      if (next === undefined) break;
      this.#inFlight = next;
      await this.#commit(next);
    }
    this.#running = undefined;
  }

  /**
   * Resolves when appending pauses, so that appends that follow without waiting for I/O share the
   * batch of their cause.
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
      const { sink, clock, listener } = this.options;
      const sealing = batch.sealing(this.#head.chain);
      let step = sealing.next();
      for (; step.done !== true; step = sealing.next()) await clock.pause();
      if (this.#refusal !== undefined) return this.#drop(batch, this.#refusal);
      const sealed = step.value;
      const holdUp = this.#syncPolicy.mayBlock;
      const began = clock.monotonic();
      this.#writing = { at: clock.now(), ms: began };
      await sink.write(sealed, holdUp).finally(() => this.#writing = undefined);
      if (this.#refusal !== undefined) return this.#drop(batch, this.#refusal);
      const durationMs = clock.monotonic() - began;
      this.#syncPolicy.synced(sealed, durationMs, holdUp, this.#pending.length === 0);
      this.advance(sealed);
      const handled = listener.durable(sealed, durationMs);
      if (handled !== undefined) await handled;
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

  /** Batches behind a lost batch are lost too: positions continue after the head. */
  #giveUp(batch: Batch, error: unknown): void {
    const reason = error instanceof JournalFullError ? error : failure(batch, error);
    const lost = [batch, ...this.#pending];
    this.#inFlight = undefined;
    this.#pending = [];
    if (reason instanceof JournalFailedError) this.#refusal = reason;
    for (const each of lost) each.reject(reason);
    if (reason instanceof JournalFailedError) this.options.listener.failed(reason);
    else this.options.listener.ranOut(reason);
  }
}

function afterBatch(
  segmentBytes: number,
  batch: { readonly opensSegment: boolean },
  batchBytes: number,
): number {
  return batch.opensSegment ? batchBytes : segmentBytes + batchBytes;
}

function failure(batch: Batch, cause: unknown): JournalFailedError {
  const reason = errorMessage(cause);
  return new JournalFailedError(
    `Cannot record entries from logId ${batch.firstLogId} on: ${reason}. Whether they are on ` +
      "disk is unknown until the next start; then repeat the request with the same id or key",
    { cause },
  );
}
