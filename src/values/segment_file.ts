/** Reads segments in the thread of the index, verifies full ones, and collects garbage meanwhile. */

import { setImmediate } from "node:timers";
import { collectGarbage } from "../engine/collector.ts";
import type { OpenFile } from "../journal/files/file_system.ts";
import { type ProvableSegment, requireWhole } from "../journal/read/segment_proof.ts";

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

function pauses(): () => Promise<void> | undefined {
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
export function readInto(
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
export function collectAfter(bytes: number): void {
  readBytes += bytes;
  if (readBytes < READ_BYTES) return;
  readBytes = 0;
  collectGarbage();
}
