/**
 * Reads the segments of a journal in the thread of the index: passes on their durable lines, while
 * the process writes them, and verifies full segments. Collects garbage meanwhile.
 */

import { Buffer } from "node:buffer";
import { setImmediate } from "node:timers";
import type { LogId } from "../core/ids.ts";
import { parseJsonText } from "../core/json_text.ts";
import { FILED_TYPES, type FiledEntry } from "../engine/views/value_keys.ts";
import type { LinePoint } from "../index/value_rows.ts";
import { segmentName } from "../journal/layout.ts";
import { chainIn, crcHolds, isCommit, LineCursor } from "../journal/format/line_bytes.ts";
import {
  CHAIN_FIELD_BYTES,
  CHAIN_KEY,
  CHAIN_LENGTH,
  CRC_SUFFIX_BYTES,
} from "../journal/format/line_codec.ts";
import { collectGarbage } from "../engine/collector.ts";
import type { Pause } from "../engine/turns.ts";
import type { OpenFile } from "../journal/files/file_system.ts";
import { type ProvableSegment, requireWhole } from "../journal/read/segment_proof.ts";

/** Bytes read at once: a few milliseconds of work. */
const PIECE_BYTES = 128 * 1024;
/** The longest line. */
const LINE_BYTES_MAX = 256 * 1024 * 1024;
const STRATUM_KEY = '"stratum":"';
const TYPE_KEY = '"eventType":"';
const JOB_KEY = ',"jobId":"';
const ATTRIBUTES_KEY = ',"attributes":';
const FILED = FILED_TYPES.map((type) => `${type}"`);

/** Receives what is read. */
export interface LineSink {
  /** An entry that carries data from outside. */
  entry(entry: FiledEntry): void;
  /** Everything up to here was read. */
  batchEnd(point: LinePoint): void;
}

/** Lines after the last durable position are ignored, even if they are on disk. */
export class DurableLines {
  #segment: LogId = 1;
  #offset = 0;
  #next: LogId = 1;
  #file: Deno.FsFile | undefined;
  #pieceBytes = PIECE_BYTES;
  /** For one piece after another. */
  #buffer = new Uint8Array();
  #isWithinBatch = false;

  /** @param folder The folder of the segments. */
  constructor(private readonly folder: string) {}

  /** The position after the last line that was read. */
  get next(): LogId {
    return this.#next;
  }

  get isWithinBatch(): boolean {
    return this.#isWithinBatch;
  }

  /** Starts over with the first line. */
  begin(): void {
    this.close();
    [this.#segment, this.#offset, this.#next] = [1, 0, 1];
    [this.#pieceBytes, this.#isWithinBatch] = [PIECE_BYTES, false];
  }

  /** Continues from a point; if the lines there are different, returns `false` and starts over. */
  continueFrom(point: LinePoint): boolean {
    this.begin();
    if (!this.#confirms(point)) return false;
    this.#segment = point.segment;
    this.#offset = point.offset;
    this.#next = point.logId + 1;
    return true;
  }

  /**
   * Reads one piece, up to the last durable position.
   *
   * @throws {Error} if a line cannot be read, or is damaged.
   */
  read(durable: LogId, taker: LineSink): void {
    if (this.#next > durable) return;
    const bytes = this.#piece();
    const cursor = new LineCursor(bytes);
    let read = 0;
    try {
      while (this.#next <= durable && cursor.next()) {
        if (cursor.start < cursor.end) this.#take(bytes, cursor, taker);
        read = cursor.offset;
      }
    } finally {
      this.#offset += read;
      collectAfter(read);
    }
    if (this.#next > durable) return;
    if (read > 0) this.#pieceBytes = PIECE_BYTES;
    else this.#goFurther(bytes.length);
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  #take(bytes: Uint8Array, line: LineCursor, taker: LineSink): void {
    const { text, start, end, byteStart, byteEnd } = line;
    const logId = this.#next;
    if (!text.startsWith(`{"logId":${logId},`, start)) throw this.#flaw("is not there");
    const isEnd = isCommit(bytes, byteEnd);
    if (isFiled(text, start)) {
      if (!crcHolds(bytes, byteStart, byteEnd)) throw this.#flaw("does not match its crc");
      const attributesEnd = end - CRC_SUFFIX_BYTES - (isEnd ? CHAIN_FIELD_BYTES : 0);
      taker.entry(filedEntry(text, start, attributesEnd, logId));
    }
    this.#next++;
    this.#isWithinBatch = !isEnd;
    if (!isEnd) return;
    const offset = this.#offset + line.offset;
    taker.batchEnd({ logId, chain: chainIn(line), segment: this.#segment, offset });
  }

  /** Moves on to the next segment, or reads a larger piece. */
  #goFurther(bytesRead: number): void {
    if (bytesRead === this.#pieceBytes && bytesRead < LINE_BYTES_MAX) {
      this.#pieceBytes *= 4;
      return;
    }
    if (this.#isWithinBatch || this.#next === this.#segment) throw this.#flaw("is not there");
    const file = this.#openSegment(this.#next);
    this.close();
    this.#file = file;
    [this.#segment, this.#offset, this.#pieceBytes] = [this.#next, 0, PIECE_BYTES];
  }

  #piece(): Uint8Array<ArrayBuffer> {
    this.#file ??= this.#openSegment(this.#segment);
    if (this.#buffer.length !== this.#pieceBytes) this.#buffer = new Uint8Array(this.#pieceBytes);
    return readInto(this.#buffer, this.#file, this.#offset);
  }

  #openSegment(firstLogId: LogId): Deno.FsFile {
    return Deno.openSync(`${this.folder}/${segmentName(firstLogId)}`);
  }

  #confirms({ chain, segment, offset }: LinePoint): boolean {
    // The chain is followed by a quotation mark, the crc and a newline.
    const start = offset - 1 - CRC_SUFFIX_BYTES - 1 - CHAIN_LENGTH - CHAIN_KEY.length;
    if (start < 0) return false;
    try {
      using file = this.#openSegment(segment);
      const bytes = Buffer.alloc(CHAIN_KEY.length + CHAIN_LENGTH);
      readInto(bytes, file, start);
      return bytes.toString("latin1") === CHAIN_KEY + chain;
    } catch {
      return false;
    }
  }

  #flaw(what: string): Error {
    return new Error(`the line of entry ${this.#next} ${what}`);
  }
}

/** Whether an entry comes from outside, or its type carries data from outside. */
function isFiled(text: string, start: number): boolean {
  const stratum = text.indexOf(STRATUM_KEY, start) + STRATUM_KEY.length;
  if (!text.startsWith("framework", stratum)) return true;
  const type = text.indexOf(TYPE_KEY, stratum) + TYPE_KEY.length;
  return FILED.some((filed) => text.startsWith(filed, type));
}

/** The parts that are indexed; nothing before the attributes has escapes. */
function filedEntry(text: string, start: number, end: number, logId: LogId): FiledEntry {
  const attributes = text.indexOf(ATTRIBUTES_KEY, start);
  const head = text.slice(start, attributes);
  const jobId = textAfter(JOB_KEY, head);
  return {
    logId,
    stratum: textAfter(STRATUM_KEY, head),
    eventType: textAfter(TYPE_KEY, head),
    ...(jobId === undefined ? {} : { jobId }),
    attributes: parseJsonText(text.slice(attributes + ATTRIBUTES_KEY.length, end)),
  } as FiledEntry;
}

function textAfter(key: string, head: string): string | undefined {
  const at = head.indexOf(key);
  return at < 0 ? undefined : head.slice(at + key.length, head.indexOf('"', at + key.length));
}

/** How long it works before the thread looks for messages. */
const SLICE_MS = 4;

/** Whether the file is the segment; `false` also if it cannot be read. */
export async function isWholeSegment(path: string, segment: ProvableSegment): Promise<boolean> {
  try {
    using file = Deno.openSync(path);
    await requireWhole(source(file), segment, pauses());
    return true;
  } catch {
    return false; // The engine reads it again, to say what is wrong.
  } finally {
    collectAfter(segment.bytes);
  }
}

function source(file: Deno.FsFile): Pick<OpenFile, "read" | "size"> {
  return {
    size: () => Promise.resolve(file.statSync().size),
    read: (offset, length, into = new Uint8Array(length)) =>
      Promise.resolve(readInto(into.subarray(0, length), file, offset)),
  };
}

function pauses(): Pause {
  let endMs = performance.now() + SLICE_MS;
  return () => {
    if (performance.now() < endMs) return undefined;
    return new Promise((resolve) =>
      setImmediate(() => {
        endMs = performance.now() + SLICE_MS;
        resolve();
      })
    );
  };
}

/** Returns the beginning that was read: less than the whole only at the end of the file. */
function readInto(
  buffer: Uint8Array<ArrayBuffer>,
  file: Deno.FsFile,
  offset: number,
): Uint8Array<ArrayBuffer> {
  file.seekSync(offset, Deno.SeekMode.Start);
  let filled = 0;
  while (filled < buffer.length) {
    const read = file.readSync(buffer.subarray(filled));
    if (read === null) break;
    filled += read;
  }
  return buffer.subarray(0, filled);
}

/** Bytes of lines that the thread reads between two collections. */
const READ_BYTES = 64 * 1024 * 1024;

let readBytes = 0;

/**
 * Collects if due, after these bytes of lines were read. V8 would hardly ever collect the whole
 * heap: it does not count hashes, of which a proof takes one for each batch. And it would keep the
 * largest young generation that the flags of the process allow, since they override the limits of a
 * thread.
 */
function collectAfter(bytes: number): void {
  readBytes += bytes;
  if (readBytes < READ_BYTES) return;
  readBytes = 0;
  collectGarbage();
}
