/**
 * Verifies segments in the background, a slice at a time: those that the start trusted, and those
 * that are full. Each verdict is stored for the next start.
 */

import type { Clock, SegmentProof } from "../../engine/ports.ts";
import { failureReason, JournalDamagedError } from "../errors.ts";
import { type FileStamp, type FileSystem, isSame } from "../files/file_system.ts";
import type { Layout } from "../layout.ts";
import type { LineIndexes } from "../read/catalogue.ts";
import type { SegmentProver } from "../options.ts";
import { withDurable } from "../read/segment_listing.ts";
import { isSameSegment, requireWhole, type SealedSegment } from "../read/segment_proof.ts";
import { SidecarStore } from "../read/sidecar_store.ts";

/** How long the event loop may be blocked. */
const SLICE_MS = 2;
/** Delay before the first slice, and before a file that has just changed is checked again. */
const DELAY_MS = 2_000;
/**
 * Delay before a verdict on what the next start would have to read: of this start, or on a segment
 * that has just filled up. Short, because the process may be short-lived.
 */
const SOON_MS = 100;
/**
 * The ratio of rest to work, and the longest rest, so that one slow read does not cause a very long
 * one. Both are lower while another full segment waits.
 */
const REST = {
  usual: { perWork: 19, maxMs: 5_000 },
  behind: { perWork: 9, maxMs: SOON_MS },
};

/** A full segment, as a start found it, or one that has filled up since. */
export interface FullSegment {
  readonly segment: SealedSegment;
  /** Whether the start read it or trusted it, or it has filled up since. */
  readonly origin: "read" | "trusted" | "filled";
  /** Whether its sidecar agrees with it. */
  readonly isStored: boolean;
  /** The file that the start read, if it has not changed since. */
  readonly read?: FileStamp;
}

interface BackgroundProofOptions {
  readonly fileSystem: FileSystem;
  readonly layout: Layout;
  readonly clock: Clock;
  readonly indexes: Pick<LineIndexes, "of" | "release">;
  readonly prover?: SegmentProver | undefined;
  /** Whether the disk is full, so that no verdict may be written. */
  full(): boolean;
  /** Called when a segment is damaged. */
  damaged(error: JournalDamagedError): void;
  /** Called with warnings for the operator; the journal continues. */
  warn(message: string): void;
}

/** Thrown to end verification when the process stops. */
class ProofStoppedError extends Error {}

export class BackgroundProof {
  readonly #store: SidecarStore;
  /** Those to verify, and those whose verdict is not written yet. */
  readonly #queue: FullSegment[];
  readonly #sealed: SealedSegment[];
  #trusted: number;
  #at: string | null = null;
  #isRunning = false;
  #running: Promise<void> | undefined;
  #isStopped = false;
  #endRest = () => {};
  #cancelSoon = () => {};
  #sliceBegan = 0;
  /** Kinds of reasons already reported: every segment may have the same one. */
  readonly #reported = new Set<string>();

  constructor(private readonly options: BackgroundProofOptions, found: readonly FullSegment[]) {
    this.#store = new SidecarStore(options.fileSystem, options.layout);
    this.#sealed = found.map(({ segment }) => segment);
    this.#trusted = found.filter(({ origin }) => origin === "trusted").length;
    const open = found.filter(({ origin, isStored }) => origin === "trusted" || !isStored);
    // Verdicts that only have to be written come first: they save the next start the most.
    const rank = ({ read }: FullSegment) => read === undefined ? 1 : 0;
    this.#queue = open.sort((left, right) => rank(left) - rank(right));
    if (found.length > this.#trusted) this.#at = this.#now();
  }

  get state(): SegmentProof {
    const segments = this.#sealed.length;
    return { segments, proven: segments - this.#trusted, trusted: this.#trusted, at: this.#at };
  }

  /** Starts after a delay. */
  start(): void {
    if (this.#queue.length === 0 || this.#isStopped || this.#isRunning) return;
    this.#isRunning = true;
    this.#running = this.#run();
  }

  /** Queues a full segment, ahead of those that the next start would trust anyway. */
  add(segment: SealedSegment): void {
    this.#sealed.push(segment);
    const next = this.#queue.findIndex(({ origin }) => origin !== "filled");
    const place = next < 0 ? this.#queue.length : next;
    this.#queue.splice(place, 0, { segment, origin: "filled", isStored: false });
    this.#trusted++;
    if (this.#isStopped) return;
    this.start();
    this.#cancelSoon();
    this.#cancelSoon = this.options.clock.setTimer(SOON_MS, () => this.#endRest());
  }

  /** Stops. Resolves when its files are closed. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelSoon();
    this.#endRest();
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      await this.#rest(this.#queue[0]?.read === undefined ? DELAY_MS : SOON_MS);
      await this.#attempt("Cannot remove sidecars", () => this.#store.keepOnly(this.#sealed));
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        while (!await this.#settled(next)) await this.#rest(DELAY_MS);
        await this.#endSlice();
      }
    } catch (error) {
      if (error instanceof ProofStoppedError) return;
      this.#queue.length = 0;
      if (error instanceof JournalDamagedError) return this.options.damaged(error);
      throw error;
    } finally {
      this.#isRunning = false;
    }
  }

  /** `false` if it is too early to verify the segment. */
  async #settled(next: FullSegment): Promise<boolean> {
    let isDue = true;
    await this.#attempt(`Cannot verify segment ${next.segment.name}`, async () => {
      isDue = await this.#prove(next);
    });
    return isDue;
  }

  async #prove({ segment, origin, read }: FullSegment): Promise<boolean> {
    if (this.options.full()) return false;
    const nowMs = await this.#store.now();
    const stamp = await this.#store.stampOf(segment);
    // A change within the same tick of the file clock would go unnoticed.
    if (stamp !== undefined && nowMs !== undefined && stamp.changedMs >= nowMs) return false;
    this.#sliceBegan = this.options.clock.monotonic();
    const isRead = read !== undefined && isSame(read, stamp);
    await this.#onDisk(segment, isRead);
    if (origin !== "read") this.#trusted--;
    if (!isRead) this.#at = this.#now();
    if (stamp === undefined || nowMs === undefined) return true;
    if (!isSame(stamp, await this.#store.stampOf(segment))) return true;
    const known = await this.#store.trusted(segment);
    if (known !== undefined && isSameSegment(known.segment, segment)) return true;
    const { indexes } = this.options;
    await this.#store.write({ segment, index: await indexes.of(segment), verdict: stamp });
    indexes.release(segment);
    return true;
  }

  /**
   * Syncs the file: content that is only in memory could be lost although the timestamps survive.
   */
  async #onDisk(segment: SealedSegment, isProven: boolean): Promise<void> {
    const { fileSystem, layout, prover } = this.options;
    const path = `${layout.segments}/${segment.name}`;
    const isWhole = isProven || await prover?.isWhole(path, segment);
    await withDurable(fileSystem, layout, segment, async (file) => {
      if (!isWhole) await requireWhole(file, segment, () => this.#pause());
      await file.sync();
    });
  }

  #now(): string {
    return new Date(this.options.clock.now()).toISOString();
  }

  #pause(): Promise<void> | undefined {
    if (this.#isStopped) throw new ProofStoppedError();
    const isOver = this.options.clock.monotonic() - this.#sliceBegan >= SLICE_MS;
    return isOver ? this.#endSlice() : undefined;
  }

  async #endSlice(): Promise<void> {
    const workedMs = this.options.clock.monotonic() - this.#sliceBegan;
    const { perWork, maxMs } = this.#queue[0]?.origin === "filled" ? REST.behind : REST.usual;
    await this.#rest(Math.min(perWork * workedMs, maxMs));
    this.#sliceBegan = this.options.clock.monotonic();
  }

  async #rest(ms: number): Promise<void> {
    if (!this.#isStopped) {
      await new Promise<void>((resolve) => {
        const cancel = this.options.clock.setTimer(ms, resolve);
        this.#endRest = () => {
          cancel();
          resolve();
        };
      });
    }
    if (this.#isStopped) throw new ProofStoppedError();
  }

  /** Only warns if a cache cannot be written or a file cannot be read: verification continues. */
  async #attempt(action: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (error instanceof ProofStoppedError || error instanceof JournalDamagedError) throw error;
      const reason = failureReason(error, this.options.layout.folder);
      // Without the position in the name of a file.
      const kind = reason.replaceAll(/\d+/g, "");
      if (!this.#reported.has(kind)) this.options.warn(`${action}: ${reason}`);
      this.#reported.add(kind);
    }
  }
}
