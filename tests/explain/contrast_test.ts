/** What sets jobs apart: a glance at the first few of each kind never hides it. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { JobState } from "../../src/core/job_state.ts";
import { present } from "../../src/core/json.ts";
import { runToEnd } from "../../src/core/work.ts";
import { findContrast, maySetApart } from "../../src/explain/likeness/contrast.ts";
import { compared } from "../../src/explain/likeness/compared_job.ts";
import { cases } from "../support/effort.ts";

const SCALARS = [0, 1, 2, 3, 7, 40, 500, -3, -60, "a", "Bx-1", "c9", true, undefined];

/** What jobs of one kind have in one place: each has one of these. */
const pool = fc.oneof(
  fc.array(fc.constantFrom(...SCALARS), { minLength: 1, maxLength: 3 }),
  fc.array(fc.integer({ min: -2, max: 60 }), { minLength: 1, maxLength: 8 }),
  fc.array(fc.integer({ min: 1, max: 60 }).map((one) => `S-${`${one}`.padStart(2, "0")}`), {
    ...{ minLength: 1, maxLength: 8 },
  }),
);
const pools = fc.record({ label: pool, input: pool, result: pool });
type Pools = typeof pools extends fc.Arbitrary<infer One> ? One : never;

interface Place {
  readonly state: string;
  readonly firstLogId: number;
  /** Chooses from each pool. */
  readonly choice: number;
}

function jobOf(pools: Pools, { state, firstLogId, choice }: Place) {
  const from = <One>(all: readonly One[]) => all[choice % all.length];
  return compared({
    state,
    firstLogId,
    createdAt: new Date(firstLogId).toISOString(),
    labels: present({ label: from(pools.label) }),
    input: { one: from(pools.input) },
    tasks: [{ taskId: "send", status: "completed", result: from(pools.result) }],
  } as unknown as JobState);
}

Deno.test("contrast: a number may be beyond those of all others, though those of the first few grow", () => {
  const numbered = (number: number, firstLogId: number) => {
    const pools = { label: [undefined], input: [number], result: [true] };
    return jobOf(pools, { state: number === 500 ? "Failed" : "Done", firstLogId, choice: 0 });
  };
  const others = [9, 8, 7, 6, 5, 4, 3, 2, 1, 4].map((number, at) => numbered(number, 300 - at));
  const alike = [numbered(500, 200)];
  assert.equal(runToEnd(findContrast(alike, others))?.traits[0]?.name, "input.one");
  assert.ok(runToEnd(maySetApart(alike, others.slice(0, 8))));
});

const choices = (least: number, most: number) =>
  fc.array(fc.nat(50), { minLength: least, maxLength: most });

/** Alike ones before, among or after the others, with the newest of each kind first. */
const both = fc.record({
  states: fc.constantFrom(["Failed"], ["Running", "Failed"], ["Done"]),
  pools: fc.oneof(fc.tuple(pools, pools), pools.map((one) => [one, one])),
  likes: choices(1, 6),
  rest: choices(10, 16),
  newest: fc.constantFrom(150, 240, 301, 400),
  gap: fc.constantFrom(1, 9),
}).map(({ states, pools: [own, others], likes, rest, newest, gap }) => ({
  alike: (states[0] === "Done" ? likes.slice(0, 1) : likes).map((choice, at) =>
    jobOf(own ?? others!, {
      state: states[at % states.length] ?? "",
      firstLogId: newest - at * gap,
      choice,
    })
  ),
  others: rest.map((choice, at) =>
    jobOf(others!, { state: "Done", firstLogId: 300 - 10 * at, choice })
  ),
}));

Deno.test("contrast: what sets jobs apart from others may also set the first few of them apart", () => {
  const found = new Set<string>();
  fc.assert(
    fc.property(both, fc.nat(5), ({ alike, others }, some) => {
      const contrast = runToEnd(findContrast(alike, others));
      if (contrast === undefined) return;
      for (const { name } of contrast.traits) found.add(name);
      const glance = [alike.slice(0, 3 + some), others.slice(0, 1 + some)] as const;
      assert.ok(runToEnd(maySetApart(...glance)), JSON.stringify(contrast));
    }),
    { numRuns: cases(20_000) },
  );
  for (const name of ["label label", "input.one", "result of send", "created", "createdAfter"]) {
    assert.ok(found.has(name), `nothing was found by ${name}`);
  }
});
