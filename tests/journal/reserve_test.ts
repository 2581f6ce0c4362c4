import assert from "node:assert/strict";
import { JournalFullError } from "../../src/engine/ports.ts";
import { JournalUnusableError } from "../../src/journal/errors.ts";
import { FileJournal } from "../../src/journal/file_journal.ts";
import type { FileJournalOptions } from "../../src/journal/options.ts";
import { FakeClock, FakeRandom } from "../support/fake_clock.ts";
import { RememberingConsumer } from "../support/journal/journal_consumer.ts";
import { fact, facts } from "../support/journal/journal_events.ts";
import { SmallDisk } from "./small_disk.ts";

const RESERVE_BYTES = 20_000;
/** The room that must be free beside the reserve before it is recreated. */
const MARGIN_BYTES = 64 * 1024;

class Scene {
  readonly clock = new FakeClock();
  readonly consumer = new RememberingConsumer();
  readonly warnings: string[] = [];

  constructor(readonly disk = new SmallDisk()) {}

  async open(options: Partial<FileJournalOptions> = {}): Promise<FileJournal> {
    const { journal } = await FileJournal.open({
      folder: "journal",
      fileSystem: this.disk,
      clock: this.clock,
      random: new FakeRandom(),
      consumer: this.consumer,
      reserveBytes: RESERVE_BYTES,
      warn: (message) => this.warnings.push(message),
      ...options,
    });
    return journal;
  }

  /** A journal that has just found no room; other files use up what was written ahead. */
  async full(options: Partial<FileJournalOptions> = {}): Promise<FileJournal> {
    const journal = await this.open(options);
    await journal.append(facts(2)).durable;
    this.disk.leave(100);
    const before = this.segmentBytes;
    await assert.rejects(journal.append([large()]).durable, JournalFullError);
    this.disk.capacity -= before - this.segmentBytes;
    await this.clock.settle();
    return journal;
  }

  get segmentBytes(): number {
    return this.disk.files.get("journal/segments/00000000000000000001.ndjson")?.length ?? 0;
  }

  get reserve(): number | undefined {
    return this.disk.files.get("journal/reserve")?.length;
  }

  async types(journal: FileJournal): Promise<readonly string[]> {
    return (await journal.read(0, 100)).map(({ eventType }) => eventType);
  }
}

const large = () => fact({ text: "x".repeat(RESERVE_BYTES) });

Deno.test("reserve: on a full disk only vital entries are recorded, and reads continue", async () => {
  const scene = new Scene();
  const journal = await scene.full();

  assert.equal(journal.full("ordinary"), true);
  assert.equal(scene.reserve, undefined, "it was given up");
  assert.throws(() => journal.append(facts(1)), JournalFullError);
  await journal.append(facts(3), "vital").durable;
  assert.equal((await journal.read(0, 100)).length, journal.head.logId);
  assert.deepEqual(scene.warnings.length, 1);
  await journal.close();
});

Deno.test("reserve: a group without room is rejected, and vital appends succeed when repeated", async () => {
  const scene = new Scene();
  const journal = await scene.open();
  await journal.append(facts(1)).durable;
  scene.disk.leave(100);
  const ordinary = journal.append([large()]).durable;
  const vital = journal.append(facts(1), "vital").durable;
  await Promise.all([ordinary, vital].map((each) => assert.rejects(each, JournalFullError)));
  await journal.append(facts(1), "vital").durable;
  await journal.close();
});

Deno.test("reserve: when there is room again it is recreated automatically, and everything is accepted", async () => {
  const scene = new Scene();
  const journal = await scene.full();
  await scene.clock.advance(5_000);
  assert.equal(journal.full("ordinary"), true, "it is still full");
  assert.equal(scene.reserve, undefined);

  scene.disk.leave(RESERVE_BYTES + MARGIN_BYTES + 10_000);
  await scene.clock.advance(1_000);

  assert.equal(journal.full("ordinary"), false);
  assert.equal(scene.reserve, RESERVE_BYTES);
  await journal.append(facts(1)).durable;
  const [probe] = (await journal.read(0, 100)).filter(({ attributes }) =>
    "reason" in attributes && attributes["reason"] === "room"
  );
  assert.equal(probe?.eventType, "journal.Sealed", "what proved it is on record");
  assert.equal(scene.warnings.at(-1), "there is room on the disk again");
  await journal.close();
});

Deno.test("reserve: the seal that proves that there is room is not followed by another", async () => {
  const scene = new Scene();
  const journal = await scene.full({ quietSealMs: 5_000 });
  await journal.append(facts(1), "vital").durable;
  scene.disk.leave(RESERVE_BYTES + MARGIN_BYTES + 10_000);
  await scene.clock.advance(20_000);

  assert.deepEqual((await scene.types(journal)).slice(-2), [
    "ec.order.OrderPlaced",
    "journal.Sealed",
  ]);
  await journal.close();
});

Deno.test("reserve: room for the reserve alone is not enough", async () => {
  const scene = new Scene();
  const journal = await scene.full();
  scene.disk.leave(RESERVE_BYTES + 1_000);
  await scene.clock.advance(1_000);
  assert.equal(journal.full("ordinary"), true);
  assert.equal(scene.reserve, undefined);
  await journal.close();
});

Deno.test("reserve: while a segment may not grow, room for the reserve is not enough", async () => {
  const scene = new Scene();
  const journal = await scene.open();
  await journal.append(facts(1)).durable;
  scene.disk.fileBytesMax = scene.segmentBytes;
  await assert.rejects(journal.append([large()]).durable, JournalFullError);
  scene.disk.fileBytesMax = scene.segmentBytes;
  for (let second = 0; second < 3; second++) {
    await scene.clock.advance(1_000);
    assert.equal(journal.full("ordinary"), true);
    assert.throws(() => journal.append(facts(1)), JournalFullError);
  }
  scene.disk.fileBytesMax = Infinity;
  await scene.clock.advance(1_000);
  assert.equal(journal.full("ordinary"), false);
  await journal.close();
});

Deno.test("reserve: when it is used up vital entries are rejected too, and nothing is lost", async () => {
  const scene = new Scene();
  const journal = await scene.full();
  await journal.append(facts(1), "vital").durable;
  assert.equal(journal.full("vital"), false);
  await assert.rejects(journal.append([large()], "vital").durable, JournalFullError);
  assert.equal(journal.full("vital"), true);
  const { logId } = journal.head;
  await journal.append(facts(1), "vital").durable;
  assert.equal(journal.head.logId, logId + 1);
  await journal.close();

  const next = new Scene(scene.disk);
  scene.disk.capacity = Infinity;
  const reopened = await next.open();
  assert.equal(next.consumer.entries.length, reopened.head.logId);
  assert.ok(reopened.head.logId > logId);
  await reopened.close();
});

Deno.test("reserve: a stop on a full disk uses it for the seal, so the next start is clean", async () => {
  const scene = new Scene();
  const journal = await scene.full();
  await journal.close();

  const next = new Scene(scene.disk);
  const reopened = await next.open();
  assert.equal((await reopened.info()).lastRecovery.clean, true);
  assert.equal(reopened.full("ordinary"), true, "there is no room to make it again");
  assert.throws(() => reopened.append(facts(1)), JournalFullError);
  assert.equal((await next.types(reopened)).length, reopened.head.logId);
  scene.disk.capacity = Infinity;
  await next.clock.advance(1_000);
  assert.equal(reopened.full("ordinary"), false);
  await reopened.close();
});

Deno.test("reserve: no snapshot is written into its released room", async () => {
  const scene = new Scene();
  const journal = await scene.full({ snapshotEvery: 3 });
  await journal.append(facts(10), "vital").durable;
  await scene.clock.settle();
  const snapshots = () =>
    [...scene.disk.files.keys()].filter((path) => path.includes("snapshots/"));
  assert.deepEqual(snapshots(), []);
  scene.disk.capacity = Infinity;
  await scene.clock.advance(1_000);
  await journal.append(facts(1)).durable;
  await journal.close();
  assert.ok(snapshots().length > 0);
});

Deno.test("reserve: a partial one, or one of another size, is recreated", async () => {
  const scene = new Scene();
  await (await scene.open()).close();
  scene.disk.files.set("journal/reserve", new Uint8Array(77));
  const journal = await scene.open();
  assert.equal(scene.reserve, RESERVE_BYTES);
  await journal.close();
});

Deno.test("reserve: a folder of its name is refused", async () => {
  const scene = new Scene();
  await scene.disk.makeFolder("journal/reserve");
  await assert.rejects(scene.open(), JournalUnusableError);
});

Deno.test("reserve: without one every append is tried, and the last result decides", async () => {
  const scene = new Scene();
  const journal = await scene.full({ reserveBytes: 0 });
  assert.equal(journal.full("ordinary"), true);
  await assert.rejects(journal.append(facts(1)).durable, JournalFullError);
  scene.disk.capacity = Infinity;
  await journal.append(facts(1)).durable;
  assert.equal(journal.full("ordinary"), false);
  await journal.close();
});
