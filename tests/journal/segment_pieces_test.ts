/** Whatever the size of the pieces, the result equals that of reading the whole segment. */

import assert from "node:assert/strict";
import type { OpenFile } from "../../src/journal/file_system.ts";
import { findSegmentEnd } from "../../src/journal/segment_end.ts";
import { readPieces } from "../../src/journal/segment_pieces.ts";
import { SegmentScanner } from "../../src/journal/segment_scanner.ts";
import { withBlankEnd } from "../support/journal/journal_bytes.ts";
import { rounds } from "../support/effort.ts";
import {
  contentOf,
  flipped,
  SEGMENTS,
  writtenWithSidecars,
} from "../support/journal/sidecar_journal.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const SEGMENT = { name: "00000000000000000001.ndjson" };

/** Batches by their places, and how it ends. */
interface Found {
  readonly batches: readonly unknown[];
  readonly end: unknown;
  readonly next: readonly [number, string];
}

const placeOf = ({ firstLogId, lastLogId, chain }: ReturnType<SegmentScanner["next"]> & object) =>
  [firstLogId, lastLogId, chain] as const;

function foundWhole(bytes: Bytes, isLast: boolean): Found {
  const scanner = new SegmentScanner(bytes, 1, "");
  const batches: unknown[] = [];
  for (let batch = scanner.next(); batch !== undefined; batch = scanner.next()) {
    batches.push([...placeOf(batch), batch.offsets, batch.entries]);
  }
  const end = findSegmentEnd(SEGMENT, bytes, scanner, isLast);
  return { batches, end, next: [scanner.nextLogId, scanner.chain] };
}

async function foundInPieces(
  file: Pick<OpenFile, "read">,
  length: number,
  isLast: boolean,
  pieceBytes: number,
): Promise<Found> {
  const batches: unknown[] = [];
  let found: Found | undefined;
  const options = { file, bytes: length, firstLogId: 1, chain: "", parsedFrom: 1, pieceBytes };
  for await (const { bytes, scanner, from, isLast: isEnd } of readPieces(options)) {
    assert.equal(found, undefined, "nothing comes after the last piece");
    for (let batch = scanner.next(); batch !== undefined; batch = scanner.next()) {
      const offsets = batch.offsets.map((offset) => from + offset);
      batches.push([...placeOf(batch), offsets, batch.entries]);
    }
    if (!isEnd) continue;
    const next = [scanner.nextLogId, scanner.chain] as const;
    found = { batches, end: findSegmentEnd(SEGMENT, bytes, scanner, isLast, from), next };
  }
  return found ?? assert.fail("there is a last piece");
}

function fileOf(bytes: Bytes): Pick<OpenFile, "read"> {
  return {
    read: (offset, length) => Promise.resolve(bytes.slice(offset, offset + length)),
  };
}

/** Overwrites the memory that it is given at once, as a fast disk does. */
function overwriting(bytes: Bytes): Pick<OpenFile, "read"> {
  return {
    read: (offset, length, into = new Uint8Array(length)) => {
      const part = bytes.subarray(offset, offset + length);
      into.set(part);
      return Promise.resolve(into.subarray(0, part.length));
    },
  };
}

async function segment(): Promise<Bytes> {
  const { disk, sealed } = await writtenWithSidecars(6_000);
  return contentOf(disk, `${SEGMENTS}/${sealed[0]}`);
}

async function assertSame(bytes: Bytes, what: string): Promise<void> {
  for (const isLast of [true, false]) {
    const whole = foundWhole(bytes, isLast);
    for (const pieceBytes of [100, 700, 3_000]) {
      for (const file of [fileOf(bytes), overwriting(bytes)]) {
        const found = await foundInPieces(file, bytes.length, isLast, pieceBytes);
        assert.deepEqual(found, whole, `${what}, pieces of ${pieceBytes}`);
      }
    }
  }
}

Deno.test("segment pieces: a whole segment, an empty one and one with blank lines at its end", async () => {
  const bytes = await segment();
  assert.ok(foundWhole(bytes, true).batches.length > 10);
  await assertSame(bytes, "whole");
  await assertSame(new Uint8Array(), "empty");
  await assertSame(withBlankEnd(bytes, 5_000), "written ahead");
});

Deno.test("segment pieces: damage and torn ends, wherever they are", async () => {
  const bytes = await segment();
  for (let at = 0; at < bytes.length; at += rounds(97, 7)) {
    await assertSame(flipped(bytes, at, 1 << (at % 8)), `a flipped bit in byte ${at}`);
    await assertSame(bytes.slice(0, at), `cut to ${at}`);
    const blank = bytes.slice();
    blank.fill(10, at, at + 200);
    await assertSame(blank, `blank from ${at} on`);
  }
});

Deno.test("segment pieces: a file that has become shorter is read to its new end", async () => {
  const bytes = await segment();
  const whole = foundWhole(bytes, true);
  const found = await foundInPieces(fileOf(bytes), bytes.length + 10_000, true, 700);
  assert.deepEqual(found, whole);
});

Deno.test("segment pieces: only a few pieces are in memory, except for long batches", async () => {
  const bytes = await segment();
  let most = 0;
  const memory = new Set<ArrayBuffer>();
  const options = { file: overwriting(bytes), bytes: bytes.length, firstLogId: 1, chain: "" };
  for await (const piece of readPieces({ ...options, parsedFrom: 1, pieceBytes: 2_500 })) {
    while (piece.scanner.next() !== undefined);
    most = Math.max(most, piece.bytes.length);
    memory.add(piece.bytes.buffer);
  }
  assert.ok(most <= 5_000, `${most} bytes`);
  assert.equal(memory.size, 2, "buffers");
});

Deno.test("segment pieces: a failed read is reported, and no read is left running", async () => {
  const bytes = await segment();
  let reading = 0;
  const file: Pick<OpenFile, "read"> = {
    read: async (offset, length) => {
      reading++;
      await Promise.resolve();
      reading--;
      if (offset > 2_000) throw new Error("the disk is gone");
      return bytes.slice(offset, offset + length);
    },
  };
  await assert.rejects(foundInPieces(file, bytes.length, true, 700), /the disk is gone/);
  assert.equal(reading, 0);
});
