/**
 * A full disk accepts a part of a batch, which is truncated. When there is room again, the next
 * batch is written in its place, and the power fails. The remains of the two must never look like
 * damage.
 */

import assert from "node:assert/strict";
import { eventId, eventType } from "../../src/core/ids.ts";
import { errorMessage } from "../../src/core/thrown.ts";
import { JournalFullError } from "../../src/engine/ports.ts";
import type { StampedEvent } from "../../src/journal/format/stamped_event.ts";
import { FileJournal } from "../../src/journal/file_journal.ts";
import type { FileSystem, OpenFile, OpenMode } from "../../src/journal/files/file_system.ts";
import { rounds } from "../support/effort.ts";
import { RememberingConsumer } from "../support/journal/journal_events.ts";
import { noSpace } from "../support/journal/journal_disk.ts";
import { PassingDisk } from "../support/journal/journal_disk.ts";
import { type Life, World } from "./world.ts";

/** Has room only for a part of the next write to a segment. */
class FillingDisk extends PassingDisk {
  isFull = false;
  /** Called when a sync of a segment is requested. */
  onSync: () => void = () => {};

  override wrapped(file: OpenFile, path: string): OpenFile {
    if (!path.includes("/segments/")) return file;
    const write = async (offset: number, bytes: Uint8Array) => {
      if (!this.isFull) return await file.write(offset, bytes);
      this.isFull = false;
      await file.write(offset, bytes.subarray(0, bytes.length - 1));
      throw noSpace();
    };
    const syncData = () => {
      this.onSync();
      return file.syncData();
    };
    return { ...file, write, syncData };
  }
}

/** Broken on purpose: the truncation is not durable before the next write. */
class CutsWithoutSync extends PassingDisk {
  override async open(path: string, mode: OpenMode): Promise<OpenFile> {
    const file = await super.open(path, mode);
    return mode === "write" ? { ...file, sync: () => Promise.resolve() } : file;
  }
}

let count = 0;

/** Batches of the same lengths, except for padding in the first. */
function facts(added = 0): readonly StampedEvent[] {
  const occurredAt = `2026-01-01T00:00:00.${String(++count % 1000).padStart(3, "0")}Z`;
  return [1, 2, 3].map((n) => ({
    stratum: "domain",
    eventType: eventType("ec.order.OrderPlaced"),
    eventId: eventId(`evt-${n}-${String(count).padStart(9, "0")}`),
    occurredAt,
    receivedAt: occurredAt,
    attributes: { text: "x".repeat(n === 1 ? added : 0) },
  }));
}

/** Padding of the first line of the next batch, so that the second begins at a page boundary. */
function padding({ storage }: World): number {
  const segment = storage.contents().get("data/journal/segments/00000000000000000001.ndjson");
  const lines = new TextDecoder().decode(segment).split("\n");
  const line = lines.find((each) => each.includes('"eventId":"evt-1-'))?.length ?? 0;
  const second = (segment?.length ?? 0) + "\n".length + line + "\n".length;
  return -second & (storage.pageBytes - 1);
}

function open(life: Life, world: World, fileSystem: FileSystem, consumer: RememberingConsumer) {
  return FileJournal.open({
    folder: "data/journal",
    fileSystem,
    clock: life.clock,
    random: world.random,
    consumer,
  });
}

/** What is wrong afterwards, in words. */
async function play(
  seed: number,
  between: (disk: FileSystem) => FileSystem,
): Promise<string | undefined> {
  const world = new World(seed, false);
  world.weather.end();
  const life = world.begin();
  const disk = new FillingDisk(between(life.disk));
  const before = new RememberingConsumer();
  const { journal } = await world.scheduler.until(open(life, world, disk, before));
  await world.scheduler.until(journal.append(facts()).durable);
  const added = padding(world);
  disk.isFull = true;
  const refused = journal.append(facts(added)).durable;
  await assert.rejects(world.scheduler.until(refused), JournalFullError);
  disk.onSync = () => world.crash("power");
  journal.append(facts(added));
  await world.scheduler.until(life.over);
  const after = new RememberingConsumer();
  const next = world.begin();
  try {
    await world.scheduler.until(open(next, world, next.disk, after));
  } catch (error) {
    return errorMessage(error);
  }
  assert.deepEqual(after.entries.slice(0, before.entries.length), before.entries);
  return undefined;
}

const SEEDS = rounds(500, 10_000, 200);
const FIRST_SEED = Date.now() % 2 ** 30;

async function firstRefusal(between: (disk: FileSystem) => FileSystem) {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    const refusal = await play(seed, between);
    if (refusal !== undefined) return `seed ${seed}: ${refusal}`;
  }
  return undefined;
}

Deno.test("full disk: a batch in the place of a truncated one is there or not, but is not damage", async () => {
  assert.equal(await firstRefusal((disk) => disk), undefined);
});

Deno.test("full disk: a journal that does not sync the truncation is caught", async () => {
  assert.match(
    await firstRefusal((disk) => new CutsWithoutSync(disk)) ?? "",
    /does not match its chain/,
  );
});
