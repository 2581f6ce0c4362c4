import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { eventId, eventType, executionId, jobId, taskId } from "../../src/core/ids.ts";
import type { StampedEvent } from "../../src/engine/ports.ts";
import { Batch, encodedGroup } from "../../src/journal/batch.ts";
import { readIndependently } from "../support/journal/independent_reader.ts";
import { RememberingConsumer } from "../support/journal/journal_consumer.ts";
import { fact, facts } from "../support/journal/journal_events.ts";
import { testWithFolder } from "../support/journal/journal_folder.ts";

const FULL_EVENT: StampedEvent = {
  stratum: "domain",
  eventType: eventType("ec.shipment.ShipmentCompleted"),
  eventId: eventId("evt_1"),
  occurredAt: "2026-01-01T10:00:00.000Z",
  receivedAt: "2026-01-01T10:00:01.000Z",
  jobId: jobId("job_1"),
  taskId: taskId("ship"),
  executionId: executionId("exe_1"),
  traceId: "trace",
  spanId: "span",
  actor: "on-call",
  causedBy: 40,
  attributes: { orderId: "42", note: "é" },
};

Deno.test("batch: a line has its keys in the order of the format", () => {
  const batch = new Batch(41);
  batch.add(encodedGroup([FULL_EVENT]));
  batch.add(encodedGroup([fact({ n: 1 })]));
  const { bytes, offsets } = batch.seal("previous");
  const lines = new TextDecoder().decode(bytes).split("\n");
  const body = '{"logId":41,"batch":41,"receivedAt":"2026-01-01T10:00:01.000Z",' +
    '"stratum":"domain","eventId":"evt_1","eventType":"ec.shipment.ShipmentCompleted",' +
    '"occurredAt":"2026-01-01T10:00:00.000Z","jobId":"job_1","taskId":"ship",' +
    '"executionId":"exe_1","traceId":"trace","spanId":"span","actor":"on-call","causedBy":40,' +
    '"attributes":{"orderId":"42","note":"é"}';
  assert.equal(lines[0], "");
  assert.equal(lines[1], `${body},"crc":"${crc32(body).toString(16).padStart(8, "0")}"}`);
  assert.match(
    lines[2] ?? "",
    /^\{"logId":42,"batch":41,.*,"chain":"[\w-]{43}","crc":"[0-9a-f]{8}"\}$/,
  );
  assert.deepEqual(lines.slice(3), [""]);
  assert.deepEqual(offsets, [1, 1 + new TextEncoder().encode(lines[1] + "\n").length]);
});

Deno.test("batch: the chain is the digest of the chain before it and of the lines", () => {
  for (const previous of ["", "abc"]) {
    const batch = new Batch(5);
    batch.add(encodedGroup(facts(3)));
    const { bytes, chain } = batch.seal(previous);
    const text = new TextDecoder().decode(bytes);
    const covered = text.slice(1, text.indexOf(',"chain":"'));
    assert.equal(chain, createHash("sha256").update(previous + covered).digest("base64url"));
  }
});

Deno.test("batch: its size on disk is known before it is sealed", () => {
  for (
    const opening of [undefined, fact({ formatVersion: 1 }, { eventType: "journal.SegmentOpened" })]
  ) {
    const batch = new Batch(7, opening);
    batch.add(encodedGroup(facts(2)));
    const expected = batch.sealedBytes;
    assert.equal(batch.seal("x".repeat(43)).bytes.length, expected);
    assert.equal(batch.sealedBytes, expected);
  }
});

testWithFolder(
  "file journal: an independent reader of the format gets the same entries",
  async (folder) => {
    const consumer = new RememberingConsumer();
    const { journal } = await folder.open(consumer, { segmentBytes: 4000 });
    for (let round = 0; round < 12; round++) {
      const groups = Array.from({ length: 1 + round % 3 }, (_, n) =>
        journal.append([
          fact({ round, n, text: "é😀\ud800\u2028" }, { traceId: '"' }),
          fact({}, { causedBy: { draft: 0 } }),
        ]));
      await Promise.all(groups.map(({ durable }) => durable));
    }
    folder.crash();
    const reopened = await folder.open(consumer, { segmentBytes: 4000 });
    await reopened.journal.append(facts(2)).durable;
    await reopened.journal.close();
    const found = await readIndependently(folder.path);
    assert.ok((await folder.names("segments")).length >= 3);
    assert.equal(found.chain, reopened.journal.head.chain);
    assert.equal(found.entries.length, reopened.journal.head.logId);
    const read = await reopened.journal.read(0, 1000);
    assert.deepEqual(
      found.entries.map(({ batch: _batch, chain: _chain, crc: _crc, ...entry }) => entry),
      read,
    );
  },
);
