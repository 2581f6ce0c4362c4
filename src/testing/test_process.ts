/** One run of the simulated process: an engine on a journal in memory. */

import type { Hono } from "hono";
import type { JobEventLogEntry } from "../core/event.ts";
import type { AnyJobDefinition } from "../engine/definition.ts";
import { ENGINE_LIMITS } from "../engine/engine_limits.ts";
import { JobEngine } from "../engine/job_engine.ts";
import { JournalFailedError, type KeyStore, type Random } from "../engine/ports.ts";
import { type MemoryContent, MemoryJournal } from "./memory_journal.ts";
import { VERSION } from "../version.ts";
import { type ManualClock, ProcessClock } from "./stand_ins.ts";
import type { JobId, TaskId } from "../core/ids.ts";
import type { AttemptWatch } from "../engine/watches.ts";

interface TestProcessOptions {
  readonly clock: ManualClock;
  readonly random: Random;
  readonly keys: KeyStore;
  readonly definitions: readonly AnyJobDefinition[];
  readonly content: Partial<MemoryContent>;
  /** Called with each durable batch before anything else; whether the process crashes with it. */
  endsWith(entries: readonly JobEventLogEntry[]): boolean;
  /** Called when it has ended, with the journal it leaves behind. */
  ended(content: MemoryContent): void;
  /** Called with a defect of Daybook. */
  onDefect(error: unknown): void;
  warn(message: string): void;
}

/** The default of `deno task start`. */
const MAX_RUNNING = 16;

export class TestProcess {
  readonly #streams = new AbortController();
  #app: Promise<Hono> | undefined;

  private constructor(
    readonly engine: JobEngine,
    readonly journal: MemoryJournal,
    readonly clock: ProcessClock,
    /** Calls of job code that have not returned. */
    readonly code: OpenCode,
    private readonly onDefect: (error: unknown) => void,
  ) {}

  static async start(options: TestProcessOptions): Promise<TestProcess> {
    const { random, keys, definitions, content, onDefect, warn } = options;
    const clock = new ProcessClock(options.clock);
    const code = new OpenCode();
    const engine = new JobEngine({
      ...{ clock, random, keys, definitions, onDefect },
      maxRunning: MAX_RUNNING,
      limits: { ...ENGINE_LIMITS, jobsBytesMax: Infinity },
      attemptWatch: code,
      onMisuse: warn,
      onJournalFailed: () => options.ended(journal.content),
    });
    const { consumer } = engine;
    const { journal, report } = await MemoryJournal.open({
      ...{ clock, random, content, warn },
      // Seals between entries would distract readers.
      quietSealMs: Infinity,
      consumer: {
        ...consumer,
        durable(entries) {
          if (options.endsWith(entries)) throw new JournalFailedError("the process has ended");
          return consumer.durable(entries);
        },
      },
    });
    await engine.start(journal, report.recoveredLogId ?? undefined);
    return new TestProcess(engine, journal, clock, code, onDefect);
  }

  /** Changes with everything that it does. */
  get mark(): string {
    return `${this.journal.head.logId} ${this.code.mark}`;
  }

  /** Whether it certainly needs more turns of the event loop. */
  get isBusy(): boolean {
    return this.journal.pendingBytes > 0 || this.clock.isTurning || this.code.isOpen;
  }

  async fetch(request: Request): Promise<Response> {
    const app = await (this.#app ??= this.#makeApp());
    return await app.fetch(request);
  }

  /** Ends it at once, as a crash does. */
  kill(): void {
    this.#streams.abort();
    this.clock.end();
  }

  /** Ends streams and attempts. The clock must advance meanwhile. */
  async stop(): Promise<void> {
    this.#streams.abort();
    await this.engine.stop(0);
    await this.journal.close();
  }

  /** Created on demand, since most tests of jobs do not need it. */
  async #makeApp(): Promise<Hono> {
    const { createApp } = await import("../http/app.ts");
    const { engine, clock, onDefect: onError } = this;
    const { signal: shutdownSignal } = this.#streams;
    return createApp({ engine, clock, version: VERSION, onError, shutdownSignal });
  }
}

// Kept, since the test may replace the global one.
const { setTimeout } = globalThis;

/**
 * How many times to check, a millisecond or more apart, whether a call has returned. After that it
 * counts as blocked by the test. It is a count, not a duration, so that a busy machine has more
 * time.
 */
export const POLLS_MAX = 200;
/** The same for a caller that waits for one job and does not advance the clock. */
export const PATIENT_POLLS_MAX = 5_000;

/**
 * Calls of job code that have not returned. What they await besides Daybook and the clock takes
 * real time, so each gets a little.
 */
class OpenCode implements AttemptWatch {
  readonly #calls = new Map<number, { readonly jobId: JobId; looks: number }>();
  #count = 0;

  began(jobId: JobId, _taskId: TaskId, _attempt: number): number {
    this.#calls.set(++this.#count, { jobId, looks: 0 });
    return this.#count;
  }

  ended(call: number): void {
    this.#calls.delete(call);
  }

  get isOpen(): boolean {
    return this.#calls.size > 0;
  }

  /** Changes with each call that begins or ends. */
  get mark(): string {
    return `${this.#count} ${this.#calls.size}`;
  }

  /**
   * Waits a moment; `false` at once when there is nothing to wait for.
   *
   * @param jobId Only calls of this job count; all calls when absent.
   */
  async waitForReturn(looksMax: number, jobId?: string): Promise<boolean> {
    const awaited = [...this.#calls.values()].filter((call) =>
      call.looks < looksMax && (jobId === undefined || call.jobId === jobId)
    );
    if (awaited.length === 0) return false;
    for (const call of awaited) call.looks++;
    await new Promise((resolve) => setTimeout(resolve, 1));
    return true;
  }
}
