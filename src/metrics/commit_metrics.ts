/** Counts what the journal makes durable. */

import { exponentialBuckets, Histogram, type Registry } from "@prometheus-io/client";
import type { CommittedBatch, CommitWatch } from "../journal/commit_watch.ts";

/** From half a millisecond to about eight seconds. */
const SYNC_SECONDS = exponentialBuckets(0.0005, 2, 15);
const ENTRIES = exponentialBuckets(1, 2, 13);
/** From a KiB to 64 MiB, which is the most that one group takes. */
const BYTES = exponentialBuckets(1024, 4, 9);

export class CommitMetrics implements CommitWatch {
  readonly #sync: Histogram;
  readonly #entries: Histogram;
  readonly #bytes: Histogram;

  constructor(registry: Registry) {
    const histogram = (name: string, help: string, buckets: number[]) =>
      new Histogram({ name, help, buckets, registers: [registry] });
    this.#sync = histogram(
      "daybook_journal_sync_seconds",
      "How long a batch took to be written and synced.",
      SYNC_SECONDS,
    );
    this.#entries = histogram("daybook_journal_batch_entries", "Entries in a batch.", ENTRIES);
    this.#bytes = histogram("daybook_journal_batch_bytes", "Bytes of a batch.", BYTES);
  }

  committed({ entries, bytes, durationMs }: CommittedBatch): void {
    this.#sync.observe(durationMs / 1000);
    this.#entries.observe(entries);
    this.#bytes.observe(bytes);
  }
}
