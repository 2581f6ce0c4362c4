/** Reads a journal from the start and verifies lines, meaning, snapshots, and what is served. */

import type { FrameworkEntry, JobEventLogEntry } from "../core/event.ts";
import type { LogId } from "../core/ids.ts";
import { errorMessage } from "../core/thrown.ts";
import { Projection } from "../engine/writer/projection.ts";
import type { JobIndex } from "../engine/job_index.ts";
import type { JournalHead, KnownEntry, ProvedLines, SegmentInfo } from "../engine/ports.ts";
import { journalFlag } from "../journal/errors.ts";
import type { FileSystem } from "../journal/files/file_system.ts";
import { type Inventory, listJournal, requireJournal } from "../journal/read/segment_listing.ts";
import type { Layout } from "../journal/layout.ts";
import { FORMAT_VERSION } from "../journal/format/line_codec.ts";
import { readRepairNote } from "../journal/open/repair.ts";
import { isStop } from "../journal/read/seals.ts";
import type { ScannedBatch } from "../journal/read/segment_scanner.ts";
import { LineIndex } from "../journal/read/line_index.ts";
import { SegmentWalk, type WalkedDamage, type WalkedSegment } from "./segment_walk.ts";
import { CacheWitnesses, type ShownLoss } from "../journal/open/witnesses.ts";
import { EntryAudit, type Suspect, UniqueIds } from "./entry_audit.ts";
import { IndexAudit, type IndexContent, SidecarAudit } from "./cache_audit.ts";
import { NO_PAUSE, type Pause } from "../engine/turns.ts";
import type { ServedAudit, ServedOutcome } from "./served_audit.ts";
import { SnapshotAudit } from "./snapshot_audit.ts";
import { type AuditReport, type Disproof, Findings, WitnessAudit } from "./audit_report.ts";

export interface AuditOptions {
  readonly fileSystem: FileSystem;
  readonly layout: Layout;
  /** A server to compare with, if any. */
  readonly served?: ServedAudit | undefined;
  readonly progress: (bytesDone: number, bytesTotal: number) => void;
  /** Called after each batch and during long work; absent if no other work is waiting. */
  readonly pause?: Pause;
  /** Keeps ended jobs out of memory; if absent they stay in memory. */
  readonly scratch?: () => Scratch;
}

/** An index for this audit only, deleted with it. */
export interface Scratch extends Disposable {
  readonly index: JobIndex;
  /** What it holds so far. */
  content(): IndexContent;
  /**
   * What the index of the journal holds; `undefined` if there is none to compare.
   *
   * @throws {Error} if it cannot be read.
   */
  held(): IndexContent & Disposable | undefined;
  /** As in `JobIndex`, of the index of the journal. */
  known(upTo: LogId): KnownEntry | undefined;
}

const BATCHES_PER_PROGRESS = 256;

interface ReadBatch extends ScannedBatch {
  readonly segment: SegmentInfo;
  /** What its offsets are relative to. */
  readonly from: number;
}

interface Taken {
  readonly suspect: Suspect | undefined;
  readonly comparing: Promise<void> | undefined;
}

/** @throws {JournalUnusableError} if the journal cannot be read. */
export async function audit(options: AuditOptions): Promise<AuditReport> {
  const { fileSystem, layout } = options;
  await requireJournal(fileSystem, layout);
  using scratch = options.scratch?.();
  const earlier = {
    verdict: await WitnessAudit.read(fileSystem, layout),
    caches: await CacheWitnesses.read({ fileSystem, layout }, (upTo) => scratch?.known(upTo)),
  };
  const inventory = await listJournal(fileSystem, layout);
  return await new Audit(options, inventory, earlier, scratch).run();
}

/** Read before the segments: a server may be appending. */
interface Earlier {
  readonly verdict: WitnessAudit;
  readonly caches: CacheWitnesses;
}

class Audit {
  readonly #pause: Pause;
  readonly #findings = new Findings();
  readonly #projection: Projection;
  readonly #entries: EntryAudit;
  readonly #ids: UniqueIds;
  readonly #snapshots: SnapshotAudit;
  readonly #sidecars: SidecarAudit;
  readonly #witness: WitnessAudit;
  readonly #caches: CacheWitnesses;
  readonly #bytesTotal: number;
  readonly #repairs: string[] = [];
  readonly #notes: string[] = [];
  /** Where the lines of the segment are that is being read. */
  #index = new LineIndex();
  #bytesBefore = 0;
  #head: JournalHead = { logId: 0, chain: "" };
  /** The first line that was read. */
  #firstLogId: LogId | undefined;
  #lastEntry: JobEventLogEntry | undefined;
  #stoppedAt: WalkedDamage | undefined;
  #disproof: Disproof | undefined;
  /** The chain before the last segment. */
  #chainBefore = "";
  /** Another process has led this journal, so the folder may be a copy of a shared one. */
  #isShared = false;
  #losses: readonly ShownLoss[] = [];

  constructor(
    private readonly options: AuditOptions,
    private readonly inventory: Inventory,
    earlier: Earlier,
    private readonly scratch: Scratch | undefined,
  ) {
    const { fileSystem, layout, pause = NO_PAUSE } = options;
    this.#projection = new Projection(scratch?.index);
    this.#projection.begin();
    this.#entries = new EntryAudit(this.#projection);
    this.#pause = pause;
    this.#witness = earlier.verdict;
    this.#caches = earlier.caches;
    this.#ids = new UniqueIds(fileSystem, layout);
    this.#snapshots = new SnapshotAudit(
      { fileSystem, layout, pause },
      inventory.snapshots,
      this.#findings,
    );
    this.#sidecars = new SidecarAudit(fileSystem, layout);
    this.#bytesTotal = inventory.segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  async run(): Promise<AuditReport> {
    const { foreign, unusable } = this.inventory;
    for (const { message } of [...foreign, ...unusable]) {
      this.#findings.add(() => ({ kind: "foreign", reason: message }));
    }
    const walk = this.#walk();
    for await (const walked of walk.segments()) await this.#readSegment(walked);
    this.options.progress(this.#bytesTotal, this.#bytesTotal);
    await this.#snapshots.judgeRest(this.#head, walk.isConnected);
    this.#judgeWitness(walk.isConnected);
    if (walk.isConnected) await this.#judgeCaches();
    const served = walk.isConnected ? await this.#judgeServed() : undefined;
    if (walk.isConnected) await this.#judgeIndex();
    await this.#noteUnfinishedRepair();
    return this.#report(walk.torn?.bytes.length ?? 0, served);
  }

  #walk(): SegmentWalk {
    const { fileSystem, layout } = this.options;
    const { segments } = this.inventory;
    return new SegmentWalk({ fileSystem, layout, segments }, (damage) => {
      this.#stoppedAt ??= damage;
      this.#findings.add(() => ({ kind: "damage", damage }));
    });
  }

  async #readSegment({ segment, pieces, isConnected }: WalkedSegment): Promise<void> {
    this.#index = new LineIndex();
    this.#ids.begin(segment, this.#index);
    const { chain: chainBefore } = this.#head;
    this.#chainBefore = chainBefore;
    let untilProgress = BATCHES_PER_PROGRESS;
    let formatVersion: number | undefined;
    let isWhole = isConnected;
    for await (const { scanner, from } of pieces) {
      for (const batch of scanner.batches()) {
        if (isConnected) await this.#readBatch({ segment, from, ...batch });
        const pausing = this.#pause();
        if (pausing !== undefined) await pausing;
        if (--untilProgress > 0) continue;
        untilProgress = BATCHES_PER_PROGRESS;
        this.options.progress(this.#bytesBefore + from + scanner.end, this.#bytesTotal);
      }
      formatVersion ??= scanner.formatVersion;
      isWhole &&= scanner.flaw === undefined;
    }
    this.#bytesBefore += segment.bytes;
    const isSealed = segment !== this.inventory.segments.at(-1);
    if (!isWhole || !isSealed) return;
    await this.#sidecars.judge({
      ...segment,
      lastLogId: this.#head.logId,
      chainBefore,
      chain: this.#head.chain,
      stopped: isStop(this.#lastEntry),
      formatVersion: formatVersion ?? FORMAT_VERSION,
    }, this.#index);
  }

  async #readBatch(batch: ReadBatch): Promise<void> {
    this.#index.add(batch.offsets, batch.from);
    const suspects: Suspect[] = [];
    for (const entry of batch.entries) {
      const { suspect, comparing } = this.#take(batch, entry);
      if (suspect !== undefined) suspects.push(suspect);
      if (comparing !== undefined) await comparing;
      // A batch may hold very many entries, or slow ones.
      const pausing = this.#pause();
      if (pausing !== undefined) await pausing;
    }
    this.#end(batch);
    if (suspects.length > 0) await this.#judgeSuspects(batch, suspects);
    if (this.#snapshots.isDue(batch.lastLogId)) await this.#judgeSnapshots();
  }

  /**
   * Returns the entry if its id may have been used before, and the comparison if it takes longer.
   */
  #take(batch: ReadBatch, entry: JobEventLogEntry): Taken {
    const suspect = this.#ids.see(entry, this.#projection.eventIds);
    const audited = this.#entries.audit(entry);
    let comparing: Promise<void> | undefined;
    if (audited.kind === "flaw") this.#damaged(batch, entry.logId, audited);
    else if (audited.job !== undefined) {
      comparing = this.options.served?.see(audited.job, this.#projection.table, this.#pause);
    } else if (isRepair(entry)) this.#takeRepair(entry);
    else if (entry.eventType === "journal.WriterOpened") this.#isShared = true;
    return { suspect, comparing };
  }

  #end(batch: ScannedBatch): void {
    this.#firstLogId ??= batch.firstLogId;
    this.#head = { logId: batch.lastLogId, chain: batch.chain };
    this.#witness.see(this.#head);
    this.#lastEntry = batch.entries.at(-1);
    this.options.served?.batchEnded(batch.lastLogId, batch.chain);
  }

  #takeRepair(entry: FrameworkEntry<"journal.Repaired">): void {
    this.#repairs.push(entry.attributes.aside);
    this.#witness.seeRepair(entry);
  }

  #judgeWitness(isWhole: boolean): void {
    const disproof = this.#witness.judge(this.#head, isWhole);
    if (disproof === undefined) return;
    this.#disproof = disproof;
    this.#findings.add(() => ({ kind: "lost", reason: disproof.reason }));
  }

  async #judgeCaches(): Promise<void> {
    const end = { head: this.#head, active: { chainBefore: this.#chainBefore } };
    const { segments } = this.inventory;
    const losses = await this.#caches.losses(segments, end, (upTo) => this.scratch?.known(upTo));
    if (this.#isShared) {
      this.#notes.push(
        ...losses.map(({ fact }) => `${fact}: the next start fetches the rest from the database`),
      );
      return;
    }
    this.#losses = losses;
    for (const { reason } of losses) this.#findings.add(() => ({ kind: "lost", reason }));
  }

  async #judgeSuspects(batch: ReadBatch, suspects: readonly Suspect[]): Promise<void> {
    for (const suspect of suspects) {
      const first = await this.#ids.firstOf(suspect);
      if (first === undefined) continue;
      const { logId, eventId } = suspect.entry;
      const reason = `event id ${eventId} was used before, by logId ${first}`;
      this.#damaged(batch, logId, { reason, byNewerVersion: false });
    }
  }

  /** Faults of the index are only noted: it is a cache. */
  async #judgeIndex(): Promise<void> {
    if (this.scratch === undefined) return;
    try {
      using held = this.scratch.held();
      if (held === undefined) return;
      // Moves all ended jobs to the scratch index.
      this.#projection.table.capture(this.#head);
      const audit = new IndexAudit(this.scratch.content(), this.#head.logId, this.#pause);
      await audit.compare(held);
      this.#notes.push(...audit.notes);
    } catch (error) {
      this.#notes.push(`index: not compared: ${errorMessage(error)}`);
    }
  }

  async #noteUnfinishedRepair(): Promise<void> {
    const note = await readRepairNote(this.options.fileSystem, this.options.layout);
    if (note === undefined || this.#repairs.includes(note.aside)) return;
    this.#notes.push(
      `a repair was interrupted before it was recorded; its copy is in ${note.aside}: deno task ` +
        `journal repair --apply${journalFlag(this.options.layout.folder)} completes it`,
    );
  }

  async #judgeSnapshots(): Promise<void> {
    const { table } = this.#projection;
    await this.#snapshots.judgeUpTo(this.#head, {
      ...(table.index === undefined ? { all: () => this.#projection.capture(this.#head) } : {}),
      living: () => this.#projection.captureLiving(this.#head),
    });
  }

  async #judgeServed(): Promise<ServedOutcome | undefined> {
    const { served } = this.options;
    const outcome = await served?.outcome(this.#projection.table, this.#lastEntry, this.#pause);
    if (outcome?.kind === "lost") {
      this.#findings.add(() => ({ kind: "lost", reason: outcome.reason }));
    }
    return outcome;
  }

  /** A whole line that Daybook could not have written. */
  #damaged(
    { segment, from, firstLogId, offset, offsets }: ReadBatch,
    logId: LogId,
    { reason, byNewerVersion }: Pick<WalkedDamage, "reason" | "byNewerVersion">,
  ): void {
    this.#findings.add(() => ({
      kind: "damage",
      damage: {
        segment: segment.name,
        line: this.#index.find(logId - segment.firstLogId)?.line ?? 0,
        offset: from + (offsets[logId - firstLogId] ?? 0),
        logId,
        reason,
        byNewerVersion,
        batch: { offset: from + offset, firstLogId },
      },
    }));
  }

  #proved(): ProvedLines | null {
    const firstLogId = this.#firstLogId;
    return firstLogId === undefined ? null : { firstLogId, lastLogId: this.#head.logId };
  }

  #report(tornBytes: number, served: ServedOutcome | undefined): AuditReport {
    return {
      problems: this.#findings.listed,
      problemCount: this.#findings.count,
      head: this.#head,
      proved: this.#proved(),
      inventory: this.inventory,
      snapshots: this.#snapshots.compared,
      jobs: this.#projection.table.size,
      tornBytes,
      stoppedAt: this.#stoppedAt,
      served,
      isShared: this.#isShared,
      repairs: this.#repairs,
      notes: [...this.#notes, ...this.#snapshots.notes, ...this.#sidecars.notes],
      lastIntact: this.#witness.witness,
      disproof: this.#disproof,
      losses: this.#losses,
    };
  }
}

function isRepair(entry: JobEventLogEntry): entry is FrameworkEntry<"journal.Repaired"> {
  return entry.eventType === "journal.Repaired";
}
