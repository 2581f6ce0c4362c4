/**
 * The thread of the index. It keeps the index of values, and reads the journal for that by itself:
 * the engine only sends it the durable position. It also does what would block the engine: it copies
 * the log of the index of ended jobs, and verifies full segments. If the thread ends, another one
 * replaces it.
 */

import { MessageChannel, type MessagePort, SHARE_ENV, Worker } from "node:worker_threads";
import type { LogId } from "../core/ids.ts";
import { errorMessage, isOutOfDescriptors } from "../core/thrown.ts";
import type { Clock } from "../engine/ports.ts";
import {
  type FoundPositions,
  LAG_MS,
  type PastEvents,
  type WantedKeys,
} from "../engine/views/past_events.ts";
import { within } from "../engine/turns.ts";
import type { SegmentProver } from "../journal/options.ts";
import type { ProvableSegment } from "../journal/read/segment_proof.ts";
import type { Answer, FilingPlace, FilingSeed, FromFiling, ToFiling } from "./protocol.ts";

/** How many entries become durable between two messages to the thread; a query sends one too. */
const ENTRIES_AT_A_TIME = 2_048;
/** The time limit of a query for its answer. */
const GRACE_MS = 1_000;
/** How long a stop waits for the thread to flush to disk. */
const STOP_MS = 3_000;
/**
 * Delay before the first thread begins, and before one that ended is replaced. Doubles each time one
 * ends without having answered.
 */
const RESTART_MS = 250;
const RESTART_MAX_MS = 60_000;
/** Most of its data is in buffers, which these limits do not count. */
const LIMITS = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16 };

/**
 * On a busy machine, a thread takes seconds to begin. So a journal of at most this size is also
 * searched in this thread, which reads each entry once, in turns.
 */
const SEARCHED_HERE_MAX = { entries: 10_000, bytes: 8 * 1024 * 1024 };

/** Searches the journal in this thread. */
export interface SearchHere extends Pick<PastEvents, "find"> {
  /** The size of the journal that it reads. */
  journalBytes(): number;
}

interface IndexThreadOptions extends FilingPlace {
  readonly clock: Clock;
  readonly here?: SearchHere;
  readonly warn: (message: string) => void;
  /** The thread cannot read the line of a durable entry, as if it were damaged. */
  readonly unreadable: (logId: LogId) => void;
  /** Called with each new thread. */
  readonly onThread?: (thread: Worker) => void;
}

interface Thread {
  /** Resolves when it has begun. What is sent to its port before then waits there. */
  readonly worker: Promise<Worker>;
  readonly port: MessagePort;
}

interface Query {
  readonly message: Extract<ToFiling, { kind: "find" }>;
  readonly resolve: (found: FoundPositions) => void;
}

const NOTHING: FoundPositions = { positions: new Map(), horizon: 0, upTo: 0 };

export class IndexThread implements PastEvents, SegmentProver {
  readonly #open = new Map<number, Query>();
  readonly #proofs = new Map<number, (isWhole: boolean) => void>();
  #thread: Thread | undefined;
  #asked = 0;
  #durable: LogId = 0;
  #sent: LogId = 0;
  #restartMs = RESTART_MS;
  #cancelRestart: (() => void) | undefined;
  #onStopped: (() => void) | undefined;
  #isClosed = false;

  constructor(private readonly options: IndexThreadOptions) {}

  /**
   * Starts the thread, which no start of the process waits for. Later there may be no file
   * descriptor left for it.
   */
  beginSoon(): void {
    if (this.#thread === undefined) this.#beginLater();
  }

  durable(logId: LogId): void {
    this.#durable = logId;
    if (this.#thread !== undefined && logId - this.#sent >= ENTRIES_AT_A_TIME) this.#sendDurable();
  }

  /** Copies the log of a database of the index, in the thread, once there is one. */
  checkpoint(path: string): void {
    if (this.#thread !== undefined) this.#post({ kind: "checkpoint", path });
  }

  isWhole(path: string, segment: ProvableSegment): Promise<boolean> {
    return new Promise((resolve) => {
      const id = ++this.#asked;
      this.#proofs.set(id, resolve);
      this.#post({ kind: "prove", id, path, segment });
      if (this.#thread === undefined || this.#isClosed) this.#endProofs();
    });
  }

  find(wanted: WantedKeys, asOf: LogId): Promise<FoundPositions> {
    if (this.#isClosed) return Promise.resolve(NOTHING);
    const { promise, resolve } = Promise.withResolvers<FoundPositions>();
    const id = ++this.#asked;
    const cancel = this.options.clock.setTimer(LAG_MS + GRACE_MS, () => done(NOTHING));
    const done = (found: FoundPositions) => {
      cancel();
      this.#open.delete(id);
      resolve(found);
    };
    const keys = Uint32Array.from(wanted.keys()), limits = Uint32Array.from(wanted.values());
    const message = { kind: "find", id, keys, limits, asOf, lagMs: LAG_MS } as const;
    this.#open.set(id, { message, resolve: done });
    this.#post(message);
    this.#searchHere(wanted, asOf, done);
    return promise;
  }

  /** What is incomplete here may be complete in the thread. */
  #searchHere(wanted: WantedKeys, asOf: LogId, done: (found: FoundPositions) => void): void {
    const { here } = this.options;
    const { entries, bytes } = SEARCHED_HERE_MAX;
    if (here === undefined || asOf > entries || here.journalBytes() > bytes) return;
    void here.find(wanted, asOf).then((found) => {
      if (found.upTo >= asOf) done(found);
    });
  }

  /** Lets the thread flush to disk, and ends it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelRestart?.();
    const thread = this.#thread;
    if (thread !== undefined) {
      const stopped = new Promise<void>((resolve) => this.#onStopped = resolve);
      thread.port.postMessage({ kind: "stop" } satisfies ToFiling);
      await within(this.options.clock, STOP_MS, stopped);
      thread.port.close();
      await thread.worker.then((worker) => worker.terminate(), () => {});
    }
    for (const { resolve } of [...this.#open.values()]) resolve(NOTHING);
    this.#endProofs();
  }

  #sendDurable(): void {
    this.#sent = this.#durable;
    this.#post({ kind: "durable", logId: this.#durable });
  }

  #post(message: ToFiling): void {
    // During the restart delay, the next thread receives it later.
    if (this.#cancelRestart !== undefined || this.#isClosed) return;
    if (this.#thread === undefined && !hasDescriptors(this.options.segments)) {
      return this.#restartLater();
    }
    this.#thread ??= this.#begin();
    this.#thread.port.postMessage(message);
  }

  #begin(): Thread {
    const { port1, port2 } = new MessageChannel();
    const thread = { worker: this.#worker(port2), port: port1 };
    port1.on("message", (message: FromFiling) => this.#said(message));
    port1.unref();
    thread.worker.then((worker) => {
      worker.on("error", ({ message }) => this.#ended(thread, message));
      worker.on("exit", () => this.#ended(thread, "it has ended"));
      this.options.onThread?.(worker);
    }, (error) => this.#ended(thread, errorMessage(error)));
    return thread;
  }

  /** Imports the program only now: no start needs it. */
  async #worker(port: MessagePort): Promise<Worker> {
    const { segments, index } = this.options;
    const { threadProgram } = await import("./thread_program.ts");
    // Meanwhile, connections may have taken the last ones.
    if (!hasDescriptors(segments)) throw new Error("no file descriptors are left for it");
    const worker = new Worker(threadProgram(), {
      eval: true,
      env: SHARE_ENV,
      workerData: { segments, index, port } satisfies FilingSeed,
      transferList: [port],
      resourceLimits: LIMITS,
    });
    worker.unref();
    return worker;
  }

  #said(message: FromFiling): void {
    if (message.kind === "warning") this.options.warn(message.message);
    else if (message.kind === "unreadable") this.options.unreadable(message.logId);
    else if (message.kind === "stopped") this.#onStopped?.();
    else if (message.kind === "proven") {
      this.#proofs.get(message.id)?.(message.isWhole);
      this.#proofs.delete(message.id);
    } else {
      this.#restartMs = RESTART_MS;
      this.#open.get(message.id)?.resolve(foundIn(message, this.#open.get(message.id)));
    }
  }

  #ended(thread: Thread, reason: string): void {
    this.#onStopped?.();
    if (thread !== this.#thread || this.#isClosed) return;
    this.#thread = undefined;
    this.#endProofs();
    thread.port.close();
    this.options.warn(`The thread of the index of values failed, and restarts: ${reason}`);
    this.#restartLater();
  }

  /** The engine verifies these segments itself. */
  #endProofs(): void {
    for (const resolve of this.#proofs.values()) resolve(false);
    this.#proofs.clear();
  }

  #restartLater(): void {
    this.#beginLater();
    this.#restartMs = Math.min(RESTART_MAX_MS, 2 * this.#restartMs);
  }

  #beginLater(): void {
    if (this.#isClosed) return;
    this.#cancelRestart ??= this.options.clock.setTimer(this.#restartMs, () => this.#again());
  }

  #again(): void {
    this.#cancelRestart = undefined;
    this.#sendDurable();
    for (const { message } of this.#open.values()) this.#post(message);
  }
}

function foundIn({ counts, positions, upTo }: Answer, asked: Query | undefined): FoundPositions {
  const found = new Map<number, readonly LogId[]>();
  let at = 0;
  for (const [index, key] of (asked?.message.keys ?? []).entries()) {
    const end = at + (counts[index] ?? 0);
    found.set(key, Array.from(positions.subarray(at, end)));
    at = end;
  }
  return { positions: found, horizon: 0, upTo };
}

/** A thread takes three, and one or two more while it loads its program. */
const OF_A_THREAD = 12;

/**
 * Whether so many file descriptors are free; by default, as many as another thread needs. If a
 * thread begins without any, Deno ends the whole process.
 *
 * @param folder A folder that the process may read.
 */
export function hasDescriptors(folder: string, count = OF_A_THREAD): boolean {
  const opened: Deno.FsFile[] = [];
  try {
    while (opened.length < count) opened.push(Deno.openSync(folder));
    return true;
  } catch (error) {
    return !isOutOfDescriptors(error);
  } finally {
    for (const file of opened) file.close();
  }
}
