/** Finds the last whole batch of a journal from its end, without reading what comes before. */

import type { LogId } from "../../core/ids.ts";
import type { JournalHead, SegmentInfo } from "../../engine/ports.ts";
import type { FileSystem, OpenFile } from "../files/file_system.ts";
import type { Layout } from "../layout.ts";
import { chainIn, crcHolds, headerIn, isCommit, NEWLINE } from "../format/line_bytes.ts";
import { tornTail } from "../read/segment_end.ts";
import { segmentsToRead, withSegment } from "../read/segment_listing.ts";
import { type ScannedBatch, SegmentScanner } from "../read/segment_scanner.ts";

export interface JournalEnd {
  readonly head: JournalHead;
  readonly segment: string;
  /** Of the last line, in bytes from the start of its segment. */
  readonly offset: number;
  /** RFC 3339: when the last entry was received. */
  readonly receivedAt: string;
  /** Bytes after the last whole batch, which are not damage. */
  readonly tornBytes: number;
}

/** Bytes at the end of a segment that are read first: few batches are longer, and hardly any. */
const WINDOWS_BYTES = [64 * 1024, 1024 * 1024];

/**
 * Finds the end of a journal.
 *
 * @param listed Its segments, if they are listed already.
 * @returns `undefined` when the journal is empty.
 * @throws {JournalDamagedError} when the end is not what was written.
 * @throws {JournalUnusableError} when it cannot be read.
 */
export async function journalEnd(
  fileSystem: FileSystem,
  layout: Layout,
  listed?: readonly SegmentInfo[],
): Promise<JournalEnd | undefined> {
  const segments = listed ?? await segmentsToRead(fileSystem, layout);
  let tornBytes = 0;
  for (const segment of segments.toReversed()) {
    const isLast = segment === segments.at(-1);
    const find = (file: OpenFile) => endIn(file, segment, isLast);
    const found = await withSegment(fileSystem, layout, segment.name, find);
    tornBytes += found.tornBytes;
    if (found.end !== undefined) return { ...found.end, tornBytes };
  }
  return undefined;
}

interface Found {
  readonly end: Omit<JournalEnd, "tornBytes"> | undefined;
  readonly tornBytes: number;
}

async function endIn(file: OpenFile, segment: SegmentInfo, isLast: boolean): Promise<Found> {
  for (const bytes of WINDOWS_BYTES) {
    const from = segment.bytes - bytes;
    if (from <= 0) break;
    const window = await file.read(from, bytes);
    const anchor = anchorIn(window);
    if (anchor === undefined) continue;
    const { offset, nextLogId, chain } = anchor;
    const rest = window.subarray(offset);
    const scanner = new SegmentScanner(rest, nextLogId, chain, "later");
    const found = lastIn(scanner, rest, from + offset, segment, isLast);
    if (found.end !== undefined) return found;
  }
  // The last batch is not wholly within a window.
  const bytes = await file.read(0, segment.bytes);
  const scanner = new SegmentScanner(bytes, segment.firstLogId, undefined);
  return lastIn(scanner, bytes, 0, segment, isLast);
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
      const logId = headerIn(text)?.logId ?? NaN;
      const chain = chainIn({ text, start: 0, end: text.length });
      return { offset: end + 1, nextLogId: logId + 1, chain };
    }
    start = end + 1;
  }
  return undefined;
}

/** @param from The offset of the bytes in the segment. */
function lastIn(
  scanner: SegmentScanner,
  bytes: Uint8Array<ArrayBuffer>,
  from: number,
  segment: SegmentInfo,
  isLast: boolean,
): Found {
  let last: ScannedBatch | undefined;
  for (const batch of scanner.batches()) last = batch;
  const tornBytes = tornTail(segment, bytes, scanner, isLast, from)?.bytes.length ?? 0;
  if (last === undefined) return { end: undefined, tornBytes };
  const head = { logId: last.lastLogId, chain: last.chain };
  const offset = from + (last.offsets.at(-1) ?? 0);
  const receivedAt = last.entries.at(-1)?.receivedAt ?? "";
  return { end: { head, segment: segment.name, offset, receivedAt }, tornBytes };
}
