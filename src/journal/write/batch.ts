/** Groups that will become durable together, encoded as they arrive. */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import type { Work } from "../../core/work.ts";
import { type Appended, LINE_OVERHEAD_BYTES, type UnplacedEvent } from "../../engine/ports.ts";
import {
  CHAIN_FIELD_BYTES,
  CHAIN_LENGTH,
  chainField,
  chainHash,
  LINE_END,
  lineBody,
  resolveCause,
  toEntry,
  writeCrc,
  writtenAttributes,
} from "../format/line_codec.ts";
import { NEWLINE } from "../format/line_bytes.ts";
import type { SealedBatch } from "../read/segment_scanner.ts";
import {
  type StampedEvent,
  stampedEvent,
  type Stamping,
  withoutInherited,
} from "../format/stamped_event.ts";

/**
 * A group with its attributes encoded as JSON, so that values that cannot be encoded are found
 * early.
 */
export interface EncodedGroup {
  readonly events: readonly UnplacedEvent[];
  readonly attributes: readonly string[];
  /** Estimated, of its lines; for limits only. */
  readonly bytes: number;
}

/**
 * @throws {TypeError} when attributes hold a value that JSON cannot represent.
 * @throws {RangeError} when a cause names a draft that the group does not have.
 */
export function encodedGroup(events: readonly UnplacedEvent[]): EncodedGroup {
  for (const event of events) resolveCause(withoutInherited(event).causedBy, 1, events.length);
  const attributes = events.map(attributesText);
  let bytes = LINE_OVERHEAD_BYTES * events.length;
  for (const { length } of attributes) bytes += length;
  return { events, attributes, bytes };
}

function attributesText(event: UnplacedEvent): string {
  return JSON.stringify(writtenAttributes(event));
}

/**
 * A larger batch is sealed in pieces of about this many characters or bytes, to let others in
 * between.
 */
const PIECE_LENGTH = 262_144;
const encoder = new TextEncoder();
/** Until the chain before a batch is known, only its length is. */
const CHAIN_PLACEHOLDER = "-".repeat(CHAIN_LENGTH);

export class Batch {
  readonly #openingLength: number;
  readonly #entries: JobEventLogEntry[] = [];
  /** Shared by all groups: they become durable or fail together. */
  readonly #durable = Promise.withResolvers<void>();
  /** The lines after the opening one, without crcs and without the last line's end: whole pieces. */
  readonly #pieces: string[] = [];
  /** The last piece. */
  #text = "";
  /** Of all pieces. */
  #length = 0;
  /** Offset of each line in the bytes, provided that every character takes one. */
  readonly #offsets: number[] = [];
  #sealed: SealedBatch | undefined;

  /**
   * With an `opening`, the batch begins a segment, and the opening event takes the first position.
   */
  constructor(readonly firstLogId: LogId, private readonly opening?: StampedEvent) {
    this.#openingLength = this.#openingLine(CHAIN_PLACEHOLDER).text.length;
    if (this.opensSegment) this.#offsets.push("\n".length);
    this.#durable.promise.catch(() => {}); // The outcome may be awaited later, or never.
  }

  get opensSegment(): boolean {
    return this.opening !== undefined;
  }

  /** The position after the last one assigned so far. */
  get nextLogId(): LogId {
    return this.firstLogId + (this.opensSegment ? 1 : 0) + this.#entries.length;
  }

  /** Bytes on disk if nothing more is added; before `seal`, an estimate that counts characters. */
  get sealedBytes(): number {
    const unsealed = "\n".length + this.#openingLength + this.#length + CHAIN_FIELD_BYTES +
      LINE_END.length;
    return this.#sealed?.bytes.length ?? unsealed;
  }

  /** Number of entries that were added. */
  get size(): number {
    return this.#entries.length;
  }

  /**
   * Adds a whole group. The promise settles when `resolve` or `reject` is called.
   *
   * @param receivedAt The time of receipt of all of it; defaults to that of each event, or to now.
   */
  add({ events, attributes }: EncodedGroup, stamping: Stamping, receivedAt?: string): Appended {
    const first = this.nextLogId;
    const before = this.#entries.length;
    for (let index = 0; index < events.length; index++) {
      const event = stampedEvent(events[index] as UnplacedEvent, receivedAt, stamping);
      const causedBy = resolveCause(event.causedBy, first, events.length);
      this.#addLine(first + index, event, causedBy, attributes[index] ?? "{}");
    }
    return { entries: this.#entries.slice(before), durable: this.#durable.promise };
  }

  /**
   * Completes the batch, which follows the batch with the given chain. Nothing can be added once
   * this has begun.
   */
  *sealing(previousChain: string): Work<SealedBatch> {
    const opening = this.#openingLine(previousChain);
    const ending = chainField(CHAIN_PLACEHOLDER) + LINE_END;
    const bytes = yield* encoded(`\n${opening.text}`, this.#pieces, this.#text + ending);
    const isAscii = bytes.length === this.sealedBytes;
    const offsets = isAscii ? this.#offsets : lineStarts(bytes);
    return this.#sealed = {
      firstLogId: this.firstLogId,
      lastLogId: this.nextLogId - 1,
      entries: this.opensSegment ? [...opening.entries, ...this.#entries] : this.#entries,
      bytes,
      offsets,
      previousChain,
      chain: yield* writeChain(bytes, offsets, previousChain),
      opensSegment: this.opensSegment,
    };
  }

  /** Resolves the promises of its groups: they are durable. */
  resolve(): void {
    this.#durable.resolve();
  }

  /** Rejects the promises of its groups: they are not durable. */
  reject(error: Error): void {
    this.#durable.reject(error);
  }

  #addLine(
    logId: LogId,
    event: StampedEvent,
    causedBy: LogId | undefined,
    attributes: string,
  ): void {
    if (this.#text.length >= PIECE_LENGTH) {
      this.#pieces.push(this.#text);
      this.#text = "";
    }
    const end = this.#entries.length > 0 ? LINE_END : "";
    const body = lineBody(this.firstLogId, logId, event, causedBy, attributes);
    this.#offsets.push("\n".length + this.#openingLength + this.#length + end.length);
    this.#text += end + body;
    this.#length += end.length + body.length;
    this.#entries.push(toEntry(logId, event, causedBy));
  }

  /** The line that opens the segment, and its entry; empty if the batch opens none. */
  #openingLine(previousChain: string): { text: string; entries: readonly JobEventLogEntry[] } {
    if (this.opening === undefined) return { text: "", entries: [] };
    // The first batch of the journal follows no chain.
    const follows = this.firstLogId === 1 ? {} : { previousChain };
    const attributes = { ...this.opening.attributes, ...follows };
    const opening = { ...this.opening, attributes } as StampedEvent;
    const logId = this.firstLogId;
    const body = lineBody(logId, logId, opening, undefined, JSON.stringify(attributes));
    return { text: body + LINE_END, entries: [toEntry(logId, opening, undefined)] };
  }
}

/** Writes the crc of each line, and the chain of the batch, which it returns. */
function* writeChain(
  bytes: Uint8Array,
  offsets: readonly number[],
  previousChain: string,
): Work<string> {
  const [first = 0] = offsets;
  const hash = chainHash(previousChain);
  let [last, hashed] = [first, first];
  for (const offset of offsets) {
    if (offset > last) writeCrc(bytes, last, offset);
    last = offset;
    if (last - hashed < PIECE_LENGTH) continue;
    hash.update(bytes.subarray(hashed, last));
    hashed = last;
    yield;
  }
  const chainAt = bytes.length - LINE_END.length - CHAIN_FIELD_BYTES;
  const chain = hash.update(bytes.subarray(hashed, chainAt)).digest("base64url");
  encoder.encodeInto(chainField(chain), bytes.subarray(chainAt));
  writeCrc(bytes, last, bytes.length);
  return chain;
}

/** Text as UTF-8. */
function* encoded(
  first: string,
  pieces: readonly string[],
  last: string,
): Work<Uint8Array<ArrayBuffer>> {
  if (pieces.length === 0) return utf8(first + last);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (const piece of [first, ...pieces, last]) {
    parts.push(utf8(piece));
    yield;
  }
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
    yield;
  }
  return bytes;
}

/** As many bytes as the text has UTF-16 code units if it is ASCII, which is encoded faster. */
function utf8(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  const { read } = encoder.encodeInto(text, bytes);
  return read === text.length ? bytes : encoder.encode(text);
}

/** Byte offsets of the lines that are not blank. */
function lineStarts(bytes: Uint8Array): number[] {
  const starts: number[] = [];
  for (let start = 0; start < bytes.length;) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline;
    if (end > start) starts.push(start);
    start = end + 1;
  }
  return starts;
}
