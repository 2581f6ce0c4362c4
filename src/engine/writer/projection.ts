/** All that follows from the entries of a journal, and nothing else: no jobs are run. */

import type { JobEventLogEntry } from "../../core/event.ts";
import { EventIdIndex } from "./event_id_index.ts";
import { FactIndex } from "../views/fact_index.ts";
import { refuseEntry } from "./framework_schemas.ts";
import { JobTable } from "./job_table.ts";
import type { JournalConsumer } from "../ports.ts";
import { captureContent, restoreContent } from "./snapshot_content.ts";

export class Projection implements JournalConsumer {
  readonly table = new JobTable();
  readonly eventIds = new EventIdIndex();
  readonly facts = new FactIndex();

  restore(lines: readonly string[]): boolean {
    return restoreContent(lines, this);
  }

  replay(entry: JobEventLogEntry): void {
    this.eventIds.add(entry.eventId, entry.logId);
    this.facts.add(entry);
    this.table.apply(entry);
  }

  durable(entries: readonly JobEventLogEntry[]): void {
    for (const entry of entries) this.replay(entry);
  }

  capture(): Iterable<string> {
    return captureContent(this);
  }

  refuse(entry: JobEventLogEntry): string | undefined {
    return refuseEntry(entry);
  }

  /** Only what is durable is projected here. */
  lost(): void {}

  /** Nobody waits for anything here; whoever appends hears of it. */
  failed(): void {}
}
