/** Events for tests of the journal, and a consumer that remembers them. */

import type { Cause, JobEventLogEntry } from "../../../src/core/event.ts";
import { eventId, eventType, jobId } from "../../../src/core/ids.ts";
import type { JsonObject } from "../../../src/core/json.ts";
import type {
  JournalConsumer,
  JournalFailedError,
  JournalFullError,
} from "../../../src/engine/ports.ts";
import type { StampedEvent } from "../../../src/journal/format/stamped_event.ts";

let count = 0;

/** A business fact; each has a different `eventId`. */
export function fact(
  attributes: JsonObject = {},
  more: { readonly causedBy?: Cause; readonly eventType?: string; readonly traceId?: string } = {},
): StampedEvent {
  const { eventType: type = "ec.order.OrderPlaced", ...references } = more;
  return {
    stratum: "domain",
    eventType: eventType(type),
    eventId: eventId(`evt_test_${++count}`),
    occurredAt: "2026-01-01T10:00:00.000Z",
    receivedAt: "2026-01-01T10:00:01.000Z",
    jobId: jobId("job_test"),
    attributes,
    ...references,
  };
}

/** Several facts, numbered from 0. */
export function facts(howMany: number): StampedEvent[] {
  return Array.from({ length: howMany }, (_, n) => fact({ n }));
}

/** Simple enough to be obviously correct: it remembers every entry. */
export class RememberingConsumer implements JournalConsumer {
  /** All entries, restored or new. */
  readonly entries: JobEventLogEntry[] = [];
  /** The entries of each batch that became durable. */
  readonly batches: (readonly JobEventLogEntry[])[] = [];
  readonly failures: JournalFailedError[] = [];
  /** Reported losses. */
  readonly losses: JournalFullError[] = [];
  replayed = 0;
  restored = 0;
  /** What `restore` answers. */
  canRestore = true;
  /** Called at the start of `durable`. */
  onDurable: (entries: readonly JobEventLogEntry[]) => void = () => {};
  /** Event types that it does not understand. */
  readonly unknownTypes = new Set<string>();

  restore(lines: readonly string[]): boolean {
    if (!this.canRestore) return false;
    for (const line of lines) this.entries.push(JSON.parse(line));
    this.restored = lines.length;
    return true;
  }

  replay(entry: JobEventLogEntry): void {
    this.entries.push(entry);
    this.replayed++;
  }

  durable(entries: readonly JobEventLogEntry[]): void {
    this.onDurable(entries);
    this.entries.push(...entries);
    this.batches.push(entries);
  }

  lost(error: JournalFullError): void {
    this.losses.push(error);
  }

  *#lines(count: number): Iterable<string> {
    for (let index = 0; index < count; index++) yield JSON.stringify(this.entries[index]);
  }

  capture(): Iterable<string> {
    return this.#lines(this.entries.length);
  }

  refuse(entry: JobEventLogEntry): string | undefined {
    if (!this.unknownTypes.has(entry.eventType)) return undefined;
    return `event type ${entry.eventType} is not known to this version`;
  }

  failed(error: JournalFailedError): void {
    this.failures.push(error);
  }
}

/** The positions of entries. */
export function logIdsOf(entries: readonly JobEventLogEntry[]): number[] {
  return entries.map(({ logId }) => logId);
}
