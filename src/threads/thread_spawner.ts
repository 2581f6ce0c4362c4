/** Starts threads without blocking the caller: see `thread_spawner.js`. */

import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import source from "./thread_spawner.js" with { type: "text" };

interface ThreadSource {
  /** The program to run. */
  readonly source: string;
  /** Passed on as `workerData.module`. */
  readonly module: string;
  /** Passed on as `workerData.memoryMb`. */
  readonly memoryMb: number;
  readonly resourceLimits: {
    readonly maxOldGenerationSizeMb: number;
    readonly maxYoungGenerationSizeMb: number;
  };
}

interface SpawnedThreadEvents {
  /** The thread failed, and will exit. */
  failed(message: string): void;
  /** The thread exited. */
  exited(code: number): void;
}

/** A thread that was requested. */
export interface SpawnedThread {
  /** Connected to `workerData.port` of the thread. */
  readonly port: MessagePort;
  /** Ends the thread. */
  end(): void;
}

type Report =
  | { readonly kind: "error"; readonly id: number; readonly message: string }
  | { readonly kind: "exit"; readonly id: number; readonly code: number };

export class ThreadSpawner {
  readonly #events = new Map<number, SpawnedThreadEvents>();
  #worker: Worker | undefined;
  #made = 0;

  make(seed: ThreadSource, events: SpawnedThreadEvents): SpawnedThread {
    const id = ++this.#made;
    this.#events.set(id, events);
    const { port1, port2 } = new MessageChannel();
    const worker = this.#worker ??= this.#begin();
    worker.postMessage({ kind: "make", id, ...seed, port: port2 }, [port2]);
    return {
      port: port1,
      end: () => {
        this.#events.delete(id);
        port1.close();
        this.#worker?.postMessage({ kind: "end", id });
      },
    };
  }

  /** Ends all threads. */
  close(): void {
    this.#events.clear();
    void this.#worker?.terminate();
    this.#worker = undefined;
  }

  #begin(): Worker {
    const worker = new Worker(source, { eval: true });
    worker.on("message", (report: Report) => {
      const events = this.#events.get(report.id);
      if (report.kind === "error") events?.failed(report.message);
      else events?.exited(report.code);
    });
    // For example when out of memory. Its threads end too, and the next request starts a new
    // spawner.
    worker.on("error", ({ message }) => {
      this.#worker = undefined;
      for (const events of [...this.#events.values()]) events.failed(message);
    });
    return worker;
  }
}
