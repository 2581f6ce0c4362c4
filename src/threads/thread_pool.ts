/**
 * A bounded pool of threads. A thread that a job has left is reused for jobs of the same module.
 */

import { Nursery } from "./nursery.ts";
import { Thread } from "./thread.ts";
import { namedError } from "./thrown_data.ts";

/** How long an idle thread is kept. */
const IDLE_MS = 60_000;

/** Delay before it is asked again whether there is room for a thread. */
const AGAIN_MS = 500;

export interface ThreadPoolOptions {
  readonly max: number;
  readonly memoryMb: number;
  /** Whether the process has what a thread needs, such as file descriptors; asked again if not. */
  readonly hasRoom: () => boolean;
}

interface Waiting {
  readonly module: string;
  readonly resolve: (thread: Thread) => void;
  readonly reject: (reason: Error) => void;
}

export class ThreadPool {
  readonly #options: ThreadPoolOptions;
  readonly #nursery = new Nursery();
  readonly #threads = new Set<Thread>();
  /** Idle threads, the longest idle first, each with the timer that ends it. */
  readonly #idle = new Map<Thread, ReturnType<typeof setTimeout>>();
  /** Oldest first. */
  #waiting: Waiting[] = [];
  /** Modules of threads that ended while in use and have not been replaced yet. */
  #owed: string[] = [];
  #later: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(options: ThreadPoolOptions) {
    this.#options = options;
  }

  /** A thread that has loaded this module; rejects if the module cannot be loaded. */
  take(module: string): Promise<Thread> {
    if (this.#isClosed) return Promise.reject(closed());
    for (const thread of this.#idle.keys()) {
      if (thread.module === module) return Promise.resolve(this.#unidle(thread));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ module, resolve, reject });
      this.#grow();
    });
  }

  /** Returns an idle thread to the pool. */
  giveBack(thread: Thread): void {
    thread.use(undefined);
    if (!thread.hasEnded) this.#offer(thread);
  }

  /** Ends all threads. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#later);
    for (const { reject } of this.#waiting.splice(0)) reject(closed());
    for (const thread of [...this.#threads]) thread.end(closed());
    this.#nursery.close();
  }

  /** Gives the thread to the longest waiter of its module, even if it was made for another. */
  #offer(thread: Thread): void {
    if (this.#isClosed) return thread.end(closed());
    const index = this.#waiting.findIndex(({ module }) => module === thread.module);
    const [next] = index < 0 ? [] : this.#waiting.splice(index, 1);
    if (next !== undefined) return next.resolve(thread);
    this.#idle.set(thread, setTimeout(() => thread.end(unneeded()), IDLE_MS));
    this.#grow();
  }

  #unidle(thread: Thread): Thread {
    clearTimeout(this.#idle.get(thread));
    this.#idle.delete(thread);
    return thread;
  }

  /** Makes a thread for each waiter, up to the maximum. */
  #grow(): void {
    const loading = [...this.#threads].filter(({ isLoaded }) => !isLoaded);
    for (const { module } of this.#waiting) {
      const index = loading.findIndex((thread) => thread.module === module);
      if (index >= 0) loading.splice(index, 1);
      else if (!this.#make(module)) return;
    }
  }

  /** Whether there was room for a thread. */
  #make(module: string): boolean {
    const { max, memoryMb } = this.#options;
    const [unused] = this.#idle.keys();
    if (this.#threads.size >= max) unused?.end(unneeded());
    if (this.#threads.size >= max || this.#isClosed) return false;
    if (!this.#options.hasRoom()) return this.#growLater();
    const thread = new Thread({ nursery: this.#nursery, module, memoryMb }, {
      loaded: () => {
        this.#offer(thread);
        this.#replace();
      },
      ended: (reason) => this.#ended(thread, reason),
    });
    this.#threads.add(thread);
    const owed = this.#owed.indexOf(module);
    if (owed >= 0) this.#owed.splice(owed, 1);
    return true;
  }

  #growLater(): false {
    this.#later ??= setTimeout(() => {
      this.#later = undefined;
      this.#grow();
    }, AGAIN_MS);
    return false;
  }

  #ended(thread: Thread, reason: Error): void {
    const wasNeeded = !this.#idle.has(thread);
    this.#unidle(thread);
    this.#threads.delete(thread);
    if (this.#isClosed) return;
    if (!thread.isLoaded) return this.#refuse(thread.module, reason);
    const count = this.#threads.size + this.#owed.length;
    if (wasNeeded && count < this.#options.max) this.#owed.push(thread.module);
    this.#grow();
    this.#replace();
  }

  /**
   * Replaces threads before they are needed, since loading takes a while; one at a time, to leave
   * the processors to running jobs.
   */
  #replace(): void {
    const isLoading = [...this.#threads].some((thread) => !thread.isLoaded);
    if (isLoading || this.#threads.size >= this.#options.max) return;
    const module = this.#owed[0];
    if (module !== undefined) this.#make(module);
  }

  /** If the module cannot be loaded now, no waiter can have it. */
  #refuse(refused: string, reason: Error): void {
    const waiting = this.#waiting;
    this.#owed = this.#owed.filter((module) => module !== refused);
    this.#waiting = waiting.filter(({ module }) => module !== refused);
    for (const { module, reject } of waiting) if (module === refused) reject(reason);
    this.#grow();
  }
}

function closed(): Error {
  return namedError("ThreadsClosed", "the process stops");
}

function unneeded(): Error {
  return namedError("ThreadEnded", "the thread was not needed any more");
}
