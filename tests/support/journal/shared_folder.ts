/** A folder with a copy of a shared journal, which this process leads once it is open. */

import type { JournalHarness } from "../../contract/journal_contract.ts";
import type { JournalConsumer } from "../../../src/engine/ports.ts";
import type { FileJournalOptions } from "../../../src/journal/options.ts";
import type { SharedJournal } from "../../../src/journal/write/shared_log.ts";
import { JournalFolder } from "./journal_folder.ts";

export class SharedFolder implements JournalHarness {
  /** After `journal.SegmentOpened` and `journal.WriterOpened`. */
  readonly first = 3;
  readonly #folder: JournalFolder;
  readonly #share: () => Promise<SharedJournal>;
  #shared: SharedJournal | undefined;

  private constructor(folder: JournalFolder, share: () => Promise<SharedJournal>) {
    this.#folder = folder;
    this.#share = share;
  }

  /** @param share Connects a process to the shared journal. */
  static async create(share: () => Promise<SharedJournal>): Promise<SharedFolder> {
    return new SharedFolder(await JournalFolder.create(), share);
  }

  get clock() {
    return this.#folder.clock;
  }

  async open(consumer: JournalConsumer, options: Partial<FileJournalOptions> = {}) {
    await this.#disconnect();
    const shared = this.#shared = await this.#share();
    const { journal } = await this.#folder.open(consumer, { ...options, shared });
    await journal.lead();
    return { journal, report: (await journal.info()).lastRecovery };
  }

  hold(): void {
    this.#folder.hold();
  }

  held(): Promise<void> {
    return this.#folder.held();
  }

  release(): void {
    this.#folder.release();
  }

  failNextForRoom(): void {
    this.#folder.failNextForRoom();
  }

  failNextSync(): void {
    this.#folder.failNextSync();
  }

  crash(): void {
    this.#folder.crash();
  }

  linesOf(segment: string): Promise<readonly string[]> {
    return this.#folder.linesOf(segment);
  }

  async dispose(): Promise<void> {
    await this.#disconnect();
    await this.#folder.dispose();
  }

  /** As the system does for a process that died. */
  async #disconnect(): Promise<void> {
    await this.#shared?.turn.end();
    await this.#shared?.log.end();
  }
}
