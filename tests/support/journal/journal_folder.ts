/** A journal in a temporary folder, and what a test can do to it. */

import type { JournalConsumer } from "../../../src/engine/ports.ts";
import { DenoFileSystem } from "../../../src/journal/files/deno_file_system.ts";
import { JournalLockedError } from "../../../src/journal/errors.ts";
import { FileJournal } from "../../../src/journal/file_journal.ts";
import type { FileJournalOptions } from "../../../src/journal/options.ts";
import type { JournalHarness } from "../../contract/journal_contract.ts";
import { withoutBlankEnd } from "./journal_bytes.ts";
import { FakeClock, FakeRandom } from "../fake_clock.ts";
import { inputOutputError, noSpace, TestDisk } from "./journal_disk.ts";
import { PATIENCE_MS } from "../until.ts";

export class JournalFolder implements JournalHarness {
  readonly clock = new FakeClock();
  readonly first = 2;
  readonly random = new FakeRandom();
  readonly disk = new TestDisk(new DenoFileSystem());
  readonly warnings: string[] = [];
  readonly #root: string;
  #hasCrashed = false;

  private constructor(root: string) {
    this.#root = root;
  }

  static async create(): Promise<JournalFolder> {
    return new JournalFolder(await Deno.makeTempDir({ prefix: "daybook-journal-" }));
  }

  /** The folder of the journal; it does not exist before the first open. */
  get path(): string {
    return `${this.#root}/journal`;
  }

  async open(consumer: JournalConsumer, options: Partial<FileJournalOptions> = {}) {
    const end = performance.now() + (this.#hasCrashed ? PATIENCE_MS : 0);
    for (;;) {
      try {
        return await FileJournal.open({
          folder: this.path,
          fileSystem: this.disk,
          clock: this.clock,
          random: this.random,
          consumer,
          warn: (message) => this.warnings.push(message),
          ...options,
        });
      } catch (error) {
        // A process that another test is starting holds the lock too, until it runs its program.
        if (!(error instanceof JournalLockedError) || performance.now() >= end) throw error;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
  }

  hold(): void {
    this.disk.hold();
  }

  held(): Promise<void> {
    return this.disk.held;
  }

  release(): void {
    this.disk.release();
  }

  failNextForRoom(): void {
    this.disk.fail({
      operation: "write",
      path: "/segments/",
      error: noSpace(),
      bytesWritten: 100,
    });
  }

  failNextSync(): void {
    this.disk.fail({ operation: "syncData", error: inputOutputError() });
  }

  crash(): void {
    this.#hasCrashed = true;
    this.disk.crash();
  }

  async linesOf(segment: string): Promise<readonly string[]> {
    return new TextDecoder().decode(await this.read(`segments/${segment}`)).split("\n");
  }

  async dispose(): Promise<void> {
    await this.disk.settled();
    await Deno.remove(this.#root, { recursive: true });
  }

  /** Names in a folder of the journal, sorted. */
  async names(folder: "segments" | "snapshots" | "quarantine"): Promise<string[]> {
    const names: string[] = [];
    for await (const { name } of Deno.readDir(`${this.path}/${folder}`)) names.push(name);
    return names.sort();
  }

  read(file: string): Promise<Uint8Array<ArrayBuffer>> {
    return Deno.readFile(`${this.path}/${file}`);
  }

  /** A segment without the newlines that it was written ahead with. */
  async written(segment: string): Promise<Uint8Array<ArrayBuffer>> {
    return withoutBlankEnd(await this.read(segment));
  }

  write(file: string, content: Uint8Array): Promise<void> {
    return Deno.writeFile(`${this.path}/${file}`, content);
  }
}

/** Declares a test with a temporary journal folder. */
export function testWithFolder(
  name: string,
  run: (folder: JournalFolder) => Promise<void>,
): void {
  Deno.test(name, async () => {
    const folder = await JournalFolder.create();
    try {
      await run(folder);
    } finally {
      folder.crash();
      await folder.dispose();
    }
  });
}
