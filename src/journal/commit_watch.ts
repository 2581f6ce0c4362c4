/** Tells of each batch how large it was and how long the disk took. */

import { messageOf } from "../core/thrown.ts";
import type { Clock } from "../engine/ports.ts";
import type { BatchSink } from "./group_commit.ts";

export interface CommittedBatch {
  readonly entries: number;
  readonly bytes: number;
  /** From the first byte written until the disk said that all of it is there. */
  readonly durationMs: number;
}

/** Who counts batches. Every request waits for this: it must be quick. */
export interface CommitWatch {
  committed(batch: CommittedBatch): void;
}

/** The same sink, with somebody who is told of what it wrote; whose failure is only warned of. */
export function watchedSink(
  sink: BatchSink,
  clock: Clock,
  watch: CommitWatch,
  warn: (message: string) => void,
): BatchSink {
  const tell = (batch: CommittedBatch) => {
    try {
      watch.committed(batch);
    } catch (error) {
      // The batch is on disk: a journal that took this for its failure would be lost for it.
      warn(`Cannot count a batch: ${messageOf(error)}`);
    }
  };
  return {
    async write(batch) {
      const began = clock.monotonic();
      await sink.write(batch);
      tell({
        entries: batch.entries.length,
        bytes: batch.bytes.length,
        durationMs: clock.monotonic() - began,
      });
    },
  };
}
