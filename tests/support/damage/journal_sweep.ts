/** Journals on a disk in memory, for sweeps over damages of their bytes. */

import type { JobEventLogEntry } from "../../../src/core/event.ts";
import type { JournalConsumer, RecoveryReport } from "../../../src/engine/ports.ts";
import { FileJournal } from "../../../src/journal/file_journal.ts";
import type { FileSystem } from "../../../src/journal/files/file_system.ts";
import type { FileJournalOptions } from "../../../src/journal/options.ts";
import { withoutBlankEnd } from "../journal/journal_bytes.ts";
import { FakeClock, FakeRandom } from "../fake_clock.ts";
import { facts, RememberingConsumer } from "../journal/journal_events.ts";
import { bytesOf, lastSegment, MemoryDisk } from "../journal/journal_memory_disk.ts";

const FOLDER = "journal";
/** One for all, so that no id comes twice. */
const random = new FakeRandom();

export interface SampleJournal {
  readonly disk: MemoryDisk;
  /** All durable entries, in batches. */
  readonly batches: readonly (readonly JobEventLogEntry[])[];
  readonly entries: readonly JobEventLogEntry[];
}

/**
 * A journal of about three segments, in batches of one to four entries, without the newlines
 * that the last one was written ahead with.
 */
export async function sampleJournal(end: "stop" | "crash"): Promise<SampleJournal> {
  const disk = new MemoryDisk();
  const consumer = new RememberingConsumer();
  const { journal } = await openOn(disk, consumer, { segmentBytes: 2200 });
  for (let round = 0; round < 11; round++) await journal.append(facts(1 + round % 4)).durable;
  const crashed = disk.copy();
  await journal.close();
  const batches = end === "stop" ? consumer.batches : consumer.batches.slice(0, -1);
  const result = end === "stop" ? disk : crashed;
  for (const path of result.files.keys()) {
    if (path.includes("/snapshots/")) result.files.delete(path);
  }
  result.files.set(lastSegment(result), withoutBlankEnd(bytesOf(result, lastSegment(result))));
  return { disk: result, batches, entries: batches.flat() };
}

export function openOn(
  disk: FileSystem,
  consumer: JournalConsumer,
  options: Partial<FileJournalOptions> = {},
) {
  return FileJournal.open({
    folder: FOLDER,
    fileSystem: disk,
    clock: new FakeClock(),
    random,
    consumer,
    ...options,
  });
}

/** The entries that a start finds, or its error; the journal is left as by a crash. */
export async function startOn(
  disk: FileSystem,
): Promise<{ report: RecoveryReport; entries: readonly JobEventLogEntry[] } | Error> {
  const consumer = new RememberingConsumer();
  try {
    const { report } = await openOn(disk, consumer);
    return { report, entries: consumer.entries };
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}
