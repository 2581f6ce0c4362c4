/** Where events from outside are found again by what they say. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { atOnce } from "../../src/core/at_once.ts";
import type { FactEntry } from "../../src/core/event.ts";
import { eventType } from "../../src/core/event_type.ts";
import { eventId, jobId } from "../../src/core/ids.ts";
import { type JsonObject, type JsonScalar, valueAt } from "../../src/core/json.ts";
import { matcherAccepts } from "../../src/core/job_plan.ts";
import { looseForm } from "../../src/core/likeness/loose_form.ts";
import { ValueIndex } from "../../src/engine/views/value_index.ts";
import { SqliteValueRuns } from "../../src/index/value_runs.ts";
import { attributesOf, correlations } from "../core/arbitrary_correlations.ts";
import { codedJob, matcher, timeOf } from "../support/entries.ts";

const TYPE = "ec.Shipped";

function fact(logId: number, attributes: JsonObject, more: Partial<FactEntry> = {}): FactEntry {
  return {
    logId,
    eventId: eventId(`evt_${logId}`),
    eventType: eventType(TYPE),
    stratum: "domain",
    occurredAt: timeOf(logId),
    receivedAt: timeOf(logId),
    attributes,
    ...more,
  };
}

/** An index of events with these attributes, at positions from 1 on. */
function indexOf(facts: readonly JsonObject[], index = new ValueIndex()): ValueIndex {
  facts.forEach((attributes, at) => {
    index.add(fact(at + 1, attributes));
    if (index.hasToWrite) atOnce(index.writing());
  });
  return index;
}

const carrying = (index: ValueIndex, value: JsonScalar, limit = 64) =>
  index.carrying(looseForm(value), limit);

const numbers = (from: number, to: number) =>
  Array.from({ length: Math.abs(to - from) + 1 }, (_, at) => from < to ? from + at : from - at);

Deno.test("value index: finds a value in whatever form, place and type an event has it", () => {
  const others = Array.from({ length: 100 }, (_, other) => ({ orderId: `other-${other}` }));
  const index = indexOf([{ a: "42" }, { b: { c: 42 } }, { d: [" 042 "] }, ...others]);
  index.add(fact(200, { about: 42 }, { eventType: eventType("ec.Other") }));
  assert.deepEqual(carrying(index, 42), [200, 3, 2, 1]);
  assert.deepEqual(carrying(index, 43), []);
  assert.deepEqual(index.ofType(TYPE, 2), [103, 102]);
  assert.deepEqual(index.ofType("ec.Other", 9), [200]);
});

Deno.test("value index: holds events from outside alone, of any stratum, and the job that they name", () => {
  const index = new ValueIndex();
  for (const entry of codedJob().started().entries) index.add(entry);
  index.add(fact(10, { a: 1 }, { stratum: "coordination" }));
  index.add(fact(11, { a: 1 }, { jobId: jobId("job_1") }));
  assert.deepEqual(index.ofType("job.JobStarted", 9), []);
  assert.deepEqual(carrying(index, 1), [11, 10]);
  assert.deepEqual(carrying(index, "job_1"), [11]);
});

Deno.test("value index: of one event at most 30 values are filed, the shallow ones first", () => {
  const long = "x".repeat(201);
  const index = indexOf([{ list: numbers(1, 1_000), top: "T", long }]);
  const isFiled = (value: JsonScalar) => carrying(index, value).includes(1);
  assert.deepEqual(["T", 29, 30, long].map(isFiled), [true, true, false, false]);
  const deep = indexOf([{ a: { b: { c: { d: { e: { f: 1, g: { h: 2 } } } } } } }]);
  assert.deepEqual([carrying(deep, 1), carrying(deep, 2)], [[1], []]);
});

Deno.test("value index: all that a matcher accepts is near it", () => {
  fc.assert(
    fc.property(
      correlations,
      fc.array(attributesOf, { maxLength: 20 }),
      (correlation, facts) => {
        const wanted = matcher(TYPE, correlation);
        const near = new Set(indexOf(facts).near(wanted, 200));
        facts.forEach((attributes, at) => {
          const isAccepted = matcherAccepts(wanted, { eventType: TYPE, attributes });
          if (isAccepted) assert.ok(near.has(at + 1), JSON.stringify(valueAt(attributes, "a")));
        });
      },
    ),
    { numRuns: 2_000 },
  );
});

Deno.test("value index: without a disk two generations are kept, and the horizon says so", () => {
  const index = new ValueIndex({ generationPostings: 100 });
  let logId = 0;
  const add = (count: number) => {
    for (let added = 0; added < count; added++) index.add(fact(++logId, { orderId: ++logId }));
  };
  add(25);
  assert.equal(index.horizon, 0);
  add(5_000);
  assert.ok(index.horizon > logId - 200 && index.horizon < logId, `${index.horizon}`);
  assert.equal(index.ofType(TYPE, 1_000).at(-1), index.horizon + 2);
  assert.ok(index.bytes < 100_000);
});

async function withFolder(work: (folder: string) => void): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "daybook-values-" });
  try {
    work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function runsIn(folder: string, warnings: string[] = []): SqliteValueRuns {
  return new SqliteValueRuns({ folder, warn: (message) => warnings.push(message) });
}

const FACTS = numbers(1, 2_000).map((n) => ({ orderId: n, region: n % 2 === 0 ? "EU" : "US" }));

Deno.test("value index: what is on disk is found as if it were in memory", async () => {
  await withFolder((folder) => {
    const runs = runsIn(folder);
    const index = indexOf(FACTS, new ValueIndex({ runs, generationPostings: 300 }));
    const whole = indexOf(FACTS);
    assert.equal(index.horizon, 0);
    for (const value of [1, 2, 777, 2_000, "EU", "JP"]) {
      assert.deepEqual(carrying(index, value, 5_000), carrying(whole, value, 5_000), `${value}`);
    }
    assert.deepEqual(index.ofType(TYPE, 5_000), whole.ofType(TYPE, 5_000));
    runs.close();
  });
});

Deno.test("value index: restored from a capture it goes on as if it had seen all entries", async () => {
  await withFolder((folder) => {
    for (const cut of [0, 50, 1_000, 1_999]) {
      const first = runsIn(folder);
      const options = { generationPostings: 300 };
      const captured = indexOf(FACTS.slice(0, cut), new ValueIndex({ runs: first, ...options }));
      const packed = captured.capture();
      // What was put on disk after the capture is not in it.
      FACTS.slice(cut).forEach((attributes, at) => captured.add(fact(cut + at + 1, attributes)));
      atOnce(captured.writing());
      first.close();
      const runs = runsIn(folder);
      const restored = new ValueIndex({ runs, ...options });
      assert.ok(restored.restore(packed));
      FACTS.slice(cut).forEach((attributes, at) => restored.add(fact(cut + at + 1, attributes)));
      assert.deepEqual(restored.ofType(TYPE, 5_000), numbers(2_000, 1));
      assert.deepEqual(carrying(restored, 7), [7]);
      runs.close();
    }
  });
});

Deno.test("value index: a capture whose runs are gone, cut or another's is refused", async () => {
  await withFolder((folder) => {
    const options = { generationPostings: 300 };
    const first = runsIn(folder);
    const packed = indexOf(FACTS, new ValueIndex({ runs: first, ...options })).capture();
    first.close();
    const others = runsIn(`${folder}/other`);
    indexOf(FACTS.toReversed(), new ValueIndex({ runs: others, ...options }));
    const spoilt = runsIn(`${folder}/spoilt`);
    Deno.mkdirSync(`${folder}/spoilt`);
    Deno.writeTextFileSync(`${folder}/spoilt/values.sqlite`, "no database".repeat(1_000));
    for (const runs of [undefined, others, spoilt, runsIn(`${folder}/none`)]) {
      const index = new ValueIndex({ runs, ...options });
      assert.equal(index.restore(packed), false);
      assert.deepEqual(index.ofType(TYPE, 9), []);
      runs?.close();
    }
  });
});

Deno.test("value index: a bucket that is not what was written is told, and the next start is fresh", async () => {
  await withFolder((folder) => {
    const options = { generationPostings: 300 };
    const first = runsIn(folder);
    const packed = indexOf(FACTS, new ValueIndex({ runs: first, ...options })).capture();
    first.close();
    const bytes = Deno.readFileSync(`${folder}/values.sqlite`);
    // Each page but the first loses a word of its content.
    for (let at = 4_096 + 3_000; at < bytes.length; at += 4_096) bytes[at] = (bytes[at] ?? 0) ^ 4;
    Deno.writeFileSync(`${folder}/values.sqlite`, bytes);
    const warnings: string[] = [];
    const runs = runsIn(folder, warnings);
    const index = new ValueIndex({ runs, ...options });
    if (index.restore(packed)) {
      const ask = () => numbers(1, 2_000).forEach((value) => void carrying(index, value));
      assert.throws(ask, /Cannot read the index of values/);
    }
    assert.match(warnings[0] ?? "", /The index of values is damaged/);
    runs.close();
    assert.equal(new ValueIndex({ runs: runsIn(folder), ...options }).restore(packed), false);
  });
});

Deno.test("value index: a disk that takes nothing leaves all in memory", () => {
  const refuse = () => {
    throw new Error("the disk is full");
  };
  const runs = {
    keep: () => true,
    begin: refuse,
    put: refuse,
    commit: refuse,
    abandon: () => {},
    bucket: () => undefined,
  };
  const index = indexOf(FACTS, new ValueIndex({ runs, generationPostings: 300 }));
  assert.deepEqual(index.ofType(TYPE, 5_000), numbers(2_000, 1));
  assert.equal(index.hasToWrite, false);
});

Deno.test("value index: finds each of many values, and shares few keys among them", () => {
  const index = new ValueIndex();
  const entries = numbers(1, 100_000);
  for (const number of entries) index.add(fact(number, { a: number, b: `x${number}` }));
  const sampled = entries.filter((number) => number % 500 === 0);
  const found = sampled.map((number) => carrying(index, `x${number}`, 8));
  assert.ok(found.every((positions, at) => positions.includes(sampled[at] ?? 0)));
  const shared = found.filter((positions) => positions.length > 1);
  assert.ok(shared.length <= 2, `${shared.length} of ${sampled.length} keys are shared`);
  assert.ok(index.bytes < 64 * 1_048_576, `${index.bytes} bytes`);
});
