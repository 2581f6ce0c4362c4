/**
 * What the engine needs from outside: a journal, a clock, ids and randomness. The
 * interfaces belong to the engine; adapters implement them. Each method states what
 * the engine relies on.
 */

import type { Condition } from "../core/condition.ts";
import type { EventDraft, JobEventLogEntry } from "../core/event.ts";
import type { ErrorFact } from "../core/framework_events.ts";
import type { EventId, ExecutionId, JobId, LogId, TaskId } from "../core/ids.ts";
import type { JsonValue } from "../core/json.ts";
import type { TraceIds } from "../core/trace_ids.ts";

/** Time. Only `main.ts` has the real one. */
export interface Clock {
  /** Milliseconds since the epoch; may jump. For time stamps only. */
  now(): number;
  /** Milliseconds from an arbitrary origin; never goes back. For durations. */
  monotonic(): number;
  /** Calls back once, not before `delayMs` have passed; the result cancels it. */
  setTimer(delayMs: number, callback: () => void): () => void;
  /** Resolves after everything that is ready to run now has run. */
  nextTurn(): Promise<void>;
  /**
   * Resolves when what has come from outside meanwhile, such as requests, has had its turn.
   * For long work that is done in slices: after many turns alone nobody may have been heard.
   */
  pause(): Promise<void>;
}

/** Sources of new ids and of randomness. */
export interface Random {
  /** A ULID that sorts after all that were given before. */
  ulid(): string;
  /** From 0 up to 1. */
  fraction(): number;
}

/** An event with all that it needs but a position. */
export type StampedEvent = EventDraft & {
  readonly eventId: EventId;
  readonly occurredAt: string;
  readonly receivedAt: string;
};

export interface Appended {
  /** The entries with their positions, which are final if the group becomes durable. */
  readonly entries: readonly JobEventLogEntry[];
  /**
   * Resolves when the batch of the group is on disk and the consumer has seen it, never
   * before; one promise for all groups of a batch. Rejects with `JournalFullError` or
   * `JournalFailedError`, and then every group appended later and not yet durable is
   * rejected as well.
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

/** Where the line of an entry is. */
export interface EntryLocation {
  readonly logId: LogId;
  /** File name of the segment. */
  readonly segment: string;
  /** Number of the line in its segment, from 1; blank lines count. */
  readonly line: number;
}

/**
 * The lines that a verification read and checked itself, in one go and from first to last: it
 * takes none of them from a verdict, a sidecar, a snapshot or the index.
 */
export interface ProvedLines {
  readonly firstLogId: LogId;
  readonly lastLogId: LogId;
}

/** What the last run of `journal verify` found. */
export interface Verification {
  readonly verdict: "intact" | "damaged";
  /** RFC 3339. */
  readonly at: string;
  /** As far as it was read. */
  readonly head: JournalHead;
  /** Absent in what an older version found. */
  readonly proved?: ProvedLines | null;
  readonly durationMs: number;
  /** What was found, in words. */
  readonly detail: string;
  /** Of a journal that is damaged: the last end that was found to be intact before, and when. */
  readonly lastIntact?: JournalHead & { readonly at: string };
}

/** The last proof that was begun inside this process, and how far it is. */
export type VerificationRun =
  | {
    readonly status: "running";
    readonly startedAt: string;
    readonly bytesDone: number;
    readonly bytesTotal: number;
  }
  /** Its verdict is on record: that of the journal's `lastVerification`, unless one came later. */
  | { readonly status: "ended"; readonly startedAt: string; readonly endedAt: string }
  /** It came to no verdict, or to one that could not be kept. */
  | {
    readonly status: "failed";
    readonly startedAt: string;
    readonly endedAt: string;
    readonly detail: string;
  };

/**
 * How many of the segments that get no more batches this process has read and verified itself;
 * the others it took as they are.
 */
export interface SegmentProof {
  readonly segments: number;
  readonly proven: number;
  readonly trusted: number;
  /** RFC 3339: when the last one was proven; `null` before the first. */
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

/** What opening the journal found. */
export interface RecoveryReport {
  /** Whether the last stop ended with a seal. */
  readonly clean: boolean;
  readonly entriesReplayed: number;
  readonly snapshotLogId: LogId | null;
  readonly durationMs: number;
  readonly bytesQuarantined: number;
  readonly quarantine: string | null;
  /** The `journal.Recovered` entry, when the stop was not clean. */
  readonly recoveredLogId: LogId | null;
  /** Things set aside or repaired on the way, in words. */
  readonly warnings: readonly string[];
}

/**
 * What becomes of a group when the disk is full: one that is vital, since a running job
 * cannot do without it, is recorded as long as a reserve has room.
 */
export type Urgency = "ordinary" | "vital";

/**
 * An append-only sequence of entries. It knows nothing of what they mean.
 */
export interface Journal {
  readonly head: JournalHead;

  /** Whether groups of an urgency find no room on the disk, as far as is known. */
  full(urgency: Urgency): boolean;

  /** About how many bytes wait to become durable: what a slow disk makes it hold. */
  readonly pendingBytes: number;

  /**
   * Gives a group positions, at once and in order, and starts making it durable. The
   * group is in one batch: after a crash all of it is there, or none. An index in
   * `causedBy` is replaced with the position of that draft of the group.
   *
   * @param urgency `"ordinary"` when absent.
   * @throws {JournalFailedError} at once, when the journal has failed or is closed.
   * @throws {JournalFullError} at once, when the disk is known to be full.
   * @throws {GroupTooLargeError} at once, and nothing is recorded.
   */
  append(group: readonly StampedEvent[], urgency?: Urgency): Appended;

  /** Durable entries with `logId > after`, oldest first, at most `limit`. */
  read(after: LogId, limit: number): Promise<readonly JobEventLogEntry[]>;

  /**
   * The durable entries at these positions, which must ascend. Cost goes by their
   * number, not by the size of the journal.
   */
  readAt(logIds: readonly LogId[]): Promise<readonly JobEventLogEntry[]>;

  /** Where the lines of durable entries are; the positions must ascend. Reads nothing. */
  locate(logIds: readonly LogId[]): Promise<readonly EntryLocation[]>;

  info(): Promise<JournalInfo>;

  /** Waits for what is in flight, takes a snapshot, seals, and lets go of the files. */
  close(): Promise<void>;
}

/**
 * Keys of sealed inputs, each in one place apart from the journal: when it is removed there,
 * the input is gone from every copy of the journal.
 */
export interface KeyStore {
  /**
   * Makes a key of 256 random bits for a job that is about to be created, in place of one
   * that a creation left which never came to be. Resolves when it is on disk, and stays
   * there. Rejects with `JournalFullError` when there is no room.
   */
  create(jobId: JobId): Promise<Uint8Array>;
  /** `undefined` when there is none, or not any more. */
  read(jobId: JobId): Promise<Uint8Array | undefined>;
  /** Resolves when the key is gone from the disk; there may be none. */
  remove(jobId: JobId): Promise<void>;
  /** Those of these jobs that have a key. */
  held(jobIds: readonly JobId[]): Promise<ReadonlySet<JobId>>;
  /**
   * The same, and removes the keys of all other jobs: only for who has gone through the whole
   * journal, and so knows of every job.
   */
  keepOnly(jobIds: readonly JobId[]): Promise<ReadonlySet<JobId>>;
}

/** Who interprets the journal: gets every entry once, in order, when it is durable. */
export interface JournalConsumer {
  /**
   * Takes over the content of a snapshot, before any `replay`; all or nothing.
   * `false` when it cannot use it: then an older one is tried, or all is replayed.
   */
  restore(lines: readonly string[]): boolean;
  /** One entry found at the start. */
  replay(entry: JobEventLogEntry): void;
  /** One batch that has just become durable. */
  durable(entries: readonly JobEventLogEntry[]): void;
  /** All that was appended and is not durable is lost; its positions go to others. */
  lost(error: JournalFullError): void;
  /**
   * The content of a snapshot of exactly what was seen so far. What is yielded later
   * must not depend on entries that come after the call.
   */
  capture(head: JournalHead): Iterable<string>;
  /** Why an entry that is whole cannot be understood, or `undefined` when it can. */
  refuse(entry: JobEventLogEntry): string | undefined;
  /** The journal will take nothing more: a sync failed. */
  failed(error: JournalFailedError): void;
}

/** How a job changed, with nothing that tells which job it is. */
export interface ConditionChange {
  /** Absent for a plan driven by outside events. */
  readonly type: string | undefined;
  /** Absent when the job is new. */
  readonly from: Condition | undefined;
  readonly to: Condition;
  /** How long it was queued or executing; `undefined` after any other condition. Never below 0. */
  readonly stayedMs: number | undefined;
}

/** Who counts what jobs do. */
export interface JobWatch {
  /**
   * A job's condition has changed, durably. What was there when the engine started is not
   * told. Every job waits for this: it must be quick.
   */
  changed(change: ConditionChange): void;
}

/**
 * Who is told which code of jobs may be running in this thread, to name it when that never gives
 * way. Each attempt calls it: it must be quick.
 */
export interface AttemptWatch {
  /**
   * @param attempt Its number; 0 for a call of `run`.
   * @returns What `ended` is to be called with.
   */
  began(jobId: JobId, taskId: TaskId, attempt: number): number;
  ended(attempt: number): void;
}

/** What code of a job said to people at a time. */
export interface JobLogLine {
  readonly jobId: JobId;
  /** `main` for what `run` said. */
  readonly taskId: TaskId;
  readonly attempt: number;
  readonly executionId?: ExecutionId;
  readonly traceId?: string;
  readonly spanId?: string;
  /** RFC 3339. */
  readonly time: string;
  readonly message: string;
  readonly data?: JsonValue;
}

/** Where that goes. Never throws, and nobody waits for it. */
export interface JobLog {
  write(line: JobLogLine): void;
}

/** Something that takes time and belongs to a trace: a call of a job's `run`, or an attempt. */
export interface SpanStart {
  readonly kind: "run" | "task" | "compensation";
  readonly jobId: JobId;
  readonly jobType: string;
  readonly taskId: TaskId;
  /** Of this attempt alone, so that ids can follow from it. */
  readonly executionId: ExecutionId;
  /** `undefined` when nothing is known that made it happen. */
  readonly parent: TraceIds | undefined;
  /** A place in another trace that has to do with it. */
  readonly link?: TraceIds | undefined;
}

/** How a span ended; errors hold no secrets. */
export type SpanEnd =
  | { readonly kind: "completed" }
  | { readonly kind: "interrupted"; readonly reason: string }
  | { readonly kind: "failed"; readonly error: ErrorFact };

export interface Span {
  /** For the entries that it records, and as parent of what it makes happen. */
  readonly ids: TraceIds;
  /** For others, as a header of W3C Trace Context. */
  readonly traceparent: string;
  /** Which attempt it is; known when that is on record. */
  attempt(attempt: number): void;
  /**
   * Calls `work`, so that what that begins, now and later, belongs to the span. Absent where
   * nobody would know.
   */
  within?<Result>(work: () => Result): Result;
  /** Ends it once; one that is never ended is never shown. */
  end(end: SpanEnd): void;
}

/** Who follows what jobs do through other systems. Never throws. */
export interface Tracing {
  /** Whether it starts spans without a parent. */
  readonly beginsTraces: boolean;
  /** Where the caller is, as far as it is known. */
  active(): TraceIds | undefined;
  start(start: SpanStart): Span;
}

/** There is no room on the disk. Nothing was recorded; the same may work later. */
export class JournalFullError extends Error {
  override readonly name = "JournalFullError";
}

/** One batch cannot hold the group. Nothing was recorded. */
export class GroupTooLargeError extends Error {
  override readonly name = "GroupTooLargeError";
}

/**
 * The journal has failed or is closed. Whether the group is on disk is unknown; the
 * answer comes with the next start, by repeating the request with the same id or key.
 */
export class JournalFailedError extends Error {
  /** For logs. */
  override readonly name = "JournalFailedError";
}
