import assert from "node:assert/strict";
import fc from "fast-check";
import type { EventId, EventType, ExecutionId, JobId, TaskId } from "../../src/core/ids.ts";
import { MAIN_ONLY_PLAN } from "../../src/core/job_plan.ts";
import type { StampedEvent } from "../../src/engine/ports.ts";
import { lineBody, writtenAttributes } from "../../src/journal/line_codec.ts";
import { entryInFields } from "../../src/journal/line_fields.ts";
import { parsedEntry } from "../../src/journal/line_reader.ts";
import { lineBytes } from "../support/journal/line_bytes.ts";
import { rounds } from "../support/effort.ts";

const LOG_ID = 41;
const BATCH = 40;

const ids = fc.string({ unit: fc.constantFrom(..."aZ09._:~-"), minLength: 1, maxLength: 40 });
const free = fc.oneof(fc.string({ maxLength: 20 }), fc.string({ unit: "binary", maxLength: 20 }));
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
      eventType: fc.constantFrom("job.TaskStarted", "job.TaskCompleted", "ec.a.LongName"),
      attributes,
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
  fc.assert(property, { numRuns: rounds(1_500, 400_000) });
  assert.ok(inFields > 300 && byParser > 200, `${inFields} in fields, ${byParser} not`);
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

Deno.test("line fields: shared values are immutable, and mutable ones are not shared", () => {
  const read = (stratum: string, attributes: object) => {
    const at = "2026-01-01T00:00:00.000Z";
    const event = { receivedAt: at, occurredAt: at, eventId: "e", eventType: "job.TaskStarted" };
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
