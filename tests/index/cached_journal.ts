/**
 * A journal of both versions of the format with all its caches: on a disk in memory, but for the
 * index, which is a real file. Pictures of it are taken at several points, and starts made on
 * changed ones.
 */

import assert from "node:assert/strict";
import type { CreateRequest } from "../../src/engine/requests.ts";
import { jobIndexIn } from "../../src/index/open_index.ts";
import { scratchIndexIn } from "../../src/index/scratch_index.ts";
import { journalLayout } from "../../src/journal/layout.ts";
import { audit } from "../../src/verify/audit.ts";
import { ServedAudit, ServedHere } from "../../src/verify/served_audit.ts";
import { engineOnFiles } from "../support/engine/engine_on_files.ts";
import { FakeClock, TimedRandom } from "../support/fake_clock.ts";
import { DEFINITIONS } from "../support/http/http_definitions.ts";
import { TestDisk } from "../support/journal/journal_disk.ts";
import { bytesOf, MemoryDisk } from "../support/journal/journal_memory_disk.ts";
import {
  flipped,
  FOLDER,
  namesIn,
  proven,
  SEGMENTS,
  segmentsRead,
} from "../support/journal/sidecar_journal.ts";
import { incoming } from "../support/engine/incoming.ts";

const VERSION_1 = new URL("../journal/fixtures/version_1.ndjson", import.meta.url);
/** Later than everything in it. */
const AFTER_VERSION_1_MS = Date.parse("2026-12-01T00:00:00Z");
const LIFE_MS = 86_400_000;

/** Everything that a process leaves behind. */
export interface Picture {
  readonly disk: MemoryDisk;
  /** The files of the index. */
  readonly index: Readonly<Record<string, Uint8Array>>;
}

export type Life = Awaited<ReturnType<typeof lifeOn>>;

let lives = 0;

/** Starts on the disk of a picture, and on a copy of its index. */
export async function lifeOn(
  { disk, index }: Picture,
  folder: string,
  indexIn = jobIndexIn,
  acceptSnapshotAhead = false,
) {
  const clock = new FakeClock();
  // Later than every earlier process, so that no id comes twice.
  clock.jump(AFTER_VERSION_1_MS - clock.now() + ++lives * LIFE_MS);
  const warn = () => {};
  const indexFolder = `${folder}/${lives}/index`;
  Deno.mkdirSync(indexFolder, { recursive: true });
  for (const [name, bytes] of Object.entries(index)) {
    Deno.writeFileSync(`${indexFolder}/${name}`, bytes);
  }
  const watched = new TestDisk(disk);
  const jobIndex = indexIn({ folder: indexFolder, warn });
  const opened = await engineOnFiles({
    folder: FOLDER,
    fileSystem: watched,
    clock,
    random: new TimedRandom(clock),
    definitions: DEFINITIONS,
    maxRunning: 4,
    index: jobIndex,
    segmentBytes: 9_000,
    snapshotEvery: 60,
    acceptSnapshotAhead,
    warn,
  }).catch((error) => {
    jobIndex.close();
    throw error;
  });
  const read = segmentsRead(watched);
  await clock.settle();
  const { engine, journal } = opened;
  return {
    engine,
    /** Names of the segments that the start has read. */
    read,
    /** What a kill would leave behind at this moment. */
    picture: (): Picture => ({ disk: disk.copy(), index: filesIn(indexFolder) }),
    settle: () => clock.settle(),
    /** Waits until each full segment has been read, and has its sidecar. */
    proven: () => proven({ clock }),
    /** What a verification finds in the lines, the caches, and what is served. */
    proof: async () => {
      const layout = { ...journalLayout(FOLDER), index: indexFolder };
      const served = await ServedAudit.ask(new ServedHere(engine), () => {});
      return await audit({
        fileSystem: disk,
        layout,
        served,
        progress: () => {},
        scratch: () => scratchIndexIn({ folder: `${folder}/${lives}`, index: indexFolder }),
      });
    },
    stop: async (): Promise<Picture> => {
      await engine.stop(0);
      await journal.close();
      jobIndex.close();
      return { disk, index: filesIn(indexFolder) };
    },
  };
}

/** Written by a Daybook of format version 1, which was killed. */
export async function pictureOfVersion1(): Promise<Picture> {
  const disk = new MemoryDisk();
  await disk.makeFolder(FOLDER);
  await disk.makeFolder(SEGMENTS);
  disk.files.set(`${SEGMENTS}/00000000000000000001.ndjson`, await Deno.readFile(VERSION_1));
  return { disk, index: {} };
}

/** The same, with every snapshot deleted, or damaged. */
export function withoutSnapshots({ disk, index }: Picture, how: "deleted" | "damaged"): Picture {
  const without = disk.copy();
  for (const name of namesIn(without, `${FOLDER}/snapshots`)) {
    const path = `${FOLDER}/snapshots/${name}`;
    if (how === "deleted") without.files.delete(path);
    else without.files.set(path, flipped(bytesOf(without, path), 200));
  }
  return { disk: without, index };
}

/** The id, and the content, of an event that `work` delivered. */
export function parcelOf(round: number) {
  return incoming("shop.ParcelShipped", { orderId: `${round}` }, { eventId: `caller-${round}` });
}

export function orderOf(round: number): CreateRequest {
  const idempotency = { key: `key-${round}`, digest: `digest-${round}` };
  return { type: "test.parcel", input: { orderId: `${round}` }, idempotency };
}

/**
 * Some jobs that end in each way, one of them by an event with its sender's id, and a waiting one.
 */
export async function work({ engine, settle }: Life, rounds: readonly number[]): Promise<void> {
  const create = async (request: CreateRequest) => {
    const created = await engine.create(request);
    assert.ok(created.ok, JSON.stringify(created));
    await settle();
  };
  for (const round of rounds) {
    await create(orderOf(round));
    await create({ type: "test.greet", input: { name: `Zoë ${round}` } });
    await create({ type: "test.doomed", input: {} });
    await create({ type: "test.parcel", input: { orderId: `waits-${round}` } });
    await engine.deliver([parcelOf(round)]);
    await settle();
  }
}

export function filesIn(folder: string): Readonly<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {};
  for (const { name } of Deno.readDirSync(folder)) {
    files[name] = Deno.readFileSync(`${folder}/${name}`);
  }
  return files;
}
