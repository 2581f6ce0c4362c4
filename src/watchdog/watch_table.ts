/**
 * Shared memory in which the watchdog's thread watches this process while its event loop is
 * blocked: a heartbeat, and the open attempts. `watcher.js` reads it.
 */

import type { OpenAttempt } from "../core/framework_events.ts";

/** Indexes of the counters, in 32-bit words. */
export const WORD = { beat: 0, order: 1, stalls: 2, exit: 3, reportBytes: 4, open: 5 };

/** Commands to the thread. */
export const ORDER = { watch: 0, stop: 1, signals: 2 };

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
export const LAYOUT = { SLOTS, SLOTS_AT, TEXTS_AT, TEXT_BYTES, REPORT_AT, REPORT_BYTES } as const;

interface StallReport {
  readonly text: string;
  /** The first of them. */
  readonly open: readonly OpenAttempt[];
}

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

  /** The thread's report of the last stall. */
  get report(): StallReport {
    const bytes = this.#bytes.slice(REPORT_AT, REPORT_AT + this.read("reportBytes"));
    return JSON.parse(new TextDecoder().decode(bytes));
  }
}
