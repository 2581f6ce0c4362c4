/** Reads a segment batch by batch and verifies everything that can be verified. Pure. */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import { runToEnd, type Work } from "../../core/work.ts";
import {
  CHAIN_FIELD_BYTES,
  chainAfter,
  chainField,
  CRC_SUFFIX_BYTES,
  FIRST_FORMAT_VERSION,
  FORMAT_VERSION,
} from "../format/line_codec.ts";
import {
  chainIn,
  crcHolds,
  isCommit,
  isTextAt,
  LineCursor,
  NEWLINE,
} from "../format/line_bytes.ts";
import { entryIn, positionFlaw } from "../format/line_reader.ts";

/** Lines that are read between two pauses. */
const LINES_PER_PAUSE = 250;

/** The first damage in a segment. */
interface Flaw {
  /** Byte offset of the damaged line. */
  readonly offset: number;
  /** The position that should be there. */
  readonly logId: LogId;
  readonly reason: string;
  /**
   * Whether an interrupted write can look like this. A line whose `crc` matches was written
   * completely, so if it is still wrong, it is not torn.
   */
  readonly maybeTorn: boolean;
  /** Whether the segment is fine but too new for this version. */
  readonly byNewerVersion: boolean;
}

/** Where a scan begins: at the first line of a segment, or after a whole batch. */
export type ScanStart = "opening" | "later";

export interface ScannedBatch {
  readonly firstLogId: LogId;
  readonly lastLogId: LogId;
  /** Without entries before `parsedFrom`, which are only verified. */
  readonly entries: readonly JobEventLogEntry[];
  /** Byte offset of the blank line that begins it. */
  readonly offset: number;
  /** Byte offset of the line of each entry. */
  readonly offsets: readonly number[];
  readonly chain: string;
}

/** A batch as it is written to disk, in one write. */
export interface SealedBatch extends Omit<ScannedBatch, "offset"> {
  /** Its lines, as they are in a segment; the offsets are relative to them. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The chain before it; empty for the first batch. */
  readonly previousChain: string;
  /** Whether its first entry is the first of a segment. */
  readonly opensSegment: boolean;
}

export class SegmentScanner {
  readonly #bytes: Uint8Array;
  readonly #cursor: LineCursor;
  #chain: string | undefined;
  #nextLogId: LogId;
  #end = 0;
  #flaw: Flaw | undefined;
  #formatVersion: number | undefined;
  /**
   * Whether the crc of each line is checked even if the chain of its batch holds, which proves all
   * its bytes. If the chain does not hold, the crcs tell which line is wrong.
   */
  checksCrcs = true;
  /** Whether batches are verified by their chains. Otherwise the segment was proven before. */
  checksChains = true;
  /**
   * The first position whose line is parsed. Earlier lines are only verified: by their chain, or if
   * crcs are checked, one by one (crc, batch, position and chain).
   */
  parsedFrom: LogId = 1;

  /** @param chain The chain before the bytes; if `undefined`, taken from the opening line. */
  constructor(
    bytes: Uint8Array<ArrayBuffer>,
    firstLogId: LogId,
    chain: string | undefined,
    private readonly start: ScanStart = "opening",
  ) {
    this.#bytes = bytes;
    this.#cursor = new LineCursor(bytes);
    this.#nextLogId = firstLogId;
    this.#chain = chain;
  }

  /** The position after the last whole batch. */
  get nextLogId(): LogId {
    return this.#nextLogId;
  }

  /** The chain of the last whole batch. */
  get chain(): string {
    return this.#chain ?? "";
  }

  /** Byte offset after the last whole batch. */
  get end(): number {
    return this.#end;
  }

  /** The format version in the opening line, once that is read. */
  get formatVersion(): number | undefined {
    return this.#formatVersion;
  }

  /** The flaw that stopped the scan; `undefined` if there is none so far. */
  get flaw(): Flaw | undefined {
    return this.#flaw;
  }

  /** The batches up to the end, or up to the first flaw. */
  *batches(): Generator<ScannedBatch> {
    for (let batch = this.next(); batch !== undefined; batch = this.next()) yield batch;
  }

  /** The next batch, or `undefined` at the end or at the first flaw. */
  next(): ScannedBatch | undefined {
    return runToEnd(this.scanning());
  }

  /** Like `next`, with places to pause in a large batch. */
  *scanning(): Work<ScannedBatch | undefined> {
    if (this.#flaw !== undefined || this.#cursor.atEnd) return undefined;
    const batch = this.checksCrcs
      ? yield* this.#batch()
      : this.#provenBatch() ?? (yield* this.#batch()) ?? (yield* this.#checkedBatch());
    if (batch === undefined) return undefined;
    this.#nextLogId = batch.lastLogId + 1;
    this.#chain = batch.chain;
    this.#end = this.#cursor.offset;
    return batch;
  }

  /**
   * The next batch if nothing of it is parsed and its chain alone proves that its bytes are those
   * that were written. Otherwise the scan stays where it is, and the lines are read one by one.
   */
  #provenBatch(): ScannedBatch | undefined {
    const [cursor, firstLogId, offset] = [this.#cursor, this.#nextLogId, this.#end];
    if (this.#isOpening(firstLogId) || firstLogId >= this.parsedFrom) return undefined;
    const offsets: number[] = [];
    let isNext = cursor.skipBlank();
    do {
      isNext &&= cursor.next();
      offsets.push(cursor.byteStart);
    } while (isNext && !isCommit(this.#bytes, cursor.byteEnd));
    const lastLogId = firstLogId + offsets.length - 1;
    const isSkipped = isNext && lastLogId < this.parsedFrom;
    const chain = isSkipped ? this.#provenChain(cursor.byteStart, cursor.byteEnd) : undefined;
    if (chain !== undefined) return { firstLogId, lastLogId, entries: [], offset, offsets, chain };
    cursor.moveTo(offset);
    return undefined;
  }

  /** The chain of the batch from `#end` on, if the last line, from `start` to `end`, has it. */
  #provenChain(start: number, end: number): string | undefined {
    if (!crcHolds(this.#bytes, start, end)) return undefined;
    if (!this.checksChains) return chainIn(this.#cursor);
    const chainAt = end - CRC_SUFFIX_BYTES - CHAIN_FIELD_BYTES;
    const chain = chainAfter(this.chain, this.#bytes.subarray(this.#end + 1, chainAt));
    return isTextAt(this.#bytes, chainAt, chainField(chain)) ? chain : undefined;
  }

  /** Reads the batch again, line by line, to find its first flaw. */
  *#checkedBatch(): Work<ScannedBatch | undefined> {
    this.#flaw = undefined;
    this.#cursor.moveTo(this.#end);
    this.checksCrcs = true;
    return yield* this.#batch();
  }

  *#batch(): Work<ScannedBatch | undefined> {
    const cursor = this.#cursor;
    if (!cursor.skipBlank()) return this.#missingBlank();
    const bodyStart = cursor.offset;
    const entries: JobEventLogEntry[] = [];
    const offsets: number[] = [];
    for (let logId = this.#nextLogId;; logId++) {
      const entry = this.#entry(logId);
      if (entry === undefined) return undefined;
      if (entry !== "verified") entries.push(entry);
      offsets.push(cursor.byteStart);
      if (offsets.length % LINES_PER_PAUSE === 0) yield;
      if (!isCommit(this.#bytes, cursor.byteEnd)) continue;
      const chain = this.#verifiedChain(bodyStart, logId);
      if (chain === undefined) return undefined;
      const [firstLogId, offset] = [this.#nextLogId, this.#end];
      return { firstLogId, lastLogId: logId, entries, offset, offsets, chain };
    }
  }

  #entry(logId: LogId): JobEventLogEntry | "verified" | undefined {
    const cursor = this.#cursor;
    if (!cursor.next()) {
      return this.#torn(cursor.offset, logId, "the line is not whole, or not UTF-8");
    }
    const isOpening = this.#isOpening(logId);
    const isParsed = logId >= this.parsedFrom || isOpening;
    const commit = isCommit(this.#bytes, cursor.byteEnd);
    const isProven = !isOpening && !commit && !this.checksCrcs;
    if (!isProven && !crcHolds(this.#bytes, cursor.byteStart, cursor.byteEnd)) {
      return this.#torn(cursor.byteStart, logId, "the line does not match its crc");
    }
    if (!isParsed) {
      const flaw = positionFlaw(cursor, logId, this.#nextLogId);
      return flaw === undefined ? "verified" : this.#wrong(logId, flaw);
    }
    const entry = entryIn(cursor, logId, this.#nextLogId, commit);
    if (typeof entry === "string") return this.#wrong(logId, entry);
    return isOpening ? this.#opened(entry) : entry;
  }

  #isOpening(logId: LogId): boolean {
    return this.start === "opening" && this.#end === 0 && logId === this.#nextLogId;
  }

  /** The first entry of a segment names the format and the chain that it follows. */
  #opened(entry: JobEventLogEntry): JobEventLogEntry | undefined {
    const { logId } = entry;
    if (entry.eventType !== "journal.SegmentOpened") {
      return this.#wrong(logId, "a segment must begin with journal.SegmentOpened");
    }
    const { formatVersion } = entry.attributes as Record<string, unknown>;
    if (!isRead(formatVersion)) {
      const reason = `this version of Daybook does not read format version ${formatVersion}`;
      return this.#wrong(logId, reason, true);
    }
    this.#formatVersion = formatVersion;
    const reason = this.#previousChainFlaw(entry);
    return reason === undefined ? entry : this.#wrong(logId, reason);
  }

  #previousChainFlaw(entry: JobEventLogEntry): string | undefined {
    const { previousChain = "" } = entry.attributes as Record<string, unknown>;
    if (typeof previousChain !== "string") return "previousChain is not text";
    this.#chain ??= previousChain;
    return previousChain === this.#chain ? undefined : "previousChain is not the chain before it";
  }

  #verifiedChain(bodyStart: number, logId: LogId): string | undefined {
    const chain = chainIn(this.#cursor);
    if (!this.checksChains) return chain;
    const chainAt = this.#cursor.byteEnd - CRC_SUFFIX_BYTES - CHAIN_FIELD_BYTES;
    const expected = chainAfter(this.chain, this.#bytes.subarray(bodyStart, chainAt));
    return chain === expected ? chain : this.#wrong(logId, "the batch does not match its chain");
  }

  #missingBlank(): undefined {
    const start = this.#cursor.offset;
    const newline = this.#bytes.indexOf(NEWLINE, start);
    const isWhole = newline >= 0 && crcHolds(this.#bytes, start, newline);
    this.#stop(start, this.#nextLogId, "a batch must begin with a blank line", !isWhole);
  }

  #torn(offset: number, logId: LogId, reason: string): undefined {
    this.#stop(offset, logId, reason, true);
  }

  #wrong(logId: LogId, reason: string, byNewerVersion = false): undefined {
    this.#stop(this.#cursor.byteStart, logId, reason, false, byNewerVersion);
  }

  #stop(
    offset: number,
    logId: LogId,
    reason: string,
    maybeTorn: boolean,
    byNewerVersion = false,
  ): void {
    this.#flaw = { offset, logId, reason, maybeTorn, byNewerVersion };
  }
}

function isRead(formatVersion: unknown): formatVersion is number {
  return typeof formatVersion === "number" && Number.isInteger(formatVersion) &&
    formatVersion >= FIRST_FORMAT_VERSION && formatVersion <= FORMAT_VERSION;
}
