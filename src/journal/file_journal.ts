/** The journal in files. A facade: it connects its parts and makes no decisions. */

import type { JobEventLogEntry, JournalEventDraft } from "../core/event.ts";
import type { LogId } from "../core/ids.ts";
import {
  type Appended,
  type EntryLocation,
  type Journal,
  JournalFailedError,
  JournalFullError,
  type JournalHead,
  type JournalInfo,
  type RecoveryReport,
  type StampedEvent,
  type Urgency,
  type Verification,
} from "../engine/ports.ts";
import { Announcement } from "./announcement.ts";
import { BackgroundProof } from "./background_proof.ts";
import { Catalogue } from "./catalogue.ts";
import { JournalUnusableError, orUnusable } from "./errors.ts";
import { takeFolder } from "./folder.ts";
import { DurableEntries, Tail } from "./durable_entries.ts";
import { journalLayout } from "./layout.ts";
import type { BatchSink } from "./group_commit.ts";
import { FORMAT_VERSION } from "./line_codec.ts";
import { type FileJournalOptions, type ResolvedOptions, resolvedOptions } from "./options.ts";
import { Recorder } from "./recorder.ts";
import { recover, type Recovery, recoveryReport } from "./recovery.ts";
import { Reserve } from "./disk_space.ts";
import { Follower, SharedSink } from "./shared_copy.ts";
import { SegmentReader } from "./segment_reader.ts";
import { SegmentRolls } from "./segment_rolls.ts";
import { SegmentWriter } from "./segment_writer.ts";
import { SnapshotStore } from "./snapshot_store.ts";
import { stampWith } from "./batch.ts";
import { readVerification } from "./verification_file.ts";
import { WatchedFiles } from "./watched_files.ts";

/** The parts of an open journal. */
interface Parts {
  readonly recorder: Recorder;
  /** Keeps the copy complete until this process leads; absent if the journal is not shared. */
  readonly follower: Follower | undefined;
  readonly catalogue: Catalogue;
  readonly history: DurableEntries;
  /** Prepares the last segment for writing; `false` if there is no space for that. */
  mend(): Promise<boolean>;
  closeWriter(): Promise<void>;
  /** Allows another process to lead a shared journal. */
  leave(): Promise<void>;
  readonly proof: BackgroundProof;
  /** The result of the last verification by any process. */
  verification(): Promise<Verification | null>;
}

export class FileJournal implements Journal {
  readonly #parts: Parts;
  readonly #announcement: Announcement;
  #report: RecoveryReport;
  #closing: Promise<void> | undefined;

  private constructor(parts: Parts, announcement: Announcement, report: RecoveryReport) {
    this.#parts = parts;
    this.#announcement = announcement;
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
      const finish: Finish = (...parts) => new FileJournal(...parts);
      return await openLocked({ ...resolved, watched }, announcement, finish);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  get head(): JournalHead {
    return this.#parts.recorder.head;
  }

  full(urgency: Urgency): boolean {
    return this.#parts.recorder.full(urgency);
  }

  get pendingBytes(): number {
    return this.#parts.recorder.pendingBytes;
  }

  /**
   * The position of the first entry of a group appended now, provided that nothing else is being
   * appended. For entries whose attributes name positions in their own group.
   */
  get nextLogId(): LogId {
    return this.#parts.recorder.nextLogId;
  }

  append(group: readonly StampedEvent[], urgency?: Urgency): Appended {
    if (!this.#leads) {
      throw new JournalFailedError("Cannot append: another process leads this journal");
    }
    return this.#parts.recorder.append(group, urgency);
  }

  read(after: LogId, limit: number): Promise<readonly JobEventLogEntry[]> {
    return this.#parts.history.read(after, limit, this.head.logId);
  }

  /** @throws {RangeError} when a position is not durable, or the positions do not ascend. */
  readAt(logIds: readonly LogId[]): Promise<readonly JobEventLogEntry[]> {
    return this.#parts.history.readAt(logIds, this.head.logId);
  }

  /** Rejects with a `RangeError` when a position is not durable, or the positions do not ascend. */
  locate(logIds: readonly LogId[]): Promise<readonly EntryLocation[]> {
    return Promise.try(() => this.#parts.catalogue.locate(logIds, this.head.logId));
  }

  async info(): Promise<JournalInfo> {
    const { recorder, catalogue, proof, verification } = this.#parts;
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
    const { follower } = this.#parts;
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
    return this.#announcement.make(url);
  }

  get #leads(): boolean {
    return this.#parts.follower?.leads ?? true;
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    this.#parts.follower?.end();
    const unproven = this.#parts.proof.stop();
    try {
      await this.#parts.recorder.close();
    } finally {
      await this.#parts.leave();
      await unproven;
      await this.#parts.closeWriter();
      await this.#announcement.end();
    }
  }
}

/** The options for opening once the lock is held. */
interface LockedOptions extends ResolvedOptions {
  readonly watched: WatchedFiles;
}

type Finish = (parts: Parts, announcement: Announcement, report: RecoveryReport) => FileJournal;

async function openLocked(
  options: LockedOptions,
  announcement: Announcement,
  finish: Finish,
): Promise<{ journal: FileJournal; report: RecoveryReport }> {
  const began = options.clock.monotonic();
  const isRepair = options.firstFacts.some(({ eventType }) => eventType === "journal.Repaired");
  const recovery = await recover({
    ...options,
    layout: journalLayout(options.folder),
    acceptLoss: options.acceptSnapshotAhead || isRepair,
  });
  for (const warning of recovery.warnings) options.warn(warning);
  const reserve = await prepareReserve(options);
  const parts = createParts(options, recovery, reserve);
  try {
    const { recorder, follower } = parts;
    if (follower !== undefined) {
      if (!await parts.mend()) throw noRoom(options.folder);
      await follower.catchUp();
    }
    if (options.firstFacts.length > 0) await parts.mend();
    for (const fact of options.firstFacts) {
      await orUnrecorded(options.folder, () => recorder.record(fact));
    }
    const recoveredLogId = await orUnrecorded(options.folder, () => recorder.begin());
    if (reserve.reserve === undefined && recorder.full("vital")) throw noRoom(options.folder);
    const durationMs = options.clock.monotonic() - began;
    const report = recoveryReport(recovery, recoveredLogId, durationMs);
    parts.proof.start();
    return { journal: finish(parts, announcement, report), report };
  } catch (error) {
    await parts.leave();
    await parts.proof.stop();
    await parts.closeWriter();
    throw error;
  }
}

/** The reserve, if one is configured, and whether there was no space for it. */
interface PreparedReserve {
  readonly reserve: Reserve | undefined;
  readonly short: boolean;
}

async function prepareReserve(
  { fileSystem, folder, reserveBytes, warn }: ResolvedOptions,
): Promise<PreparedReserve> {
  if (reserveBytes === 0) return { reserve: undefined, short: false };
  const reserve = new Reserve(fileSystem, journalLayout(folder), reserveBytes, warn);
  return { reserve, short: !await reserve.take() };
}

function createParts(options: LockedOptions, recovery: Recovery, kept: PreparedReserve): Parts {
  const { fileSystem, clock, random } = options;
  const layout = journalLayout(options.folder);
  const catalogue = new Catalogue(recovery.segments, recovery.indexes);
  const rolls = new SegmentRolls(recovery.ends);
  const tail = new Tail();
  const store = new SnapshotStore(fileSystem, layout);
  let writer: SegmentWriter | undefined;
  const mendNow = async (): Promise<boolean> => {
    if (writer !== undefined) return true;
    if (!await recovery.preparation.run()) return false;
    const open = () => SegmentWriter.open({ ...options, layout }, catalogue.active);
    writer = await orUnusable("open", layout.segments, open);
    return true;
  };
  let preparation: Promise<boolean> | undefined;
  // The start and a probe may call this at the same time. The segment is replaced only once: on a
  // slow disk, a second replacement could undo writes made after the first.
  const mend = () => preparation ??= mendNow().finally(() => preparation = undefined);
  const copy: BatchSink = {
    write: (batch, holdUp) =>
      writer === undefined ? Promise.reject(unmended()) : writer.write(batch, holdUp),
  };
  // Entries missing at the end of a copy are fetched from the shared log, so no recovery is
  // recorded.
  const isWhole = recovery.clean || options.shared !== undefined;
  const recorder: Recorder = new Recorder({
    ...options,
    ...kept,
    leads: () => follower?.leads ?? true,
    sink: options.shared === undefined
      ? copy
      : new SharedSink(options.shared.log, copy, () => recorder.head),
    undone: { mend, fact: () => isWhole ? undefined : recoveredFact(catalogue, recovery) },
    stamp: stampWith(clock, random),
    origin: {
      head: recovery.head,
      segmentBytes: catalogue.active.bytes,
      isOfOlderFormat: (recovery.ends.formatVersion ?? FORMAT_VERSION) < FORMAT_VERSION,
      stopped: recovery.clean && recovery.head.logId > 0,
      snapshot: recovery.snapshot,
    },
    publish: (batch) => {
      const sealed = rolls.take(batch, catalogue.active);
      catalogue.extend(batch);
      if (sealed !== undefined) proof.add(sealed);
      tail.push(batch.entries, batch.bytes.length);
    },
    writeSnapshot: (head, lines) => store.write(head, lines, clock),
  });
  const proof = new BackgroundProof({
    ...options,
    layout,
    indexOf: (segment) => catalogue.indexOf(segment),
    full: () => recorder.full("ordinary"),
    damaged: (error) => recorder.fail(new JournalFailedError(error.message, { cause: error })),
  }, recovery.found);
  const reader = new SegmentReader(fileSystem, layout, catalogue, () => clock.pause());
  const history = new DurableEntries(tail, reader);
  const verification = () => readVerification(fileSystem, layout);
  const closeWriter = async () => await writer?.close();
  const leave = async () => {
    await options.shared?.turn.end();
    await options.shared?.log.end();
  };
  const follower: Follower | undefined = options.shared && new Follower({
    shared: options.shared,
    recorder,
    clock,
    store: (batch) => orUnusable("write to", options.folder, () => copy.write(batch, false)),
  });
  return { recorder, follower, catalogue, history, proof, mend, closeWriter, leave, verification };
}

function unmended(): JournalFullError {
  return new JournalFullError("Cannot record: the disk has been full since the start");
}

/** Without a reserve nothing tests for space, so the start fails. */
function noRoom(folder: string): JournalUnusableError {
  const reason = "the disk is full, and there is no reserve";
  return new JournalUnusableError("write to", folder, reason);
}

function recoveredFact(
  { active: { name: segment } }: Catalogue,
  { preparation: { bytesQuarantined, quarantine } }: Recovery,
): JournalEventDraft {
  const attributes = {
    segment,
    bytesQuarantined,
    ...(quarantine === null ? {} : { quarantine }),
  };
  return { stratum: "framework", eventType: "journal.Recovered", attributes };
}

/** @throws {JournalUnusableError} when the fact cannot be recorded. */
async function orUnrecorded<Result>(
  folder: string,
  record: () => Promise<Result>,
): Promise<Result> {
  try {
    return await record();
  } catch (error) {
    if (!(error instanceof Error) || error instanceof JournalUnusableError) throw error;
    throw new JournalUnusableError("record the recovery in", folder, error.message, error);
  }
}
