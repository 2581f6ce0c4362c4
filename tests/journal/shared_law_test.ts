/**
 * Several processes share a log: they are killed, freeze and continue, and answers to their appends
 * come late or never. In any order, what was acknowledged is in the log, once, and in one chain.
 * The same law catches logs and processes that are broken on purpose.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { LogId } from "../../src/core/ids.ts";
import {
  OvertakenError,
  type SharedBatch,
  type SharedLog,
} from "../../src/journal/write/shared_log.ts";
import { rounds } from "../support/effort.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { facts } from "../support/journal/journal_events.ts";
import { MemoryDisk } from "../support/journal/journal_memory_disk.ts";
import { SharedLogDouble, sharing } from "../support/journal/shared_log_double.ts";
import { type Started, startOn } from "../support/journal/sidecar_journal.ts";

/** How one process appends; a broken one does it differently. */
type Appending = (log: SharedLogDouble, batch: SharedBatch) => Promise<void>;

const honest: Appending = (log, batch) => log.append(batch);

/** A zombie that continues: it treats a refusal as a success. */
const goesOn: Appending = (log, batch) =>
  log.append(batch).catch((error) => {
    if (!(error instanceof OvertakenError)) throw error;
  });

/** Nothing is checked: two batches may have the same position. */
const unchecked: Appending = (log, batch) => {
  log.batches.push(batch);
  return Promise.resolve();
};

/** The last one wins. */
const overwriting: Appending = (log, batch) => {
  log.batches = log.batches.filter(({ firstLogId }) => firstLogId < batch.firstLogId);
  log.batches.push(batch);
  return Promise.resolve();
};

type Stop = "before" | "after";

/**
 * The connection of one process to the log. While it is stopped, everything on its way stays there.
 */
class Way implements SharedLog {
  stop: Stop | undefined;
  #released = Promise.withResolvers<void>();

  constructor(private readonly log: SharedLogDouble, private readonly appending: Appending) {}

  goOn(): void {
    this.stop = undefined;
    this.#released.resolve();
    this.#released = Promise.withResolvers();
  }

  async append(batch: SharedBatch): Promise<void> {
    if (this.stop === "before") await this.#released.promise;
    // Its outcome is unknown until an answer comes, and forever after a kill.
    const done = this.appending(this.log, batch);
    done.catch(() => {});
    if (this.stop === "after") await this.#released.promise;
    await done;
  }

  read(after: LogId): Promise<readonly SharedBatch[]> {
    return this.log.read(after);
  }

  chainAt(logId: LogId): Promise<string | undefined> {
    return this.log.chainAt(logId);
  }

  lastLogId(): Promise<LogId> {
    return this.log.lastLogId();
  }

  news(after: LogId, withinMs: number): Promise<boolean> {
    return this.log.news(after, withinMs);
  }

  end(): Promise<void> {
    return this.log.end();
  }
}

interface Living extends Started {
  readonly way: Way;
  readonly files: MemoryDisk;
}

class World {
  readonly #log = new SharedLogDouble();
  readonly #acknowledged: string[] = [];
  readonly #processes: (Living | undefined)[] = [];
  #names = 0;

  constructor(private readonly appending: Appending) {}

  /** A process leads from now on; the previous one is killed. */
  async start(index: number, disk = this.#processes[index]?.files.copy()): Promise<Living> {
    const way = new Way(this.#log, this.appending);
    const files = disk ?? new MemoryDisk();
    this.#processes[index] = undefined;
    const shared = sharing(way, `w${++this.#names}`);
    const started = { ...await startOn(files, { shared, segmentBytes: 4_000 }), way, files };
    await started.journal.lead();
    return this.#processes[index] = started;
  }

  append(index: number, howMany: number): void {
    const process = this.#processes[index];
    if (process === undefined || process.consumer.failures.length > 0) return;
    const { entries, durable } = process.journal.append(facts(howMany));
    const ids = entries.map(({ eventId }) => eventId);
    durable.then(() => this.#acknowledged.push(...ids), () => {});
  }

  stop(index: number, stop: Stop): void {
    const process = this.#processes[index];
    if (process !== undefined) process.way.stop = stop;
  }

  goOn(index: number): void {
    this.#processes[index]?.way.goOn();
  }

  /** All frozen processes continue, and another one reads everything. */
  async judge(): Promise<void> {
    for (const process of this.#processes) process?.way.goOn();
    await settled();
    const { consumer } = await this.start(9, new MemoryDisk());
    const recorded = consumer.entries.map(({ eventId }) => eventId as string);
    assert.equal(new Set(recorded).size, recorded.length, "an entry is there twice");
    const there = new Set(recorded);
    const lost = this.#acknowledged.filter((eventId) => !there.has(eventId));
    assert.deepEqual(lost, [], "what was acknowledged is gone");
  }
}

async function settled(): Promise<void> {
  await new FakeClock().settle();
}

const index = fc.nat(2);
const STEP = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("append"), index, n: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("start"), index }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("stop"),
      index,
      at: fc.constantFrom<Stop>("before", "after"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("goOn"), index }) },
);

type Step = { do: string; index: number; n?: number; at?: Stop };

async function play(steps: readonly Step[], appending: Appending): Promise<void> {
  const world = new World(appending);
  await world.start(0);
  for (const step of steps) {
    if (step.do === "start") await world.start(step.index);
    if (step.do === "append") world.append(step.index, step.n ?? 1);
    if (step.do === "stop") world.stop(step.index, step.at ?? "before");
    if (step.do === "goOn") world.goOn(step.index);
    await settled();
  }
  await world.judge();
}

function law(appending: Appending) {
  const steps = fc.array(STEP, { minLength: 1, maxLength: 25 });
  return fc.asyncProperty(steps, (steps) => play(steps, appending));
}

Deno.test("shared journal: what several processes acknowledge is in one log, exactly once", async () => {
  await fc.assert(law(honest), { numRuns: rounds(200, 20_000, 50) });
});

Deno.test("shared journal: broken processes and logs are caught by the same law", async () => {
  for (const broken of [goesOn, overwriting, unchecked]) {
    const { failed, numRuns } = await fc.check(law(broken), { numRuns: 300, endOnFailure: true });
    assert.equal(failed, true, `${broken.name} was not caught in ${numRuns} runs`);
  }
});
