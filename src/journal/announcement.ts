/**
 * Announces the address of the server in the lock file of the journal, so that a process that finds
 * the journal also finds the server. The lock belongs to the open file, so the content is replaced
 * in place: a new file of the same name would be a different lock.
 */

import { failureReason } from "./errors.ts";
import { type FileSystem, type HeldLock, readWhole } from "./file_system.ts";
import type { Layout } from "./layout.ts";

export class Announcement {
  readonly #lock: HeldLock;
  readonly #path: string;
  readonly #warn: (message: string) => void;
  #ended = false;

  constructor(lock: HeldLock, path: string, warn: (message: string) => void) {
    this.#lock = lock;
    this.#path = path;
    this.#warn = warn;
  }

  async make(url: string): Promise<void> {
    if (this.#ended) return;
    await this.#note(`${url}\n`, `Cannot announce ${url} in`);
  }

  /** Clears the file: a server that crashed could not. */
  async clear(): Promise<void> {
    await this.#note("", "Cannot empty");
  }

  /** Clears the file and releases the lock. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.clear();
    this.#lock.release();
  }

  async #note(text: string, failure: string): Promise<void> {
    try {
      await this.#lock.note(text);
    } catch (error) {
      this.#warn(`${failure} ${this.#path}: ${failureReason(error, this.#path)}`);
    }
  }
}

/** The address that the holder of the lock has announced, if any. */
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
    return ""; // The address is only a hint.
  }
}
