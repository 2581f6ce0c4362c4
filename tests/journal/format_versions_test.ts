/** Segments of both versions of the format: they are read the same, and the new one is written. */

import assert from "node:assert/strict";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { eventId, eventType, taskId } from "../../src/core/ids.ts";
import type { JsonObject } from "../../src/core/json.ts";
import type { UnplacedEvent } from "../../src/engine/ports.ts";
import { Projection } from "../../src/engine/writer/projection.ts";
import { JournalDamagedError } from "../../src/journal/errors.ts";
import { readIndependently } from "../support/journal/independent_reader.ts";
import { fact, facts, RememberingConsumer } from "../support/journal/journal_events.ts";
import { type JournalFolder, testWithFolder } from "../support/journal/journal_folder.ts";

/** Written by a Daybook of format version 1, which was killed: 26 entries of four jobs. */
const VERSION_1 = new URL("fixtures/version_1.ndjson", import.meta.url);
const FIRST = "00000000000000000001.ndjson";
const ENTRIES = 26;

async function folderOfVersion1(folder: JournalFolder): Promise<Uint8Array> {
  const bytes = await Deno.readFile(VERSION_1);
  await Deno.mkdir(`${folder.path}/segments`, { recursive: true });
  await folder.write(`segments/${FIRST}`, bytes);
  return bytes;
}

function written(entries: readonly JobEventLogEntry[]) {
  return entries.filter(({ eventType }) => !eventType.startsWith("journal."));
}

function statesOf(entries: readonly JobEventLogEntry[]) {
  const projection = new Projection();
  for (const entry of entries) projection.replay(entry);
  return [...projection.table.jobs()];
}

/** Does not take the entries from a snapshot, so a start reads all lines. */
function readerOfLines(): RememberingConsumer {
  const consumer = new RememberingConsumer();
  consumer.canRestore = false;
  return consumer;
}

testWithFolder(
  "format versions: a segment of version 1 is left unchanged, and a new one begun",
  async (folder) => {
    const before = await folderOfVersion1(folder);
    const { journal } = await folder.open(new RememberingConsumer());
    await journal.append(facts(2)).durable;
    await journal.close();
    assert.deepEqual(await folder.read(`segments/${FIRST}`), before);
    const names = await folder.names("segments");
    assert.equal(names.length, 2);
    const [, opening = ""] = await folder.linesOf(names[1] ?? "");
    assert.equal(JSON.parse(opening).attributes.formatVersion, 2);
    assert.equal(JSON.parse(opening).logId, ENTRIES + 1);
  },
);

testWithFolder(
  "format versions: a mixed journal continues, and other readers can read it",
  async (folder) => {
    await folderOfVersion1(folder);
    for (let start = 0; start < 3; start++) {
      const { journal } = await folder.open(new RememberingConsumer());
      await journal.append(facts(1)).durable;
      await journal.close();
    }
    assert.equal((await folder.names("segments")).length, 2, "only the first start rolls");
    const consumer = readerOfLines();
    const { journal, report } = await folder.open(consumer);
    assert.equal(report.clean, true);
    const { chain, entries } = await readIndependently(folder.path);
    assert.deepEqual({ logId: entries.length, chain }, journal.head);
    for (const [index, entry] of consumer.entries.entries()) {
      const { batch: _batch, chain: _chain, crc: _crc, ...other } = entries[index] as Record<
        string,
        unknown
      >;
      assert.deepEqual(entry, other);
    }
    await journal.close();
  },
);

testWithFolder("format versions: both project to the same jobs", async (folder) => {
  await folderOfVersion1(folder);
  const old = new RememberingConsumer();
  await (await folder.open(old)).journal.close();
  const entries = old.entries.slice(0, ENTRIES);
  // The same in the current version; positions are equal, because both have an opening.
  await Deno.remove(folder.path, { recursive: true });
  const { journal } = await folder.open(new RememberingConsumer());
  for (const entry of written(entries)) {
    const { logId: _logId, ...event } = entry;
    await journal.append([event as UnplacedEvent]).durable;
  }
  await journal.close();
  const again = readerOfLines();
  await (await folder.open(again)).journal.close();
  assert.deepEqual(written(again.entries), written(entries));
  assert.equal(JSON.stringify(written(again.entries)), JSON.stringify(written(entries)));
  assert.deepEqual(statesOf(again.entries), statesOf(entries));
  assert.equal(statesOf(entries).length, 4);
});

testWithFolder(
  "format versions: version 2 omits what is the same for nearly all lines",
  async (folder) => {
    await folderOfVersion1(folder);
    const old = new RememberingConsumer();
    await (await folder.open(old)).journal.close();
    await Deno.remove(folder.path, { recursive: true });
    const { journal } = await folder.open(new RememberingConsumer());
    for (const entry of written(old.entries.slice(0, ENTRIES))) {
      const { logId: _logId, ...event } = entry;
      await journal.append([event as UnplacedEvent]).durable;
    }
    await journal.close();
    const lines = (await folder.linesOf(FIRST)).filter((line) => line !== "").map((line) =>
      JSON.parse(line)
    );
    const created = lines.filter(({ eventType }) => eventType === "job.JobCreated");
    assert.deepEqual(created.map(({ attributes }) => Object.keys(attributes)), [
      ["type", "definitionVersion", "input"],
      ["type", "definitionVersion", "input", "priority", "labels"],
      ["plan"],
      ["type", "definitionVersion", "input"],
    ]);
    const dated = lines.filter(({ occurredAt }) => occurredAt !== undefined);
    // Given by its sender; its correlation has it too.
    assert.deepEqual(dated.map(({ eventType }) => eventType), ["shop.OrderPaid"]);
  },
);

testWithFolder(
  "format versions: version 2 omits the execution id that is the id of its entry",
  async (folder) => {
    const start = { eventType: eventType("job.TaskStarted"), stratum: "framework" } as const;
    const events = [
      { ...fact({ attempt: 1 }), ...start, eventId: eventId("evt_7"), executionId: "exe_7" },
      { ...fact({ attempt: 1 }), ...start, eventId: eventId("evt_8"), executionId: "exe_7" },
      { ...fact({ n: 1 }), eventId: eventId("evt_9"), executionId: "exe_9" },
    ];
    const { journal } = await folder.open(new RememberingConsumer());
    await journal.append(events as UnplacedEvent[]).durable;
    await journal.close();
    const lines = (await folder.linesOf(FIRST)).filter((line) => line.includes("evt_"));
    const inLines = lines.map((line) => JSON.parse(line).executionId);
    assert.deepEqual(inLines.slice(1, 4), [undefined, "exe_7", "exe_9"]);
    const again = readerOfLines();
    await (await folder.open(again)).journal.close();
    const read = again.entries.slice(1, 4).map(({ executionId }) => executionId);
    assert.deepEqual(read, ["exe_7", "exe_7", "exe_9"]);
  },
);

testWithFolder(
  "format versions: version 2 omits the three attempts that a step has by default, and main's have none",
  async (folder) => {
    const start = (task: string, attributes: JsonObject) => ({
      ...fact(attributes),
      eventType: eventType("job.TaskStarted"),
      stratum: "framework",
      taskId: taskId(task),
    });
    const events = [
      start("main", { attempt: 1 }),
      start("charge", { attempt: 1, maxAttempts: 3, timeoutMs: 10 }),
      start("ship", { attempt: 2, maxAttempts: 3 }),
      start("mail", { attempt: 1, maxAttempts: 5 }),
    ];
    const { journal } = await folder.open(new RememberingConsumer());
    await journal.append(events as UnplacedEvent[]).durable;
    await journal.close();
    const lines = (await folder.linesOf(FIRST)).filter((line) => line.includes("TaskStarted"));
    assert.deepEqual(lines.map((line) => JSON.stringify(JSON.parse(line).attributes)), [
      '{"attempt":1}',
      '{"attempt":1,"timeoutMs":10}',
      '{"attempt":2}',
      '{"attempt":1,"maxAttempts":5}',
    ]);
    const again = readerOfLines();
    await (await folder.open(again)).journal.close();
    // Keys too are in the order that they had.
    assert.deepEqual(
      again.entries.slice(1, 5).map(({ attributes }) => JSON.stringify(attributes)),
      events.map(({ attributes }) => JSON.stringify(attributes)),
    );
  },
);

testWithFolder("format versions: damage in either is found, with its position", async (folder) => {
  await folderOfVersion1(folder);
  const { journal } = await folder.open(new RememberingConsumer());
  await journal.append(facts(2)).durable;
  await journal.close();
  for (const name of await folder.names("segments")) {
    const whole = await folder.read(`segments/${name}`);
    const flipped = whole.slice();
    const at = 200;
    flipped[at] = (flipped[at] ?? 0) ^ 1;
    await folder.write(`segments/${name}`, flipped);
    await assert.rejects(
      folder.open(new RememberingConsumer()),
      (error) => error instanceof JournalDamagedError && error.message.includes(name),
    );
    await folder.write(`segments/${name}`, whole);
  }
});
