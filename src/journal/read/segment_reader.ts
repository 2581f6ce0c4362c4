/** Reads entries from segments by position, at a cost in proportion to their number. */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import type { SegmentInfo } from "../../engine/ports.ts";
import { type Catalogue, placeIn } from "./catalogue.ts";
import { JournalDamagedError } from "../errors.ts";
import type { FileSystem, OpenFile } from "../files/file_system.ts";
import type { Layout } from "../layout.ts";
import type { LineIndex } from "./line_index.ts";
import { withDurable } from "./segment_listing.ts";
import { crcHolds, headerIn, isCommit, NEWLINE } from "../format/line_bytes.ts";
import { keptEntryIn } from "../format/line_reader.ts";

/** Bytes of lines that are parsed before other work gets a turn; the last line may exceed it. */
const TURN_BYTES_MAX = 256 * 1024;

/**
 * Keeps reads from blocking the event loop: parsing a line of a megabyte takes as long as a hundred
 * requests, and there may be many of them. All reads share the turns.
 */
class ReadTurns {
  #bytes = 0;
  #pausing: Promise<void> | undefined;

  /** @param pause Resolves when other work has had its turn. */
  constructor(private readonly pause: () => Promise<void>) {}

  /** Resolves when the caller may do work equivalent to parsing this many bytes. */
  async take(bytes: number): Promise<void> {
    while (this.#bytes >= TURN_BYTES_MAX) await (this.#pausing ??= this.#next());
    this.#bytes += bytes;
  }

  async #next(): Promise<void> {
    await this.pause();
    this.#bytes = 0;
    this.#pausing = undefined;
  }
}

/** Blocks closer than this are fetched with one read. */
const GAP_BYTES_MAX = 4 * 1024;
/** Longer runs are split into several reads, so that other work continues between them. */
const RUN_BYTES_MAX = 256 * 1024;
/** Opening a file takes as long as parsing this many bytes. */
const OPENING_BYTES = 8 * 1024;
/** See `costOf`. */
const SHORT_BLOCK_BYTES = 16 * 1024;
const READ_PER_PARSED = 16;

/** A line to read, and the block that holds it. */
interface Span {
  readonly logId: LogId;
  readonly line: number;
  readonly blockLine: number;
  readonly start: number;
  readonly end: number;
}

export class SegmentReader {
  readonly #turns: ReadTurns;

  /** @param pause Gives other work a turn; by default, does nothing. */
  constructor(
    private readonly fileSystem: FileSystem,
    private readonly layout: Layout,
    private readonly catalogue: Catalogue,
    pause: () => Promise<void> = () => Promise.resolve(),
  ) {
    this.#turns = new ReadTurns(pause);
  }

  /**
   * Returns the entries at durable positions, which must ascend.
   *
   * @throws {JournalDamagedError} when a line is damaged.
   */
  async readAt(logIds: readonly LogId[]): Promise<readonly JobEventLogEntry[]> {
    const entries: JobEventLogEntry[] = [];
    const bySegment = Map.groupBy(logIds, (logId) => this.catalogue.segmentOf(logId));
    for (const [segment, group] of bySegment) {
      for (const entry of await this.#readFrom(segment, group)) entries.push(entry);
    }
    return entries;
  }

  async #readFrom(segment: SegmentInfo, logIds: LogId[]): Promise<readonly JobEventLogEntry[]> {
    const index = await this.catalogue.indexOf(segment);
    const runs = runsOf(logIds.map((logId) => spanOf(index, segment, logId)));
    await this.#turns.take(OPENING_BYTES);
    return await withDurable(this.fileSystem, this.layout, segment, async (file) => {
      const entries: JobEventLogEntry[] = [];
      for (const run of runs) entries.push(...await readRun(file, segment, run, this.#turns));
      return entries;
    });
  }
}

function spanOf(index: LineIndex, segment: SegmentInfo, logId: LogId): Span {
  const place = placeIn(index, logId, segment);
  const { line, blockLine, blockStart: start, blockEnd = segment.bytes } = place;
  return { logId, line, blockLine, start, end: Math.min(blockEnd, segment.bytes) };
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

/**
 * The cost of a read, in bytes parsed. Only one line of a block is parsed, and reading 8 KiB takes
 * as long as parsing 300 bytes. A longer block contains a long line, which may be the one to parse.
 */
function costOf({ start, end }: Span): number {
  const bytes = end - start;
  return bytes > SHORT_BLOCK_BYTES ? bytes : bytes / READ_PER_PARSED;
}

async function readRun(
  file: OpenFile,
  segment: SegmentInfo,
  run: readonly Span[],
  turns: ReadTurns,
): Promise<readonly JobEventLogEntry[]> {
  const origin = run[0]?.start ?? 0;
  const length = (run.at(-1)?.end ?? origin) - origin;
  await turns.take(Math.min(length, run.reduce((sum, span) => sum + costOf(span), 0)));
  const bytes = await file.read(origin, length);
  const walk = new LineWalk(bytes);
  return run.map(({ logId, line, blockLine, start }) => {
    const offset = walk.to(line, blockLine, start - origin);
    const entry = entryAt(bytes, offset, logId);
    if (typeof entry !== "string") return entry;
    const location = { segment: segment.name, offset: origin + offset, logId };
    throw new JournalDamagedError(location, entry);
  });
}

/** Finds lines by number, in ascending order. */
class LineWalk {
  #line = 0;
  #offset = 0;

  constructor(private readonly bytes: Uint8Array) {}

  /** The offset of a line, given the first line and the offset of its block. */
  to(line: number, blockLine: number, blockOffset: number): number {
    if (this.#line < blockLine) {
      this.#line = blockLine;
      this.#offset = blockOffset;
    }
    for (; this.#line < line; this.#line++) {
      const newline = this.bytes.indexOf(NEWLINE, this.#offset);
      this.#offset = newline < 0 ? this.bytes.length : newline + 1;
    }
    return this.#offset;
  }
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The entry of the line that begins at an offset, or what is wrong with it. */
function entryAt(bytes: Uint8Array, offset: number, logId: LogId): JobEventLogEntry | string {
  const newline = bytes.indexOf(NEWLINE, offset);
  if (newline < 0) return "the line is not whole";
  if (!crcHolds(bytes, offset, newline)) return "the line does not match its crc";
  const text = decoder.decode(bytes.subarray(offset, newline));
  const batch = headerIn(text)?.batch ?? NaN;
  const line = { text, start: 0, end: text.length, bytes, byteStart: offset, byteEnd: newline };
  return keptEntryIn(line, logId, batch, isCommit(bytes, newline));
}
