/** Verifies full segments, in the thread of the index. */

import { setImmediate } from "node:timers";
import type { OpenFile } from "../journal/file_system.ts";
import { requireWhole, type SealedSegment } from "../journal/segment_proof.ts";

/** How long it works before the thread looks for messages. */
const SLICE_MS = 4;
/** Bytes of batches whose hashes may wait for the garbage collector: 10,000 batches take 3 MB. */
const HASHED_BYTES_MAX = 64 * 1024 * 1024;

let hashedBytes = 0;

/** Whether the file is the segment; `false` also if it cannot be read. */
export async function isWholeSegment(path: string, segment: SealedSegment): Promise<boolean> {
  try {
    using file = Deno.openSync(path);
    await requireWhole(source(file), segment, pauses());
    return true;
  } catch {
    return false; // The engine reads it again, to say what is wrong.
  } finally {
    freeHashes(segment.bytes);
  }
}

/**
 * Each batch takes a hash, whose memory is outside of V8's heap. Only a collection of the whole heap
 * frees it, and this thread does too little else to cause one. A buffer causes one by its size; it
 * takes no memory, since nothing is ever written to it.
 */
function freeHashes(bytes: number): void {
  hashedBytes += bytes;
  if (hashedBytes < HASHED_BYTES_MAX) return;
  hashedBytes = 0;
  try {
    new ArrayBuffer(HASHED_BYTES_MAX);
  } catch {
    // There is no address space for it. V8 has collected what it could before it said so.
  }
}

function source(file: Deno.FsFile): Pick<OpenFile, "read" | "size"> {
  return {
    size: () => Promise.resolve(file.statSync().size),
    read(offset, length, into = new Uint8Array(length)) {
      file.seekSync(offset, Deno.SeekMode.Start);
      let filled = 0;
      while (filled < length) {
        const read = file.readSync(into.subarray(filled, length));
        if (read === null) break;
        filled += read;
      }
      return Promise.resolve(into.subarray(0, filled));
    },
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
