/**
 * What the engine needs from outside: a journal, a clock, ids and randomness. The engine owns the
 * interfaces; adapters implement them. Each method states what the engine relies on.
 */

import type { Silence } from "../core/silence.ts";
import type { EventDraft, JobEventLogEntry } from "../core/event.ts";
import type { JobId, LogId } from "../core/ids.ts";

export interface Clock {
  /** Milliseconds since the epoch; may jump. For time stamps only. */
  now(): number;
  /** Milliseconds from an arbitrary origin; never goes back. For measuring durations. */
  monotonic(): number;
  /** Calls back once, no earlier than after `delayMs`. Calling the result cancels it. */
  setTimer(delayMs: number, callback: () => void): () => void;
  /** Resolves after everything that is ready to run now has run. */
  nextTurn(): Promise<void>;
  /**
   * Resolves after events from outside, such as requests, were handled. For long work in slices,
   * since `nextTurn` alone may not let them in.
   */
  pause(): Promise<void>;
}

/** Sources of new ids and of randomness. */
export interface Random {
  /** A ULID that sorts after all earlier ones. */
  ulid(): string;
  /** From 0 up to 1. */
  fraction(): number;
}

/** An event that has no position yet. Missing members are filled in when it is recorded. */
export type UnplacedEvent = EventDraft & {
  /** RFC 3339; for an event that was received before. */
  readonly receivedAt?: string;
};

export interface Appended {
  /** The entries with their positions, which are final if the group becomes durable. */
  readonly entries: readonly JobEventLogEntry[];
  /**
   * Resolves when the batch of the group is durable and the consumer has seen it, never before. All
   * groups of a batch share one promise. Rejects with `JournalFullError` or `JournalFailedError`;
   * then every later group that is not yet durable is rejected too.
   */
  readonly durable: Promise<void>;
}

export interface JournalHead {
  /** The last durable position; 0 when there is none. */
  readonly logId: LogId;
  /** The chain of the last durable batch; empty when there is none. */
  readonly chain: string;
}

export interface SegmentInfo {
  readonly name: string;
  readonly firstLogId: LogId;
  readonly bytes: number;
}

export interface EntryLocation {
  readonly logId: LogId;
  /** The file name of the segment. */
  readonly segment: string;
  /** Number of the line in its segment, from 1; blank lines count. */
  readonly line: number;
}

/**
 * The lines that a verification read and checked itself, in one pass from first to last, without
 * relying on a verdict, a sidecar, a snapshot or the index.
 */
export interface ProvedLines {
  readonly firstLogId: LogId;
  readonly lastLogId: LogId;
}

/** The result of the last `journal verify`. */
export interface Verification {
  readonly verdict: "intact" | "damaged";
  /** RFC 3339. */
  readonly at: string;
  /** The last position that it read. */
  readonly head: JournalHead;
  /** Absent in reports of older versions. */
  readonly proved?: ProvedLines | null;
  readonly durationMs: number;
  /** The result, in words. */
  readonly detail: string;
  /** For a damaged journal: the last intact end that was found before, and when. */
  readonly lastIntact?: JournalHead & { readonly at: string };
}

/** The last verification that this process began, and its progress. */
export type VerificationRun =
  | {
    readonly status: "running";
    readonly startedAt: string;
    readonly bytesDone: number;
    readonly bytesTotal: number;
  }
  /** Its verdict is the journal's `lastVerification`, unless a later verification replaced it. */
  | { readonly status: "ended"; readonly startedAt: string; readonly endedAt: string }
  /** It reached no verdict, or could not store it. */
  | {
    readonly status: "failed";
    readonly startedAt: string;
    readonly endedAt: string;
    readonly detail: string;
  };

/**
 * How many of the closed segments this process verified itself; it relies on earlier verdicts for
 * the others.
 */
export interface SegmentProof {
  readonly segments: number;
  readonly proven: number;
  readonly trusted: number;
  /** RFC 3339: when the last segment was verified; `null` before the first. */
  readonly at: string | null;
}

export interface JournalInfo {
  readonly head: JournalHead;
  readonly segments: readonly SegmentInfo[];
  readonly bytes: number;
  readonly proof: SegmentProof;
  readonly lastSnapshot: { readonly logId: LogId; readonly file: string } | null;
  readonly lastRecovery: RecoveryReport;
  readonly lastVerification: Verification | null;
}

/** What was found when the journal was opened. */
export interface RecoveryReport {
  /** Whether the last stop ended with a seal, or the copy of a shared journal with a whole batch. */
  readonly clean: boolean;
  readonly entriesReplayed: number;
  readonly snapshotLogId: LogId | null;
  readonly durationMs: number;
  readonly bytesQuarantined: number;
  readonly quarantine: string | null;
  /**
   * The `journal.Recovered` entry, when the stop was not clean; in a shared journal, the
   * `journal.WriterOpened` entry of this process.
   */
  readonly recoveredLogId: LogId | null;
  /** What was set aside or repaired when opening, in words. */
  readonly warnings: readonly string[];
}

/**
 * What happens to a group when the disk is full. A `vital` group, which a running job cannot do
 * without, is recorded while a reserve has room.
 */
export type Urgency = "ordinary" | "vital";

/** Reads the entries at these positions, which ascend. */
export type EntriesAt = (logIds: readonly LogId[]) => Promise<readonly JobEventLogEntry[]>;

/** An append-only sequence of entries, whose meaning it does not know. */
export interface Journal {
  readonly head: JournalHead;

  /** Whether the disk is known to have no room for groups of an urgency. */
  full(urgency: Urgency): boolean;

  /** Absent while what keeps the entries answers in time. */
  readonly silence?: Silence | undefined;

  /** About how many bytes wait to become durable; many on a slow disk. */
  readonly pendingBytes: number;

  /**
   * Gives a group positions, at once and in order, and starts making it durable. A group is in one
   * batch: after a crash all of it exists, or none. An index in `causedBy` is replaced with the
   * position of that draft in the group.
   *
   * @param urgency `"ordinary"` when absent.
   * @param receivedAt RFC 3339, of all events; defaults to that of each event, or to now.
   * @throws {JournalFailedError} at once, when the journal has failed or is closed.
   * @throws {JournalFullError} at once, when the disk is known to be full.
   * @throws {GroupTooLargeError} at once; nothing is recorded.
   */
  append(group: readonly UnplacedEvent[], urgency?: Urgency, receivedAt?: string): Appended;

  /**
   * Groups appended from now on share a batch, which is not written before the returned function is
   * called. For a group that is appended in slices; one at a time. Groups of others may come
   * between the slices.
   */
  gather(): () => void;

  /** Durable entries with `logId > after`, oldest first, at most `limit`. */
  read(after: LogId, limit: number): Promise<readonly JobEventLogEntry[]>;

  /**
   * The durable entries at these positions, in ascending order. The cost depends on their number,
   * not on the size of the journal.
   */
  readAt(logIds: readonly LogId[]): Promise<readonly JobEventLogEntry[]>;

  /** Where the lines of durable entries are; positions in ascending order. Reads nothing. */
  locate(logIds: readonly LogId[]): Promise<readonly EntryLocation[]>;

  info(): Promise<JournalInfo>;

  /** Waits for writes in flight, takes a snapshot, seals, and closes the files. */
  close(): Promise<void>;
}

/**
 * Keys of sealed inputs, each stored once, apart from the journal. Removing a key removes the input
 * from every copy of the journal.
 */
export interface KeyStore {
  /**
   * Creates a 256-bit key for a job that is about to be created, replacing the key of an earlier
   * creation that failed. Resolves when it is durable. Rejects with `JournalFullError` when there
   * is no room.
   */
  create(jobId: JobId): Promise<Uint8Array>;
  /** `undefined` when there is none, or no longer. */
  read(jobId: JobId): Promise<Uint8Array | undefined>;
  /** Resolves when the key is deleted from the disk, or there is none. */
  remove(jobId: JobId): Promise<void>;
  /** Which of these jobs have a key. */
  held(jobIds: readonly JobId[]): Promise<ReadonlySet<JobId>>;
  /**
   * The same, and removes the keys of all other jobs. Only for a caller that has read the whole
   * journal, and so knows every job.
   */
  keepOnly(jobIds: readonly JobId[]): Promise<ReadonlySet<JobId>>;
}

/** An entry as a cache has it. */
export interface KnownEntry {
  readonly logId: LogId;
  readonly jobId: JobId;
}

/** Interprets the journal. Receives every entry once, in order, when it is durable. */
export interface JournalConsumer {
  /** The last entry up to a position that its caches have from an earlier start. */
  known?(upTo: LogId): KnownEntry | undefined;
  /**
   * Restores the content of a snapshot before any `replay`, completely or not at all. `false` when
   * it cannot use the content: then an older snapshot is tried, or everything is replayed.
   */
  restore(lines: readonly string[]): boolean;
  /** The last head up to which its caches have everything, if any. */
  point?(): JournalHead | undefined;
  /**
   * Keeps the caches up to that point, which the journal has, although every entry is replayed.
   * Called before any `replay`; otherwise a replay without a snapshot empties them.
   */
  keep?(point: JournalHead): void;
  /**
   * An entry found at the start.
   *
   * @throws {TypeError} when it does not follow from the entries before it.
   */
  replay(entry: JobEventLogEntry): void;
  /**
   * A batch that has just become durable. It is visible when this returns, or, if it is large, when
   * the result resolves; the next batch waits for that, and for what follows from it.
   */
  durable(entries: readonly JobEventLogEntry[]): void | Promise<void>;
  /** Everything appended that is not durable is lost. Its positions will be used again. */
  lost(error: JournalFullError): void;
  /**
   * The content of a snapshot of exactly the entries seen so far. Lines that are yielded later must
   * not depend on entries that come after the call.
   */
  capture(head: JournalHead): Iterable<string>;
  /** Why an intact entry cannot be understood; `undefined` when it can. */
  refuse(entry: JobEventLogEntry): string | undefined;
  /** The journal accepts nothing more, since a sync failed. */
  failed(error: JournalFailedError): void;
}

/** There is no room on the disk. Nothing was recorded. A later attempt may succeed. */
export class JournalFullError extends Error {
  override readonly name = "JournalFullError";
}

/** A group is one batch, which is created, written and read back as a whole. */
export const GROUP_BYTES_MAX = 64 * 1024 * 1024;

/** The group does not fit into one batch. Nothing was recorded. */
export class GroupTooLargeError extends Error {
  override readonly name = "GroupTooLargeError";
}

/** Estimated size of a line without its attributes, for limits only. */
export const LINE_OVERHEAD_BYTES = 400;

/**
 * @param bytes Estimated, of all lines.
 * @throws {GroupTooLargeError}
 */
export function requireGroupSize(entries: number, bytes: number): void {
  if (bytes <= GROUP_BYTES_MAX) return;
  throw new GroupTooLargeError(
    `Cannot record ${entries} entries at once: they take ${bytes} bytes, and a batch takes at ` +
      `most ${GROUP_BYTES_MAX}`,
  );
}

/**
 * The journal has failed or is closed. Whether the group is durable is unknown until the next
 * start; find out by repeating the request with the same id or key.
 */
export class JournalFailedError extends Error {
  /** For logs. */
  override readonly name: string = "JournalFailedError";
  /** Where and how it is damaged, if a read met that. */
  readonly damage?: string;
}
