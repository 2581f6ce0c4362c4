/**
 * The parts of a journal in files, and how they are opened once its lock is held.
 *
 * Bound later: the proof, which the recorder passes sealed segments, and which asks the recorder for
 * room; and the follower, which tells the recorder whether it leads, and fills it.
 */

import type { FrameworkEntry, JournalEventDraft } from "../core/event.ts";
import type { ProcessEnd } from "../core/framework_events.ts";
import {
  JournalFailedError,
  JournalFullError,
  type RecoveryReport,
  type Verification,
} from "../engine/ports.ts";
import { BackgroundProof } from "./open/background_proof.ts";
import { Catalogue, LineIndexes } from "./read/catalogue.ts";
import { type JournalDamagedError, JournalUnusableError, orUnusable } from "./errors.ts";
import { DurableEntries, Tail } from "./read/durable_entries.ts";
import type { Layout } from "./layout.ts";
import type { BatchSink } from "./write/group_commit.ts";
import { FORMAT_VERSION } from "./format/line_codec.ts";
import type { ResolvedOptions } from "./options.ts";
import { Recorder } from "./write/recorder.ts";
import { recover, type Recovery, recoveryReport } from "./open/recovery.ts";
import { Reserve } from "./files/disk_space.ts";
import { Follower, SharedSink } from "./write/shared_copy.ts";
import { SegmentReader } from "./read/segment_reader.ts";
import { SegmentWriter, type WatchedFiles } from "./write/segment_writer.ts";
import { SnapshotStore } from "./write/snapshot_store.ts";
import { readVerification } from "./files/verification_file.ts";
import { readText } from "./files/file_system.ts";
import type { SealedBatch } from "./read/segment_scanner.ts";

/** The parts of an open journal. */
export interface JournalParts {
  readonly recorder: Recorder;
  /** Keeps the copy complete until this process leads; absent if the journal is not shared. */
  readonly follower: Follower | undefined;
  readonly catalogue: Catalogue;
  readonly history: DurableEntries;
  readonly segment: ActiveSegment;
  /** Allows another process to lead a shared journal. */
  leave(): Promise<void>;
  readonly proof: BackgroundProof;
  /**
   * Fails the journal: what is served may be wrong. If the open files were removed, that is why lines
   * are missing.
   */
  damaged(error: JournalDamagedError): void;
  /** The result of the last verification by any process. */
  verification(): Promise<Verification | null>;
}

/** The options for opening once the lock is held. */
interface LockedOptions extends ResolvedOptions {
  readonly layout: Layout;
  readonly watched: WatchedFiles;
}

/**
 * Replays the entries, repairs what a crash can explain, and records that. Throws as
 * `FileJournal.open` does, and leaves nothing open then.
 */
export async function openParts(
  options: LockedOptions,
): Promise<{ parts: JournalParts; report: RecoveryReport }> {
  const began = options.clock.monotonic();
  const isRepair = options.firstFacts.some(({ eventType }) => eventType === "journal.Repaired");
  const recovery = await recover({
    ...options,
    acceptLoss: options.acceptSnapshotAhead || isRepair,
    isCopy: options.shared !== undefined,
  });
  for (const warning of recovery.warnings) options.warn(warning);
  const reserve = await prepareReserve(options);
  const ended = await takeEndNote(options);
  const parts = createParts(options, recovery, reserve, ended);
  try {
    const { recorder, follower, segment } = parts;
    if (follower !== undefined) {
      if (!await segment.mend()) throw noRoom(options.folder);
      await follower.catchUp();
    }
    if (options.firstFacts.length > 0) await segment.mend();
    for (const fact of options.firstFacts) {
      await orUnrecorded(options.folder, () => recorder.record(fact));
    }
    const recoveredLogId = await orUnrecorded(options.folder, () => recorder.begin());
    if (reserve.reserve === undefined && recorder.full("vital")) throw noRoom(options.folder);
    const durationMs = options.clock.monotonic() - began;
    const report = recoveryReport(recovery, recoveredLogId, durationMs);
    parts.proof.start();
    return { parts, report };
  } catch (error) {
    await parts.leave();
    await parts.proof.stop();
    await parts.segment.close();
    throw error;
  }
}

/** The reserve, if one is configured, and whether there was no space for it. */
interface PreparedReserve {
  readonly reserve: Reserve | undefined;
  readonly short: boolean;
}

async function prepareReserve(
  { fileSystem, layout, reserveBytes, warn }: LockedOptions,
): Promise<PreparedReserve> {
  if (reserveBytes === 0) return { reserve: undefined, short: false };
  const reserve = new Reserve(fileSystem, layout, reserveBytes, warn);
  return { reserve, short: !await reserve.take() };
}

function createParts(
  options: LockedOptions,
  recovery: Recovery,
  kept: PreparedReserve,
  ended: ProcessEnd | undefined,
): JournalParts {
  const { fileSystem, layout, clock } = options;
  // The recovery itself is not kept: the line indexes in it may be large.
  const { preparation: repairs, head, ends, clean, full, snapshot } = recovery;
  const indexes = new LineIndexes(recovery.indexes, {
    fileSystem,
    layout,
    stored: full.filter(({ isStored }) => isStored).map(({ segment }) => segment),
    pause: () => clock.pause(),
  });
  const catalogue = new Catalogue(recovery.segments, indexes, ends);
  const tail = new Tail();
  const store = new SnapshotStore(fileSystem, layout);
  const segment = new ActiveSegment(options, repairs, catalogue);
  // Entries missing at the end of a copy are fetched from the shared log, so no recovery is
  // recorded.
  const isWhole = clean || options.shared !== undefined;
  const recorder: Recorder = new Recorder({
    ...options,
    ...kept,
    leads: () => follower?.leads ?? true,
    sink: options.shared === undefined ? segment : new SharedSink(options.shared.log, segment),
    undone: {
      mend: () => segment.mend(),
      fact: () => isWhole ? undefined : recoveredFact(catalogue, repairs, ended),
    },
    origin: {
      head,
      segmentBytes: catalogue.active.bytes,
      isOfOlderFormat: (ends.formatVersion ?? FORMAT_VERSION) < FORMAT_VERSION,
      stopped: clean && ends.stopped,
      snapshot,
    },
    publish: (batch) => {
      const full = catalogue.extend(batch);
      if (full !== undefined) proof.add(full);
      tail.push(batch.entries, batch.bytes.length);
    },
    writeSnapshot: (head, lines) => store.write(head, lines, clock),
  });
  const damaged = (error: JournalDamagedError) => {
    const loss = segment.loss();
    recorder.fail(
      loss === undefined
        ? new JournalFailedError(error.message, { cause: error })
        : new JournalFailedError(`Cannot use the journal: ${loss}`),
    );
  };
  const proof = new BackgroundProof({
    ...options,
    indexes,
    full: () => recorder.full("ordinary"),
    damaged,
  }, full);
  const reader = new SegmentReader(fileSystem, layout, catalogue, () => clock.pause());
  const history = new DurableEntries(tail, reader);
  const verification = () => readVerification(fileSystem, layout);
  const leave = async () => {
    await options.shared?.turn.end();
    await options.shared?.log.end();
  };
  const follower: Follower | undefined = options.shared && new Follower({
    shared: options.shared,
    recorder,
    clock,
    refuse: (entry) => options.consumer.refuse(entry),
    firstEventId: async () => (await history.read(0, 1, recorder.head.logId))[0]?.eventId,
    store: (batch) => orUnusable("write to", options.folder, () => segment.write(batch, false)),
  });
  return {
    ...{ recorder, follower, catalogue, history, segment, proof },
    ...{ damaged, leave, verification },
  };
}

/** The active segment. It can be written to once it is prepared, which a full disk may delay. */
class ActiveSegment implements BatchSink {
  #writer: SegmentWriter | undefined;
  #mending: Promise<boolean> | undefined;

  constructor(
    private readonly options: LockedOptions,
    private readonly preparation: Recovery["preparation"],
    private readonly catalogue: Catalogue,
  ) {}

  /**
   * Prepares it; `false` if there is no space for that. The start and a probe may call this at the
   * same time. The segment is replaced only once: on a slow disk, a second replacement could undo
   * writes made after the first.
   */
  mend(): Promise<boolean> {
    return this.#mending ??= this.#mend().finally(() => this.#mending = undefined);
  }

  async #mend(): Promise<boolean> {
    if (this.#writer !== undefined) return true;
    if (!await this.preparation.run()) return false;
    const open = () => SegmentWriter.open(this.options, this.catalogue.active);
    this.#writer = await orUnusable("open", this.options.layout.segments, open);
    return true;
  }

  write(batch: SealedBatch, holdUp: boolean): Promise<void> {
    return this.#writer?.write(batch, holdUp) ?? Promise.reject(
      new JournalFullError("Cannot record: the disk has been full since the start"),
    );
  }

  /** Describes what happened to its file; `undefined` if its path leads to it. */
  loss(): string | undefined {
    return this.#writer?.loss();
  }

  async close(): Promise<void> {
    await this.#writer?.close();
  }
}

/** Without a reserve nothing tests for space, so the start fails. */
function noRoom(folder: string): JournalUnusableError {
  const reason = "the disk is full, and there is no reserve";
  return new JournalUnusableError("write to", folder, reason);
}

function recoveredFact(
  { active: { name: segment } }: Catalogue,
  { bytesQuarantined, quarantine }: Recovery["preparation"],
  ended: ProcessEnd | undefined,
): JournalEventDraft {
  const attributes = {
    segment,
    bytesQuarantined,
    ...(quarantine === null ? {} : { quarantine }),
    ...(ended === undefined ? {} : { ended }),
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

/**
 * Reads the note that a process leaves when it has to end and can record nothing more, such as while
 * its event loop is blocked. Removes it: should this process end too, the note is not about that.
 *
 * @returns What can be recorded of it. It only explains, so a note that cannot be used is ignored.
 */
async function takeEndNote(
  { fileSystem, layout: { endNote: path }, consumer }: LockedOptions,
): Promise<ProcessEnd | undefined> {
  try {
    if (await fileSystem.kind(path) !== "file") return undefined;
    const text = await readText(fileSystem, path);
    await fileSystem.remove(path);
    const ended: ProcessEnd = JSON.parse(text);
    const attributes = { segment: "", bytesQuarantined: 0, ended };
    const fact = { stratum: "framework", eventType: "journal.Recovered", attributes };
    return consumer.refuse(fact as FrameworkEntry<"journal.Recovered">) === undefined
      ? ended
      : undefined;
  } catch {
    return undefined;
  }
}
