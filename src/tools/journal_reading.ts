/**
 * Reads a journal that another process may be writing to. It takes no lock and changes nothing.
 * What is there at the beginning is verified in full. A batch that is just being written, or was
 * torn by a crash, is not part of it.
 */

import type { JobEventLogEntry } from "../core/event.ts";
import type { LogId } from "../core/ids.ts";
import type { EntryLocation, JournalConsumer, JournalHead } from "../engine/ports.ts";
import { Catalogue, LineIndexes, requireDurable } from "../journal/read/catalogue.ts";
import type { FileSystem } from "../journal/files/file_system.ts";
import { journalLayout, segmentName } from "../journal/layout.ts";
import { replay, type Replayed } from "../journal/open/replay.ts";
import { withoutTail } from "../journal/read/segment_end.ts";
import { segmentsToRead } from "../journal/read/segment_listing.ts";
import type { SegmentSource } from "../journal/read/segment_pieces.ts";
import { SegmentReader } from "../journal/read/segment_reader.ts";

/** Receives the entries, oldest first. */
interface EntryViewer extends Pick<JournalConsumer, "refuse" | "replay"> {
  /** Called with the progress, in bytes. */
  progress?(done: number, total: number): void;
}

export class JournalReading {
  /** The end of the intact journal at the beginning. */
  readonly head: JournalHead;
  readonly #catalogue: Catalogue;
  readonly #reader: SegmentReader;

  private constructor({ fileSystem, layout, segments }: SegmentSource, replayed: Replayed) {
    const { head, indexes, torn } = replayed;
    const empty = { name: segmentName(1), firstLogId: 1, bytes: 0 };
    const whole = segments.length > 0 ? withoutTail(segments, torn) : [empty];
    this.head = head;
    this.#catalogue = new Catalogue(whole, new LineIndexes(indexes));
    this.#reader = new SegmentReader(fileSystem, layout, this.#catalogue);
  }

  /**
   * Replays all entries.
   *
   * @throws {JournalDamagedError} when something is wrong that a crash cannot explain.
   * @throws {JournalUnusableError} when there is no journal, or it cannot be read.
   */
  static async begin(
    fileSystem: FileSystem,
    folder: string,
    viewer: EntryViewer,
  ): Promise<JournalReading> {
    const layout = journalLayout(folder);
    const segments = await segmentsToRead(fileSystem, layout);
    const source = { fileSystem, layout, segments };
    return new JournalReading(source, await shown(source, viewer));
  }

  /**
   * The entries at these positions, which ascend.
   *
   * @throws {RangeError} when a position is not part of it, or they do not ascend.
   */
  async readAt(logIds: readonly LogId[]): Promise<readonly JobEventLogEntry[]> {
    requireDurable(logIds, this.head.logId);
    return await this.#reader.readAt(logIds);
  }

  /**
   * Where the lines of these positions are, which ascend; answered from memory.
   *
   * @throws {RangeError} when a position is not part of it, or they do not ascend.
   */
  locate(logIds: readonly LogId[]): Promise<readonly EntryLocation[]> {
    return this.#catalogue.locate(logIds, this.head.logId);
  }
}

async function shown(source: SegmentSource, viewer: EntryViewer): Promise<Replayed> {
  const replayed = await replay({
    ...source,
    consumer: {
      restore: () => false,
      refuse: (entry) => viewer.refuse(entry),
      replay: (entry) => viewer.replay(entry),
    },
    progress: (done, total) => void viewer.progress?.(done, total),
  }, undefined);
  if (typeof replayed === "string") throw new TypeError(`Cannot read everything: ${replayed}`);
  return replayed;
}
