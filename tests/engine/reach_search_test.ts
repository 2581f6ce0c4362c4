/** The jobs of an event are searched in slices: changes meanwhile count. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Correlation } from "../../src/core/correlation.ts";
import { eventType, jobId } from "../../src/core/ids.ts";
import { type JobPlan, matcherAccepts } from "../../src/core/job_plan.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { CorrelationIndex } from "../../src/engine/events/correlation_index.ts";
import { cases } from "../support/effort.ts";
import { expectation, plan } from "../support/engine/entries.ts";

const TYPE = eventType("ec.Happened");

const planOf = (correlation: Correlation) => plan([expectation("it", TYPE, { correlation })]);

const event = (attributes: JsonObject) => ({ eventType: TYPE, attributes });

/** Needs so many predicates that a search pauses after it. */
function heavy(orderId: number): Correlation {
  const never = Array.from(
    { length: 500 },
    (_, n) => ({ not: { equals: { [`p${n}`]: orderId } } }),
  );
  return { all: [{ not: { not: { equals: { orderId } } } }, ...never] };
}

const CORRELATIONS = [heavy(1), heavy(2), { equals: { orderId: 1 } }, { equals: { orderId: 2 } }];

Deno.test("reach search: it finds the jobs that are filed at its end and accept the event", () => {
  let changedMeanwhile = 0;
  const step = fc.record({ number: fc.nat(15), adds: fc.boolean(), of: fc.nat(3) });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 30 }),
      fc.array(fc.array(step, { maxLength: 3 }), { maxLength: 30 }),
      (before, meanwhile) => {
        const index = new CorrelationIndex();
        const plans = new Map<string, JobPlan>();
        const apply = ({ number, adds, of }: (typeof before)[number]) => {
          const id = jobId(`job-${number}`);
          const plan = planOf(CORRELATIONS[of] ?? "any");
          if (adds) index.add(id, plan);
          else index.remove(id);
          if (adds && !plans.has(id)) plans.set(id, plan);
          if (!adds) plans.delete(id);
        };
        before.forEach(apply);
        const search = index.beginSearch(event({ orderId: 1 }));
        const run = search.run();
        while (run.next().done !== true) {
          const changes = meanwhile.shift() ?? [];
          changedMeanwhile += changes.length;
          changes.forEach(apply);
        }
        // It waits for its turn, which takes time too.
        meanwhile.flat().forEach(apply);

        const asked = [...plans].filter(([, { expected }]) =>
          expected.some(({ matcher }) => matcherAccepts(matcher, search.event))
        );
        assert.deepEqual([...search.jobs].sort(), asked.map(([id]) => id).sort());
        assert.deepEqual(index.jobsFor(search.event).toSorted(), asked.map(([id]) => id).sort());

        index.endSearch(search);
        index.add(jobId("late"), planOf("any"));
        assert.ok(!search.jobs.includes(jobId("late")));
      },
    ),
    { numRuns: cases(1_000) },
  );
  assert.ok(changedMeanwhile > cases(500), `only ${changedMeanwhile} changes came in between`);
});

Deno.test("reach search: a found job is not tried again for its other expectations", () => {
  const index = new CorrelationIndex();
  let looked = 0;
  const attributes = new Proxy({ orderId: 1 }, {
    getOwnPropertyDescriptor(target, name) {
      looked++;
      return Reflect.getOwnPropertyDescriptor(target, name);
    },
  });
  const { expected: [one], policy } = planOf({ not: { equals: { orderId: 2 } } });
  assert.ok(one);
  const expected = Array.from({ length: 1_000 }, (_, n) => ({ ...one, id: `e${n}` }));
  index.add(jobId("job"), { expected, policy });

  assert.deepEqual(index.jobsFor(event(attributes)), ["job"]);
  assert.equal(looked, 1);
});

Deno.test("reach search: it ends as soon as it has too many jobs, and yields on its way", () => {
  const index = new CorrelationIndex();
  for (let job = 0; job < 1_000; job++) index.add(jobId(`job-${job}`), planOf(heavy(1)));
  const search = index.beginSearch(event({ orderId: 1 }));

  let pauses = 0;
  for (const run = search.run(10); run.next().done !== true;) pauses++;
  assert.equal(search.jobs.length, 11);
  assert.ok(pauses >= 10, `${pauses} pauses`);
  assert.ok(search.effort > 1_000 * 1_000, `${search.effort}`);
});

Deno.test("reach search: if jobs use very many paths, the event's own paths are looked up", () => {
  const index = new CorrelationIndex();
  for (let job = 0; job < 5_000; job++) {
    index.add(jobId(`job-${job}`), planOf({ equals: { [`path.${job}`]: job } }));
  }
  index.add(jobId("listed"), planOf({ equals: { "items.1.sku": "b" } }));
  index.add(jobId("dotted"), planOf({ equals: { "a.b": "never" } }));

  let looked = 0;
  const counted = <Target extends object>(target: Target): Target =>
    new Proxy(target, {
      get(target, name) {
        looked++;
        return Reflect.get(target, name);
      },
    });
  const attributes = counted({
    path: counted({ 17: 17, 18: "18", 19: 20 }),
    items: counted([{ sku: "a" }, { sku: "b" }]),
    "a.b": "never",
  });
  assert.deepEqual(index.jobsFor(event(attributes)), ["job-17", "listed"]);
  assert.ok(looked < 50, `looked ${looked} times`);
  // An event with more values than that is searched by the jobs' paths.
  const much = Object.fromEntries(Array.from({ length: 6_000 }, (_, n) => [`n${n}`, n]));
  assert.deepEqual(index.jobsFor(event({ ...much, path: { 17: 17 } })), ["job-17"]);
});
