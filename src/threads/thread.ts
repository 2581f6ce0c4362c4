/** One thread, as the engine sees it: it takes and sends messages, and ends once. */

import type { SpawnedThread, ThreadSpawner } from "./thread_spawner.ts";
import type { FromThread, Thrown, ToThread } from "./protocol.ts";
import { namedError, outOfMemory, thrownError } from "./thrown_data.ts";

const YOUNG_MB = 16;

interface ThreadOptions {
  readonly spawner: ThreadSpawner;
  /** The module of definitions to load. */
  readonly module: string;
  readonly memoryMb: number;
}

/** The current user of a thread. */
export interface ThreadUser {
  said(message: Exclude<FromThread, { kind: "ready" | "broken" | "exhausted" }>): void;
  /** The thread ended; no message follows. */
  ended(reason: Error): void;
}

/** The owner of a thread. */
interface ThreadKeeper {
  /** The module is loaded. */
  loaded(): void;
  /** The thread ended, possibly before it was loaded. */
  ended(reason: Error): void;
}

export class Thread {
  readonly module: string;
  readonly #spawned: SpawnedThread;
  readonly #memoryMb: number;
  readonly #keeper: ThreadKeeper;
  #user: ThreadUser | undefined;
  /** The previous user: a timer that its code left behind may still call. */
  #former: ThreadUser | undefined;
  #isLoaded = false;
  #hasEnded = false;

  constructor({ spawner, module, memoryMb }: ThreadOptions, keeper: ThreadKeeper) {
    this.module = module;
    this.#memoryMb = memoryMb;
    this.#keeper = keeper;
    const [globals, main] = ["./globals.ts", "./thread_main.ts"].map((path) =>
      JSON.stringify(new URL(path, import.meta.url).href)
    );
    const source = `import(${globals}).then(({ refuseWorkers }) => refuseWorkers())` +
      `.then(() => import(${main})).catch((error) => ` +
      `require("node:worker_threads").workerData.port.postMessage({ kind: "broken", ` +
      `thrown: { kind: "error", name: "Error", message: String(error?.message) } }))`;
    this.#spawned = spawner.make({
      source,
      module,
      memoryMb,
      resourceLimits: { maxOldGenerationSizeMb: memoryMb, maxYoungGenerationSizeMb: YOUNG_MB },
    }, {
      failed: (message) => this.end(failure(message, memoryMb)),
      exited: (code) => {
        this.end(namedError("ThreadExited", `the code ended its thread, with exit code ${code}`));
      },
    });
    this.#spawned.port.on("message", (message: FromThread) => this.#said(message));
  }

  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  use(user: ThreadUser | undefined): void {
    this.#former = this.#user ?? this.#former;
    this.#user = user;
  }

  tell(message: ToThread): void {
    if (!this.#hasEnded) this.#spawned.port.postMessage(message);
  }

  /** Ends the thread and everything in it. */
  end(reason: Error): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#spawned.end();
    this.#keeper.ended(reason);
    this.#user?.ended(reason);
  }

  #said(message: FromThread): void {
    if (this.#hasEnded) return;
    if (message.kind === "ready") {
      this.#isLoaded = true;
      this.#keeper.loaded();
    } else if (message.kind === "broken") this.end(brokenError(this.module, message.thrown));
    else if (message.kind === "exhausted") this.end(outOfMemory(this.#memoryMb));
    else {
      this.#user?.said(message);
      this.#former?.said(message);
    }
  }
}

function failure(message: string, memoryMb: number): Error {
  return /memory/i.test(message) ? outOfMemory(memoryMb) : namedError("ThreadFailed", message);
}

function brokenError(module: string, thrown: Thrown): Error {
  const { name, message } = thrownError(thrown);
  return namedError(name, `Cannot load ${module} in a thread: ${message}`);
}
