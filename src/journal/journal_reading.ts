/**
 * Reads a journal that another process may be writing to: takes no lock and changes
 * nothing. What is there at the begin is verified in full; a batch that is just being
 * written, or was torn by a crash, is not part of it.
 */

import type { JobEventLogEntry } from "../core/event.ts";
import type { LogId } from "../core/ids.ts";
import type { JournalConsumer, JournalHead, SegmentInfo } from "../engine/ports.ts";
import { Catalogue } from "./catalogue.ts";
import type { FileSystem } from "./file_system.ts";
import { segmentInfos, segmentNames } from "./folder.ts";
import { type Layout, layoutOf, segmentName } from "./layout.ts";
import { requireDurable } from "./positions.ts";
import { replay, type Replayed } from "./replay.ts";
import { SegmentReader } from "./segment_reader.ts";

/** Who is shown the entries, oldest first. */
export type EntryViewer = Pick<JournalConsumer, "refuse" | "replay">;

interface Source {
  readonly fileSystem: FileSystem;
  readonly layout: Layout;
  readonly segments: readonly SegmentInfo[];
}

export class JournalReading {
  /** As far as the journal was whole at the begin. */
  readonly head: JournalHead;
  readonly #source: Source;
  readonly #reader: SegmentReader;

  private constructor(source: Source, { head, indexes }: Replayed) {
    const { fileSystem, layout, segments } = source;
    this.head = head;
    this.#source = source;
    const empty = { name: segmentName(1), firstLogId: 1, bytes: 0 };
    const catalogue = new Catalogue(segments.length > 0 ? segments : [empty], indexes);
    this.#reader = new SegmentReader(fileSystem, layout, catalogue);
  }

  /**
   * Shows all entries.
   *
   * @throws {JournalDamagedError} when something is wrong that a crash cannot explain.
   * @throws {JournalUnusableError} when there is no journal, or it cannot be read.
   */
  static async begin(
    fileSystem: FileSystem,
    folder: string,
    viewer: EntryViewer,
  ): Promise<JournalReading> {
    const layout = layoutOf(folder);
    const names = await segmentNames(fileSystem, layout);
    const found = await segmentInfos(fileSystem, layout, names);
    const replayed = await shown({ fileSystem, layout, segments: found }, viewer);
    const segments = wholeParts(found, replayed.torn?.bytes.length ?? 0);
    return new JournalReading({ fileSystem, layout, segments }, replayed);
  }

  /** Shows the same entries once more. */
  async again(viewer: EntryViewer): Promise<void> {
    await shown(this.#source, viewer);
  }

  /** The entries at these positions, which ascend. */
  async readAt(logIds: readonly LogId[]): Promise<readonly JobEventLogEntry[]> {
    requireDurable(logIds, this.head.logId);
    return await this.#reader.readAt(logIds);
  }
}

async function shown(source: Source, viewer: EntryViewer): Promise<Replayed> {
  const replayed = await replay({ ...source, consumer: { ...NO_SNAPSHOT, ...viewer } }, undefined);
  if (typeof replayed === "string") throw new TypeError(`Cannot read everything: ${replayed}`);
  return replayed;
}

/** What a replay from the beginning never asks for. */
const NO_SNAPSHOT = {
  restore: () => false,
  capture: () => [],
  durable: () => {},
  failed: () => {},
};

function wholeParts(segments: readonly SegmentInfo[], tornBytes: number): readonly SegmentInfo[] {
  return segments.map((segment, index) =>
    index < segments.length - 1 ? segment : { ...segment, bytes: segment.bytes - tornBytes }
  );
}
