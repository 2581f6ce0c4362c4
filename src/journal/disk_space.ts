/**
 * Whether the disk has space. With a reserve, the first write without space makes the journal
 * accept only vital entries, in the space that the reserve gives up, until the reserve can be
 * created again and an entry has become durable after that.
 */

import { type Clock, JournalFullError, type Urgency } from "../engine/ports.ts";
import { isOutOfRoom, missingRoom, orUnusable } from "./errors.ts";
import { errorMessage } from "../core/thrown.ts";
import { type FileSystem, type OpenFile, withFile } from "./file_system.ts";
import { requireKind } from "./folder.ts";
import type { Layout } from "./layout.ts";

/** Beyond the reserve itself, there must be room for this before it counts as made. */
const MARGIN_BYTES = 64 * 1024;
const PART_BYTES = 64 * 1024;

/**
 * Room that is kept on the disk: a file that is removed when there is no other, so that
 * running jobs can still put on record how they end.
 */
export class Reserve {
  readonly #fileSystem: FileSystem;
  readonly #path: string;
  readonly #bytes: number;
  readonly #warn: (message: string) => void;

  constructor(
    fileSystem: FileSystem,
    layout: Layout,
    bytes: number,
    warn: (message: string) => void,
  ) {
    this.#fileSystem = fileSystem;
    this.#path = layout.reserve;
    this.#bytes = bytes;
    this.#warn = warn;
  }

  /**
   * Uses the one that is there, when it is whole, or makes one; `false` without room.
   *
   * @throws {JournalUnusableError} when something else is in its place.
   */
  async take(): Promise<boolean> {
    await requireKind(this.#fileSystem, this.#path, ["file", "missing"]);
    return await orUnusable("measure", this.#path, () => this.#isWhole()) || await this.make();
  }

  /** Recreates it; `false` when there is no room for it and some more. */
  async make(): Promise<boolean> {
    try {
      await this.#remove();
      await withFile(this.#fileSystem, this.#path, "create", (file) => this.#fill(file));
      return true;
    } catch (error) {
      if (!isOutOfRoom(error)) this.#warn(`Cannot keep a reserve: ${errorMessage(error)}`);
      await this.giveUp();
      return false;
    }
  }

  /** Makes its room free. */
  async giveUp(): Promise<void> {
    try {
      await this.#remove();
    } catch (error) {
      this.#warn(`Cannot give up the reserve: ${errorMessage(error)}`);
    }
  }

  async #fill(file: OpenFile): Promise<void> {
    const part = incompressible();
    const end = this.#bytes + MARGIN_BYTES;
    for (let at = 0; at < end; at += part.length) {
      await file.write(at, part.subarray(0, end - at));
    }
    // Some file systems only report a full disk now.
    await file.syncData();
    await file.truncate(this.#bytes);
  }

  async #isWhole(): Promise<boolean> {
    if (await this.#fileSystem.kind(this.#path) === "missing") return false;
    const size = await withFile(this.#fileSystem, this.#path, "read", (file) => file.size());
    return size === this.#bytes;
  }

  async #remove(): Promise<void> {
    if (await this.#fileSystem.kind(this.#path) === "missing") return;
    await this.#fileSystem.remove(this.#path);
  }
}

/** Bytes that a file system which compresses cannot make shorter: a xorshift. */
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
 * Without a reserve, or once it is used up, nothing tests for space: how long a failed write counts
 * as recent. A load balancer that believed it longer would never send another write.
 */
const NEWS_MS = 10_000;

interface DiskSpaceOptions {
  readonly clock: Clock;
  readonly reserve: Reserve | undefined;
  /** Whether the reserve could not be created at the start. */
  readonly short: boolean;
  /** Completes what a start without space left undone; `false` if there is still no space. */
  mend(): Promise<boolean>;
  /** Runs something between two batches. */
  between(work: () => Promise<void>): Promise<void>;
  /** Appends an entry; rejects if it is not durable. */
  probe(): Promise<unknown>;
  warn(message: string): void;
}

export class DiskSpace {
  readonly #options: DiskSpaceOptions;
  #short = false;
  /** The monotonic time of the last write without space, unless one has succeeded since. */
  #ranOutMs: number | undefined;
  #cancelProbe: (() => void) | undefined;
  #probing: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: DiskSpaceOptions) {
    this.#options = options;
    if (options.short) this.#becomeShort();
  }

  /** Whether there is no space for groups of an urgency, as far as known. */
  full(urgency: Urgency): boolean {
    if (this.#options.reserve !== undefined && urgency === "ordinary") return this.#short;
    return this.#ranOutMs !== undefined &&
      this.#options.clock.monotonic() - this.#ranOutMs < NEWS_MS;
  }

  /** Whether only vital entries are accepted. */
  get isKept(): boolean {
    return this.#short;
  }

  /** @throws {JournalFullError} if there is no space for entries that are not vital. */
  require(): void {
    if (!this.#short) return;
    throw new JournalFullError(
      "Cannot record: the disk is full, and the reserve is for running jobs. Nothing was recorded",
    );
  }

  /** @param error The error of the batch, if a batch found no space. */
  ranOut(error?: JournalFullError): void {
    const { reserve, clock } = this.#options;
    // The first time, the reserve still has space for vital entries.
    if (reserve === undefined || this.#short) this.#ranOutMs = clock.monotonic();
    if (reserve === undefined || this.#stopped) return;
    this.#becomeShort(missingRoom(error?.cause));
    void this.#options.between(() => reserve.giveUp());
  }

  /** A batch is durable. */
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
      this.#options.warn(
        `${lack}: no new work is taken until there is room; running jobs use the reserve`,
      );
    }
    this.#short = true;
    this.#cancelProbe ??= this.#options.clock.setTimer(PROBE_MS, () => {
      this.#cancelProbe = undefined;
      this.#probing = this.#probe();
    });
  }

  async #probe(): Promise<void> {
    const { reserve, between, mend, probe, warn } = this.#options;
    let isMade = false;
    await between(async () => {
      isMade = !this.#stopped && await mend() && await reserve?.make() === true;
    });
    try {
      // Under a limit on file size the reserve may have space while a segment has none.
      if (isMade) await probe();
      this.#short = !isMade;
    } catch {
      // There was no space, as `ranOut` knows already; or the journal has failed.
    }
    if (this.#stopped) return;
    if (this.#short) this.#becomeShort();
    else warn("there is room on the disk again");
  }
}
