import assert from "node:assert/strict";
import type { LogId } from "../../src/core/ids.ts";
import type { ExpectationState, JobState } from "../../src/core/job_state.ts";
import { allSatisfied, isSettled, shared, withMatch } from "../../src/core/expectations.ts";
import { codedJob, expectation, outsideJob } from "../support/engine/entries.ts";
import { jobOf, projectAll } from "../support/engine/folding.ts";

const PAID = expectation("paid", "ec.Paid");
const SHIPPED = expectation("shipped", "ec.Shipped");
const TWICE = expectation("twice", "ec.Shipped", { multiplicity: { times: 2 } });

const NONE: ExpectationState = { matched: 0, by: [], surplus: 0 };

/** The states with each number of matches, from none on. */
function states(count: number): readonly ExpectationState[] {
  const all = [NONE];
  for (let logId = 1; logId <= count; logId++) {
    all.push(withMatch(all.at(-1) as ExpectationState, logId as LogId));
  }
  return all;
}

function positions(count: number): readonly number[] {
  return Array.from({ length: count }, (_, at) => at + 1);
}

Deno.test("withMatch: each state keeps its own matches, whatever comes later, as plain JSON", () => {
  const all = states(300);
  for (const [matched, state] of all.entries()) {
    assert.deepEqual({ ...state }, { matched, by: positions(matched), surplus: 0 });
    assert.equal(
      JSON.stringify(state),
      JSON.stringify({ matched, by: positions(matched), surplus: 0 }),
    );
  }
});

Deno.test("withMatch: a state can be continued twice, and each branch has its own matches", () => {
  const all = states(200);
  const [before, last] = [all[100] as ExpectationState, all[200]];
  const other = withMatch(withMatch(before, 7_000 as LogId), 7_001 as LogId);
  assert.deepEqual(other.by, [...positions(100), 7_000, 7_001]);
  assert.deepEqual(last?.by, positions(200));
  assert.deepEqual(before.by, positions(100));
});

Deno.test("withMatch: lists of ten thousand matches are not copied each time", () => {
  let copied = 0;
  let state = NONE;
  for (let logId = 1; logId <= 10_000; logId++) {
    const { by, ...rest } = Object.getOwnPropertyDescriptors(state);
    if (by.get === undefined) copied += (by.value as readonly LogId[]).length;
    assert.equal(rest.matched.value, logId - 1);
    state = withMatch(state, logId as LogId);
  }
  assert.ok(copied < 10_000, `${copied} positions were copied`);
  assert.equal(state.by.length, 10_000);
});

Deno.test("isSettled: it requires all matches, and an expectation with that id", () => {
  const job = codedJob([TWICE, PAID]).started();
  const once = job.fact("ec.Shipped");

  assert.equal(isSettled(jobOf(once), "twice"), false);
  assert.equal(isSettled(jobOf(once.fact("ec.Shipped")), "twice"), true);
  assert.equal(isSettled(jobOf(once.fact("ec.Shipped")), "paid"), false);
  assert.equal(isSettled(jobOf(once.fact("ec.Shipped")), "unknown"), false);
});

Deno.test("isSettled: surplus does not change it", () => {
  const story = outsideJob([PAID, SHIPPED]).started().fact("ec.Paid").fact("ec.Paid");

  assert.equal(isSettled(jobOf(story), "paid"), true);
});

Deno.test("allSatisfied: it requires every expectation", () => {
  const half = outsideJob([PAID, SHIPPED]).started().fact("ec.Paid");

  assert.equal(allSatisfied(jobOf(half)), false);
  assert.equal(allSatisfied(jobOf(half.fact("ec.Shipped"))), true);
});

// Plans of many expectations, each of which is matched by every event.

const COUNT = 1_000;

/** Each needs a hundred matches, except every tenth, which needs three. */
function story() {
  const expected = Array.from({ length: COUNT }, (_, index) => {
    const multiplicity = { times: index % 10 === 9 ? 3 : 100 };
    return expectation(`e${index}`, "ec.Happened", { multiplicity });
  });
  return outsideJob(expected).started();
}

/** The number of matches in memory. */
function kept({ expected }: JobState): number {
  return new Set(expected).size;
}

Deno.test("projector: expectations with the same matches share their list", () => {
  let some = story();
  for (let event = 0; event < 5; event++) some = some.correlated("ec.Happened");
  const job = projectAll(some.entries);

  assert.deepEqual(job.expected[0], { matched: 5, by: [3, 4, 5, 6, 7], surplus: 0 });
  assert.deepEqual(job.expected[9], { matched: 3, by: [3, 4, 5], surplus: 2 });
  assert.deepEqual(job.expected[990], job.expected[0]);
  assert.ok(kept(job) <= 4, `${kept(job)} are kept`);
});

Deno.test("projector: a returned state does not change when more entries come", () => {
  const before = projectAll(story().correlated("ec.Happened").entries);
  const text = JSON.stringify(before);
  projectAll(story().correlated("ec.Happened").correlated("ec.Happened").entries.slice(3), before);
  assert.equal(JSON.stringify(before), text);
});

Deno.test("shared: it returns equal values, and neighbours share what they have in common", () => {
  const job = projectAll(story().correlated("ec.Happened").correlated("ec.Happened").entries);
  const read: JobState = JSON.parse(JSON.stringify(job));
  assert.equal(kept(read), COUNT);

  const again = { ...read, expected: shared(read.expected) };
  assert.deepEqual(again, job);
  assert.equal(kept(again), 1);
});

Deno.test("isSettled: an expectation of a long plan is found without a look at the others each time", () => {
  const names = Array.from({ length: 1_000 }, (_, n) => `e${n}`);
  const job = projectAll(
    outsideJob(names.map((id) => expectation(id, "ec.Paid"))).started().entries,
  );
  let looks = 0;
  const watched = job.plan.expected.map((expected) => ({
    ...expected,
    get id() {
      looks++;
      return expected.id;
    },
  }));
  const other = { ...job, plan: { ...job.plan, expected: watched } };
  for (const name of names) assert.ok(!isSettled(other, name));
  assert.ok(!isSettled(other, "unknown"));
  assert.ok(looks <= 2 * names.length, `${looks} looks`);
});
