/**
 * The consumer of a simulated journal: it keeps every entry as text, and passes it to the model.
 */

import type { JobEventLogEntry } from "../../src/core/event.ts";
import type { JournalConsumer, JournalFailedError } from "../../src/engine/ports.ts";
import { JournalDamagedError } from "../../src/journal/errors.ts";
import { textOf } from "./trace.ts";
import type { JournalModel } from "./journal_model.ts";

export class JournalWitness implements JournalConsumer {
  /** All entries, however they came. */
  readonly entries: JobEventLogEntry[] = [];
  #isServing = false;
  #hasFailed = false;
  readonly #failed = Promise.withResolvers<void>();

  constructor(
    private readonly model: JournalModel,
    private readonly violate: (what: string) => void,
  ) {}

  /** Resolves when the journal has failed. */
  get failure(): Promise<void> {
    return this.#failed.promise;
  }

  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  restore(lines: readonly string[]): boolean {
    for (const line of lines) this.entries.push(JSON.parse(line));
    return true;
  }

  replay(entry: JobEventLogEntry): void {
    this.entries.push(entry);
  }

  lost(): void {}

  durable(entries: readonly JobEventLogEntry[]): void {
    this.#serve();
    if (this.#hasFailed) this.violate("a batch became durable after the journal had failed");
    this.entries.push(...entries);
    this.model.becameDurable(entries);
  }

  *#lines(count: number): Iterable<string> {
    for (let index = 0; index < count; index++) {
      const entry = this.entries[index];
      if (entry !== undefined) yield textOf(entry);
    }
  }

  capture(): Iterable<string> {
    return this.#lines(this.entries.length);
  }

  refuse(): undefined {}

  failed(error: JournalFailedError): void {
    if (error.cause instanceof JournalDamagedError) this.violate(`damage: ${error.message}`);
    this.#hasFailed = true;
    this.#failed.resolve();
  }

  /** The start is over: it found exactly these entries. */
  opened(): void {
    this.#serve();
  }

  #serve(): void {
    if (this.#isServing) return;
    this.#isServing = true;
    this.model.recovered(this.entries);
  }
}
