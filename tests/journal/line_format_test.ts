import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import {
  type EventId,
  eventId,
  type EventType,
  eventType,
  type ExecutionId,
  executionId,
  type JobId,
  jobId,
  type TaskId,
  taskId,
} from "../../src/core/ids.ts";
import type { StampedEvent } from "../../src/journal/format/stamped_event.ts";
import { Batch, encodedGroup } from "../../src/journal/write/batch.ts";
import { readIndependently } from "../support/journal/independent_reader.ts";
import { fact, facts, RememberingConsumer } from "../support/journal/journal_events.ts";
import { testWithFolder } from "../support/journal/journal_folder.ts";
import { MAIN_ONLY_PLAN } from "../../src/core/job_plan.ts";
import { runToEnd } from "../../src/core/work.ts";
import { lineBody, writtenAttributes } from "../../src/journal/format/line_codec.ts";
import { entryInFields } from "../../src/journal/format/line_fields.ts";
import { entryIn, parsedEntry } from "../../src/journal/format/line_reader.ts";
import { lineBytes, withCrc } from "../support/journal/journal_bytes.ts";
import { rounds } from "../support/effort.ts";
import { crcHolds } from "../../src/journal/format/line_bytes.ts";
import { findOtherBatch } from "../../src/journal/read/segment_end.ts";
import { FakeClock, FakeRandom } from "../support/fake_clock.ts";
import { anyCharacter } from "../support/any_character.ts";

const STAMPING = { clock: new FakeClock(), random: new FakeRandom() };

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
  batch.add(encodedGroup([FULL_EVENT]), STAMPING);
  batch.add(encodedGroup([fact({ n: 1 })]), STAMPING);
  const { bytes, offsets } = runToEnd(batch.sealing("previous"));
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
    batch.add(encodedGroup(facts(3)), STAMPING);
    const { bytes, chain } = runToEnd(batch.sealing(previous));
    const text = new TextDecoder().decode(bytes);
    const covered = text.slice(1, text.indexOf(',"chain":"'));
    assert.equal(chain, createHash("sha256").update(previous + covered).digest("base64url"));
  }
});

Deno.test("batch: a large one is sealed in pieces, with the same lines, crcs and chain", () => {
  for (const letter of ["x", "\u00e9"]) {
    const batch = new Batch(41);
    const text = letter.repeat(300_000);
    batch.add(encodedGroup(Array.from({ length: 12 }, (_, n) => fact({ n, text }))), STAMPING);
    const sealing = batch.sealing("previous");
    let pauses = 0;
    let step = sealing.next();
    for (; step.done !== true; step = sealing.next()) pauses++;
    const { bytes, chain, offsets } = step.value;
    assert.ok(pauses > 5, `${pauses} pauses`);
    assert.equal(offsets.length, 12);
    offsets.forEach((offset, n) => {
      const end = (offsets[n + 1] ?? bytes.length) - 1;
      assert.ok(crcHolds(bytes, offset, end), `line ${n}`);
      const line = JSON.parse(new TextDecoder().decode(bytes.subarray(offset, end)));
      assert.deepEqual(line.attributes, { n, text });
    });
    const whole = new TextDecoder().decode(bytes);
    const covered = whole.slice(1, whole.indexOf(',"chain":"'));
    assert.equal(chain, createHash("sha256").update("previous" + covered).digest("base64url"));
  }
});

Deno.test("batch: its size on disk is known before it is sealed", () => {
  for (
    const opening of [undefined, fact({ formatVersion: 1 }, { eventType: "journal.SegmentOpened" })]
  ) {
    const batch = new Batch(7, opening);
    batch.add(encodedGroup(facts(2)), STAMPING);
    const expected = batch.sealedBytes;
    assert.equal(runToEnd(batch.sealing("x".repeat(43))).bytes.length, expected);
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

const LOG_ID = 41;
const BATCH = 40;

const ids = fc.string({ unit: fc.constantFrom(..."aZ09._:~-"), minLength: 1, maxLength: 40 });
const free = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: anyCharacter, maxLength: 20 }),
);
const times = fc.constantFrom("2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.001Z");
const names = fc.constantFrom("attempt", "result", "__proto__", "a\\b", "\n", '"', "é", "plan");
const attributes = fc.dictionary(fc.oneof(names, free), fc.jsonValue({ depthSize: "small" }), {
  maxKeys: 4,
  noNullPrototype: true,
});
const created = fc.record({ type: ids, input: fc.jsonValue(), labels: fc.constant({}) })
  .map((own) => ({ ...own, plan: MAIN_ONLY_PLAN, priority: 0 }));

const events = fc.record({
  receivedAt: times,
  stratum: fc.constantFrom("framework", "domain", "coordination"),
  eventId: ids,
  what: fc.oneof(
    fc.record({
      eventType: fc.constantFrom("job.TaskCompleted", "ec.a.LongName"),
      attributes,
    }),
    fc.record({
      eventType: fc.constant("job.TaskStarted"),
      attributes: attributes.map((own) => ({ attempt: 1, maxAttempts: 3, ...own })),
    }),
    fc.record({ eventType: fc.constant("job.JobCreated"), attributes: created }),
  ),
  occurredAt: fc.oneof(times, free),
  jobId: ids,
  taskId: ids,
  executionId: ids,
  traceId: free,
  spanId: free,
  actor: free,
  causedBy: fc.integer({ min: 0, max: 2 ** 40 }),
}, { requiredKeys: ["receivedAt", "stratum", "eventId", "what"] }).map(({ what, ...rest }) => ({
  occurredAt: rest.receivedAt,
  ...rest,
  ...what,
}));

type Written = Omit<StampedEvent, "causedBy"> & { readonly causedBy?: number };

function bodyOf(event: object): string {
  const written = event as unknown as Written & {
    readonly eventId: EventId;
    readonly eventType: EventType;
    readonly jobId?: JobId;
    readonly taskId?: TaskId;
    readonly executionId?: ExecutionId;
  };
  const text = JSON.stringify(writtenAttributes(written as StampedEvent));
  return lineBody(BATCH, LOG_ID, written as StampedEvent, written.causedBy, text);
}

function readBy(read: typeof entryInFields | typeof parsedEntry, body: string) {
  const text = `{"before":1}\n${body},"crc":"00000000"}\nafter`;
  const start = text.indexOf("\n") + 1;
  return read(lineBytes(text, start, start + body.length), LOG_ID, BATCH);
}

/** Changes that someone who knows the format could make to a line, with a correct crc. */
const changes = fc.oneof(
  fc.record({ kind: fc.constant("insert"), at: fc.nat(), with: pieces() }),
  fc.record({ kind: fc.constant("replace"), at: fc.nat(), with: pieces() }),
  fc.record({ kind: fc.constant("field"), at: fc.nat(), with: pieces() }),
  fc.record({ kind: fc.constant("cut"), at: fc.nat(), with: fc.constant("") }),
);

function pieces() {
  return fc.constantFrom(
    ...[" ", "\t", '"', "\\", "\\u0041", '\\"', ",", "{}", "}", "{", "[", "0", "01", "-1", "1e3"],
    ...['"jobId":"x",', '"taskId":"y",', '"jobId":null,', '"causedBy":7,', '"causedBy":07,'],
    ...['"causedBy":1.5,', '"attributes":{},', '"color":"red",', '"logId":41,', '"batch":40,'],
    ...[
      '"occurredAt":"\\n",',
      '"traceId":"\u0001",',
      '"stratum":"other",',
      "\u2028",
      "é",
      "\ud800",
    ],
  );
}

function changed(body: string, all: readonly { kind: string; at: number; with: string }[]) {
  let text = body;
  for (const { kind, at, with: piece } of all) {
    const place = at % (text.length + 1);
    const next = text.indexOf(',"', place) + 1;
    if (kind === "insert") text = text.slice(0, place) + piece + text.slice(place);
    else if (kind === "replace") text = text.slice(0, place) + piece + text.slice(place + 1);
    else if (kind === "field") text = text.slice(0, next) + piece + text.slice(next);
    else text = text.slice(0, place) + text.slice(place + 1);
  }
  return text;
}

Deno.test("line fields: reading field by field gives what a JSON parser gives", () => {
  let [inFields, byParser] = [0, 0];
  const property = fc.property(events, fc.array(changes, { maxLength: 2 }), (event, all) => {
    const body = changed(bodyOf(event), all);
    const entry = readBy(entryInFields, body);
    const parsed = readBy(parsedEntry, body);
    if (entry === undefined) return void byParser++;
    assert.deepEqual(entry, parsed);
    assert.equal(JSON.stringify(entry), JSON.stringify(parsed), "in the same order");
    inFields++;
  });
  fc.assert(property, { numRuns: rounds(800, 400_000) });
  assert.ok(inFields > 150 && byParser > 150, `${inFields} in fields, ${byParser} not`);
});

Deno.test("line fields: a line as written needs a JSON parser only for escapes", () => {
  const property = fc.property(events, (event) => {
    const { occurredAt, traceId = "", spanId = "", actor = "" } = event;
    const isPlain = [occurredAt, traceId, spanId, actor].every((text) =>
      JSON.stringify(text) === `"${text}"`
    );
    assert.equal(readBy(entryInFields, bodyOf(event)) !== undefined, isPlain);
  });
  fc.assert(property, { numRuns: rounds(500, 100_000) });
});

Deno.test("line fields: a duplicate, misplaced or unknown field is left to the JSON parser", () => {
  const good = bodyOf({
    receivedAt: "2026-01-01T00:00:00.000Z",
    occurredAt: "2026-01-01T00:00:00.000Z",
    stratum: "domain",
    eventId: "evt_1",
    eventType: "a.B",
    jobId: "job_1",
    attributes: { n: 1 },
  });
  assert.ok(readBy(entryInFields, good) !== undefined);
  for (
    const [part, other] of [
      ['"jobId":"job_1",', '"jobId":"job_2","jobId":"job_1",'],
      ['"jobId":"job_1",', '"taskId":"a","jobId":"job_1",'],
      ['"jobId":"job_1",', '"jobId":"job_1","color":"red",'],
      ['"job_1"', '"job\\u005f1"'],
      ['"job_1"', "1"],
      ['{"n":1}', '{"n":1},"attributes":{"n":2}'],
      ['{"n":1}', "[1]"],
      ['{"n":1}', '{"n":01}'],
      ['{"logId":41', '{"logId":041'],
      ['{"logId":41', '{"logId":42'],
      ['"batch":40', '"batch":41'],
      ['"domain"', '"other"'],
      ['"evt_1",', '"evt_1" ,'],
    ] as const
  ) {
    const body = good.replace(part, other);
    assert.notEqual(body, good, part);
    assert.equal(readBy(entryInFields, body), undefined, other);
  }
});

Deno.test("line fields: what neighbouring lines share is read the same each time", () => {
  const event = { occurredAt: "1970", eventType: "a.B", attributes: {} };
  const read = (receivedAt: string, stratum: string, eventId: string) => {
    const body = bodyOf({ ...event, receivedAt, stratum, eventId });
    const entry = readBy(entryInFields, body);
    assert.ok(entry !== undefined);
    assert.deepEqual(entry, readBy(parsedEntry, body), body);
  };
  for (const receivedAt of ["1970", "1971", "é\u2028😀", "1970"]) {
    for (const eventId of ["evt_1", "evt_2"]) read(receivedAt, "domain", eventId);
    read(receivedAt, "framework", "evt_3");
  }
});

Deno.test("line fields: the id of a job is read the same on each of its lines", () => {
  const at = "2026-01-01T00:00:00.000Z";
  const read = (jobId: string, eventType: string, attributes: object) => {
    const event = { receivedAt: at, occurredAt: at, stratum: "framework", eventId: "e", eventType };
    const body = bodyOf({ ...event, jobId, taskId: "main", attributes });
    const entry = readBy(entryInFields, body);
    assert.ok(entry !== undefined);
    assert.deepEqual(entry, readBy(parsedEntry, body), body);
  };
  const alike = (first: string) => `job_01M8PRWQG3GBNQY2MTD8${first}NH5KW`;
  const ofThirtyBytes = `é${"a".repeat(28)}`;
  const jobIds = [alike("F"), alike("G"), ofThirtyBytes, `é${"a".repeat(29)}`, "job_1"];
  for (const jobId of [...jobIds, ...jobIds]) {
    read(jobId, "job.JobCreated", { type: "a", plan: MAIN_ONLY_PLAN, priority: 0, labels: {} });
    for (const other of jobIds) read(other, "job.TaskCompleted", { result: "é" });
  }
});

Deno.test("line fields: shared values are immutable, and mutable ones are not shared", () => {
  const read = (stratum: string, attributes: object) => {
    const at = "2026-01-01T00:00:00.000Z";
    const event = { receivedAt: at, occurredAt: at, eventId: "e", eventType: "job.TaskCompleted" };
    const entry = readBy(entryInFields, bodyOf({ ...event, stratum, attributes }));
    assert.ok(typeof entry === "object");
    assert.deepEqual(entry.attributes, attributes);
    return entry.attributes;
  };
  assert.equal(read("framework", { attempt: 1 }), read("framework", { attempt: 1 }));
  assert.ok(Object.isFrozen(read("framework", { attempt: 1 })));
  for (const result of [{}, []]) {
    assert.notEqual(read("framework", { result }), read("framework", { result }));
  }
  assert.notEqual(read("domain", { attempt: 1 }), read("domain", { attempt: 1 }));
  assert.notEqual(read("framework", { é: "" }), read("framework", { è: "" }));
});

const GOOD = '{"logId":7,"batch":5,"receivedAt":"r","stratum":"domain","eventId":"e",' +
  '"eventType":"t","occurredAt":"o","attributes":{}';

/** What is wrong with a line that has a correct crc. */
function flawOf(body: string): string | undefined {
  const text = withCrc(body);
  const entry = entryIn(lineBytes(text, 0, text.length), 7, 5, false);
  return typeof entry === "string" ? entry : undefined;
}

Deno.test("line reader: a line of the format becomes an entry without batch and crc", () => {
  const text = `before\n${withCrc(GOOD)}\nafter`;
  const entry = entryIn(lineBytes(text, 7, text.length - 6), 7, 5, false);
  assert.deepEqual(entry, {
    logId: 7,
    receivedAt: "r",
    stratum: "domain",
    eventId: "e",
    eventType: "t",
    occurredAt: "o",
    attributes: {},
  });
});

Deno.test("line reader: a line of another shape is refused even with a correct crc", () => {
  assert.equal(flawOf(GOOD), undefined);
  assert.equal(flawOf(GOOD.replace("7", "8")), "the line has logId 8");
  assert.equal(flawOf(GOOD.replace('"batch":5', '"batch":6')), 'the line should have "batch":5,');
  assert.equal(flawOf(GOOD.replace('"r"', "5")), "receivedAt is not text");
  assert.equal(flawOf(GOOD.replace('"domain"', '"other"'))?.startsWith("stratum is not"), true);
  assert.equal(flawOf(GOOD.replace('"e"', "null")), "eventId is not text");
  assert.equal(flawOf(GOOD.replace('"t"', "{}")), "eventType is not text");
  assert.equal(flawOf(GOOD.replace('"o"', "1")), "occurredAt is not text");
  assert.equal(flawOf(GOOD.replace('"e"', '"\\n"')), "eventId holds what must be escaped");
  assert.equal(flawOf(GOOD.replace("{}", "[]")), "attributes is not an object");
  assert.equal(
    flawOf(GOOD.replace('"attributes"', '"taskId":1,"attributes"')),
    "taskId is not text",
  );
  assert.equal(
    flawOf(GOOD.replace('"attributes"', '"causedBy":"1","attributes"')),
    "causedBy is not a number",
  );
  assert.equal(
    flawOf(GOOD.replace('"attributes"', '"color":"red","attributes"')),
    "the line has an unknown field",
  );
  assert.equal(flawOf(GOOD.replace('"r"', "r")), "the line is not JSON");
});

Deno.test("line reader: a crc is eight lower-case digits at the very end", () => {
  const holds = (text: string) => {
    const bytes = new TextEncoder().encode(text);
    return crcHolds(bytes, 0, bytes.length);
  };
  const good = withCrc(GOOD);
  const digits = good.slice(-10, -2);
  assert.match(digits, /[a-f]/, "the sample has a letter among its digits");
  assert.equal(holds(good), true);
  assert.equal(holds(good.replace(digits, digits.toUpperCase())), false);
  assert.equal(holds(good + " "), false);
  assert.equal(holds(good.slice(0, -1)), false);
  assert.equal(holds(good.replace(",", ", ")), false);
  assert.equal(holds(""), false);
});

Deno.test("torn tail: an entry inside an event is not a line of the journal", () => {
  const line = withCrc(GOOD);
  const bytes = (text: string) => new TextEncoder().encode(text);
  for (const before of [":", ",", "["]) {
    assert.equal(findOtherBatch(bytes(`{"attributes":{"copy"${before}${line}\n`), 0, 9), undefined);
  }
  const found = { offset: 2, batch: 5, isWhole: true };
  assert.deepEqual(findOtherBatch(bytes(`\0\0${line}\n`), 0, 9), found);
  assert.deepEqual(findOtherBatch(bytes(`x\n${line}`), 0, 9), found);
  assert.equal(findOtherBatch(bytes(`x\n${line}`), 0, 5), undefined, "of the batch expected");
  assert.equal(
    findOtherBatch(bytes(`x\n${line.replace("t", "u")}\n`), 0, 9),
    undefined,
    "not whole",
  );
});

Deno.test("torn tail: the beginning of a line of a later batch is enough if it is consistent", () => {
  const find = (text: string) => findOtherBatch(new TextEncoder().encode(text), 0, 9);
  assert.deepEqual(find('x\n{"logId":12,"batch":11,"rec'), {
    offset: 2,
    batch: 11,
    isWhole: false,
  });
  assert.equal(find('x\n{"logId":10,"batch":11,"rec'), undefined, "after its own batch");
  assert.equal(find('x\n{"logId":9,"batch":5,"rec'), undefined, "an earlier batch");
  assert.equal(find('x {"logId":12,"batch":11,"rec'), undefined, "not the start of a line");
});
