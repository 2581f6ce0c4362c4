/** Journals written by a real engine on a disk in memory. */

import assert from "node:assert/strict";
import { jobId } from "../../src/core/ids.ts";
import type { JsonObject } from "../../src/core/json.ts";
import type { AnyJobDefinition } from "../../src/engine/definition.ts";
import type { JobEngine } from "../../src/engine/job_engine.ts";
import type { FileJournal } from "../../src/journal/file_journal.ts";
import { engineOnFiles } from "../support/engine/engine_on_files.ts";
import { FakeClock, FakeRandom } from "../support/fake_clock.ts";
import { MemoryDisk } from "../support/journal/journal_memory_disk.ts";
import { incoming } from "../support/engine/incoming.ts";

export const FOLDER = "recorded";

export class RecordedJournal {
  readonly disk = new MemoryDisk();
  readonly clock = new FakeClock();
  #engine: JobEngine | undefined;
  #journal: FileJournal | undefined;

  static async start(definitions: readonly AnyJobDefinition[]): Promise<RecordedJournal> {
    const recorded = new RecordedJournal();
    const { clock, disk: fileSystem } = recorded;
    const random = new FakeRandom();
    const files = { folder: FOLDER, fileSystem, clock, random, segmentBytes: 3_500 };
    const { engine, journal } = await engineOnFiles({ ...files, definitions, maxRunning: 100 });
    recorded.#engine = engine;
    recorded.#journal = journal;
    return recorded;
  }

  get engine(): JobEngine {
    assert.ok(this.#engine);
    return this.#engine;
  }

  get journal(): FileJournal {
    assert.ok(this.#journal);
    return this.#journal;
  }

  async submit(type: string, id: string, start = true): Promise<void> {
    const outcome = await this.engine.create({ type, jobId: jobId(id), input: {}, start });
    assert.ok(outcome.ok, JSON.stringify(outcome));
    await this.clock.settle();
  }

  async event(type: string, to: string, attributes: JsonObject = {}): Promise<void> {
    await this.engine.deliver([
      incoming(type, attributes, { jobId: to }),
    ]);
    await this.clock.settle();
  }

  async close(): Promise<void> {
    const stopping = this.engine.stop(0);
    await this.clock.advance(20_000);
    await stopping;
    await this.journal.close();
  }

  /** The entry on a line of a segment, from 1. */
  lineOf(segment: string, line: number): Record<string, unknown> {
    const bytes = this.disk.files.get(`${FOLDER}/segments/${segment}`);
    return JSON.parse(new TextDecoder().decode(bytes).split("\n")[line - 1] ?? "");
  }
}
