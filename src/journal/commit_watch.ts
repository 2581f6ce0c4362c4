/** Tells of each batch how large it was and how long the disk took. */

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
