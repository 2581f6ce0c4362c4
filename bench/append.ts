/** Appends to the journal, compared with writing and syncing the same bytes directly. */

import type { JobEventLogEntry } from "../src/core/event.ts";
import type { JournalConsumer } from "../src/engine/ports.ts";
import type { StampedEvent } from "../src/journal/format/stamped_event.ts";
import { DenoFileSystem } from "../src/journal/files/deno_file_system.ts";
import { FileJournal } from "../src/journal/file_journal.ts";
import { systemClock, systemRandom } from "../src/server/system.ts";
import { paired, perSecond } from "./figures.ts";
import { PAYLOAD, type Result } from "./fixtures.ts";
import { withFolder } from "./folder.ts";

const APPENDERS = 64;
const EACH = 500;
const ROUNDS = 5;

/** A consumer that does nothing, so that only the journal is measured. */
const IDLE_CONSUMER: JournalConsumer = {
  restore: () => true,
  replay: () => {},
  durable: () => {},
  lost: () => {},
  capture: () => [],
  refuse: () => undefined,
  failed: (error) => {
    throw error;
  },
};

function sampleEvent(number: number): StampedEvent {
  const now = "2026-01-01T00:00:00.000Z";
  return {
    stratum: "domain",
    eventType: "bench.fact.Happened" as JobEventLogEntry["eventType"] & never,
    eventId: `evt_bench_${number}` as StampedEvent["eventId"],
    occurredAt: now,
    receivedAt: now,
    attributes: { number, payload: PAYLOAD },
  };
}

export async function append(): Promise<Result> {
  const sizes: number[] = [];
  const measure = () => withFolder((folder) => appendAll(folder, sizes));
  await measure();
  const batches = [...sizes];
  const { baseline, measured, ratio } = await paired(ROUNDS, () => writeRaw(batches), measure);
  const figure = `${Math.round(measured)} entries/s, raw ${Math.round(baseline)} entries/s`;
  return {
    name: "append from 64 appenders against raw write and sync",
    figure,
    ratio,
    target: 0.5,
  };
}

/** Entries a second; collects the number of entries of each batch. */
async function appendAll(folder: string, sizes: number[]): Promise<number> {
  sizes.length = 0;
  const consumer = {
    ...IDLE_CONSUMER,
    durable: (entries: readonly JobEventLogEntry[]) => void sizes.push(entries.length),
  };
  const { journal } = await FileJournal.open({
    folder,
    fileSystem: new DenoFileSystem(),
    clock: systemClock,
    random: systemRandom,
    consumer,
    snapshotEvery: 1_000_000_000,
  });
  const started = performance.now();
  const appender = async (name: number) => {
    for (let count = 0; count < EACH; count++) {
      await journal.append([sampleEvent(name * EACH + count)]).durable;
    }
  };
  await Promise.all(Array.from({ length: APPENDERS }, (_, name) => appender(name)));
  const rate = perSecond(APPENDERS * EACH, performance.now() - started);
  await journal.close();
  return rate;
}

/** Writes the same number of bytes in the same batches, and does nothing else. */
async function writeRaw(batches: readonly number[]): Promise<number> {
  return await withFolder(async (folder) => {
    const line = new Uint8Array(LINE_BYTES).fill(0x61);
    const file = await Deno.open(`${folder}/raw`, { write: true, create: true });
    let entries = 0;
    const started = performance.now();
    for (const size of batches) {
      const bytes = new Uint8Array(size * LINE_BYTES);
      for (let at = 0; at < bytes.length; at += LINE_BYTES) bytes.set(line, at);
      await file.write(bytes);
      await file.syncData();
      entries += size;
    }
    const rate = perSecond(entries, performance.now() - started);
    file.close();
    return rate;
  });
}

/** The size of `sampleEvent` on disk, to within a digit. */
const LINE_BYTES = 365;
