/**
 * What the process that has the journal open tells others: the address of the server, in the file whose lock shows that it runs: whoever finds the
 * journal finds the server. The lock belongs to the open file, so its content is replaced in
 * place; another file under its name would be another lock.
 */

import { reasonOf } from "./errors.ts";
import { type FileSystem, type HeldLock, readWhole } from "./file_system.ts";
import type { Layout } from "./layout.ts";

/** What is there after the disk has failed. */
const FAILED = "failed";

export class Announcement {
  readonly #lock: HeldLock;
  readonly #path: string;
  readonly #warn: (message: string) => void;
  #ended = false;
  #hasFailed = false;

  constructor(lock: HeldLock, path: string, warn: (message: string) => void) {
    this.#lock = lock;
    this.#path = path;
    this.#warn = warn;
  }

  /** Tells where the server is. */
  async make(url: string): Promise<void> {
    if (this.#ended) return;
    await this.#note(`${url}\n`, `Cannot announce ${url} in`);
  }

  /** Takes back what is there: a server that died could not. */
  async clear(): Promise<void> {
    await this.#note("", "Cannot empty");
  }

  /**
   * Tells the next start that the disk did not do as asked: what it reads may be in memory alone.
   * It need not be on disk; without the memory there is nothing to mistake.
   */
  async fail(): Promise<void> {
    this.#ended = true;
    this.#hasFailed = true;
    await this.#note(`${FAILED}\n`, "Cannot note that the disk has failed in");
  }

  /** Takes it back and lets go of the lock. */
  async end(): Promise<void> {
    this.#ended = true;
    if (!this.#hasFailed) await this.clear();
    this.#lock.release();
  }

  async #note(text: string, failure: string): Promise<void> {
    try {
      await this.#lock.note(text);
    } catch (error) {
      this.#warn(`${failure} ${this.#path}: ${reasonOf(error, this.#path)}`);
    }
  }
}

/** Whether the disk failed the process before. */
export async function hasFailed(fileSystem: FileSystem, { lock }: Layout): Promise<boolean> {
  return (await textIn(fileSystem, lock)).startsWith(FAILED);
}

/** The address that whoever holds the lock has put there, if any. */
export async function announcedIn(
  fileSystem: FileSystem,
  { lock }: Layout,
): Promise<string | undefined> {
  const text = await textIn(fileSystem, lock);
  return /^https?:\/\/\S+$/.test(text) ? text : undefined;
}

async function textIn(fileSystem: FileSystem, path: string): Promise<string> {
  try {
    return new TextDecoder().decode(await readWhole(fileSystem, path)).trim();
  } catch {
    return ""; // It is only a hint.
  }
}
