import assert from "node:assert/strict";
import fc from "fast-check";
import type { Correlation } from "../../src/core/correlation.ts";
import { eventType } from "../../src/core/event_type.ts";
import { type JobId, jobId } from "../../src/core/ids.ts";
import { DEFAULT_POLICY, type JobPlan, matcherAccepts } from "../../src/core/job_plan.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { CorrelationIndex } from "../../src/engine/correlation_index.ts";

const TYPE = eventType("ec.Happened");

function planOf(correlation: Correlation): JobPlan {
  return {
    expected: [{
      id: "it",
      kind: "DomainFact",
      matcher: { eventType: TYPE, correlation },
      multiplicity: "ExactlyOnce",
    }],
    policy: DEFAULT_POLICY,
  };
}

const scalar = fc.constantFrom<string | number | boolean | null>("1", 1, "a", true, null);
const path = fc.constantFrom("orderId", "region", "deep.er");
const equalities = fc.dictionary(path, scalar, { maxKeys: 2 });
const { correlation } = fc.letrec<{ correlation: Correlation }>((tie) => ({
  correlation: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constant<Correlation>("any"),
    equalities.map((equals): Correlation => ({ equals })),
    fc.dictionary(path, fc.array(scalar, { maxLength: 2 }), { maxKeys: 2 })
      .map((terms): Correlation => ({ in: terms })),
    fc.array(tie("correlation"), { maxLength: 2 }).map((all): Correlation => ({ all })),
    fc.array(tie("correlation"), { maxLength: 2 }).map((anyOf): Correlation => ({ anyOf })),
    tie("correlation").map((not): Correlation => ({ not })),
  ),
}));
const attributes: fc.Arbitrary<JsonObject> = fc.record(
  { orderId: scalar, region: scalar, deep: fc.record({ er: scalar }, { requiredKeys: [] }) },
  { requiredKeys: [] },
);

Deno.test("correlation index: finds exactly the jobs that asking each of them would find", () => {
  fc.assert(
    fc.property(
      fc.array(correlation, { maxLength: 12 }),
      fc.array(fc.nat(11), { maxLength: 6 }),
      attributes,
      (correlations, removed, attributes) => {
        const index = new CorrelationIndex();
        const plans = new Map<JobId, JobPlan>();
        correlations.forEach((correlation, number) => {
          const id = jobId(`job-${number}`);
          plans.set(id, planOf(correlation));
          index.add(id, planOf(correlation));
        });
        for (const number of removed) {
          index.remove(jobId(`job-${number}`));
          plans.delete(jobId(`job-${number}`));
        }
        const event = { eventType: TYPE, attributes };
        const asked = [...plans].filter(([, plan]) =>
          plan.expected.some(({ matcher }) => matcherAccepts(matcher, event))
        ).map(([id]) => id);

        assert.deepEqual([...index.jobsFor(event)].sort(), asked.sort());
        assert.equal(index.size, plans.size);
      },
    ),
    { numRuns: 5_000 },
  );
});

Deno.test("correlation index: files a job under its rarest equality, so a lookup stays small", () => {
  const index = new CorrelationIndex();
  let tried = 0;
  const counted = new Proxy({ region: "JP", orderId: "7" }, {
    get: (target, name) => {
      tried++;
      return Reflect.get(target, name);
    },
  });
  for (let order = 0; order < 1_000; order++) {
    const equals = { region: "JP", orderId: String(order) };
    index.add(jobId(`job-${order}`), planOf({ equals }));
  }

  assert.deepEqual(index.jobsFor({ eventType: TYPE, attributes: counted }), ["job-7"]);
  assert.ok(tried < 10, `looked at attributes ${tried} times for 1,000 jobs`);
});

Deno.test("correlation index: errors and compensation events of a policy are filed too", () => {
  const index = new CorrelationIndex();
  const matcher = (name: string) => ({ eventType: eventType(name), correlation: "any" } as const);
  index.add(jobId("job-1"), {
    expected: [],
    policy: {
      ...DEFAULT_POLICY,
      errors: [matcher("ec.Lost")],
      compensation: { succeeded: matcher("ec.Undone"), failed: matcher("ec.NotUndone") },
    },
  });

  for (const name of ["ec.Lost", "ec.Undone", "ec.NotUndone"]) {
    assert.deepEqual(index.jobsFor({ eventType: name, attributes: {} }), ["job-1"], name);
  }
  assert.deepEqual(index.jobsFor({ eventType: "ec.Other", attributes: {} }), []);
});
