/**
 * The address of the server, in the file whose lock shows that it runs: whoever finds the
 * journal finds the server. The lock belongs to the open file, so its content is replaced in
 * place; another file under its name would be another lock.
 */

import { reasonOf } from "./errors.ts";
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

  /** Tells where the server is. */
  async make(url: string): Promise<void> {
    if (this.#ended) return;
    await this.#note(`${url}\n`, `Cannot announce ${url} in`);
  }

  /** Takes back what is there: a server that died could not. */
  async clear(): Promise<void> {
    await this.#note("", "Cannot empty");
  }

  /** Takes it back and lets go of the lock. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.clear();
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

/** The address that whoever holds the lock has put there, if any. */
export async function announcedIn(
  fileSystem: FileSystem,
  { lock }: Layout,
): Promise<string | undefined> {
  try {
    const text = new TextDecoder().decode(await readWhole(fileSystem, lock)).trim();
    return /^https?:\/\/\S+$/.test(text) ? text : undefined;
  } catch {
    return undefined; // It is only a hint.
  }
}
