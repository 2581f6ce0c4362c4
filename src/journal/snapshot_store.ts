/** Stores the snapshots of a journal: caches that can be deleted at any time. */

import type { LogId } from "../core/ids.ts";
import type { Clock, JournalHead } from "../engine/ports.ts";
import { failureReason } from "./errors.ts";
import { type FileSystem, replaceFile, withFile } from "./file_system.ts";
import { type Layout, parseSnapshotName, snapshotName } from "./layout.ts";
import {
  type Snapshot,
  type SnapshotVisitor,
  visitSnapshot,
  writeSnapshot,
} from "./snapshot_file.ts";

const KEPT = 2;
const OTHER_NAME = "the name gives another logId";

export class SnapshotStore {
  readonly #fileSystem: FileSystem;
  readonly #layout: Layout;

  constructor(fileSystem: FileSystem, layout: Layout) {
    this.#fileSystem = fileSystem;
    this.#layout = layout;
  }

  /** File names, newest first. */
  async names(): Promise<readonly string[]> {
    const names = await this.#fileSystem.list(this.#layout.snapshots);
    return names.filter((name) => parseSnapshotName(name) !== undefined).sort().reverse();
  }

  /** The position of the newest snapshot, by its name. */
  async newestLogId(): Promise<LogId | undefined> {
    const [newest] = await this.names();
    return newest === undefined ? undefined : parseSnapshotName(newest);
  }

  /**
   * Returns the content of a snapshot, or why it cannot be used. Since a snapshot is a cache, no
   * read failure is an error.
   */
  async read(name: string): Promise<Snapshot | string> {
    const lines: string[] = [];
    let head: JournalHead = { logId: 0, chain: "" };
    const visitor = {
      head: (found: JournalHead) => void (head = found),
      line: (line: string) => void lines.push(line),
    };
    try {
      return await this.visit(name, visitor) ?? { ...head, lines };
    } catch (error) {
      return `it cannot be read: ${failureReason(error, this.#pathOf(name))}`;
    }
  }

  /**
   * Reads a snapshot in chunks.
   *
   * @param pause Yields to other work if due.
   * @returns Why the snapshot cannot be trusted, if so: then discard what was visited.
   */
  async visit(
    name: string,
    visitor: SnapshotVisitor,
    pause?: () => Promise<void> | undefined,
  ): Promise<string | undefined> {
    let logId: LogId | undefined;
    const head = (found: JournalHead) => {
      logId = found.logId;
      visitor.head(found);
    };
    const flaw = await withFile(
      this.#fileSystem,
      this.#pathOf(name),
      "read",
      (file) => visitSnapshot(file, { head, line: (line) => visitor.line(line) }, pause),
    );
    return flaw ?? (logId === parseSnapshotName(name) ? undefined : OTHER_NAME);
  }

  /** Renames a snapshot so that it is no longer used. */
  async setAside(name: string, suffix: string): Promise<void> {
    await this.#fileSystem.rename(this.#pathOf(name), this.#pathOf(name + suffix));
    await this.#fileSystem.syncFolder(this.#layout.snapshots);
  }

  /**
   * Writes a snapshot and removes all but the newest two.
   *
   * @returns Its file name.
   */
  async write(head: JournalHead, lines: Iterable<string>, clock: Clock): Promise<string> {
    const name = snapshotName(head.logId);
    await replaceFile(
      this.#fileSystem,
      this.#pathOf(name),
      (file) => writeSnapshot(file, head, lines, clock),
    );
    await this.#removeOld();
    return name;
  }

  async #removeOld(): Promise<void> {
    for (const name of (await this.names()).slice(KEPT)) {
      await this.#fileSystem.remove(this.#pathOf(name));
    }
  }

  #pathOf(name: string): string {
    return `${this.#layout.snapshots}/${name}`;
  }
}
