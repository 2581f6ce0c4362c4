/** Makes sure that no event id comes twice, with the lines themselves as the witness. */

import type { JobEventLogEntry } from "../core/event.ts";
import type { LogId } from "../core/ids.ts";
import type { SegmentInfo } from "../engine/ports.ts";
import { Catalogue } from "../journal/catalogue.ts";
import type { FileSystem } from "../journal/file_system.ts";
import type { Layout } from "../journal/layout.ts";
import { LineIndex } from "../journal/line_index.ts";
import { SegmentReader } from "../journal/segment_reader.ts";

/** An entry whose id has the hash of ids that came before. */
export interface Suspect {
  readonly entry: JobEventLogEntry;
  readonly candidates: readonly LogId[];
}

export class UniqueIds {
  readonly #fileSystem: FileSystem;
  readonly #layout: Layout;
  readonly #segments: SegmentInfo[] = [];
  readonly #indexes = new Map<string, LineIndex>();
  #index = new LineIndex();

  constructor(fileSystem: FileSystem, layout: Layout) {
    this.#fileSystem = fileSystem;
    this.#layout = layout;
  }

  /** From now on, lines are of this segment. */
  begin(segment: SegmentInfo): void {
    this.#segments.push(segment);
    this.#indexes.set(segment.name, this.#index = new LineIndex());
  }

  /** Notes where the lines of the next batch begin. */
  note(offsets: readonly number[]): void {
    this.#index.add(offsets);
  }

  /** The entry that has the same id, if the hashes are not equal by chance. */
  async firstOf({ entry, candidates }: Suspect): Promise<LogId | undefined> {
    const catalogue = new Catalogue(this.#segments, this.#indexes);
    const reader = new SegmentReader(this.#fileSystem, this.#layout, catalogue);
    for (const logId of candidates.toSorted((left, right) => left - right)) {
      const [earlier] = await reader.readAt([logId]);
      if (earlier?.eventId === entry.eventId) return logId;
    }
    return undefined;
  }
}
