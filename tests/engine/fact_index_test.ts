/** Where events from outside are found again by what they say. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Correlation } from "../../src/core/correlation.ts";
import type { FactEntry } from "../../src/core/event.ts";
import { eventType } from "../../src/core/event_type.ts";
import { eventId, jobId, type LogId } from "../../src/core/ids.ts";
import type { JsonObject, JsonScalar } from "../../src/core/json.ts";
import { looseForm } from "../../src/core/mismatch.ts";
import { FactIndex } from "../../src/engine/views/fact_index.ts";
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
function indexOf(facts: readonly JsonObject[], generation?: number): FactIndex {
  const index = new FactIndex(generation);
  facts.forEach((attributes, at) => index.add(fact(at + 1, attributes)));
  return index;
}

const near = (index: FactIndex, correlation: Correlation, limit = 64) =>
  index.near(matcher(TYPE, correlation), limit);

const numbers = (from: number, to: number) =>
  Array.from({ length: Math.abs(to - from) + 1 }, (_, at) => from < to ? from + at : from - at);

Deno.test("fact index: finds an event that differs in type, case or space only", () => {
  const others = Array.from({ length: 100 }, (_, other) => ({ orderId: `other-${other}` }));
  for (const [said, expected] of [["42", 42], [" EU ", "eu"], [true, "TRUE"], [null, "null"]]) {
    const index = indexOf([{ orderId: said as JsonScalar }, ...others]);

    assert.equal(near(index, { equals: { orderId: expected as JsonScalar } })[0], 1);
  }
});

Deno.test("fact index: a path leads into objects and lists as a correlation reads it", () => {
  const others = Array.from({ length: 100 }, () => ({ "deep.er": "42", deep: { other: "42" } }));
  const index = indexOf([{ deep: { er: "42" } }, { deep: [{ er: "42" }] }, ...others]);

  assert.deepEqual(near(index, { equals: { "deep.er": "42" } }).slice(0, 2), [1, 102]);
  assert.deepEqual(near(index, { equals: { "deep.0.er": 42 } }).slice(0, 2), [2, 102]);
});

Deno.test("fact index: values of in, all and anyOf are looked up, and those of not are not", () => {
  const others = Array.from({ length: 100 }, () => ({}));
  const index = indexOf([{ a: 1 }, { a: 2 }, { b: 3 }, { c: 4 }, ...others]);
  const demanding: Correlation = {
    all: [
      { in: { a: [1, 2] } },
      { anyOf: [{ equals: { b: 3 } }, { not: { equals: { c: 4 } } }] },
    ],
  };

  assert.deepEqual(near(index, demanding).slice(0, 4), [1, 2, 3, 104]);
});

Deno.test("fact index: gives the rarest value first, then common ones in turn, then the newest", () => {
  const facts = numbers(1, 1_000).map((number) => ({
    ...(number <= 2 ? { orderId: "42" } : { orderId: `other-${number}` }),
    ...(number % 2 === 0 ? { region: "EU" } : { currency: "EUR" }),
  }));
  const index = indexOf(facts);
  const correlation: Correlation = { equals: { region: "EU", currency: "EUR", orderId: 42 } };

  assert.deepEqual(near(index, correlation, 16), [2, 1, ...numbers(1_000, 989), 988, 987]);
  assert.deepEqual(near(index, { equals: { region: "EU" } }, 16), [
    ...numbers(1_000, 974).filter((number) => number % 2 === 0),
    ...[999, 997],
  ]);
  assert.deepEqual(near(index, { equals: { region: "JP" } }, 4), numbers(1_000, 997));
  assert.deepEqual(near(index, "any", 4), numbers(1_000, 997));
  assert.deepEqual(index.latest(TYPE, 3), [1_000, 999, 998]);
  assert.deepEqual(index.latest("ec.Other", 3), []);
});

Deno.test("fact index: holds events from outside alone, of any stratum, with or without a job", () => {
  const index = new FactIndex();
  for (const entry of codedJob().started().entries) index.add(entry);
  index.add(fact(10, { a: 1 }, { stratum: "coordination" }));
  index.add(fact(11, { a: 1 }, { jobId: jobId("job_1") }));
  index.add(fact(12, { a: 1 }, { eventType: eventType("ec.Other") }));

  assert.deepEqual(index.latest("job.JobStarted", 9), []);
  assert.deepEqual(near(index, { equals: { a: 1 } }), [11, 10]);
});

Deno.test("fact index: of one event at most 32 scalars are filed, the shallow ones first", () => {
  const list = numbers(1, 1_000);
  const long = "x".repeat(201);
  const others = Array.from({ length: 10 }, () => ({}));
  const index = indexOf([{ list, top: "T", long }, ...others]);
  const isFiled = (path: string, value: JsonScalar) =>
    near(index, { equals: { [path]: value } }, 8).includes(1);

  assert.ok(isFiled("top", "T"));
  assert.ok(isFiled("list.30", 31));
  assert.ok(!isFiled("list.31", 32));
  assert.ok(!isFiled("long", long));
  const deep = indexOf([{ a: { b: { c: { d: { e: { f: 1, g: { h: 1 } } } } } } }, ...others]);
  assert.equal(near(deep, { equals: { "a.b.c.d.e.f": 1 } }, 8)[0], 1);
  assert.notEqual(near(deep, { equals: { "a.b.c.d.e.g.h": 1 } }, 8)[0], 1);
});

/** Whether attributes have a demanded value, type, case and space aside. */
function hasDemanded(correlation: Correlation, attributes: JsonObject): boolean {
  if (correlation === "any" || "not" in correlation) return false;
  const has = (path: string, value: JsonScalar) => {
    const [first = "", second] = path.split(".");
    const outer = attributes[first];
    const found = second === undefined ? outer : (outer as JsonObject | undefined)?.[second];
    return found !== undefined && (typeof found !== "object" || found === null) &&
      looseForm(found) === looseForm(value);
  };
  if ("equals" in correlation) return Object.entries(correlation.equals).some((t) => has(...t));
  if ("in" in correlation) {
    return Object.entries(correlation.in).some(([path, values]) =>
      values.some((value) => has(path, value))
    );
  }
  const parts = "all" in correlation ? correlation.all : correlation.anyOf;
  return parts.some((part) => hasDemanded(part, attributes));
}

Deno.test("fact index: the events with a demanded value come before all others of the type", () => {
  let told = 0;
  fc.assert(
    fc.property(
      correlations,
      fc.array(attributesOf, { maxLength: 20 }),
      (correlation, facts) => {
        const positions = near(indexOf(facts), correlation, 200);
        const demanded = facts.flatMap((attributes, at) =>
          hasDemanded(correlation, attributes) ? [at + 1] : []
        );
        if (demanded.length > 0) told++;
        assert.deepEqual(
          positions.slice(0, demanded.length).toSorted((a, b) => a - b),
          demanded,
        );
        assert.equal(positions.length, facts.length);
      },
    ),
    { numRuns: 2_000 },
  );
  assert.ok(told > 200, `only ${told} cases tell anything`);
});

Deno.test("fact index: two generations are kept, and the horizon says what may be forgotten", () => {
  const index = new FactIndex(100);
  let logId = 0;
  const add = (count: number) => {
    for (let added = 0; added < count; added++) index.add(fact(++logId, { orderId: logId }));
  };
  add(60);
  assert.equal(index.horizon, 0);
  assert.equal(near(index, { equals: { orderId: "1" } })[0], 1);
  const { bytes } = index;

  add(10_000);

  assert.ok(index.horizon > logId - 110 && index.horizon < logId - 30, `${index.horizon}`);
  assert.equal(index.bytes, bytes);
  const kept = index.horizon + 1;
  assert.equal(near(index, { equals: { orderId: kept } })[0], kept);
  assert.equal(near(index, { equals: { orderId: kept - 1 } })[0], logId);
  assert.deepEqual(index.latest(TYPE, 1_000), numbers(logId, kept));
});

Deno.test("fact index: restored from a capture it goes on as if it had seen all entries", () => {
  fc.assert(
    fc.property(
      fc.array(attributesOf, { maxLength: 150, size: "max" }),
      fc.nat(150),
      fc.array(correlations, { minLength: 1, maxLength: 5 }),
      (facts, cut, correlations) => {
        const whole = indexOf(facts, 60);
        const captured = indexOf(facts.slice(0, cut), 60).capture();
        const restored = new FactIndex(60);
        restored.restore(captured);
        facts.forEach((attributes, at) => {
          if (at >= cut) restored.add(fact(at + 1, attributes));
        });

        assert.equal(restored.horizon, whole.horizon);
        assert.deepEqual(restored.latest(TYPE, 200), whole.latest(TYPE, 200));
        for (const correlation of correlations) {
          assert.deepEqual(near(restored, correlation, 9), near(whole, correlation, 9));
        }
      },
    ),
    { numRuns: 1_000 },
  );
});

Deno.test("fact index: a capture does not change with what comes after it", () => {
  const index = indexOf([{ a: 1 }, { a: 2 }]);
  const captured = index.capture();
  const before = captured.slice();
  numbers(3, 5_000).forEach((logId) => index.add(fact(logId, { a: logId })));

  assert.deepEqual(captured, before);
});

Deno.test("fact index: finds each of a million values, and shares few chains among them", () => {
  const index = new FactIndex();
  const entries = numbers(1, 250_000);
  for (const number of entries) index.add(fact(number, { a: number, b: number, c: number }));
  const sampled = entries.filter((number) => number % 500 === 0);
  const found = sampled.map((number) => near(index, { equals: { b: String(number) } }, 8));

  assert.ok(found.every((positions, at) => positions.includes(sampled[at] ?? 0)));
  const shared = found.filter((positions, at) => positions[0] !== sampled[at]);
  assert.ok(shared.length <= 5, `${shared.length} of ${sampled.length} chains are shared`);
  assert.ok(index.bytes < 64 * 1_048_576, `${index.bytes} bytes`);
  const restored = new FactIndex();
  restored.restore(index.capture());
  assert.deepEqual(
    near(restored, { equals: { c: 77_777 } }),
    near(index, { equals: { c: 77_777 } }),
  );
});

Deno.test("fact index: what is passed takes nobody's place, and only so much is passed", () => {
  const index = indexOf([{ orderId: "42" }, ...numbers(2, 200).map(() => ({ orderId: 42 }))]);
  const asked: LogId[] = [];
  const isPassed = (logId: LogId) => {
    asked.push(logId);
    return logId > 1;
  };
  const given = (max: number) => {
    asked.length = 0;
    return index.near(matcher(TYPE, { equals: { orderId: 42 } }), 8, { isPassed, max });
  };

  assert.deepEqual(given(1_000), [1]);
  assert.deepEqual(given(100), []);
  // Both the value and the type are looked up.
  assert.equal(asked.length, 2 * 108);
});
