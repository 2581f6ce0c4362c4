import {
  type ContractOptions,
  type JournalHarness,
  testJournalContract,
} from "../contract/journal_contract.ts";
import { FakeClock, FakeRandom } from "../support/fake_clock.ts";
import { inputOutputError } from "../support/journal/journal_disk.ts";
import { JournalFolder } from "../support/journal/journal_folder.ts";
import { SharedFolder } from "../support/journal/shared_folder.ts";
import { SharedLogDouble, sharing } from "../support/journal/shared_log_double.ts";
import { type JournalConsumer, JournalFullError } from "../../src/engine/ports.ts";
import { type MemoryContent, MemoryJournal } from "../../src/testing/memory_journal.ts";

class MemoryHarness implements JournalHarness {
  readonly clock = new FakeClock();
  readonly first = 2;
  readonly #random = new FakeRandom();
  #journal: MemoryJournal | undefined;
  #content: MemoryContent | undefined;

  async open(consumer: JournalConsumer, options: ContractOptions = {}) {
    const content = this.#journal?.content ?? this.#content ?? {};
    const { clock } = this;
    const opened = await MemoryJournal.open({
      clock,
      random: this.#random,
      consumer,
      content,
      ...options,
    });
    this.#journal = opened.journal;
    return opened;
  }

  hold(): void {
    this.#journal?.hold();
  }

  held(): Promise<void> {
    return this.clock.nextTurn();
  }

  release(): void {
    this.#journal?.release();
  }

  failNextForRoom(): void {
    this.#journal?.failNext(new JournalFullError("Cannot append: there is no room"));
  }

  failNextSync(): void {
    this.#journal?.failNext(inputOutputError());
  }

  crash(): void {
    this.#content = this.#journal?.content;
    this.#journal = undefined;
  }

  linesOf(): Promise<readonly string[]> {
    const { entries = [], batches = [] } = this.#journal?.content ?? {};
    const lines = entries.flatMap((entry) => {
      const line = JSON.stringify(entry);
      return batches.includes(entry.logId) ? ["", line] : [line];
    });
    return Promise.resolve(lines);
  }

  dispose(): Promise<void> {
    return Promise.resolve();
  }
}

testJournalContract("memory journal", () => Promise.resolve(new MemoryHarness()));

testJournalContract("file journal", () => JournalFolder.create());

testJournalContract("shared journal", () => {
  const log = new SharedLogDouble();
  return SharedFolder.create(() => Promise.resolve(sharing(log, "one")));
}, true);
