/** Detects a blocked event loop. `watcher.js` is the thread that watches. */

import { SHARE_ENV, Worker } from "node:worker_threads";
import watcher from "./watcher.js" with { type: "text" };
import type { AttemptWatch } from "../engine/watches.ts";
import type { LoopBlocked } from "../engine/writer/process_facts.ts";
import type { OpenAttempt, ProcessEnd } from "../core/framework_events.ts";
import type { JobId, TaskId } from "../core/ids.ts";

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
  /** The same, with what is recorded about the stall. */
  readonly onBlocked: (blocked: LoopBlocked) => void;
  /** Called twice a second; `lateMs` says by how much it is late. */
  readonly onBeat: (lateMs: number) => void;
  /** Where the thread leaves its note when it ends the process; the next start records it. */
  readonly endNote: string;
  /** Called when the event loop turns again after being blocked for too long: ends the process. */
  readonly onTooLong: (end: ProcessEnd) => void;
}

/**
 * Detects a blocked event loop, which no code on that loop can do. It writes a heartbeat to shared
 * memory twice a second, and a separate thread watches it. For each job it only notes which
 * attempts are open. Since a thread takes long to start, the first attempt starts it, or `start`.
 */
export class Watchdog implements AttemptWatch {
  readonly #table = new WatchTable();
  #thread: Worker | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #isStopped = false;
  #seenStalls = 0;
  #beatAt = 0;

  constructor(private readonly options: WatchdogOptions) {}

  /** Since the start of the process. */
  get stalls(): number {
    return this.#table.read("stalls");
  }

  began(jobId: string, taskId: string, attempt: number): number {
    this.start();
    return this.#table.open(jobId, taskId, attempt);
  }

  ended(attempt: number): void {
    this.#table.close(attempt);
  }

  /** The open attempts, or the first of them. */
  get open(): readonly OpenAttempt[] {
    return this.#table.openAttempts;
  }

  /** Starts watching, once. Earlier work, such as reading a long journal, is not a stall. */
  start(): void {
    if (this.#thread !== undefined || this.#isStopped) return;
    const { exitMs, endNote, reports, isJson } = this.options;
    const workerData = {
      ...{ memory: this.#table.memory, layout: LAYOUT, word: WORD, order: ORDER },
      ...{ stallMs: STALL_MS, exitMs, endNote, reports, isJson },
    };
    // It holds only a few numbers, and Deno ends the process if the limit is too small for the
    // thread to start.
    const resourceLimits = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16 };
    this.#thread = new Worker(watcher, { eval: true, env: SHARE_ENV, workerData, resourceLimits });
    this.#thread.on("error", ({ message }) => this.options.warn(`the watchdog ended: ${message}`));
    this.#thread.unref();
    this.#beatAt = performance.now();
    this.#timer = setInterval(() => this.#turned(), BEAT_MS);
    Deno.unrefTimer(this.#timer as unknown as number);
  }

  /** From now on, two stop signals end a blocked process. */
  handleSignals(): void {
    this.#table.order("signals");
  }

  /** Stops watching. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#table.order("stop");
    await this.#thread?.terminate();
  }

  #turned(): void {
    this.#table.beat();
    const { stalls } = this;
    const { reports, warn, onBlocked, onBeat, onTooLong } = this.options;
    const now = performance.now();
    // It may have begun at any time before the next beat.
    const blockedMs = Math.round(now - this.#beatAt - BEAT_MS);
    this.#beatAt = now;
    onBeat(blockedMs);
    const mustEnd = this.#table.read("exit") === 1;
    if (stalls === this.#seenStalls && !mustEnd) return;
    this.#seenStalls = stalls;
    const { text, open } = this.#table.report;
    if (mustEnd) return onTooLong({ reason: "blocked", blockedMs, open });
    onBlocked({ blockedMs, open });
    warn(
      `the event loop was blocked for more than ${STALL_MS / 1_000} s, and runs again${
        reports ? "" : `; ${text}`
      }`,
    );
  }
}

/** Indexes of the counters, in 32-bit words. */
const WORD = { beat: 0, order: 1, stalls: 2, exit: 3, reportBytes: 4, open: 5, last: 6 };

/** Commands to the thread. */
const ORDER = { watch: 0, stop: 1, signals: 2 };

/** How many attempts can be named. Of further ones only the number is known. */
const SLOTS = 64;
/** An attempt takes two words, for its number and the length of its text, and the text. */
const SLOTS_AT = 16;
const TEXTS_AT = 4 * (SLOTS_AT + 2 * SLOTS);
/** The ids of a job and a task with a space between, at most 128 characters each. */
const TEXT_BYTES = 257;
/** The report of the last stall. */
const REPORT_AT = TEXTS_AT + SLOTS * TEXT_BYTES;
const REPORT_BYTES = 32_768;

/** The layout, as the thread needs it. */
const LAYOUT = { SLOTS, SLOTS_AT, TEXTS_AT, TEXT_BYTES, REPORT_AT, REPORT_BYTES } as const;

interface StallReport {
  readonly text: string;
  /** The first of them. */
  readonly open: readonly OpenAttempt[];
}

/**
 * Shared memory in which the watchdog's thread watches this process while its event loop is
 * blocked: a heartbeat, and the open attempts. `watcher.js` reads it.
 */
export class WatchTable {
  readonly memory = new SharedArrayBuffer(REPORT_AT + REPORT_BYTES);
  readonly #words = new Int32Array(this.memory, 0, SLOTS_AT + 2 * SLOTS);
  readonly #bytes = new Uint8Array(this.memory);
  readonly #free = Array.from({ length: SLOTS }, (_, index) => SLOTS - 1 - index);

  read(word: keyof typeof WORD): number {
    return Atomics.load(this.#words, WORD[word]);
  }

  /** Records that the event loop is turning. */
  beat(): void {
    Atomics.add(this.#words, WORD.beat, 1);
  }

  order(order: keyof typeof ORDER): void {
    Atomics.store(this.#words, WORD.order, ORDER[order]);
  }

  /**
   * Records that an attempt is open. Ids are ASCII.
   *
   * @returns The argument for `close`.
   */
  open(jobId: string, taskId: string, attempt: number): number {
    Atomics.add(this.#words, WORD.open, 1);
    const slot = this.#free.pop();
    this.#words[WORD.last] = slot ?? -1;
    if (slot === undefined) return -1;
    let at = TEXTS_AT + slot * TEXT_BYTES;
    const start = at;
    for (let index = 0; index < jobId.length; index++) this.#bytes[at++] = jobId.charCodeAt(index);
    this.#bytes[at++] = 32;
    for (let index = 0; index < taskId.length; index++) {
      this.#bytes[at++] = taskId.charCodeAt(index);
    }
    this.#words[SLOTS_AT + 2 * slot] = attempt;
    this.#words[SLOTS_AT + 2 * slot + 1] = at - start;
    return slot;
  }

  close(slot: number): void {
    Atomics.sub(this.#words, WORD.open, 1);
    if (slot < 0) return;
    this.#words[SLOTS_AT + 2 * slot + 1] = 0;
    this.#free.push(slot);
  }

  /** As the thread finds them. */
  get openAttempts(): readonly OpenAttempt[] {
    return Array.from({ length: SLOTS }, (_, slot) => slot).flatMap((slot) => {
      const attempt = this.#words[SLOTS_AT + 2 * slot] ?? 0;
      const length = this.#words[SLOTS_AT + 2 * slot + 1] ?? 0;
      if (length === 0) return [];
      const at = TEXTS_AT + slot * TEXT_BYTES;
      const text = String.fromCharCode(...this.#bytes.subarray(at, at + length));
      const [jobId, taskId] = text.split(" ") as [JobId, TaskId];
      return [{ jobId, taskId, ...(attempt > 0 ? { attempt } : {}) }];
    });
  }

  /** The thread's report of the last stall. */
  get report(): StallReport {
    const bytes = this.#bytes.slice(REPORT_AT, REPORT_AT + this.read("reportBytes"));
    return JSON.parse(new TextDecoder().decode(bytes));
  }
}
