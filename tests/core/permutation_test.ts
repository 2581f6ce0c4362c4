import assert from "node:assert/strict";
import fc from "fast-check";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import type { LogId } from "../../src/core/ids.ts";
import { type PermutationVerdict, permuteFacts } from "../../src/core/permutation.ts";
import { detailOf, verdictText } from "../../src/core/permutation_text.ts";
import { projectAll } from "../../src/core/projector.ts";
import {
  codedJob,
  created,
  expectation,
  JOB,
  type JobStory,
  matcher,
  outsideJob,
} from "../support/entries.ts";
import { stories } from "./arbitrary_entries.ts";

/** A sequence that is the same each time; enough for tests. */
function below(): (limit: number) => number {
  let state = 1;
  return (limit) => {
    state = Math.imul(state, 48_271) % 2_147_483_647 >>> 0;
    return state % limit;
  };
}

function verdictOf(
  entries: readonly JobEventLogEntry[],
  tries = 200,
): PermutationVerdict {
  const trial = permuteFacts(JOB, entries, { tries, below: below() });
  for (;;) {
    const { done, value } = trial.next();
    if (done) return value;
  }
}

function pairOf(story: JobStory) {
  const verdict = verdictOf(story.entries);
  assert.equal(verdict.verdict, "pair", verdictText(verdict));
  return verdict as Extract<PermutationVerdict, { verdict: "pair" }>;
}

const both = [expectation("paid", "x.Paid"), expectation("sent", "x.Sent")];

Deno.test("permutation: facts for several expectations commute", () => {
  const story = outsideJob(both).started().fact("x.Paid").fact("x.Sent").fact("x.Other");
  const verdict = verdictOf(story.entries);
  assert.equal(verdict.verdict, "agreed");
  assert.equal(verdict.facts, 3);
  assert.match(verdictText(verdict), /^order does not matter: \d+ orders of 3 facts all end Done$/);
});

Deno.test("permutation: an error event against the last expectation", () => {
  const story = outsideJob([expectation("paid", "x.Paid")], {
    errors: [matcher("x.OrderCancelled")],
  }).started().skip(9).correlated("x.OrderCancelled").skip(2).fact("x.Paid");

  const verdict = pairOf(story);

  assert.deepEqual(verdict.first, {
    logId: 12,
    eventType: "x.OrderCancelled",
    eventId: "evt_12",
  });
  assert.deepEqual(verdict.second, { logId: 15, eventType: "x.Paid", eventId: "evt_15" });
  assert.equal(verdict.before.outcome.state, "Failed");
  assert.equal(verdict.before.firstRule, "running/error-failed");
  assert.equal(verdict.before.secondRule, "terminal/record-only");
  assert.equal(verdict.after.outcome.state, "Done");
  assert.equal(verdict.after.firstRule, "terminal/record-only");
  assert.equal(verdict.after.secondRule, "running/satisfied");
  assert.equal(
    verdictText(verdict),
    "order matters: x.OrderCancelled (entry 12) before x.Paid (entry 15) ends Failed, " +
      "after it Done",
  );
  assert.deepEqual(detailOf(verdict), [
    "entry 12 is event evt_12, entry 15 is evt_15",
    'entry 12, then 15: 12 met "Running: error event, no compensation: Failed", ' +
    '15 "any: anything, in Done or Failed, record only: unchanged"',
    'entry 15, then 12: 12 met "any: anything, in Done or Failed, record only: unchanged", ' +
    '15 "Running: matches an expectation, all satisfied: Done"',
  ]);
});

Deno.test("permutation: events that count towards times n commute, and so does their surplus", () => {
  const story = outsideJob([
    expectation("parcels", "x.Sent", { multiplicity: { times: 3 } }),
    expectation("paid", "x.Paid", { multiplicity: "AtLeastOnce" }),
  ]).started().fact("x.Sent").fact("x.Paid").fact("x.Sent").fact("x.Paid").fact("x.Sent")
    .fact("x.Sent");
  const verdict = verdictOf(story.entries);
  assert.equal(verdict.verdict, "agreed");
  assert.deepEqual(verdict.outcome.expected.map(({ matched }) => matched), [3, 1]);
});

Deno.test("permutation: with six facts all their orders are tried, with seven some", () => {
  const begin = outsideJob([expectation("never", "x.Never")]).started();
  const six = Array.from({ length: 6 }).reduce<JobStory>((story) => story.fact("x.Any"), begin);
  // Each fact comes again at once and at the end, which for the last fact is the same.
  const again = (facts: number) => facts * 2 - 1;
  assert.equal(verdictOf(six.entries, 0).orders, 720 + again(6));
  // A delay to the end of the last but one is an exchange; that of the last is no change.
  assert.equal(verdictOf(six.fact("x.Any").entries, 0).orders, 1 + 6 + 5 + again(7));
});

Deno.test("permutation: which of two error events comes first matters", () => {
  const story = outsideJob([expectation("paid", "x.Paid")], {
    errors: [matcher("x.Lost"), matcher("x.Refused")],
  }).started().fact("x.Lost").fact("x.Refused");
  assert.equal(
    verdictText(pairOf(story)),
    "order matters: x.Lost (entry 3) before x.Refused (entry 4) ends Failed by entry 3, " +
      "after it Failed by entry 4",
  );
});

Deno.test("permutation: a fact that is late for a control matters, and the control is named", () => {
  const story = outsideJob(both).started().fact("x.Paid").cancelled();
  assert.equal(
    verdictText(pairOf(story)),
    "order matters: x.Paid (entry 3) before job.JobCancelled (entry 4) ends Failed with 1 of 1 " +
      "for paid, after it Failed with 0 of 1 for paid",
  );
});

Deno.test("permutation: two facts that are apart are named alone", () => {
  const story = outsideJob([expectation("paid", "x.Paid")], { errors: [matcher("x.Lost")] })
    .started().fact("x.A").fact("x.Lost").fact("x.B").fact("x.C").fact("x.Paid").fact("x.D");
  const { first, second } = pairOf(story);
  assert.deepEqual([first.eventType, second.eventType], ["x.Lost", "x.Paid"]);
});

Deno.test("permutation: a fact before the start counts for nothing and stays", () => {
  const story = outsideJob(both).fact("x.Paid").started().fact("x.Sent");
  const verdict = verdictOf(story.entries);
  assert.equal(verdict.verdict, "agreed");
  assert.equal(verdict.facts, 1);
  assert.deepEqual(detailOf(verdict), [
    "1 fact before the start: they count for nothing, and stay",
  ]);
});

Deno.test("permutation: a job that nothing reached from outside has one order", () => {
  for (const story of [created(), codedJob().started().mainStarted().mainCompleted()]) {
    const verdict = verdictOf(story.entries);
    assert.equal(verdict.verdict, "agreed");
    assert.deepEqual([verdict.orders, verdict.facts], [1, 0]);
  }
  assert.equal(
    verdictText(verdictOf(created().entries)),
    "order does not matter: no fact came from outside after the start; state is Created",
  );
});

Deno.test("permutation: what a task of the job emitted itself stays behind its end", () => {
  const run = codedJob([expectation("noted", "x.Noted")], { errors: [matcher("x.Lost")] })
    .started().mainStarted().taskCompleted("note");
  const emission = { causedBy: run.logId };
  const story = run.fact("x.Noted", {}, emission).mainCompleted();
  assert.equal(verdictOf(story.entries).facts, 0);
  assert.equal(verdictOf(run.fact("x.Noted").entries).facts, 1);

  // A correlated one: the event itself is nobody's, and stands between.
  const event = { ...run.fact("x.Noted", {}, emission).entry(-1) };
  const { jobId: _, ...emitted } = event;
  const correlated = run.skip(1).framework("job.EventCorrelated", {
    eventId: emitted.eventId,
    eventType: "x.Noted" as never,
    occurredAt: emitted.occurredAt,
    attributes: {},
  }, { causedBy: emitted.logId });
  const all = [...correlated.entries, emitted as JobEventLogEntry]
    .sort((left, right) => left.logId - right.logId);
  assert.equal(verdictOf(all).facts, 0);
  assert.equal(verdictOf(correlated.entries).facts, 1);
});

Deno.test("permutation: task facts and controls keep their order", () => {
  const story = codedJob([expectation("paid", "x.Paid")]).started().mainStarted()
    .taskStarted("a").fact("x.Paid").taskCompleted("a").suspended().resumed()
    .mainCompleted();
  const verdict = verdictOf(story.entries);
  assert.equal(verdict.verdict, "agreed", verdictText(verdict));
  assert.equal(verdict.outcome.state, "Done");
});

/** How a job ends, told apart as finely as the verdict does, but by other means. */
function endOf(entries: readonly JobEventLogEntry[], order: readonly number[]): string {
  const places = entries.map(({ logId }) => logId);
  const recorded = new Map<LogId, LogId>();
  const placed = order.map((index, place) => {
    const entry = entries[index] as JobEventLogEntry;
    const logId = places[place] as LogId;
    recorded.set(logId, entry.logId);
    return { ...entry, logId } as JobEventLogEntry;
  });
  const job = projectAll(placed);
  const failure = "failure" in job ? job.failure : undefined;
  return JSON.stringify([
    job.state,
    failure?.kind,
    failure && recorded.get(failure.because),
    job.expected.map(({ matched }) => matched),
  ]);
}

/** The order of a story with two entries next to each other, that of the verdict, or exchanged. */
function isOutside({ stratum, eventType }: JobEventLogEntry): boolean {
  return stratum === "domain" || eventType === "job.EventCorrelated";
}

/** All interleavings of facts with the rest, which keeps its order, behind the start. */
function* interleavings(
  fixed: readonly number[],
  facts: readonly number[],
): Generator<readonly number[]> {
  if (fixed.length === 0 && facts.length === 0) return yield [];
  const [first, ...others] = fixed;
  if (first !== undefined) {
    for (const rest of interleavings(others, facts)) yield [first, ...rest];
  }
  for (const fact of facts) {
    const left = facts.filter((other) => other !== fact);
    for (const rest of interleavings(fixed, left)) yield [fact, ...rest];
  }
}

function startOf(entries: readonly JobEventLogEntry[]): number {
  return entries.findIndex(({ eventType }) => eventType === "job.JobStarted");
}

Deno.test("permutation: a pair that it names changes the outcome when exchanged", () => {
  let pairs = 0;
  fc.assert(
    fc.property(stories, ({ entries }) => {
      const verdict = verdictOf(entries, 30);
      assert.notEqual(verdict.verdict, "repetition");
      if (verdict.verdict !== "pair") return;
      pairs++;
      assert.notDeepEqual(verdict.before.outcome, verdict.after.outcome);
      const named = [verdict.first, verdict.second].map(({ logId }) =>
        entries.find((entry) => entry.logId === logId)
      );
      assert.ok(named.some((entry) => entry !== undefined && isOutside(entry)));
    }),
    { numRuns: 1_000 },
  );
  assert.ok(pairs > 100, `only ${pairs} pairs`);
});

Deno.test("permutation: neighbours that it names differ when only they are exchanged", () => {
  fc.assert(
    fc.property(stories, ({ entries }) => {
      const verdict = verdictOf(entries, 0);
      if (verdict.verdict !== "pair" || verdict.facts !== 2) return;
      const [first, second] = [verdict.first, verdict.second].map(({ logId }) =>
        entries.findIndex((entry) => entry.logId === logId)
      );
      const start = startOf(entries) + 1;
      const rest = entries.map((_, index) => index).slice(start);
      const facts = rest.filter((index) => isOutside(entries[index] as JobEventLogEntry));
      const fixed = rest.filter((index) => !facts.includes(index));
      const begin = entries.map((_, index) => index).slice(0, start);
      const differs = [...interleavings(fixed, facts)].some((order) => {
        const at = order.indexOf(first as number);
        if (order[at + 1] !== second) return false;
        const exchanged = order.with(at, second as number).with(at + 1, first as number);
        return endOf(entries, [...begin, ...order]) !== endOf(entries, [...begin, ...exchanged]);
      });
      assert.ok(differs, verdictText(verdict));
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("permutation: when it says that all orders agree, an exhaustive check agrees", () => {
  let checked = 0;
  fc.assert(
    fc.property(stories, ({ entries }) => {
      const begin = startOf(entries) + 1;
      const rest = entries.map((_, index) => index).slice(begin);
      const facts = rest.filter((index) => isOutside(entries[index] as JobEventLogEntry));
      if (begin === 0 || facts.length === 0 || facts.length > 4) return;
      const verdict = verdictOf(entries, 0);
      if (verdict.verdict !== "agreed") return;
      checked++;
      const ends = new Set<string>();
      for (const order of permutationsOf(facts)) {
        const places = new Map(facts.map((fact, index) => [fact, order[index] as number]));
        const moved = rest.map((index) => places.get(index) ?? index);
        ends.add(endOf(entries, [...entries.keys()].slice(0, begin).concat(moved)));
      }
      assert.equal(ends.size, 1);
    }),
    { numRuns: 2_000 },
  );
  assert.ok(checked > 100, `only ${checked} checked`);
});

function permutationsOf(things: readonly number[]): readonly (readonly number[])[] {
  if (things.length <= 1) return [things];
  return things.flatMap((first) =>
    permutationsOf(things.filter((thing) => thing !== first)).map((rest) => [first, ...rest])
  );
}
