/** A consumer that is simple enough to be obviously correct: it remembers every entry. */

import type { JobEventLogEntry } from "../../../src/core/event.ts";
import type {
  JournalConsumer,
  JournalFailedError,
  JournalFullError,
} from "../../../src/engine/ports.ts";

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
