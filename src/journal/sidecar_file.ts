/**
 * The format of a sidecar: a line with what is known of the segment and the verdict on its
 * file, a line with where its lines are, in base64, and a line with the SHA-256, in
 * hexadecimal, of all bytes before it.
 */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import * as v from "valibot";
import type { FileStamp } from "./file_system.ts";
import { firstLogIdOf } from "./layout.ts";
import { FIRST_FORMAT_VERSION, FORMAT_VERSION } from "./line_codec.ts";
import { LineIndex } from "./line_index.ts";
import type { SealedSegment } from "./sealed_segment.ts";

const SIDECAR_FORMAT_VERSION = 1;
/** A file that is longer is not one of ours: a segment of 1 GiB has about 2 MiB of blocks. */
export const SIDECAR_BYTES_MAX = 64 * 1024 * 1024;

/** What a process that has read a whole segment knows of it. */
export interface Sidecar {
  readonly segment: SealedSegment;
  readonly index: LineIndex;
  /** The file as it was when every line in it was verified. */
  readonly verdict: FileStamp;
}

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const time = v.pipe(v.number(), v.finite());

const header = v.strictObject({
  formatVersion: v.literal(SIDECAR_FORMAT_VERSION),
  segment: v.string(),
  bytes: count,
  lastLogId: count,
  chainBefore: v.string(),
  chain: v.string(),
  stopped: v.boolean(),
  segmentFormat: v.pipe(v.number(), v.minValue(FIRST_FORMAT_VERSION), v.maxValue(FORMAT_VERSION)),
  lines: count,
  verdict: v.strictObject({ bytes: count, inode: count, modifiedMs: time, changedMs: time }),
});

export function encodedSidecar({ segment, index, verdict }: Sidecar): Uint8Array {
  const { name, bytes, lastLogId, chainBefore, chain, stopped, formatVersion } = segment;
  const first: v.InferOutput<typeof header> = {
    formatVersion: SIDECAR_FORMAT_VERSION,
    segment: name,
    bytes,
    lastLogId,
    chainBefore,
    chain,
    stopped,
    segmentFormat: formatVersion,
    lines: index.lines,
    verdict,
  };
  const content = `${JSON.stringify(first)}\n${Buffer.from(index.blocks).toString("base64")}\n`;
  return Buffer.from(content + trailerOf(Buffer.from(content)));
}

/** What a sidecar says, or why it says nothing. */
export function decodedSidecar(bytes: Uint8Array<ArrayBuffer>): Sidecar | string {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const content = file.subarray(0, Math.max(0, file.length - TRAILER_BYTES));
  if (trailerOf(content) !== file.toString("latin1", content.length)) {
    return "the content does not match its sha256";
  }
  const newline = content.indexOf("\n");
  const found = v.safeParse(header, jsonIn(content.toString("utf8", 0, newline)));
  if (!found.success) return "another version wrote it";
  const { segment: name, bytes: length, lastLogId, chainBefore, chain, stopped } = found.output;
  const firstLogId = firstLogIdOf(name);
  if (firstLogId === undefined) return "it is not of a segment";
  const segment = {
    name,
    firstLogId,
    bytes: length,
    lastLogId,
    chainBefore,
    chain,
    stopped,
    formatVersion: found.output.segmentFormat,
  };
  const blocks = Buffer.from(content.toString("latin1", newline + 1), "base64");
  const index = LineIndex.of(blocks, lastLogId - firstLogId + 1, found.output.lines);
  return { segment, index, verdict: found.output.verdict };
}

const TRAILER_BYTES = trailerOf(Buffer.from("")).length;

function trailerOf(content: Buffer): string {
  return `{"sha256":"${createHash("sha256").update(content).digest("hex")}"}\n`;
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
