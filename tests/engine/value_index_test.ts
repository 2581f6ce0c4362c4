/** The index that finds events from outside by their values. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { FactEntry, JobEventLogEntry } from "../../src/core/event.ts";
import { eventId, eventType, jobId, type LogId } from "../../src/core/ids.ts";
import { type JsonObject, type JsonScalar, valueAt } from "../../src/core/json.ts";
import { matcherAccepts } from "../../src/core/job_plan.ts";
import { looseForm } from "../../src/explain/likeness/loose_form.ts";
import { FoundEvents, Lookup } from "../../src/engine/views/past_events.ts";
import { ValueIndex } from "../../src/engine/views/value_index.ts";
import { attributesOf, correlations } from "../core/arbitrary_correlations.ts";
import { codedJob, matcher, timeOf } from "../support/engine/entries.ts";
import { cases } from "../support/effort.ts";

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
  facts.forEach((attributes, at) => index.add(fact(at + 1, attributes)));
  return index;
}

function carrying(index: ValueIndex, value: JsonScalar, limit = 64): readonly LogId[] {
  const loose = looseForm(value);
  return new FoundEvents(index.find(new Lookup().carrying(loose, limit).wanted))
    .carrying(loose, limit);
}

function ofType(index: ValueIndex, type: string, limit: number): readonly LogId[] {
  return new FoundEvents(index.find(new Lookup().ofType(type, limit).wanted)).ofType(type, limit);
}

const numbers = (from: number, to: number) =>
  Array.from({ length: Math.abs(to - from) + 1 }, (_, at) => from < to ? from + at : from - at);

Deno.test("value index: it finds a value in any form, at any place and in events of any type", () => {
  const others = Array.from({ length: 100 }, (_, other) => ({ orderId: `other-${other}` }));
  const index = indexOf([{ a: "42" }, { b: { c: 42 } }, { d: [" 042 "] }, ...others]);
  index.add(fact(200, { about: 42 }, { eventType: eventType("ec.Other") }));
  assert.deepEqual(carrying(index, 42), [200, 3, 2, 1]);
  assert.deepEqual(carrying(index, 43), []);
  assert.deepEqual(ofType(index, TYPE, 2), [103, 102]);
  assert.deepEqual(ofType(index, "ec.Other", 9), [200]);
});

Deno.test("value index: it has only events from outside, of any stratum, and the jobs that they name", () => {
  const index = new ValueIndex();
  for (const entry of codedJob().started().entries) index.add(entry);
  index.add(fact(10, { a: 1 }, { stratum: "coordination" }));
  index.add(fact(11, { a: 1 }, { jobId: jobId("job_1") }));
  assert.deepEqual(ofType(index, "job.JobStarted", 9), []);
  assert.deepEqual(carrying(index, 1), [11, 10]);
  assert.deepEqual(carrying(index, "job_1"), [11]);
});

Deno.test("value index: at most 30 values of one event are indexed, the outermost first", () => {
  const long = "x".repeat(201);
  const index = indexOf([{ list: numbers(1, 1_000), top: "T", long }]);
  const isFiled = (value: JsonScalar) => carrying(index, value).includes(1);
  assert.deepEqual(["T", 29, 30, long].map(isFiled), [true, true, false, false]);
  const deep = indexOf([{ a: { b: { c: { d: { e: { f: 1, g: { h: 2 } } } } } } }]);
  assert.deepEqual([carrying(deep, 1), carrying(deep, 2)], [[1], []]);
});

Deno.test("value index: everything that a matcher accepts is found as near", () => {
  fc.assert(
    fc.property(
      correlations,
      fc.array(attributesOf, { maxLength: 20 }),
      (correlation, facts) => {
        const wanted = matcher(TYPE, correlation);
        const found = new FoundEvents(indexOf(facts).find(new Lookup().near(wanted).wanted));
        const near = new Set(found.near(wanted, 200));
        facts.forEach((attributes, at) => {
          const isAccepted = matcherAccepts(wanted, { eventType: TYPE, attributes });
          if (isAccepted) assert.ok(near.has(at + 1), JSON.stringify(valueAt(attributes, "a")));
        });
      },
    ),
    { numRuns: cases(2_000) },
  );
});

Deno.test("value index: two generations are kept, and the horizon shows that", () => {
  const index = new ValueIndex(100);
  let logId = 0;
  const add = (count: number) => {
    for (let added = 0; added < count; added++) index.add(fact(++logId, { orderId: ++logId }));
  };
  add(25);
  const horizon = () => index.find(new Map()).horizon;
  assert.equal(horizon(), 0);
  add(5_000);
  assert.ok(horizon() > logId - 250 && horizon() < logId, `${horizon()}`);
  assert.equal(ofType(index, TYPE, 1_000).at(-1), horizon() + 2);
  assert.ok(index.bytes < 100_000);
});

Deno.test("value index: it finds each of many values, and few of them share a key", () => {
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

Deno.test("value index: of a job with a sealed input, only labels are indexed", () => {
  const about = codedJob().started().entries[0];
  assert.ok(about?.eventType === "job.JobCreated");
  const given = { input: { card: "4111-11" }, labels: { tenant: "nordwind" } };
  const sealed = { secrets: ["card"], data: "b64-of-a-cipher" };
  for (const [more, found] of [[{}, [1]], [{ sealed }, []]] as const) {
    const index = new ValueIndex();
    const attributes = { ...about.attributes, ...given, ...more };
    index.add({ ...about, logId: 1, attributes } as JobEventLogEntry);
    const jobsGiven = (value: string) => {
      const { wanted } = new Lookup().jobsGiven(looseForm(value), 9);
      return new FoundEvents(index.find(wanted)).jobsGiven(looseForm(value), 9);
    };
    assert.deepEqual(jobsGiven("4111-11"), found);
    assert.deepEqual(jobsGiven("nordwind"), [1]);
    assert.deepEqual(jobsGiven("b64-of-a-cipher"), []);
  }
});
