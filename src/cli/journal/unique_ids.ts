/** Makes sure that no event id comes twice, with the lines themselves as the witness. */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import type { SegmentInfo } from "../../engine/ports.ts";
import { orUnusable } from "../../journal/errors.ts";
import type { FileSystem } from "../../journal/file_system.ts";
import type { Layout } from "../../journal/layout.ts";
import { BLOCK_BYTES, LineIndex } from "../../journal/line_index.ts";

interface Indexed {
  readonly segment: SegmentInfo;
  readonly index: LineIndex;
}

/** An entry whose id has the hash of ids that came before. */
export interface Suspect {
  readonly entry: JobEventLogEntry;
  readonly candidates: readonly LogId[];
}

/** Where the id is in a line, at the latest. */
const HEADER_BYTES = 1024;

export class UniqueIds {
  readonly #fileSystem: FileSystem;
  readonly #layout: Layout;
  readonly #segments: Indexed[] = [];

  constructor(fileSystem: FileSystem, layout: Layout) {
    this.#fileSystem = fileSystem;
    this.#layout = layout;
  }

  /** From now on, lines are of this segment. */
  begin(segment: SegmentInfo): void {
    this.#segments.push({ segment, index: new LineIndex() });
  }

  /** Notes where the lines of the next batch begin. */
  note(offsets: readonly number[]): void {
    this.#segments.at(-1)?.index.add(offsets);
  }

  /** The entry that has the same id, if the hashes are not equal by chance. */
  async firstOf({ entry, candidates }: Suspect): Promise<LogId | undefined> {
    for (const logId of candidates.toSorted((left, right) => left - right)) {
      if (await this.#eventIdAt(logId) === entry.eventId) return logId;
    }
    return undefined;
  }

  /** Only lines that were verified are asked for. */
  async #eventIdAt(logId: LogId): Promise<string | undefined> {
    const holder = this.#segments.findLast(({ segment }) => segment.firstLogId <= logId);
    const place = holder?.index.find(logId - holder.segment.firstLogId);
    if (holder === undefined || place === undefined) return undefined;
    const path = `${this.#layout.segments}/${holder.segment.name}`;
    const bytes = await orUnusable("read", path, async () => {
      const file = await this.#fileSystem.open(path, "read");
      try {
        return await file.read(place.blockStart, BLOCK_BYTES + HEADER_BYTES);
      } finally {
        file.close();
      }
    });
    return headerOf(logId).exec(new TextDecoder().decode(bytes))?.[1];
  }
}

/**
 * A line up to its event id. What comes before that is of the journal's own making, and
 * has no quotation mark inside; and no text has a newline inside.
 */
function headerOf(logId: LogId): RegExp {
  const before = `^\\{"logId":${logId},"batch":\\d+,"receivedAt":"[^"]*","stratum":"[^"]*"`;
  return new RegExp(`${before},"eventId":"([^"]*)"`, "m");
}
