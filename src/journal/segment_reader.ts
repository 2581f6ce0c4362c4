/** Reads entries back from segments, at a cost that goes by their number. */

import type { JobEventLogEntry } from "../core/event.ts";
import type { LogId } from "../core/ids.ts";
import type { EntryLocation, SegmentInfo } from "../engine/ports.ts";
import type { Catalogue } from "./catalogue.ts";
import { JournalDamagedError } from "./errors.ts";
import { type FileSystem, type OpenFile, readWhole } from "./file_system.ts";
import type { Layout } from "./layout.ts";
import { indexOfLines, type LineIndex } from "./line_index.ts";
import { batchField, crcHolds, entryIn, isCommit } from "./line_reader.ts";

const INDEXES_MAX = 64;
/** Lines closer than this are got with one read. */
const GAP_BYTES_MAX = 16 * 1024;
const RUN_BYTES_MAX = 1024 * 1024;
const NEWLINE = 10;
const HEADER = /^\{"logId":\d+,"batch":(\d+),/;

/** A line to read: where it begins, and a byte offset at or after its end. */
interface Span {
  readonly logId: LogId;
  readonly start: number;
  readonly end: number;
}

export class SegmentReader {
  readonly #fileSystem: FileSystem;
  readonly #layout: Layout;
  readonly #catalogue: Catalogue;
  /** Of segments that are complete; the least recently used one first. */
  readonly #indexes = new Map<string, Promise<LineIndex>>();

  constructor(fileSystem: FileSystem, layout: Layout, catalogue: Catalogue) {
    this.#fileSystem = fileSystem;
    this.#layout = layout;
    this.#catalogue = catalogue;
  }

  /**
   * The entries at durable positions, which ascend.
   *
   * @throws {JournalDamagedError} when a line is not what was written.
   */
  async readAt(logIds: readonly LogId[]): Promise<readonly JobEventLogEntry[]> {
    const entries: JobEventLogEntry[] = [];
    for (const [segment, group] of this.#bySegment(logIds)) {
      for (const entry of await this.#readFrom(segment, group)) entries.push(entry);
    }
    return entries;
  }

  /** Where the lines of durable positions are, which ascend. */
  async locate(logIds: readonly LogId[]): Promise<readonly EntryLocation[]> {
    const locations: EntryLocation[] = [];
    for (const [segment, group] of this.#bySegment(logIds)) {
      const bytes = await readWhole(this.#fileSystem, `${this.#layout.segments}/${segment.name}`);
      const lines = new TextDecoder().decode(bytes.subarray(0, segment.bytes)).split("\n");
      for (const logId of group) {
        const index = lines.findIndex((line) => line.startsWith(`{"logId":${logId},`));
        locations.push({ logId, segment: segment.name, line: index + 1 });
      }
    }
    return locations;
  }

  #bySegment(logIds: readonly LogId[]): Map<SegmentInfo, LogId[]> {
    const groups = new Map<SegmentInfo, LogId[]>();
    for (const logId of logIds) {
      const segment = this.#catalogue.segmentOf(logId);
      const group = groups.get(segment);
      if (group === undefined) groups.set(segment, [logId]);
      else group.push(logId);
    }
    return groups;
  }

  async #readFrom(segment: SegmentInfo, logIds: LogId[]): Promise<readonly JobEventLogEntry[]> {
    const index = await this.#indexOf(segment);
    const spans = logIds.map((logId) => spanOf(segment, index, logId));
    const file = await this.#fileSystem.open(`${this.#layout.segments}/${segment.name}`, "read");
    try {
      const entries: JobEventLogEntry[] = [];
      for (const run of runsOf(spans)) entries.push(...await readRun(file, segment, run));
      return entries;
    } finally {
      file.close();
    }
  }

  #indexOf(segment: SegmentInfo): LineIndex | Promise<LineIndex> {
    if (segment.name === this.#catalogue.active.name) return this.#catalogue.activeIndex;
    const known = this.#indexes.get(segment.name);
    this.#indexes.delete(segment.name);
    const index = known ?? this.#load(segment);
    this.#indexes.set(segment.name, index);
    this.#dropLeastUsed();
    return index;
  }

  #load(segment: SegmentInfo): Promise<LineIndex> {
    const loading = readWhole(this.#fileSystem, `${this.#layout.segments}/${segment.name}`)
      .then(indexOfLines);
    loading.catch(() => this.#indexes.delete(segment.name));
    return loading;
  }

  #dropLeastUsed(): void {
    for (const name of this.#indexes.keys()) {
      if (this.#indexes.size <= INDEXES_MAX) return;
      this.#indexes.delete(name);
    }
  }
}

function spanOf(segment: SegmentInfo, index: LineIndex, logId: LogId): Span {
  const line = logId - segment.firstLogId;
  const start = index.at(line);
  if (start === undefined) {
    const offset = segment.bytes;
    throw new JournalDamagedError({ segment: segment.name, offset, logId }, "the line is missing");
  }
  return { logId, start, end: Math.min(index.at(line + 1) ?? segment.bytes, segment.bytes) };
}

function runsOf(spans: readonly Span[]): Span[][] {
  const runs: Span[][] = [];
  let run: Span[] = [];
  for (const span of spans) {
    const first = run[0], last = run.at(-1);
    const joins = first !== undefined && last !== undefined &&
      span.start - last.end <= GAP_BYTES_MAX && span.end - first.start <= RUN_BYTES_MAX;
    if (joins) run.push(span);
    else runs.push(run = [span]);
  }
  return runs;
}

async function readRun(
  file: OpenFile,
  segment: SegmentInfo,
  run: readonly Span[],
): Promise<readonly JobEventLogEntry[]> {
  const offset = run[0]?.start ?? 0;
  const bytes = await file.read(offset, (run.at(-1)?.end ?? offset) - offset);
  return run.map((span) => {
    const entry = entryFrom(bytes.subarray(span.start - offset, span.end - offset), span.logId);
    if (typeof entry !== "string") return entry;
    const location = { segment: segment.name, offset: span.start, logId: span.logId };
    throw new JournalDamagedError(location, entry);
  });
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The entry of one line, or what is wrong with it. */
function entryFrom(bytes: Uint8Array, logId: LogId): JobEventLogEntry | string {
  const newline = bytes.indexOf(NEWLINE);
  if (newline < 0) return "the line is not whole";
  if (!crcHolds(bytes, 0, newline)) return "the line does not match its crc";
  const text = decoder.decode(bytes.subarray(0, newline));
  const batch = Number(HEADER.exec(text)?.[1]);
  const line = { text, start: 0, end: text.length };
  return entryIn(line, logId, batchField(batch), isCommit(bytes, newline));
}
