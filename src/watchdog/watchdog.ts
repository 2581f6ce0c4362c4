/**
 * Detects a blocked event loop, which no code on that loop can do. It writes a heartbeat to shared
 * memory twice a second, and a separate thread watches it. For each job it only notes which
 * attempts are open.
 */

import { Worker } from "node:worker_threads";
import type { AttemptWatch } from "../engine/watches.ts";
import type { LoopBlocked } from "../engine/run/process_facts.ts";
import { LAYOUT, ORDER, WatchTable, WORD } from "./watch_table.ts";
import watcher from "./watcher.js" with { type: "text" };

/** The longest time without a turn that is not a stall. */
const STALL_MS = 2_000;
const BEAT_MS = 500;

export interface WatchdogOptions {
  /** Ends the process after this long without a turn; 0 for never. */
  readonly exitMs: number;
  /** Whether the thread reports a stall on standard error while it lasts. */
  readonly reports: boolean;
  /** Whether reports are JSON. */
  readonly isJson: boolean;
  /** Called after a stall that is over. */
  readonly warn: (message: string) => void;
  /** The same, with what is recorded of it. */
  readonly onBlocked: (blocked: LoopBlocked) => void;
  /** Called twice a second. */
  readonly onBeat: () => void;
  /** Called when the event loop turns again after being blocked for too long: ends the process. */
  readonly onTooLong: () => void;
}

export class Watchdog implements AttemptWatch {
  readonly #options: WatchdogOptions;
  readonly #table = new WatchTable();
  #thread: Worker | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #seenStalls = 0;
  #beatAt = performance.now();

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

  /** Starts watching. Earlier work, such as reading a long journal, is not a stall. */
  start(): void {
    const { exitMs, reports, isJson } = this.#options;
    const workerData = {
      ...{ memory: this.#table.memory, layout: LAYOUT, word: WORD, order: ORDER },
      ...{ stallMs: STALL_MS, exitMs, reports, isJson },
    };
    // It holds only a few numbers, and Deno ends the process if the limit is too small for the
    // thread to start.
    const resourceLimits = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16 };
    this.#thread = new Worker(watcher, { eval: true, workerData, resourceLimits });
    this.#thread.on("error", ({ message }) => this.#options.warn(`the watchdog ended: ${message}`));
    this.#thread.unref();
    this.#timer = setInterval(() => this.#turned(), BEAT_MS);
    Deno.unrefTimer(this.#timer as unknown as number);
  }

  /** From now on, two stop signals end a blocked process. */
  handleSignals(): void {
    this.#table.order("signals");
  }

  /** Stops watching. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#table.order("stop");
    await this.#thread?.terminate();
  }

  #turned(): void {
    this.#table.beat();
    const { stalls } = this;
    const { reports, warn, onBlocked, onBeat, onTooLong } = this.#options;
    const now = performance.now();
    // It may have begun at any time before the next beat.
    const blockedMs = Math.round(now - this.#beatAt - BEAT_MS);
    this.#beatAt = now;
    onBeat();
    if (this.#table.read("exit") === 1) return onTooLong();
    if (stalls === this.#seenStalls) return;
    this.#seenStalls = stalls;
    const { text, open } = this.#table.report;
    onBlocked({ blockedMs, open });
    warn(
      `the event loop was blocked for more than 2 s, and runs again${reports ? "" : `; ${text}`}`,
    );
  }
}
