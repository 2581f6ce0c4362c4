/**
 * Notices an event loop that does not turn, which nothing in it could: it beats twice a second
 * into memory that a thread of its own looks at. Nothing is done for a job but to note which
 * attempts are open.
 */

import { Worker } from "node:worker_threads";
import type { AttemptWatch } from "../engine/watches.ts";
import { LAYOUT, ORDER, WatchTable, WORD } from "./watch_table.ts";
import watcher from "./watcher.js" with { type: "text" };

/** So long without a turn is a stall. */
const STALL_MS = 2_000;
const BEAT_MS = 500;

export interface WatchdogOptions {
  /** After so long without a turn the process is ended; 0 is never. */
  readonly exitMs: number;
  /** Whether its thread reports a stall on the standard error output, while it lasts. */
  readonly tells: boolean;
  /** Whether what it tells is JSON. */
  readonly isJson: boolean;
  /** Told of a stall that is over. */
  readonly warn: (message: string) => void;
  /** The event loop stood still for too long, and turns again: ends the process. */
  readonly onTooLong: () => void;
}

export class Watchdog implements AttemptWatch {
  readonly #options: WatchdogOptions;
  readonly #table = new WatchTable();
  #thread: Worker | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #seenStalls = 0;

  constructor(options: WatchdogOptions) {
    this.#options = options;
  }

  /** Since the start of the process. */
  get stalls(): number {
    return this.#table.read("stalls");
  }

  began(jobId: string, taskId: string, attempt: number): number {
    return this.#table.open(jobId, taskId, attempt);
  }

  ended(attempt: number): void {
    this.#table.close(attempt);
  }

  /** Begins to watch: earlier work, such as reading a long journal, is not a stall. */
  start(): void {
    const { exitMs, tells, isJson } = this.#options;
    const workerData = {
      ...{ memory: this.#table.memory, layout: LAYOUT, word: WORD, order: ORDER },
      ...{ stallMs: STALL_MS, exitMs, tells, isJson },
    };
    // It holds a few numbers, and Deno ends the process where the limit is too small to begin.
    const resourceLimits = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16 };
    this.#thread = new Worker(watcher, { eval: true, workerData, resourceLimits });
    this.#thread.on("error", ({ message }) => this.#options.warn(`the watchdog ended: ${message}`));
    this.#thread.unref();
    this.#timer = setInterval(() => this.#turned(), BEAT_MS);
    Deno.unrefTimer(this.#timer as unknown as number);
  }

  /** From now on two signals to stop end a process that stands still. */
  mindSignals(): void {
    this.#table.order("minds");
  }

  /** Watches no more. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#table.order("stop");
    await this.#thread?.terminate();
  }

  #turned(): void {
    this.#table.beat();
    const { stalls } = this;
    if (this.#table.read("exit") === 1) return this.#options.onTooLong();
    if (stalls === this.#seenStalls) return;
    this.#seenStalls = stalls;
    const { tells, warn } = this.#options;
    warn(
      `the event loop was blocked for more than 2 s, and runs again${
        tells ? "" : `; ${this.#table.told}`
      }`,
    );
  }
}
