/**
 * Whether the disk has room. With a reserve, the first write that finds none makes the
 * journal take only what is vital, in the room that the reserve gives up, until the
 * reserve can be made again and an entry is durable after that.
 */

import { type Clock, JournalFullError, type Urgency } from "../engine/ports.ts";
import { lackOf } from "./errors.ts";
import type { Reserve } from "./reserve.ts";

/** How long until it is tried again whether there is room. */
const PROBE_MS = 1_000;

/**
 * Without a reserve, or with one that is used up, nobody tries: how long a write that found
 * no room counts as news. A balancer that believed it for longer would never send another.
 */
const NEWS_MS = 10_000;

export interface RoomOptions {
  readonly clock: Clock;
  readonly reserve: Reserve | undefined;
  /** Whether the reserve could not be made at the start. */
  readonly short: boolean;
  /** Does what a start without room left undone; `false` without room for that. */
  mend(): Promise<boolean>;
  /** Runs something while no batch is on its way to the disk. */
  between(work: () => Promise<void>): Promise<void>;
  /** Appends an entry. Rejects when it is not durable. */
  probe(): Promise<unknown>;
  warn(message: string): void;
}

export class Room {
  readonly #options: RoomOptions;
  #short = false;
  /** The monotonic time of the last write that found no room, unless one has since. */
  #ranOutMs: number | undefined;
  #cancelProbe: (() => void) | undefined;
  #probing: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: RoomOptions) {
    this.#options = options;
    if (options.short) this.#becomeShort();
  }

  /** Whether groups of an urgency find no room, as far as is known. */
  full(urgency: Urgency): boolean {
    if (this.#options.reserve !== undefined && urgency === "ordinary") return this.#short;
    return this.#ranOutMs !== undefined &&
      this.#options.clock.monotonic() - this.#ranOutMs < NEWS_MS;
  }

  /** Whether only what is vital may be appended. */
  get isKept(): boolean {
    return this.#short;
  }

  /** @throws {JournalFullError} when there is none for what is not vital. */
  require(): void {
    if (!this.#short) return;
    throw new JournalFullError(
      "Cannot record: the disk is full, and the reserve is for jobs that run. Nothing was recorded",
    );
  }

  /** @param error Of the batch that found no room; absent when that was found otherwise. */
  ranOut(error?: JournalFullError): void {
    const { reserve, clock } = this.#options;
    // The first time, the reserve still has room for what is vital.
    if (reserve === undefined || this.#short) this.#ranOutMs = clock.monotonic();
    if (reserve === undefined || this.#stopped) return;
    this.#becomeShort(lackOf(error?.cause));
    void this.#options.between(() => reserve.giveUp());
  }

  /** A batch is durable. */
  found(): void {
    this.#ranOutMs = undefined;
  }

  /** Tries no more. Resolves when nothing is being tried. */
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
      // The reserve may have room where a segment has not, under a limit on its size.
      if (isMade) await probe();
      this.#short = !isMade;
    } catch {
      // It found no room, which `ranOut` has been told of; or the journal has failed.
    }
    if (this.#stopped) return;
    if (this.#short) this.#becomeShort();
    else warn("there is room on the disk again");
  }
}
