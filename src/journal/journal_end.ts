/** Finds the last whole batch of a journal from its end, without reading what comes before. */

import { assertNever } from "../core/assert_never.ts";
import type { LogId } from "../core/ids.ts";
import type { JournalHead, SegmentInfo } from "../engine/ports.ts";
import { JournalDamagedError, orUnusable } from "./errors.ts";
import { type FileSystem, type OpenFile, withFile } from "./file_system.ts";
import type { Layout } from "./layout.ts";
import { chainIn, crcHolds, isCommit } from "./line_bytes.ts";
import { findSegmentEnd } from "./segment_end.ts";
import { segmentsToRead } from "./segment_listing.ts";
import { type ScannedBatch, SegmentScanner } from "./segment_scanner.ts";
import { lineNumberAt } from "./utf8.ts";

export interface JournalEnd {
  readonly head: JournalHead;
  readonly segment: string;
  /** Number of the line in its segment, from 1; blank lines count. */
  readonly line: number;
  /** RFC 3339: when the last entry was received. */
  readonly receivedAt: string;
  /** Bytes after the last whole batch, which are not damage. */
  readonly tornBytes: number;
}

/** Bytes at the end of a segment that are read first: batches are hardly ever longer. */
const WINDOW_BYTES = 1024 * 1024;
const NEWLINE = 10;

/**
 * Finds the end of a journal.
 *
 * @returns `undefined` when the journal is empty.
 * @throws {JournalDamagedError} when the end is not what was written.
 * @throws {JournalUnusableError} when it cannot be read.
 */
export async function journalEnd(
  fileSystem: FileSystem,
  layout: Layout,
): Promise<JournalEnd | undefined> {
  return await endOf(fileSystem, layout, await segmentsToRead(fileSystem, layout));
}

/** The same, of a journal whose segments are listed already. */
export async function endOf(
  fileSystem: FileSystem,
  layout: Layout,
  segments: readonly SegmentInfo[],
): Promise<JournalEnd | undefined> {
  let tornBytes = 0;
  for (const segment of segments.toReversed()) {
    const path = `${layout.segments}/${segment.name}`;
    const isLast = segment === segments.at(-1);
    const found = await orUnusable(
      "read",
      path,
      () => withFile(fileSystem, path, "read", (file) => endIn(file, segment, isLast)),
    );
    if (found.end !== undefined) return { ...found.end, tornBytes: found.tornBytes + tornBytes };
    tornBytes = found.tornBytes;
  }
  return undefined;
}

/**
 * The position of a batch end near the end of a segment, found without reading what comes before:
 * the journal reaches at least that far. `undefined` when there is none in the last megabyte that
 * is not blank.
 */
export async function reachOf(
  fileSystem: FileSystem,
  path: string,
  bytes: number,
): Promise<LogId | undefined> {
  return await withFile(fileSystem, path, "read", async (file) => {
    for (let end = bytes; end > 0; end -= WINDOW_BYTES) {
      const from = Math.max(0, end - WINDOW_BYTES);
      const window = await file.read(from, end - from);
      if (window.some((byte) => byte !== NEWLINE)) return lastCommitIn(window);
    }
    return undefined;
  });
}

function lastCommitIn(bytes: Uint8Array): LogId | undefined {
  let end = bytes.lastIndexOf(NEWLINE);
  while (end > 0) {
    const start = bytes.lastIndexOf(NEWLINE, end - 1) + 1;
    if (end > start && crcHolds(bytes, start, end) && isCommit(bytes, end)) {
      return logIdIn(bytes, start, end);
    }
    end = start - 1;
  }
  return undefined;
}

interface Found {
  readonly end: Omit<JournalEnd, "tornBytes"> | undefined;
  readonly tornBytes: number;
}

async function endIn(file: OpenFile, segment: SegmentInfo, isLast: boolean): Promise<Found> {
  const from = Math.max(0, segment.bytes - WINDOW_BYTES);
  if (from > 0) {
    const found = await endInWindow(file, segment, from, isLast);
    if (found?.end !== undefined) return found;
  }
  const bytes = await file.read(0, segment.bytes);
  const scanner = new SegmentScanner(bytes, segment.firstLogId, undefined);
  return lastIn(scanner, { bytes, from: 0, before: 0 }, segment, isLast);
}

/** `undefined` when the last batch is not wholly within the window. */
async function endInWindow(
  file: OpenFile,
  segment: SegmentInfo,
  windowFrom: number,
  isLast: boolean,
): Promise<Found | undefined> {
  const window = await file.read(windowFrom, segment.bytes - windowFrom);
  const anchor = anchorIn(window);
  if (anchor === undefined) return undefined;
  const from = windowFrom + anchor.offset;
  const bytes = window.subarray(anchor.offset);
  const scanner = new SegmentScanner(bytes, anchor.nextLogId, anchor.chain, "later");
  return lastIn(scanner, { bytes, from, before: await newlinesIn(file, from) }, segment, isLast);
}

/** The end of a whole batch within a segment, from which a scan can continue. */
interface Anchor {
  readonly offset: number;
  readonly nextLogId: LogId;
  readonly chain: string;
}

/** The first anchor in bytes that may begin in the middle of a line. */
function anchorIn(bytes: Uint8Array): Anchor | undefined {
  for (let start = bytes.indexOf(NEWLINE) + 1; start > 0;) {
    const end = bytes.indexOf(NEWLINE, start);
    if (end < 0) return undefined;
    if (end > start && crcHolds(bytes, start, end) && isCommit(bytes, end)) {
      const text = new TextDecoder().decode(bytes.subarray(start, end));
      const logId = logIdIn(bytes, start, end);
      const chain = chainIn({ text, start: 0, end: text.length });
      return { offset: end + 1, nextLogId: logId + 1, chain };
    }
    start = end + 1;
  }
  return undefined;
}

function logIdIn(bytes: Uint8Array, start: number, end: number): LogId {
  const text = new TextDecoder().decode(bytes.subarray(start, end));
  return Number(/^\{"logId":(\d+),/.exec(text)?.[1]);
}

/** Part of a segment: its bytes, where they begin, and how many lines end before them. */
interface Part {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly from: number;
  readonly before: number;
}

function lastIn(
  scanner: SegmentScanner,
  { bytes, from, before }: Part,
  { name }: SegmentInfo,
  isLast: boolean,
): Found {
  let last: ScannedBatch | undefined;
  for (let batch = scanner.next(); batch !== undefined; batch = scanner.next()) last = batch;
  const end = findSegmentEnd(bytes, scanner, isLast, from);
  switch (end.kind) {
    case "whole":
    case "torn": {
      const tornBytes = end.kind === "torn" ? end.tail.bytes.length : 0;
      if (last === undefined) return { end: undefined, tornBytes };
      const line = before + lineNumberAt(bytes, last.offsets.at(-1) ?? 0);
      const receivedAt = last.entries.at(-1)?.receivedAt ?? "";
      const head = { logId: last.lastLogId, chain: last.chain };
      return { end: { head, segment: name, line, receivedAt }, tornBytes };
    }
    case "damaged": {
      const location = { segment: name, offset: end.offset, logId: end.logId };
      throw new JournalDamagedError(location, end.reason, end.byNewerVersion);
    }
    default:
      return assertNever(end, "segment end");
  }
}

/** Lines that end before an offset. */
async function newlinesIn(file: OpenFile, end: number): Promise<number> {
  let count = 0;
  for (let at = 0; at < end; at += WINDOW_BYTES) {
    const bytes = await file.read(at, Math.min(WINDOW_BYTES, end - at));
    count += lineNumberAt(bytes, bytes.length) - 1;
  }
  return count;
}
