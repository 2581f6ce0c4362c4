/**
 * Whether the disk has space. With a reserve, the first write without space makes the journal
 * accept only vital entries, in the space that the reserve gives up, until the reserve can be
 * created again and an entry has become durable after that.
 */

import { type Clock, JournalFullError, type Urgency } from "../engine/ports.ts";
import { lackOf } from "./errors.ts";
import type { Reserve } from "./reserve.ts";

/** Delay between two tests for space. */
const PROBE_MS = 1_000;

/**
 * Without a reserve, or once it is used up, nothing tests for space: how long a failed write counts
 * as recent. A load balancer that believed it longer would never send another write.
 */
const NEWS_MS = 10_000;

export interface RoomOptions {
  readonly clock: Clock;
  readonly reserve: Reserve | undefined;
  /** Whether the reserve could not be created at the start. */
  readonly short: boolean;
  /** Does what a start without space left undone; `false` if there still is none. */
  mend(): Promise<boolean>;
  /** Runs something between two batches. */
  between(work: () => Promise<void>): Promise<void>;
  /** Appends an entry; rejects if it is not durable. */
  probe(): Promise<unknown>;
  warn(message: string): void;
}

export class Room {
  readonly #options: RoomOptions;
  #short = false;
  /** The monotonic time of the last write without space, unless one has succeeded since. */
  #ranOutMs: number | undefined;
  #cancelProbe: (() => void) | undefined;
  #probing: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: RoomOptions) {
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
      "Cannot record: the disk is full, and the reserve is for jobs that run. Nothing was recorded",
    );
  }

  /** @param error The error of the batch, if a batch found no space. */
  ranOut(error?: JournalFullError): void {
    const { reserve, clock } = this.#options;
    // The first time, the reserve still has space for vital entries.
    if (reserve === undefined || this.#short) this.#ranOutMs = clock.monotonic();
    if (reserve === undefined || this.#stopped) return;
    this.#becomeShort(lackOf(error?.cause));
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
        `${lack}: nothing new is taken until there is room; jobs that run use the reserve`,
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
