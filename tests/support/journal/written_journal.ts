/**
 * A small journal of real jobs, with the positions of all batches and lines, found from the bytes
 * alone. It shares no code with `src/`, so that it can judge a reader.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { eventType } from "../../../src/core/ids.ts";
import type { JsonValue } from "../../../src/core/json.ts";
import { withoutBlankEnd } from "./journal_bytes.ts";
import { FakeRandom } from "../fake_clock.ts";
import { readSegments } from "./independent_reader.ts";
import { bytesOf, MemoryDisk } from "./journal_memory_disk.ts";
import { engineOn } from "./journal_of_jobs.ts";

export type Bytes = Uint8Array<ArrayBuffer>;

export interface WrittenBatch {
  /** Index of its segment. */
  readonly segment: number;
  /** Byte offset of its blank line. */
  readonly start: number;
  readonly end: number;
  readonly lastLogId: number;
  /** Without their newlines. */
  readonly lines: readonly string[];
}

export interface WrittenSnapshot {
  readonly path: string;
  readonly logId: number;
}

export interface WrittenJournal {
  readonly disk: MemoryDisk;
  /** Paths, oldest first. */
  readonly segments: readonly string[];
  readonly snapshots: readonly WrittenSnapshot[];
  readonly batches: readonly WrittenBatch[];
}

const VERSION_1 = new URL("../../journal/fixtures/version_1.ndjson", import.meta.url);
const SEGMENT_BYTES = 4_800;
const SNAPSHOT_EVERY = 12;

/**
 * Five segments and two snapshots, of jobs that are done, failed and compensated, waiting or not
 * started; the last batch of facts has several lines.
 */
export async function writtenJournal(end: "stop" | "crash"): Promise<WrittenJournal> {
  const disk = new MemoryDisk();
  const options = { segmentBytes: SEGMENT_BYTES, snapshotEvery: SNAPSHOT_EVERY };
  const { engine, clock, stop } = await engineOn(disk, new FakeRandom("01D"), options);
  const submit = async (type: string, input: JsonValue, start = true) => {
    const created = await engine.create({ type, input, start });
    assert.ok(created.ok);
    await clock.settle();
  };
  await submit("test.greet", { name: "Zoë" });
  await submit("test.parcel", { orderId: "1" });
  await submit("test.doomed", {});
  await submit("test.greet", { name: "Ann" });
  await submit("test.doomed", { reason: "again" });
  await submit("test.greet", { name: "later" }, false);
  const shipped = eventType("shop.ParcelShipped");
  await engine.deliver(["1", "2", "3", "4"].map((orderId) => ({
    eventType: shipped,
    stratum: "domain",
    attributes: { orderId, note: "left with a neighbour, who was in" },
  })));
  if (end === "crash") return written(disk.copy());
  await clock.settle();
  await submit("test.parcel", { orderId: "5" });
  await stop();
  return written(disk);
}

/** Segments of version 2 after one of version 1, whose writer was killed. */
export async function mixedJournal(): Promise<WrittenJournal> {
  const disk = new MemoryDisk();
  await disk.makeFolder("journal");
  await disk.makeFolder("journal/segments");
  disk.files.set("journal/segments/00000000000000000001.ndjson", await Deno.readFile(VERSION_1));
  const options = { segmentBytes: SEGMENT_BYTES };
  const { engine, clock, stop } = await engineOn(disk, new FakeRandom("01E"), options);
  for (const name of ["Zoë", "Ann"]) {
    assert.ok((await engine.create({ type: "test.greet", input: { name } })).ok);
    await clock.settle();
  }
  await stop();
  return written(disk);
}

/** Finds the batches in the bytes, which an independent reader has checked. */
export function written(disk: MemoryDisk): WrittenJournal {
  const segments = [...disk.files.keys()].filter((path) => path.includes("/segments/")).sort();
  const active = segments.at(-1) ?? "";
  disk.files.set(active, withoutBlankEnd(bytesOf(disk, active)));
  const named = segments.map((path) => [nameOf(path), bytesOf(disk, path)] as const);
  readSegments(named);
  const batches = named.flatMap(([, bytes], segment) => batchesIn(bytes, segment));
  const snapshots = [...disk.files.keys()].filter((path) => path.endsWith(".snapshot")).sort()
    .map((path) => ({ path, logId: Number(/(\d+)\.snapshot$/.exec(path)?.[1]) }));
  return { disk, segments, snapshots, batches };
}

/** The name of a file without its folder. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** A copy. The bytes are shared: they are replaced, never changed. */
export function forkOf(disk: MemoryDisk): MemoryDisk {
  const fork = new MemoryDisk();
  for (const [path, bytes] of disk.files) fork.files.set(path, bytes);
  for (const folder of ["segments", "snapshots"]) fork.makeFolder(`journal/${folder}`);
  return fork;
}

function batchesIn(bytes: Bytes, segment: number): WrittenBatch[] {
  const batches: WrittenBatch[] = [];
  for (let start = 0; start < bytes.length;) {
    const next = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf("\n\n", start);
    const end = next < 0 ? bytes.length : next + 1;
    const lines = new TextDecoder().decode(bytes.subarray(start + 1, end - 1)).split("\n");
    const lastLogId = Number(/^\{"logId":(\d+),/.exec(lines.at(-1) ?? "")?.[1]);
    batches.push({ segment, start, end, lastLogId, lines });
    start = end;
  }
  return batches;
}

/** The same without its snapshots. */
export function withoutSnapshots(journal: WrittenJournal): WrittenJournal {
  const disk = forkOf(journal.disk);
  for (const { path } of journal.snapshots) disk.files.delete(path);
  return { ...journal, disk, snapshots: [] };
}
