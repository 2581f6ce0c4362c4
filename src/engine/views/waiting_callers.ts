/**
 * Callers that wait for a job to meet a condition, or for the journal to grow. One timer serves them
 * all. Readers of the journal are only woken: each continues from its own position, so nothing is
 * dropped and a slow one costs no other.
 */

import type { JobId } from "../../core/ids.ts";
import type { JobHead } from "../../core/job_state.ts";
import type { Applied } from "../../core/job_fold.ts";
import { SteadyMap } from "../../core/steady_map.ts";
import type { Clock } from "../ports.ts";
import type { View } from "./view.ts";

/** Stands for the journal: no job has this id. */
const JOURNAL = "";

type Subject = JobId | typeof JOURNAL;

interface Wait {
  readonly subject: Subject;
  readonly wanted: (job: JobHead) => boolean;
  /** By the monotonic clock. */
  readonly untilMs: number;
  readonly over: () => void;
}

export class WaitingCallers implements View {
  readonly #bySubject = new SteadyMap<Subject, Set<Wait>>();
  #size = 0;
  #disarm: (() => void) | undefined;
  #armedForMs = Infinity;
  #isClosed = false;

  constructor(private readonly clock: Clock) {}

  get size(): number {
    return this.#size;
  }

  /** Resolves when anything becomes durable, after a time in milliseconds, or on the signal. */
  untilMore(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    return this.until(JOURNAL, () => false, timeoutMs, signal);
  }

  /**
   * Resolves when an entry makes the job meet the condition, after a time in milliseconds, or on
   * the signal.
   */
  until(
    subject: Subject,
    wanted: (job: JobHead) => boolean,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<void> {
    if (this.#isClosed || signal?.aborted || timeoutMs <= 0) return Promise.resolve();
    const untilMs = this.clock.monotonic() + timeoutMs;
    return new Promise((resolve) => {
      if (signal === undefined) return this.#begin({ subject, wanted, untilMs, over: resolve });
      const onAbort = () => this.#end(wait);
      const over = () => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      };
      const wait = { subject, wanted, untilMs, over };
      signal.addEventListener("abort", onAbort);
      this.#begin(wait);
    });
  }

  see({ job }: Applied): void {
    const waits = this.#bySubject.get(job.jobId);
    if (waits === undefined) return;
    for (const wait of waits) if (wait.wanted(job)) this.#end(wait);
  }

  /** More has become durable. */
  wake(): void {
    for (const wait of this.#bySubject.get(JOURNAL) ?? []) this.#end(wait);
  }

  /** Ends all waits; those that begin later are over at once. */
  close(): void {
    this.#isClosed = true;
    for (const waits of [...this.#bySubject.values()]) {
      for (const wait of [...waits]) this.#end(wait);
    }
    this.#disarm?.();
  }

  #begin(wait: Wait): void {
    this.#bySubject.getOrInsertComputed(wait.subject, newSet).add(wait);
    this.#size++;
    this.#armFor(wait.untilMs);
  }

  #end(wait: Wait): void {
    const waits = this.#bySubject.get(wait.subject);
    if (waits?.delete(wait) !== true) return;
    if (waits.size === 0) this.#bySubject.delete(wait.subject);
    this.#size--;
    wait.over();
    if (this.#size === 0) this.#disarmNow();
  }

  /** Only the earliest deadline has a timer. A wait that ends early does not re-arm it. */
  #armFor(atMs: number): void {
    if (atMs >= this.#armedForMs) return;
    this.#disarm?.();
    this.#armedForMs = atMs;
    this.#disarm = this.clock.setTimer(atMs - this.clock.monotonic(), () => this.#sweep());
  }

  #disarmNow(): void {
    this.#disarm?.();
    this.#disarm = undefined;
    this.#armedForMs = Infinity;
  }

  #sweep(): void {
    this.#disarmNow();
    const now = this.clock.monotonic();
    let first = Infinity;
    for (const waits of [...this.#bySubject.values()]) {
      for (const wait of [...waits]) {
        if (wait.untilMs <= now) this.#end(wait);
        else first = Math.min(first, wait.untilMs);
      }
    }
    if (first < Infinity) this.#armFor(first);
  }
}

function newSet(): Set<Wait> {
  return new Set();
}
