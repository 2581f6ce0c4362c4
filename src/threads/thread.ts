/** Threads, as the engine sees them: each takes and sends messages, and ends once. */

import { MessageChannel, type MessagePort, SHARE_ENV, Worker } from "node:worker_threads";
import { errorMessage } from "../core/thrown.ts";
import source from "./thread_spawner.js" with { type: "text" };
import {
  EXHAUSTED,
  type FromThread,
  namedError,
  outOfMemory,
  type Thrown,
  thrownError,
  type ToThread,
  type UncaughtMessage,
  type UserMessage,
} from "./protocol.ts";

interface ThreadOptions {
  readonly spawner: ThreadSpawner;
  /** The module of definitions to load. */
  readonly module: string;
  readonly memoryMb: number;
  /** Whether the caller is blocked until it begins, since others could use up what it needs. */
  readonly isTight: boolean;
}

export interface ThreadUser {
  /** The number of its call. */
  readonly call: number;
  said(message: UserMessage): void;
  /** An error of this call, or of one that had the thread before. */
  uncaught(message: UncaughtMessage): void;
  /** The thread ended; no message follows. */
  ended(reason: Error): void;
  /** The process stops, and the thread with it, for which no code is to blame. */
  closed(): void;
}

/** The owner of a thread. */
interface ThreadKeeper {
  /** The module is loaded. */
  loaded(): void;
  /** The thread ended, possibly before it was loaded. Its code may still run. */
  ended(reason: Error): void;
  /** Nothing of the thread is left. */
  left(): void;
}

export class Thread {
  readonly #id: number;
  readonly #port: MessagePort;
  #user: ThreadUser | undefined;
  /** The previous user: a timer that its code left behind may still call. */
  #former: ThreadUser | undefined;
  #isLoaded = false;
  #hasEnded = false;
  #hasLeft = false;

  constructor(readonly options: ThreadOptions, private readonly keeper: ThreadKeeper) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#id = options.spawner.start(this, options, port2);
    port1.on("message", (message: FromThread) => this.#said(message));
    port1.on("close", () => {
      this.#hasLeft = true;
      keeper.left();
    });
  }

  /** It failed, and will exit. */
  failed(message: string): void {
    const { memoryMb } = this.options;
    this.end(/memory/i.test(message) ? outOfMemory(memoryMb) : namedError("ThreadFailed", message));
  }

  exited(code: number): void {
    const why = `the code ended its thread, with exit code ${code}`;
    const { memoryMb } = this.options;
    this.end(code === EXHAUSTED ? outOfMemory(memoryMb) : namedError("ThreadExited", why));
  }

  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Whether nothing of it is left. */
  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  use(user: ThreadUser | undefined): void {
    this.#former = this.#user ?? this.#former;
    this.#user = user;
  }

  tell(message: ToThread): void {
    if (!this.#hasEnded) this.#port.postMessage(message);
  }

  /** Ends the thread and everything in it. */
  end(reason: Error): void {
    if (this.#hasEnded) return;
    this.#end();
    this.keeper.ended(reason);
    this.#user?.ended(reason);
  }

  /** Ends a thread that is no longer needed. */
  dismiss(): void {
    this.end(namedError("ThreadEnded", "the thread was no longer needed"));
  }

  /** The process stops. */
  close(): void {
    this.#port.close();
    if (this.#hasEnded) return;
    this.#end();
    this.#user?.closed();
  }

  #end(): void {
    this.#hasEnded = true;
    this.options.spawner.end(this.#id);
    // It closes when the thread has really ended, which no event of a `Worker` shows in Deno 2.9.
    this.#port.unref();
  }

  /** The user whose code it was; after others, any can record it. */
  #knowing(call: number): ThreadUser | undefined {
    const users = [this.#user, this.#former];
    return users.find((user) => user?.call === call) ?? users.find((user) => user !== undefined);
  }

  /** Code can find the port and post anything to it: that ends only its own thread. */
  #said(message: FromThread): void {
    if (this.#hasEnded) return;
    try {
      this.#pass(message);
    } catch (thrown) {
      const why = `the code posted a message that cannot be read: ${errorMessage(thrown)}`;
      this.end(namedError("ThreadFailed", why));
    }
  }

  #pass(message: FromThread): void {
    if (message.kind === "ready") {
      this.#isLoaded = true;
      this.keeper.loaded();
    } else if (message.kind === "broken") {
      this.end(brokenError(this.options.module, message.thrown));
    } else if (message.kind === "uncaught") this.#knowing(message.call)?.uncaught(message);
    else {
      this.#user?.said(message);
      this.#former?.said(message);
    }
  }
}

function brokenError(module: string, thrown: Thrown): Error {
  const { name, message } = thrownError(thrown);
  return namedError(name, `Cannot load ${module} in a thread: ${message}`);
}

const YOUNG_MB = 16;

/** How long a caller is blocked at most. A thread begins after 40 ms, on a busy machine later. */
const BEGIN_MS = 2_000;

/** The program of a thread. */
const SOURCE = program();

function program(): string {
  const [globals, main] = ["./globals.ts", "./thread_main.ts"].map((path) =>
    JSON.stringify(new URL(path, import.meta.url).href)
  );
  return `import(${globals}).then(({ refuseWorkers }) => refuseWorkers())` +
    `.then(() => import(${main})).catch((error) => ` +
    `require("node:worker_threads").workerData.port.postMessage({ kind: "broken", ` +
    `thrown: { kind: "error", name: "Error", message: String(error?.message) } }))`;
}

type Report =
  | { readonly kind: "error"; readonly id: number; readonly message: string }
  | { readonly kind: "exit"; readonly id: number; readonly code: number };

/**
 * Starts threads without blocking the caller: see `thread_spawner.js`. The caller is the thread that
 * accepts connections; it is blocked only when these could take the last descriptors.
 */
export class ThreadSpawner {
  readonly #threads = new Map<number, Thread>();
  #worker: Worker | undefined;
  #made = 0;

  /**
   * @param port For `workerData.port` of the thread.
   * @returns The argument for `end`.
   */
  start(thread: Thread, { module, memoryMb, isTight }: ThreadOptions, port: MessagePort): number {
    const id = ++this.#made;
    this.#threads.set(id, thread);
    const worker = this.#worker ??= this.#begin();
    const resourceLimits = { maxOldGenerationSizeMb: memoryMb, maxYoungGenerationSizeMb: YOUNG_MB };
    const begun = new Int32Array(new SharedArrayBuffer(4));
    const made = { id, source: SOURCE, module, memoryMb, resourceLimits, port, begun };
    worker.postMessage({ kind: "make", ...made }, [port]);
    if (isTight) Atomics.wait(begun, 0, 0, BEGIN_MS);
    return id;
  }

  end(id: number): void {
    this.#threads.delete(id);
    this.#worker?.postMessage({ kind: "end", id });
  }

  /** Ends all threads. */
  close(): void {
    this.#threads.clear();
    void this.#worker?.terminate();
    this.#worker = undefined;
  }

  #begin(): Worker {
    const worker = new Worker(source, { eval: true, env: SHARE_ENV });
    worker.on("message", (report: Report) => {
      const thread = this.#threads.get(report.id);
      if (report.kind === "error") thread?.failed(report.message);
      else thread?.exited(report.code);
    });
    // For example when out of memory. Its threads end too, and the next request starts a new
    // spawner.
    worker.on("error", ({ message }) => {
      this.#worker = undefined;
      for (const thread of [...this.#threads.values()]) thread.failed(message);
    });
    return worker;
  }
}
