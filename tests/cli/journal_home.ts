/** A Daybook with its journal in a real folder that can stop, crash and start again. */

import assert from "node:assert/strict";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { type JobId, jobId } from "../../src/core/ids.ts";
import type { JobState } from "../../src/core/job_state.ts";
import type { JsonObject } from "../../src/core/json.ts";
import type { AnyJobDefinition } from "../../src/engine/definition.ts";
import type { JobEngine } from "../../src/engine/job_engine.ts";
import type { CreateRequest, Receipt } from "../../src/engine/requests.ts";
import { DenoFileSystem } from "../../src/journal/files/deno_file_system.ts";
import type { FileJournal } from "../../src/journal/file_journal.ts";
import { engineOnFiles } from "../support/engine/engine_on_files.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { TestDisk } from "../support/journal/journal_disk.ts";
import { incoming, type References } from "../support/engine/incoming.ts";

const FOREVER_MS = 1e9;

interface Running {
  readonly engine: JobEngine;
  readonly journal: FileJournal;
  readonly disk: TestDisk;
}

export class JournalHome {
  readonly clock = new FakeClock();
  readonly #name: string;
  readonly #root: string;
  readonly #definitions: readonly AnyJobDefinition[];
  #running: Running | undefined;
  #ids = 0;

  private constructor(name: string, root: string, definitions: readonly AnyJobDefinition[]) {
    this.#name = name;
    this.#root = root;
    this.#definitions = definitions;
  }

  /** @param name The prefix of its ids, so that two homes never make the same ones. */
  static async create(
    name: string,
    definitions: readonly AnyJobDefinition[] = [],
  ): Promise<JournalHome> {
    const root = await Deno.makeTempDir({ prefix: `daybook-${name}-` });
    return new JournalHome(name, root, definitions);
  }

  /** The folder of the journal. */
  get folder(): string {
    return `${this.#root}/journal`;
  }

  /** A path beside the journal. */
  path(name: string): string {
    return `${this.#root}/${name}`;
  }

  get engine(): JobEngine {
    assert.ok(this.#running, "the home is not started");
    return this.#running.engine;
  }

  get journal(): FileJournal {
    assert.ok(this.#running, "the home is not started");
    return this.#running.journal;
  }

  async start(): Promise<void> {
    const random = { ulid: () => `${this.#name}${++this.#ids}`, fraction: () => 0.5 };
    const disk = new TestDisk(new DenoFileSystem());
    const { clock } = this;
    const { engine, journal } = await engineOnFiles({
      folder: this.folder,
      fileSystem: disk,
      clock,
      random,
      definitions: this.#definitions,
      maxRunning: 10,
    });
    this.#running = { engine, journal, disk };
  }

  async stop(): Promise<void> {
    const { engine, journal } = this;
    this.#running = undefined;
    let isStopped = false;
    const stopping = engine.stop(0).finally(() => isStopped = true);
    while (!isStopped) await this.clock.advance(1_000);
    await stopping;
    await journal.close();
  }

  /** As a kill: nothing is recorded any more. */
  crash(): void {
    this.#running?.disk.crash();
    this.#running = undefined;
  }

  async dispose(): Promise<void> {
    const disk = this.#running?.disk;
    this.crash();
    await disk?.settled();
    await Deno.remove(this.#root, { recursive: true });
  }

  async create(request: CreateRequest): Promise<JobId> {
    const outcome = await this.engine.create(request);
    assert.ok(outcome.ok, JSON.stringify(outcome));
    return outcome.value.job.jobId;
  }

  async event(
    type: string,
    attributes: JsonObject = {},
    references: References = {},
  ): Promise<Receipt> {
    const [receipt] = await this.engine.deliver([incoming(type, attributes, references)]);
    assert.ok(receipt);
    return receipt;
  }

  /** Resolves when the job is in the wanted state. */
  until(id: JobId, wanted: (job: JobState) => boolean): Promise<JobState> {
    return this.engine.waitFor(id, () => wanted(this.engine.job(id) ?? assert.fail()), FOREVER_MS);
  }

  job(id: string): JobState {
    const job = this.engine.job(jobId(id));
    assert.ok(job, `there is no job ${id}`);
    return job;
  }

  /** All entries of the journal. */
  entries(): Promise<readonly JobEventLogEntry[]> {
    return this.journal.read(0, 100_000);
  }
}

/** Declares a test with temporary homes. */
export function testWithHomes(
  name: string,
  definitions: readonly AnyJobDefinition[],
  run: (old: JournalHome, fresh: JournalHome) => Promise<void>,
  options: { readonly ignore?: boolean } = {},
): void {
  Deno.test(name, options, async () => {
    const homes = [
      await JournalHome.create("old", definitions),
      await JournalHome.create("new", definitions),
    ] as const;
    try {
      await run(...homes);
    } finally {
      for (const home of homes) await home.dispose();
    }
  });
}
