import assert from "node:assert/strict";
import { crcHolds } from "../../src/journal/line_bytes.ts";
import { entryIn } from "../../src/journal/line_reader.ts";
import { findOtherBatch } from "../../src/journal/segment_end.ts";
import { withCrc } from "../support/journal/journal_forgery.ts";
import { lineBytes } from "../support/journal/line_bytes.ts";

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
