/** Verifies full segments, in the thread of the index. */

import { setImmediate } from "node:timers";
import type { OpenFile } from "../journal/file_system.ts";
import { requireWhole, type SealedSegment } from "../journal/segment_proof.ts";
import { collectAfter } from "./collecting.ts";

/** How long it works before the thread looks for messages. */
const SLICE_MS = 4;

/** Whether the file is the segment; `false` also if it cannot be read. */
export async function isWholeSegment(path: string, segment: SealedSegment): Promise<boolean> {
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
