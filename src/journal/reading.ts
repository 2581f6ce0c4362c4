/**
 * Reads and verifies a whole journal without its lock, so that it can be done beside the
 * server that writes it. Changes nothing on disk.
 */

import type { JobEventLogEntry } from "../core/event.ts";
import type { LogId } from "../core/ids.ts";
import type { EntryLocation, JournalHead, SegmentInfo } from "../engine/ports.ts";
import { orUnusable } from "./errors.ts";
import type { FileSystem } from "./file_system.ts";
import { segmentInfos } from "./folder.ts";
import { firstLogIdOf, layoutOf } from "./layout.ts";
import { replay } from "./replay.ts";

export interface ReadingOptions {
  readonly folder: string;
  readonly fileSystem: FileSystem;
  /** Gets every entry, in order, with where its line is. */
  take(entry: JobEventLogEntry, location: EntryLocation): void;
  /** Why an entry cannot be understood, or `undefined` when it can. */
  refuse(entry: JobEventLogEntry): string | undefined;
  /** How far it is, in bytes. */
  onProgress?(done: number, total: number): void;
}

/**
 * Reads all that was durable when it began. A last batch that is not whole is left out:
 * it is being written, or was when the process died.
 *
 * @throws {JournalDamagedError} when something is wrong that a crash cannot explain.
 * @throws {JournalUnusableError} when it cannot be read.
 */
export async function readJournal(options: ReadingOptions): Promise<JournalHead> {
  const { folder, fileSystem, onProgress } = options;
  const layout = layoutOf(folder);
  const found = await orUnusable("read", layout.segments, () => fileSystem.list(layout.segments));
  // What a running server is about to rename into place is not one yet.
  const names = found.filter((name) => firstLogIdOf(name) !== undefined).toSorted();
  const segments = await segmentInfos(fileSystem, layout, names);
  const total = segments.reduce((sum, { bytes }) => sum + bytes, 0);
  const cursor = new ReadingCursor();
  const replayed = await replay({
    fileSystem,
    layout,
    segments,
    consumer: {
      restore: () => false,
      refuse: options.refuse,
      replay: (entry) => options.take(entry, cursor.next(entry.logId)),
    },
    onBatch: (segment, { offsets }) => {
      cursor.beginBatch(segment);
      onProgress?.(cursor.bytesBefore + (offsets.at(-1) ?? 0), total);
    },
  }, undefined);
  if (typeof replayed === "string") throw new TypeError(`Cannot read everything: ${replayed}`);
  onProgress?.(total, total);
  return replayed.head;
}

/** Numbers the lines of each segment, from 1; every batch begins with a blank one. */
class ReadingCursor {
  #segment: SegmentInfo | undefined;
  #line = 0;
  /** Of the segments before this one. */
  bytesBefore = 0;

  beginBatch(segment: SegmentInfo): void {
    if (segment !== this.#segment) {
      this.bytesBefore += this.#segment?.bytes ?? 0;
      this.#segment = segment;
      this.#line = 0;
    }
    this.#line++;
  }

  next(logId: LogId): EntryLocation {
    return { logId, segment: this.#segment?.name ?? "", line: ++this.#line };
  }
}
