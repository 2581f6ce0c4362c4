import assert from "node:assert/strict";
import fc from "fast-check";
import type { Correlation } from "../../src/core/correlation.ts";
import { eventType, type JobId, jobId } from "../../src/core/ids.ts";
import { DEFAULT_POLICY, type JobPlan, matcherAccepts } from "../../src/core/job_plan.ts";
import { isScalar, type JsonObject, type JsonScalar } from "../../src/core/json.ts";
import { looseForm } from "../../src/explain/likeness/loose_form.ts";
import { Bucket, type Filed, TypeIndex } from "../../src/engine/matching/type_index.ts";
import { CorrelationIndex } from "../../src/engine/matching/correlation_index.ts";
import { expectation, matcher, plan } from "../support/engine/entries.ts";
import { cases } from "../support/effort.ts";

const TYPE = eventType("ec.Happened");

const planOf = (correlation: Correlation) => plan([expectation("it", TYPE, { correlation })]);

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

Deno.test("correlation index: it finds exactly the jobs that testing each one would find", () => {
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
    { numRuns: cases(5_000) },
  );
});

Deno.test("correlation index: a job is filed under its rarest equality, so a lookup stays small", () => {
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
  assert.ok(tried < 10, `read attributes ${tried} times for 1,000 jobs`);
});

Deno.test("correlation index: errors and compensation events of a policy are filed too", () => {
  const index = new CorrelationIndex();
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

const event = (attributes: JsonObject) => ({ eventType: TYPE, attributes });

function namesOf(index: CorrelationIndex, attributes: JsonObject, limit = 64): readonly string[] {
  return index.candidates(event(attributes), limit).map(({ jobId }) => jobId);
}

/** Values that are often confused. */
const alike = fc.constantFrom<JsonScalar>("1", 1, " 1 ", "a", "A", true, "TRUE", null, "null");

Deno.test("correlation index: a job whose value differs only in type, case or space is always a candidate", () => {
  let told = 0;
  fc.assert(
    fc.property(
      fc.array(fc.dictionary(path, alike, { minKeys: 1, maxKeys: 2 }), { maxLength: 12 }),
      fc.dictionary(fc.constantFrom("orderId", "region"), alike),
      (all, attributes) => {
        const index = new CorrelationIndex();
        all.forEach((equals, number) => index.add(jobId(`job-${number}`), planOf({ equals })));
        const isAlike = (equals: Record<string, JsonScalar>) =>
          Object.entries(equals).every(([path, value]) => {
            const found = attributes[path];
            return isScalar(found) && looseForm(found) === looseForm(value);
          });
        const names = namesOf(index, attributes);
        all.forEach((equals, number) => {
          if (!isAlike(equals)) return;
          told++;
          assert.ok(names.includes(`job-${number}`));
        });
      },
    ),
    { numRuns: cases(2_000) },
  );
  assert.ok(told > cases(500), `only ${told} cases tell anything`);
});

Deno.test("correlation index: with no value in common, the last few filed are the candidates", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(15), fc.boolean()), { maxLength: 60, size: "max" }),
      (steps) => {
        const index = new CorrelationIndex();
        let filed: readonly string[] = [];
        for (const [number, adds] of steps) {
          const id = jobId(`job-${number}`);
          if (adds) index.add(id, planOf({ equals: { orderId: number } }));
          else index.remove(id);
          if (adds && !filed.includes(id)) filed = [...filed, id];
          if (!adds) filed = filed.filter((other) => other !== id);
        }

        assert.deepEqual(namesOf(index, { orderId: "none" }), filed.toReversed().slice(0, 8));
        assert.equal(index.waiting(TYPE), filed.length);
        assert.deepEqual([...index.types(9)], filed.length === 0 ? [] : [TYPE]);
      },
    ),
    { numRuns: cases(1_000) },
  );
});

Deno.test("correlation index: there are no more candidates than requested, the likeliest first", () => {
  const index = new CorrelationIndex();
  for (let order = 0; order < 1_000; order++) {
    index.add(jobId(`region-${order}`), planOf({ equals: { region: "EU" } }));
    index.add(jobId(`open-${order}`), planOf({ not: { equals: { region: "EU" } } }));
  }
  index.add(jobId("order-7"), planOf({ equals: { orderId: "7" } }));

  const names = namesOf(index, { region: "eu", orderId: 7 }, 5);
  assert.deepEqual(names, ["order-7", "region-0", "region-1", "region-2", "region-3"]);
  assert.deepEqual(namesOf(index, { region: "JP" }, 2), ["open-0", "open-1"]);
});

Deno.test("correlation index: a job is counted once for a type, and separately for its policy", () => {
  const index = new CorrelationIndex();
  const [expected] = planOf({ equals: { orderId: "7" } }).expected;
  assert.ok(expected);
  const { matcher } = expected;
  const plan = {
    expected: [expected, { ...expected, id: "again" }],
    policy: { ...DEFAULT_POLICY, errors: [matcher] },
  };
  index.add(jobId("job-1"), plan);
  index.add(jobId("job-2"), { ...plan, expected: [] });

  assert.deepEqual([index.waiting(TYPE), index.naming(TYPE)], [1, 2]);
  const found = index.candidates(event({ orderId: 7 }), 64);
  const names = found.map(({ wanted }) => "role" in wanted ? wanted.role : wanted.id);
  assert.deepEqual(names, ["it", "again", "errors", "errors"]);
  index.remove(jobId("job-1"));
  assert.deepEqual([index.waiting(TYPE), index.naming(TYPE)], [0, 1]);
  assert.deepEqual(namesOf(index, { orderId: 7 }), ["job-2"]);
  assert.deepEqual(index.jobsFor(event({ orderId: "7" })), ["job-2"]);
});

Deno.test("correlation index: an unsatisfiable predicate does not affect the others of its type", () => {
  const index = new CorrelationIndex();
  const impossible = planOf({ in: { orderId: [] } });
  index.add(jobId("never-1"), impossible);
  index.add(jobId("never-2"), {
    expected: [],
    policy: { ...DEFAULT_POLICY, errors: impossible.expected.map(({ matcher }) => matcher) },
  });
  index.remove(jobId("never-1"));
  index.add(jobId("job-1"), planOf({ equals: { orderId: "7" } }));
  index.remove(jobId("never-2"));

  assert.deepEqual(index.jobsFor(event({ orderId: "7" })), ["job-1"]);
  assert.deepEqual(namesOf(index, {}), ["job-1"]);
});

Deno.test("correlation index: a value at another path leads to candidates if its own path has none", () => {
  const index = new CorrelationIndex();
  for (let order = 0; order < 100; order++) {
    index.add(jobId(`order-${order}`), planOf({ equals: { orderId: `${order}`, region: "EU" } }));
  }

  assert.deepEqual(namesOf(index, { order: { id: 42 } }), ["order-42"]);
  assert.deepEqual(namesOf(index, { orderId: "7", order: { id: 42 } }), ["order-7"]);
});

Deno.test("correlation index: a policy's matcher without effect in the current state is found, but is not a candidate", () => {
  const index = new CorrelationIndex();
  const plan: JobPlan = {
    expected: [],
    policy: {
      ...DEFAULT_POLICY,
      errors: [matcher("ec.Lost")],
      compensation: { succeeded: matcher("ec.Undone"), failed: matcher("ec.NotUndone") },
    },
  };
  const acting = () =>
    ["ec.Lost", "ec.Undone", "ec.NotUndone"].filter((eventType) => {
      assert.deepEqual(index.jobsFor({ eventType, attributes: {} }), ["job-1"]);
      return index.candidates({ eventType, attributes: {} }, 64).length > 0;
    });
  index.add(jobId("job-1"), plan);
  assert.deepEqual(acting(), ["ec.Lost"]);
  index.refile(jobId("job-1"), plan, ["succeeded", "failed"]);
  assert.deepEqual(acting(), ["ec.Undone", "ec.NotUndone"]);

  index.refile(jobId("job-2"), plan, []);
  assert.equal(index.size, 1);
});

// The jobs of an event are searched in slices: changes meanwhile count.

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

Deno.test("bucket: it holds what was added and not deleted, in that order, with the sum of the efforts", () => {
  const { expectations } = new TypeIndex();
  const candidate = { jobId: jobId("job-1"), wanted: expectation("it", TYPE) };
  const matchers = [1, 10, 100].map((effort) => expectations.link(candidate, effort));
  const steps = matchers.flatMap((filed) => [["add", filed], ["delete", filed]] as const);
  const sequences = (length: number): (typeof steps)[] =>
    length === 0 ? [[]] : sequences(length - 1).flatMap((rest) => steps.map((it) => [it, ...rest]));
  for (const sequence of sequences(5)) {
    const bucket = new Bucket();
    const model = new Set<Filed>();
    for (const [step, filed] of sequence) {
      bucket[step](filed);
      model[step](filed);
    }
    assert.deepEqual([...bucket], [...model]);
    assert.equal(bucket.size, model.size);
    assert.equal(bucket.effort, [...model].reduce((sum, { effort }) => sum + effort, 0));
  }
});
