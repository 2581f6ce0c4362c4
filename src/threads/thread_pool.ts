/**
 * A bounded pool of threads. A thread that a job no longer uses is reused for jobs of the same
 * module.
 */

import { Thread, ThreadSpawner } from "./thread.ts";
import { counted } from "../core/counted.ts";
import { isOutOfDescriptors } from "../core/thrown.ts";

// The platform's own: code of jobs may replace the global ones.
const { setTimeout, clearTimeout } = globalThis;

/** How long an idle thread is kept. */
const IDLE_MS = 60_000;

/** Delay before checking again whether there is room for a thread. */
const RETRY_MS = 500;
/** How often a module is loaded that cannot be, if that may be for lack of descriptors. */
const LOADS_MAX = 5;

/**
 * How many replacements load at once. Loading uses little processor time: Deno 2.9 starts a thread
 * created by another thread half a second late.
 */
const REPLACEMENTS_AT_ONCE = 4;

/** How long the code of an ended thread may keep running before it is reported. */
const LEAVING_MS = 10_000;

/** How much threads may take. */
export interface ThreadLimits {
  /** Threads at a time. */
  readonly max: number;
  /** The heap of a thread; its buffers may take as much again. */
  readonly memoryMb: number;
}

interface ThreadPoolOptions extends ThreadLimits {
  /**
   * Whether the process has the resources for a thread, such as file descriptors; checked again
   * later if not.
   */
  readonly hasRoom: () => boolean;
  /** Whether others could use up these resources before a thread begins. */
  readonly isTight: () => boolean;
  /** How many ended threads may keep running. */
  readonly leavingMax: number;
  readonly warn: (message: string) => void;
}

interface ThreadRequest {
  /** The module to load. */
  readonly module: string;
  /** The type of the job. */
  readonly type: string;
}

interface Waiting extends ThreadRequest {
  readonly resolve: (thread: Thread) => void;
  readonly reject: (reason: Error) => void;
}

/** A thread to replace, since code of this type ended it. */
interface Replacement extends ThreadRequest {
  /** The replacement, while it loads. */
  thread?: Thread;
}

export class ThreadPool {
  readonly #spawner = new ThreadSpawner();
  readonly #threads = new Set<Thread>();
  /** Idle threads, the longest idle first, each with the timer that will end it. */
  readonly #idle = new Map<Thread, ReturnType<typeof setTimeout>>();
  /** The type of job that uses each busy thread. */
  readonly #users = new Map<Thread, string>();
  /** Ended threads that keep running, each with the timer that will report it. */
  readonly #leaving = new Map<Thread, ReturnType<typeof setTimeout>>();
  #waiting: Waiting[] = [];
  /** Oldest first. */
  #replacements: Replacement[] = [];
  /** By module, how often in a row it could not be loaded, perhaps for lack of descriptors. */
  readonly #failedLoads = new Map<string, number>();
  #later: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(private readonly options: ThreadPoolOptions) {}

  /**
   * A thread that has loaded this module. Rejects when it cannot be loaded. Stays pending when the
   * pool closes first: a job that waits for a thread is not to blame for a stop. A type whose code
   * ended its thread waits until that is replaced, so that it uses up only threads of its own.
   */
  take({ module, type }: ThreadRequest): Promise<Thread> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ module, type, resolve, reject });
      this.#serve();
      this.#grow();
    });
  }

  /** Returns an idle thread to the pool. */
  giveBack(thread: Thread): void {
    thread.use(undefined);
    this.#users.delete(thread);
    if (!thread.hasEnded) this.#offer(thread);
  }

  /** Ends all threads. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#later);
    for (const thread of this.#idle.keys()) this.#unidle(thread);
    for (const timer of this.#leaving.values()) clearTimeout(timer);
    for (const thread of [...this.#threads, ...this.#leaving.keys()]) thread.close();
    this.#spawner.close();
  }

  #awaitsReplacement(type: string): boolean {
    return this.#replacements.some((replacement) => replacement.type === type);
  }

  #offer(thread: Thread): void {
    if (this.#isClosed) return;
    this.#idle.set(thread, setTimeout(() => thread.dismiss(), IDLE_MS));
    this.#serve();
    this.#grow();
  }

  /** Serves the longest waiter first, even with a thread that was created for another. */
  #serve(): void {
    for (const thread of [...this.#idle.keys()]) {
      const index = this.#waiting.findIndex(({ module, type }) =>
        module === thread.options.module && !this.#awaitsReplacement(type)
      );
      const [next] = index < 0 ? [] : this.#waiting.splice(index, 1);
      next?.resolve(this.#lend(thread, next.type));
    }
  }

  #lend(thread: Thread, type: string): Thread {
    this.#unidle(thread);
    this.#users.set(thread, type);
    return thread;
  }

  #unidle(thread: Thread): void {
    clearTimeout(this.#idle.get(thread));
    this.#idle.delete(thread);
  }

  /** Creates a thread for each waiter, up to the maximum. */
  #grow(): void {
    const loading = this.#loading();
    for (const { module, type } of this.#waiting) {
      if (this.#awaitsReplacement(type)) continue;
      const index = loading.findIndex(({ options }) => options.module === module);
      if (index >= 0) loading.splice(index, 1);
      else if (!this.#make(module)) return;
    }
  }

  #loading(): Thread[] {
    return [...this.#threads].filter(({ isLoaded }) => !isLoaded);
  }

  /** Creates a thread; whether there was room for it. */
  #make(module: string): boolean {
    const { max, memoryMb, leavingMax, hasRoom, isTight } = this.options;
    const [unused] = this.#idle.keys();
    if (this.#threads.size >= max) unused?.dismiss();
    if (this.#threads.size >= max || this.#isClosed) return false;
    if (this.#leaving.size >= leavingMax || !hasRoom()) return this.#growLater();
    const thread = new Thread({ spawner: this.#spawner, module, memoryMb, isTight: isTight() }, {
      loaded: () => this.#loaded(thread),
      ended: (reason) => this.#ended(thread, reason),
      left: () => this.#left(thread),
    });
    this.#threads.add(thread);
    const replacement = this.#replacements.find((one) =>
      one.module === module && one.thread === undefined
    );
    if (replacement !== undefined) replacement.thread = thread;
    this.#dropUnneeded();
    return true;
  }

  #growLater(): false {
    this.#later ??= setTimeout(() => {
      this.#later = undefined;
      this.#grow();
      this.#replace();
    }, RETRY_MS);
    return false;
  }

  #loaded(thread: Thread): void {
    this.#failedLoads.delete(thread.options.module);
    this.#replacements = this.#replacements.filter((replacement) => replacement.thread !== thread);
    this.#offer(thread);
    this.#replace();
  }

  #ended(thread: Thread, reason: Error): void {
    const type = this.#users.get(thread);
    this.#users.delete(thread);
    this.#unidle(thread);
    this.#threads.delete(thread);
    if (!thread.hasLeft) {
      this.#leaving.set(thread, setTimeout(() => this.#report(type), LEAVING_MS));
    }
    if (!thread.isLoaded) return this.#failed(thread, reason);
    if (type !== undefined) this.#replacements.push({ module: thread.options.module, type });
    this.#dropUnneeded();
    this.#grow();
    this.#replace();
  }

  /** Clients that hold all descriptors must not fail jobs: the thread is made again later. */
  #failed(thread: Thread, reason: Error): void {
    if (!this.#mayLackDescriptors(thread, reason)) {
      return this.#refuse(thread.options.module, reason);
    }
    for (const replacement of this.#replacements) {
      if (replacement.thread === thread) delete replacement.thread;
    }
    this.#growLater();
  }

  /** Deno may say instead that it cannot read a file of a package. */
  #mayLackDescriptors({ options: { module, isTight } }: Thread, reason: Error): boolean {
    if (isOutOfDescriptors(reason)) return true;
    const failed = isTight ? (this.#failedLoads.get(module) ?? 0) + 1 : LOADS_MAX;
    if (failed < LOADS_MAX) this.#failedLoads.set(module, failed);
    else this.#failedLoads.delete(module);
    return failed < LOADS_MAX;
  }

  #left(thread: Thread): void {
    clearTimeout(this.#leaving.get(thread));
    this.#leaving.delete(thread);
  }

  #report(type = "a module of definitions"): void {
    const { leavingMax, warn } = this.options;
    const count = this.#leaving.size;
    const rest = count < leavingMax
      ? ""
      : "; jobs in threads wait until one ends or Daybook is restarted";
    warn(
      `the code of ${type} cannot be stopped and keeps its thread: it is blocked in a system call, ` +
        "such as a read, or loops in callbacks of node:timers or process.nextTick " +
        `(${counted(count, "such thread")})${rest}`,
    );
  }

  /** Drops replacements for which other threads have taken the room. */
  #dropUnneeded(): void {
    const pending = this.#replacements.filter((replacement) => replacement.thread === undefined);
    const places = Math.max(this.options.max - this.#threads.size, 0);
    const dropped = new Set(pending.slice(0, Math.max(pending.length - places, 0)));
    if (dropped.size === 0) return;
    this.#replacements = this.#replacements.filter((replacement) => !dropped.has(replacement));
    this.#serve();
  }

  /**
   * Replaces threads ahead of requests, since loading takes a while. Only a few at once, to leave
   * the processors to running code.
   */
  #replace(): void {
    for (let loading = this.#loading().length; loading < REPLACEMENTS_AT_ONCE; loading++) {
      const replacement = this.#replacements.find((one) => one.thread === undefined);
      if (replacement === undefined || !this.#make(replacement.module)) return;
    }
  }

  /** Rejects all requests for a module that cannot be loaded. */
  #refuse(refused: string, reason: Error): void {
    const waiting = this.#waiting;
    this.#replacements = this.#replacements.filter(({ module }) => module !== refused);
    this.#waiting = waiting.filter(({ module }) => module !== refused);
    for (const { module, reject } of waiting) if (module === refused) reject(reason);
    this.#grow();
  }
}
