/** A journal in memory for tests of the HTTP edge, with a switch for each way to fail. */

import type { JobEventLogEntry } from "../../src/core/event.ts";
import type { LogId } from "../../src/core/ids.ts";
import {
  type Appended,
  type Journal,
  type JournalConsumer,
  JournalFailedError,
  JournalFullError,
  type JournalHead,
  type JournalInfo,
  type StampedEvent,
} from "../../src/engine/ports.ts";

export class SwitchableJournal implements Journal {
  readonly #entries: JobEventLogEntry[] = [];
  #next = 1;
  mode: "well" | "full" | "failed" = "well";

  constructor(private readonly consumer: JournalConsumer) {}

  get head(): JournalHead {
    return { logId: this.#entries.length, chain: "" };
  }

  append(group: readonly StampedEvent[]): Appended {
    const first = this.#next;
    const entries = group.map((event, index) => placed(event, first, first + index));
    if (this.mode === "well") this.#next += group.length;
    return { entries, durable: this.#commit(entries) };
  }

  async #commit(entries: readonly JobEventLogEntry[]): Promise<void> {
    const { mode } = this;
    await Promise.resolve();
    if (mode === "full") throw new JournalFullError("Cannot append: the disk is full");
    if (mode === "failed") throw this.#fail();
    this.#entries.push(...entries);
    this.consumer.durable(entries);
  }

  #fail(): JournalFailedError {
    const error = new JournalFailedError("Cannot append: the last sync failed");
    this.consumer.failed(error);
    return error;
  }

  read(after: LogId, limit: number): Promise<readonly JobEventLogEntry[]> {
    return Promise.resolve(this.#entries.slice(after, after + limit));
  }

  readAt(logIds: readonly LogId[]): Promise<readonly JobEventLogEntry[]> {
    const entries = logIds.map((logId) => this.#entries[logId - 1]);
    return Promise.resolve(entries.filter((entry) => entry !== undefined));
  }

  info(): Promise<JournalInfo> {
    const lastRecovery = {
      clean: true,
      entriesReplayed: 0,
      snapshotLogId: null,
      durationMs: 0,
      bytesQuarantined: 0,
      quarantine: null,
      recoveredLogId: null,
      warnings: [],
    };
    return Promise.resolve({
      head: this.head,
      segments: [],
      bytes: 0,
      lastSnapshot: null,
      lastRecovery,
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function placed(event: StampedEvent, first: LogId, logId: LogId): JobEventLogEntry {
  const { causedBy, ...rest } = event;
  const cause = typeof causedBy === "object" ? first + causedBy.draft : causedBy;
  const reference = cause === undefined ? {} : { causedBy: cause };
  return { logId, ...rest, ...reference } as JobEventLogEntry;
}
