import assert from "node:assert/strict";
import { JournalDamagedError } from "../../src/journal/errors.ts";
import { journalLayout } from "../../src/journal/layout.ts";
import { chainAfter, chainField } from "../../src/journal/format/line_codec.ts";
import { onlySegments } from "../../src/journal/read/segment_listing.ts";
import { SegmentWalk } from "../../src/verify/segment_walk.ts";
import { facts, RememberingConsumer } from "../support/journal/journal_events.ts";
import { type JournalFolder, testWithFolder } from "../support/journal/journal_folder.ts";
import { forged, withCrc } from "../support/journal/journal_bytes.ts";
import {
  bytesOf,
  lastSegment,
  type MemoryDisk,
  segmentPaths,
  setText,
  textAt,
} from "../support/journal/journal_memory_disk.ts";
import { sampleJournal, startOn } from "../support/damage/journal_sweep.ts";

/** Starts, and expects a refusal; the bytes must stay as they are. */
async function refusal(
  disk: MemoryDisk,
  what = "start",
  exitCode = 78,
): Promise<JournalDamagedError> {
  const before = segmentPaths(disk).map((path) => bytesOf(disk, path));
  const started = await startOn(disk);
  assert.ok(started instanceof JournalDamagedError, `${what}: ${started}`);
  assert.equal(started.exitCode, exitCode);
  assert.deepEqual(segmentPaths(disk).map((path) => bytesOf(disk, path)), before, what);
  return started;
}

Deno.test("file journal: damage names segment, offset and logId, and what to do", async () => {
  const { disk, entries } = await sampleJournal("stop");
  const [first = ""] = segmentPaths(disk);
  const bytes = bytesOf(disk, first);
  const at = new TextDecoder().decode(bytes).indexOf('{"logId":3,');
  bytes[at + 60] = 0;
  const error = await refusal(disk);
  assert.equal(error.segment, "00000000000000000001.ndjson");
  assert.equal(error.offset, at);
  assert.equal(error.logId, 3);
  assert.match(
    error.message,
    /`deno task journal verify` lists what is damaged; `deno task journal repair` says what can/,
  );
  assert.ok(entries.length > 3);
});

Deno.test("file journal: damage in the last segment before a whole batch is refused", async () => {
  const { disk } = await sampleJournal("crash");
  const last = lastSegment(disk);
  const bytes = bytesOf(disk, last);
  const text = new TextDecoder().decode(bytes);
  const [, second = 0] = [...text.matchAll(/\n\n/g)].map(({ index }) => index);
  bytes.fill(0, 400, second + 2);
  const error = await refusal(disk);
  assert.match(error.message, /a whole line of batch \d+ is at byte \d+/);
});

Deno.test("file journal: a later line is found even if everything before it is zeros", async () => {
  const { disk } = await sampleJournal("stop");
  const last = lastSegment(disk);
  const bytes = bytesOf(disk, last);
  const sealLine = new TextDecoder().decode(bytes).lastIndexOf('{"logId"');
  bytes.fill(0, 0, sealLine);
  const error = await refusal(disk);
  assert.equal(error.offset, 0);
});

Deno.test("file journal: bytes after a whole batch of an older segment are refused", async () => {
  const { disk } = await sampleJournal("stop");
  const [first = ""] = segmentPaths(disk);
  const bytes = bytesOf(disk, first);
  disk.files.set(first, new Uint8Array([...bytes, 10]));
  const error = await refusal(disk);
  assert.equal(error.offset, bytes.length + 1);
});

Deno.test("file journal: a missing segment is refused", async () => {
  for (const index of [0, 1]) {
    const { disk } = await sampleJournal("stop");
    disk.files.delete(segmentPaths(disk)[index] ?? "");
    const error = await refusal(disk, `segment ${index}`);
    assert.match(error.message, /should be here, but the segment begins with/);
  }
});

Deno.test("file journal: a segment under another name is refused", async () => {
  const { disk } = await sampleJournal("stop");
  const [first = "", second = ""] = segmentPaths(disk);
  const copy = disk.copy();
  copy.files.set(second, bytesOf(disk, first));
  await refusal(copy);
});

Deno.test("file journal: swapped, repeated or removed batches are refused", async () => {
  const { disk } = await sampleJournal("stop");
  const path = segmentPaths(disk)[1] ?? "";
  const batches = textAt(disk, path).split(/(?<=\n)(?=\n)/);
  assert.ok(batches.length >= 3);
  const [a = "", b = "", c = "", ...rest] = batches;
  for (
    const [what, changed] of [["swapped", [a, c, b]], ["repeated", [a, b, b, c]], ["removed", [
      a,
      c,
    ]]] as const
  ) {
    const copy = disk.copy();
    setText(copy, path, [...changed, ...rest].join(""));
    await refusal(copy, what);
  }
});

Deno.test("file journal: a complete but changed last batch is refused", async () => {
  const { disk } = await sampleJournal("crash");
  const last = lastSegment(disk);
  const text = textAt(disk, last);
  const withoutBlank = text.replace(/\n(?=\n\{[^\n]*\n(?:\{[^\n]*\n)*$)/, "");
  const withoutLine = text.replace(/\{[^\n]*\n(?=\{[^\n]*\n$)/, "");
  for (const [what, changed] of Object.entries({ withoutBlank, withoutLine })) {
    assert.notEqual(changed, text, what);
    const copy = disk.copy();
    setText(copy, last, changed);
    await refusal(copy, what);
  }
});

Deno.test("file journal: forged lines with a correct crc do not match their chain", async () => {
  const { disk } = await sampleJournal("crash");
  for (const path of segmentPaths(disk)) {
    const bytes = bytesOf(disk, path);
    const same = disk.copy();
    same.files.set(path, forged(bytes, (line) => line));
    assert.deepEqual(bytesOf(same, path), bytes, "the forger can write the format");
    const copy = disk.copy();
    copy.files.set(path, forged(bytes, (line) => line.replace('{"n":1}', '{"n":9}')));
    const error = await refusal(copy, path);
    assert.match(error.message, /the batch does not match its chain/);
  }
});

Deno.test("segment walk: a batch with a wrong crc is not whole, even if its chain holds", async () => {
  const { disk } = await sampleJournal("crash");
  const path = lastSegment(disk);
  const text = textAt(disk, path);
  const start = text.lastIndexOf("\n\n") + 2;
  const wrong = text.slice(start).replace(/(?<="crc":")[0-9a-f]{8}/, "00000000");
  const previousChain = /.*"chain":"([^"]*)"/s.exec(text.slice(0, start))?.[1] ?? "";
  const end = wrong.indexOf(',"chain":"');
  const chain = chainAfter(previousChain, new TextEncoder().encode(wrong.slice(0, end)));
  const last = wrong.lastIndexOf("\n", end) + 1;
  const commit = withCrc(wrong.slice(last, end) + chainField(chain));
  const changed = `${text.slice(0, start)}${wrong.slice(0, last)}${commit}\n`;
  setText(disk, path, changed);
  const layout = journalLayout("journal");
  const segments = await onlySegments(disk, layout);
  const walk = new SegmentWalk({ fileSystem: disk, layout, segments }, ({ reason }) => {
    assert.fail(reason);
  });
  for await (const { pieces } of walk.segments()) {
    for await (const { scanner } of pieces) while (scanner.next() !== undefined);
  }
  assert.equal(walk.torn?.offset, start - 1);
});

Deno.test("file journal: a segment forged with all its chains does not follow the previous one", async () => {
  const { disk } = await sampleJournal("crash");
  const last = lastSegment(disk);
  const other = "x".repeat(43);
  const change = (line: string) =>
    line.replace(/"previousChain":"[^"]*"/, `"previousChain":"${other}"`);
  const before = /"previousChain":"([^"]*)"/.exec(textAt(disk, last))
    ?.[1];
  for (const previousChain of [other, before]) {
    const copy = disk.copy();
    copy.files.set(last, forged(bytesOf(disk, last), change, previousChain));
    const error = await refusal(copy);
    assert.match(error.message, /previousChain is not the chain before it/);
  }
});

Deno.test("file journal: a newer format is refused, with the versions", async () => {
  const { disk } = await sampleJournal("stop");
  const [first = ""] = segmentPaths(disk);
  const newer = (line: string) => line.replace('"formatVersion":2', '"formatVersion":3');
  disk.files.set(first, forged(bytesOf(disk, first), newer, ""));
  const error = await refusal(disk, "start", 65);
  assert.match(error.message, /this version of Daybook does not read format version 3/);
  // Neither a repair nor a new copy would make it readable.
  const advice = /format version 3; use a newer version$/;
  for (const isCopy of [false, true]) assert.match(error.messageFor("journal", isCopy), advice);
});

testWithFolder(
  "file journal: damage that occurs while it is open is found when it is read",
  async (folder) => {
    await writeSample(folder);
    const { journal } = await folder.open(new RememberingConsumer());
    const file = "segments/00000000000000000001.ndjson";
    const bytes = await folder.read(file);
    const at = new TextDecoder().decode(bytes).indexOf('{"logId":3,');
    const digit = new TextDecoder().decode(bytes).indexOf('{"n":1}', at) + 5;
    bytes[digit] = 0x39;
    await folder.write(file, bytes);
    assert.equal((await journal.readAt([2])).length, 1);
    await assert.rejects(journal.readAt([2, 3]), (error) => {
      assert.ok(error instanceof JournalDamagedError);
      assert.equal(error.logId, 3);
      assert.equal(error.offset, at);
      return true;
    });
    await journal.close();
  },
);

async function writeSample(folder: JournalFolder): Promise<void> {
  const { journal } = await folder.open(new RememberingConsumer());
  await journal.append(facts(4)).durable;
  folder.crash();
}

Deno.test("file journal: a last segment without a whole line is damage, not a torn write", async () => {
  const { disk } = await sampleJournal("stop");
  const path = lastSegment(disk);
  const text = textAt(disk, path);
  setText(disk, path, text.replaceAll("\n", "\r\n"));

  const started = await startOn(disk);

  assert.ok(started instanceof JournalDamagedError);
  assert.match(started.message, /the beginning of a line of batch \d+ is at byte \d+/);
});
