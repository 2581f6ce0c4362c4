/** A journal of jobs written by the real engine, on a disk in memory. */

import assert from "node:assert/strict";
import type { JsonValue } from "../../../src/core/json.ts";
import type { Random } from "../../../src/engine/ports.ts";
import type { FileSystem } from "../../../src/journal/files/file_system.ts";
import { engineOnFiles, type EngineOnFilesOptions } from "../engine/engine_on_files.ts";
import { FakeClock, FakeRandom } from "../fake_clock.ts";
import { DEFINITIONS } from "../http/http_definitions.ts";
import { forged } from "./journal_bytes.ts";
import { bytesOf, MemoryDisk, segmentPaths, textAt } from "./journal_memory_disk.ts";
import { incoming } from "../../support/engine/incoming.ts";

const FOLDER = "journal";
const SEGMENT_BYTES = 13_000;
const SNAPSHOT_EVERY = 40;

/**
 * Three segments and two snapshots: jobs that are done, failed and compensated, waiting, and
 * completed by outside events.
 */
export async function journalOfJobs(random = new FakeRandom()): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const { engine, clock, stop } = await engineOn(disk, random);
  const submit = async (type: string, input?: JsonValue) => {
    const created = await engine.create(input === undefined ? { type } : { type, input });
    assert.ok(created.ok);
    await clock.settle();
  };
  for (let order = 1; order <= 3; order++) {
    await submit("test.greet", { name: `Zoë ${order}` });
    await submit("test.parcel", { orderId: `${order}` });
    await submit("test.doomed", {});
  }
  for (const orderId of ["1", "2", "unknown"]) {
    await engine.deliver([incoming("shop.ParcelShipped", { orderId })]);
    await clock.settle();
  }
  await stop();
  return disk;
}

/** Ids that no journal has yet; a restarted random source would repeat some. */
export const furtherIds: Random = new FakeRandom("02J");

/** The real engine on a journal; `stop` takes a snapshot and seals. */
export async function engineOn(
  disk: FileSystem,
  random: Random = furtherIds,
  options: Partial<EngineOnFilesOptions> = {},
) {
  const clock = new FakeClock();
  const { engine, journal, report } = await engineOnFiles({
    folder: FOLDER,
    fileSystem: disk,
    clock,
    random,
    definitions: DEFINITIONS,
    maxRunning: 4,
    segmentBytes: SEGMENT_BYTES,
    snapshotEvery: SNAPSHOT_EVERY,
    ...options,
  });
  const stop = async () => {
    await engine.stop(0);
    await journal.close();
  };
  return { engine, clock, journal, report, stop };
}

/** Changes lines and corrects every crc and chain, from the first segment on. */
export function forge(disk: MemoryDisk, change: (line: string) => string): void {
  let chain = "";
  for (const path of segmentPaths(disk)) {
    const previousChain = chain;
    const follow = (line: string) =>
      line.replace(/"previousChain":"[^"]*"/, `"previousChain":"${previousChain}"`);
    const bytes = forged(bytesOf(disk, path), (line) => change(follow(line)), chain);
    disk.files.set(path, bytes);
    chain = [...new TextDecoder().decode(bytes).matchAll(/"chain":"([^"]*)"/g)].at(-1)?.[1] ?? "";
  }
}

/** An entry of the journal, by position. */
export function entryAt(disk: MemoryDisk, logId: number): Record<string, unknown> {
  for (const path of segmentPaths(disk)) {
    const line = textAt(disk, path).split("\n").find((text) =>
      text.startsWith(`{"logId":${logId},`)
    );
    if (line !== undefined) return JSON.parse(line);
  }
  throw new RangeError(`Cannot find logId ${logId}`);
}
