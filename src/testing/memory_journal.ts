/** A journal in memory, for tests and trials: its content is lost when the process ends. */

import type { JobEventLogEntry } from "../core/event.ts";
import type { LogId } from "../core/ids.ts";
import type {
  Appended,
  EntryLocation,
  Journal,
  JournalConsumer,
  JournalHead,
  JournalInfo,
  RecoveryReport,
  UnplacedEvent,
  Urgency,
} from "../engine/ports.ts";
import { requireDurable } from "../journal/read/catalogue.ts";
import { JournalDamagedError } from "../journal/errors.ts";
import type { BatchSink } from "../journal/write/group_commit.ts";
import { segmentName, snapshotName } from "../journal/layout.ts";
import { DEFAULTS, type FileJournalOptions } from "../journal/options.ts";
import { Recorder } from "../journal/write/recorder.ts";
import { recoveryReport } from "../journal/open/recovery.ts";
import { isStop } from "../journal/read/seals.ts";
import type { Snapshot } from "../journal/write/snapshot_store.ts";

/** The content of a journal in memory; another one can be opened with it. */
export interface MemoryContent {
  /** With positions from 1, without gaps. */
  readonly entries: readonly JobEventLogEntry[];
  readonly chain: string;
  /** The first position of each batch. */
  readonly batches: readonly LogId[];
  readonly snapshot: Snapshot | null;
}

type MemoryJournalOptions =
  & Pick<
    FileJournalOptions,
    | ("clock" | "random" | "consumer" | "segmentBytes" | "snapshotEvery" | "quietSealMs")
    | ("batchBytesMax" | "watch" | "warn")
  >
  & {
    /** Default: empty. */
    readonly content?: Partial<MemoryContent>;
  };

/** The only segment of a journal in memory. */
const SEGMENT = segmentName(1);

/** Behaves like the journal in files, and lets a test control when batches become durable. */
export class MemoryJournal implements Journal {
  readonly #entries: JobEventLogEntry[];
  readonly #batches: LogId[];
  readonly #sink = new MemorySink();
  readonly #recorder: Recorder;
  #snapshot: Snapshot | null;
  #bytes = 0;
  #report: RecoveryReport;
  #closing: Promise<void> | undefined;

  private constructor(options: MemoryJournalOptions, replayed: Replayed) {
    const { entries, chain, batches, snapshot } = withDefaults(options);
    this.#entries = [...entries];
    this.#batches = [...batches];
    this.#snapshot = snapshot;
    this.#report = recoveryReport({ ...NOTHING_REPAIRED, ...replayed }, null, 0);
    this.#recorder = new Recorder({
      ...DEFAULTS,
      ...options,
      sink: this.#sink,
      random: options.random,
      origin: {
        head: { logId: entries.length, chain },
        segmentBytes: entries.length,
        isOfOlderFormat: false,
        stopped: isStop(entries.at(-1)),
        snapshot: replayed.snapshot,
      },
      publish: ({ firstLogId, entries, bytes }) => {
        this.#batches.push(firstLogId);
        for (const entry of entries) this.#entries.push(entry);
        this.#bytes += bytes.length;
      },
      writeSnapshot: (head, lines) => {
        this.#snapshot = { ...head, lines: [...lines] };
        return Promise.resolve(snapshotName(head.logId));
      },
    });
  }

  /**
   * Replays its content into the consumer. If the content does not end with the seal of a clean
   * stop, `journal.Recovered` is durable on return.
   *
   * @throws {JournalDamagedError} when the consumer refuses an entry, or positions have gaps.
   */
  static async open(
    options: MemoryJournalOptions,
  ): Promise<{ journal: MemoryJournal; report: RecoveryReport }> {
    const replayed = replay(options);
    const journal = new MemoryJournal(options, replayed);
    if (!replayed.clean) await journal.#recordRecovery();
    return { journal, report: journal.#report };
  }

  get head(): JournalHead {
    return this.#recorder.head;
  }

  get pendingBytes(): number {
    return this.#recorder.pendingBytes;
  }

  /** All that is durable. Another journal can be opened with it, as after a crash. */
  get content(): MemoryContent {
    return {
      entries: [...this.#entries],
      chain: this.head.chain,
      batches: [...this.#batches],
      snapshot: this.#snapshot,
    };
  }

  full(urgency: Urgency): boolean {
    return this.#recorder.full(urgency);
  }

  append(group: readonly UnplacedEvent[], urgency?: Urgency, receivedAt?: string): Appended {
    return this.#recorder.append(group, urgency, receivedAt);
  }

  gather(): () => void {
    return this.#recorder.gather();
  }

  read(after: LogId, limit: number): Promise<readonly JobEventLogEntry[]> {
    const start = Math.max(0, after);
    return Promise.resolve(this.#entries.slice(start, start + Math.max(0, limit)));
  }

  /** Rejects with a `RangeError` when a position is not durable, or the positions do not ascend. */
  readAt(logIds: readonly LogId[]): Promise<readonly JobEventLogEntry[]> {
    return Promise.try(() => {
      requireDurable(logIds, this.head.logId);
      return logIds.flatMap((logId) => this.#entries.slice(logId - 1, logId));
    });
  }

  /** Counts lines as in a file, with a blank line before each batch. */
  locate(logIds: readonly LogId[]): Promise<readonly EntryLocation[]> {
    return Promise.try(() => {
      requireDurable(logIds, this.head.logId);
      let batches = 0;
      return logIds.map((logId) => {
        while ((this.#batches[batches] ?? Infinity) <= logId) batches++;
        return { logId, segment: SEGMENT, line: logId + batches };
      });
    });
  }

  info(): Promise<JournalInfo> {
    return Promise.resolve({
      head: this.head,
      segments: [{ name: SEGMENT, firstLogId: 1, bytes: this.#bytes }],
      bytes: this.#bytes,
      proof: { segments: 0, proven: 0, trusted: 0, at: null },
      lastSnapshot: this.#recorder.lastSnapshot,
      lastRecovery: this.#report,
      lastVerification: null,
    });
  }

  close(): Promise<void> {
    return this.#closing ??= this.#recorder.close();
  }

  /** Keeps batches from becoming durable until `release`. */
  hold(): void {
    this.#sink.hold();
  }

  release(): void {
    this.#sink.release();
  }

  /**
   * Makes a batch fail: the next one, or the one after `after` more. After a `JournalFullError` the
   * journal continues; any other error is final.
   */
  failNext(error: Error, after = 0): void {
    this.#sink.failNext(error, after);
  }

  async #recordRecovery(): Promise<void> {
    const recoveredLogId = await this.#recorder.record({
      stratum: "framework",
      eventType: "journal.Recovered",
      attributes: { segment: SEGMENT, bytesQuarantined: 0 },
    });
    this.#report = { ...this.#report, recoveredLogId };
  }
}

const NOTHING_REPAIRED = { preparation: { bytesQuarantined: 0, quarantine: null }, warnings: [] };

interface Replayed {
  readonly clean: boolean;
  readonly entriesReplayed: number;
  readonly snapshot: { readonly logId: LogId; readonly file: string } | null;
}

function withDefaults({ content = {} }: MemoryJournalOptions): MemoryContent {
  return { entries: [], chain: "", batches: [], snapshot: null, ...content };
}

function replay(options: MemoryJournalOptions): Replayed {
  const { entries, snapshot } = withDefaults(options);
  const restored = snapshot !== null && options.consumer.restore(snapshot.lines);
  const after = restored ? snapshot.logId : 0;
  for (const [index, entry] of entries.entries()) {
    if (index >= after) deliver(options.consumer, entry, index + 1);
  }
  return {
    clean: entries.length === 0 || isStop(entries.at(-1)),
    entriesReplayed: entries.length - after,
    snapshot: restored ? { logId: after, file: snapshotName(after) } : null,
  };
}

function deliver(consumer: JournalConsumer, entry: JobEventLogEntry, logId: LogId): void {
  const reason = entry.logId === logId
    ? consumer.refuse(entry)
    : `logId ${logId} should be here, not ${entry.logId}`;
  if (reason !== undefined) {
    throw new JournalDamagedError({ segment: SEGMENT, offset: 0, logId }, reason, true);
  }
  consumer.replay(entry);
}

class MemorySink implements BatchSink {
  #gate: PromiseWithResolvers<void> | undefined;
  #failure: { readonly error: Error; after: number } | undefined;

  /** Keeps batches from becoming durable until `release`. */
  hold(): void {
    this.#gate ??= Promise.withResolvers();
  }

  release(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
  }

  /** Makes a batch fail with this error: the next one, or the one after `after` more. */
  failNext(error: Error, after: number): void {
    this.#failure = { error, after };
  }

  async write(): Promise<void> {
    await this.#gate?.promise;
    const failure = this.#failure;
    if (failure === undefined || failure.after-- > 0) return;
    this.#failure = undefined;
    throw failure.error;
  }
}
