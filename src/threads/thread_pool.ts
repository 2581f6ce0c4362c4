/** A bounded number of threads. One that a job has left is there for the next of its module. */

import { namedError, Thread } from "./thread.ts";

/** How long a thread is kept for which there is nothing to do. */
const IDLE_MS = 60_000;

export interface ThreadPoolOptions {
  readonly max: number;
  readonly memoryMb: number;
}

export class ThreadPool {
  readonly #options: ThreadPoolOptions;
  readonly #threads = new Set<Thread>();
  /** Those that nobody uses, the longest first, with what ends each in time. */
  readonly #idle = new Map<Thread, ReturnType<typeof setTimeout>>();
  #waiting: (() => void)[] = [];
  #isClosed = false;

  constructor(options: ThreadPoolOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#threads.size;
  }

  /** A thread with this module, loaded; rejects when it cannot be. */
  async take(module: string): Promise<Thread> {
    for (;;) {
      if (this.#isClosed) throw namedError("ThreadsClosed", "the threads are closed");
      const thread = this.#find(module);
      if (thread === undefined) {
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
        continue;
      }
      await thread.loaded;
      if (!thread.hasEnded) return thread;
    }
  }

  /** Gives it back, with nothing going on in it. */
  giveBack(thread: Thread): void {
    thread.use(undefined);
    if (thread.hasEnded) return;
    if (this.#isClosed) return thread.end(unused());
    this.#idle.set(thread, setTimeout(() => thread.end(unused()), IDLE_MS));
    this.#waiting.shift()?.();
  }

  /** Ends all of them. */
  close(): void {
    this.#isClosed = true;
    for (const thread of [...this.#threads]) thread.end(unused());
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #find(module: string): Thread | undefined {
    for (const [thread, timer] of this.#idle) {
      if (thread.module !== module) continue;
      clearTimeout(timer);
      this.#idle.delete(thread);
      return thread;
    }
    const [unneeded] = this.#idle.keys();
    if (this.size >= this.#options.max) unneeded?.end(unused());
    return this.size < this.#options.max ? this.#make(module) : undefined;
  }

  #make(module: string): Thread {
    const { memoryMb } = this.#options;
    const thread = new Thread({ module, memoryMb }, () => {
      clearTimeout(this.#idle.get(thread));
      this.#idle.delete(thread);
      this.#threads.delete(thread);
      this.#waiting.shift()?.();
    });
    this.#threads.add(thread);
    return thread;
  }
}

function unused(): Error {
  return namedError("ThreadEnded", "the thread was not needed any more");
}
