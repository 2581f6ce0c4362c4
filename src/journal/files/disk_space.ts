/**
 * Tracks whether the disk has space. With a reserve, the first write that finds no space frees the
 * reserve, and the journal accepts only vital entries. That ends when the reserve has been created
 * again and an entry has become durable after that.
 */

import { type Clock, JournalFullError, type Urgency } from "../../engine/ports.ts";
import { isOutOfRoom, missingRoom, orUnusable } from "../errors.ts";
import { errorMessage } from "../../core/thrown.ts";
import { type FileSystem, type OpenFile, removeIfThere, withFile } from "./file_system.ts";
import { requireKind } from "./folder.ts";
import type { Layout } from "../layout.ts";

/** Space that must be free besides the reserve before the reserve counts as created. */
const MARGIN_BYTES = 64 * 1024;
const PART_BYTES = 64 * 1024;

/**
 * Reserves space on the disk: a file that is removed when the disk is full, so that the outcomes of
 * running jobs can still be recorded.
 */
export class Reserve {
  readonly #path: string;

  constructor(
    private readonly fileSystem: FileSystem,
    layout: Layout,
    private readonly bytes: number,
    private readonly warn: (message: string) => void,
  ) {
    this.#path = layout.reserve;
  }

  /**
   * Uses the existing reserve if it is complete, or creates one; `false` if there is no space.
   *
   * @throws {JournalUnusableError} when its path is not a file.
   */
  async take(): Promise<boolean> {
    await requireKind(this.fileSystem, this.#path, ["file", "missing"]);
    return await orUnusable("measure", this.#path, () => this.#isWhole()) || await this.make();
  }

  /** Recreates the reserve; `false` if there is no space for it and the margin. */
  async make(): Promise<boolean> {
    try {
      await removeIfThere(this.fileSystem, this.#path);
      await withFile(this.fileSystem, this.#path, "create", (file) => this.#fill(file));
      return true;
    } catch (error) {
      if (!isOutOfRoom(error)) this.warn(`Cannot create the reserve: ${errorMessage(error)}`);
      await this.giveUp();
      return false;
    }
  }

  /** Frees its space. */
  async giveUp(): Promise<void> {
    try {
      await removeIfThere(this.fileSystem, this.#path);
    } catch (error) {
      this.warn(`Cannot remove the reserve: ${errorMessage(error)}`);
    }
  }

  async #fill(file: OpenFile): Promise<void> {
    const part = incompressible();
    const end = this.bytes + MARGIN_BYTES;
    for (let at = 0; at < end; at += part.length) {
      await file.write(at, part.subarray(0, end - at));
    }
    // Some file systems report a full disk only on a sync.
    await file.syncData();
    await file.truncate(this.bytes);
  }

  async #isWhole(): Promise<boolean> {
    if (await this.fileSystem.kind(this.#path) === "missing") return false;
    const size = await withFile(this.fileSystem, this.#path, "read", (file) => file.size());
    return size === this.bytes;
  }
}

/**
 * Bytes that a compressing file system cannot make smaller, from a xorshift generator: a simulation
 * plays a seed the same each time.
 */
function incompressible(): Uint8Array {
  const words = new Uint32Array(PART_BYTES / 4);
  let state = 0x9e3779b9;
  for (let index = 0; index < words.length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[index] = state;
  }
  return new Uint8Array(words.buffer);
}

/** Delay between two tests for space. */
const PROBE_MS = 1_000;

/**
 * How long the disk counts as full after a failed write, without a reserve or once it is used up:
 * nothing tests for space then. If this were longer, a load balancer would never send another
 * write.
 */
const NEWS_MS = 10_000;

interface DiskSpaceOptions {
  readonly clock: Clock;
  readonly reserve: Reserve | undefined;
  /** Whether the reserve could not be created at the start. */
  readonly short: boolean;
  /** Completes work that the start skipped for lack of space; `false` if there is still no space. */
  mend(): Promise<boolean>;
  /** Runs `work` between two batches. */
  between(work: () => Promise<void>): Promise<void>;
  /** Appends an entry; rejects if it is not durable. */
  probe(): Promise<unknown>;
  warn(message: string): void;
}

export class DiskSpace {
  #short = false;
  /** The monotonic time of the last write without space, unless one has succeeded since. */
  #ranOutMs: number | undefined;
  #cancelProbe: (() => void) | undefined;
  #probing: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(private readonly options: DiskSpaceOptions) {
    if (options.short) this.#becomeShort();
  }

  /** Whether there is known to be no space for groups of this urgency. */
  full(urgency: Urgency): boolean {
    if (this.options.reserve !== undefined && urgency === "ordinary") return this.#short;
    return this.#ranOutMs !== undefined &&
      this.options.clock.monotonic() - this.#ranOutMs < NEWS_MS;
  }

  /** Whether only vital entries are accepted. */
  get isKept(): boolean {
    return this.#short;
  }

  /** @throws {JournalFullError} if there is no space for entries that are not vital. */
  require(): void {
    if (!this.#short) return;
    throw new JournalFullError(
      "Cannot record: the disk is full, and the reserve is kept for running jobs. " +
        "Nothing was recorded",
    );
  }

  /**
   * Called when there is no space.
   *
   * @param error The error of the batch that found none, if it was a batch.
   */
  ranOut(error?: JournalFullError): void {
    const { reserve, clock } = this.options;
    // The first time, the reserve still has space for vital entries.
    if (reserve === undefined || this.#short) this.#ranOutMs = clock.monotonic();
    if (reserve === undefined || this.#stopped) return;
    this.#becomeShort(missingRoom(error?.cause));
    void this.options.between(() => reserve.giveUp());
  }

  /** Called when a batch has become durable. */
  found(): void {
    this.#ranOutMs = undefined;
  }

  /** Stops testing. Resolves when no test is running. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelProbe?.();
    await this.#probing;
  }

  #becomeShort(lack = "the disk is full"): void {
    if (!this.#short) {
      this.options.warn(
        `${lack}: no new work is accepted until there is room; running jobs use the reserve`,
      );
    }
    this.#short = true;
    this.#cancelProbe ??= this.options.clock.setTimer(PROBE_MS, () => {
      this.#cancelProbe = undefined;
      this.#probing = this.#probe();
    });
  }

  async #probe(): Promise<void> {
    const { reserve, between, mend, probe, warn } = this.options;
    let isMade = false;
    await between(async () => {
      isMade = !this.#stopped && await mend() && await reserve?.make() === true;
    });
    try {
      // Under a file size limit, there may be space for the reserve but none for a segment.
      if (isMade) await probe();
      this.#short = !isMade;
    } catch {
      // There was no space, which `ranOut` has noted already; or the journal has failed.
    }
    if (this.#stopped) return;
    if (this.#short) this.#becomeShort();
    else warn("there is room on the disk again");
  }
}
