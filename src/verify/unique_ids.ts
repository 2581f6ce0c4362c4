/** Checks that no event id occurs twice, by reading the lines themselves. */

import type { JobEventLogEntry } from "../core/event.ts";
import type { EventId, LogId } from "../core/ids.ts";
import type { EventIds } from "../engine/writer/event_ids.ts";
import type { SegmentInfo } from "../engine/ports.ts";
import { Catalogue, LineIndexes } from "../journal/read/catalogue.ts";
import type { FileSystem } from "../journal/files/file_system.ts";
import type { Layout } from "../journal/layout.ts";
import type { LineIndex } from "../journal/read/line_index.ts";
import { SegmentReader } from "../journal/read/segment_reader.ts";

/** An entry whose id may have been used before. */
export interface Suspect {
  readonly entry: JobEventLogEntry;
  readonly candidates: readonly LogId[];
}

/**
 * The ids of at least this many entries are remembered, and of all that were received at the same
 * time.
 */
const LAST_MAX = 1_024;

export class UniqueIds {
  readonly #segments: SegmentInfo[] = [];
  readonly #indexes = new Map<string, LineIndex>();
  readonly #last = new LastIds();

  constructor(private readonly fileSystem: FileSystem, private readonly layout: Layout) {}

  /** From now on, lines belong to this segment, and are added to its index before they are seen. */
  begin(segment: SegmentInfo, index: LineIndex): void {
    this.#segments.push(segment);
    this.#indexes.set(segment.name, index);
  }

  /**
   * Takes the next entry.
   *
   * @param eventIds Those of all earlier entries.
   */
  see(entry: JobEventLogEntry, eventIds: EventIds): Suspect | undefined {
    const last = this.#last.positionOf(entry.eventId);
    const candidates = last === undefined
      ? eventIds.candidates(entry.eventId, this.#last.firstLogId)
      : [last];
    this.#last.add(entry);
    return candidates.length > 0 ? { entry, candidates } : undefined;
  }

  /** The position of the earlier entry with the same id, if there is one. */
  async firstOf({ entry, candidates }: Suspect): Promise<LogId | undefined> {
    const catalogue = new Catalogue(this.#segments, new LineIndexes(this.#indexes));
    const reader = new SegmentReader(this.fileSystem, this.layout, catalogue);
    for (const logId of candidates) {
      const [earlier] = await reader.readAt([logId]);
      if (earlier?.eventId === entry.eventId) return logId;
    }
    return undefined;
  }
}

/** The ids of the latest entries, so that those need not be read again. */
class LastIds {
  #young = new Map<EventId, LogId>();
  #old = new Map<EventId, LogId>();
  #firstYoung: LogId = 1;
  #firstOld: LogId = 1;
  #receivedAt = "";

  /** Entries from here on are remembered. */
  get firstLogId(): LogId {
    return this.#firstOld;
  }

  positionOf(eventId: EventId): LogId | undefined {
    return this.#old.get(eventId) ?? this.#young.get(eventId);
  }

  /** Entries received at the same time stay together, however many there are. */
  add({ eventId, logId, receivedAt }: JobEventLogEntry): void {
    if (this.#young.size >= LAST_MAX && receivedAt !== this.#receivedAt) {
      [this.#old, this.#young] = [this.#young, new Map()];
      [this.#firstOld, this.#firstYoung] = [this.#firstYoung, logId];
    }
    this.#receivedAt = receivedAt;
    this.#young.set(eventId, logId);
  }
}
