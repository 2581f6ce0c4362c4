import assert from "node:assert/strict";
import fc from "fast-check";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { type PermutationVerdict, permuteFacts } from "../../src/core/permutation.ts";
import { detailOf, verdictText } from "../../src/core/permutation_text.ts";
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
import { projectAll } from "./folding.ts";

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
  pastEvents: readonly JobEventLogEntry[] = [],
): PermutationVerdict {
  const trial = permuteFacts({ jobId: JOB, entries, pastEvents }, { tries, below: below() });
  for (;;) {
    const { done, value } = trial.next();
    if (done) return value;
  }
}

function pairOf(story: JobStory, pastEvents: readonly JobEventLogEntry[] = []) {
  return verdictAs("pair", story, pastEvents);
}

function verdictAs<Kind extends PermutationVerdict["verdict"]>(
  kind: Kind,
  story: JobStory,
  pastEvents: readonly JobEventLogEntry[] = [],
) {
  const verdict = verdictOf(story.entries, 200, pastEvents);
  assert.equal(verdict.verdict, kind, verdictText(verdict));
  return verdict as Extract<PermutationVerdict, { verdict: Kind }>;
}

/** Events that name no job, in the positions after a story. */
function strangers(story: JobStory, ...types: string[]): readonly JobEventLogEntry[] {
  return types.reduce((told, type) => told.fact(type), story).entries.slice(story.entries.length)
    .map(({ jobId: _, ...entry }) => entry as JobEventLogEntry);
}

const both = [expectation("paid", "x.Paid"), expectation("sent", "x.Sent")];

Deno.test("permutation: facts for several expectations commute", () => {
  const story = outsideJob(both).started().fact("x.Paid").fact("x.Sent").fact("x.Other");
  const verdict = verdictOf(story.entries);
  assert.equal(verdict.verdict, "agreed");
  assert.equal(verdict.facts, 3);
  assert.equal(verdictText(verdict), "order does not matter: all 6 orders of 3 facts end Done");
  const two = verdictOf(outsideJob(both).started().fact("x.Paid").fact("x.Sent").entries);
  assert.equal(verdictText(two), "order does not matter: both orders of 2 facts end Done");
  const alone = verdictText({ ...verdict, orders: 8, facts: 1, fixed: 7 });
  assert.equal(
    alone,
    "order does not matter: the job ends Done wherever its 1 fact comes among 7 other entries " +
      "(8 places)",
  );
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
    "order matters: when x.Paid (entry 15) comes before x.OrderCancelled (entry 12), " +
      "the job ends Done; as it was, it ended Failed",
  );
  assert.deepEqual(detailOf(verdict), [
    'entry 15 first: 15 meets "Running: matches an expectation, all satisfied: Done", ' +
    'then 12 "any: anything, in Done or Failed, record only: unchanged"',
    'entry 12 first: 12 met "Running: error event, no compensation: Failed", ' +
    'then 15 "any: anything, in Done or Failed, record only: unchanged"',
    "entry 12 is event evt_12, entry 15 is evt_15",
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

Deno.test("permutation: with eight facts all their orders are tried, with nine some", () => {
  const begin = outsideJob([expectation("never", "x.Never")]).started();
  const eight = Array.from({ length: 8 }).reduce<JobStory>((story) => story.fact("x.Any"), begin);
  const all = verdictOf(eight.entries);
  assert.deepEqual([all.orders, all.randomOrders, all.exhaustive], [40_320, 0, true]);
  const some = verdictOf(eight.fact("x.Any").entries);
  assert.deepEqual([some.randomOrders > 190, some.exhaustive], [true, false]);
  assert.match(
    verdictText(some),
    /^order does not seem to matter: all \d+ orders tried, of 9 facts, leave it Running$/,
  );
});

Deno.test("permutation: which of two error events comes first matters less", () => {
  const story = outsideJob([expectation("paid", "x.Paid")], {
    errors: [matcher("x.Lost"), matcher("x.Refused")],
  }).started().fact("x.Lost").fact("x.Refused");
  assert.equal(
    verdictText(verdictAs("lesser", story)),
    "the outcome is Failed in every order; only the event that failed it differs: when " +
      "x.Refused (entry 4) comes before x.Lost (entry 3), it is entry 4; as it was, it was entry 3",
  );
});

Deno.test("permutation: counts of a job that fails in any case matter less", () => {
  const story = outsideJob(both).started().fact("x.Paid").cancelled();
  assert.equal(
    verdictText(verdictAs("lesser", story)),
    "the outcome is Failed in every order; only the counts differ: when job.JobCancelled " +
      "(entry 4) comes before x.Paid (entry 3), paid has 0 of 1; as it was, it had 1 of 1",
  );
});

Deno.test("permutation: state goes before counts, whichever is found first", () => {
  const story = outsideJob(both, { errors: [matcher("x.Cancel")] })
    .started().fact("x.Paid").fact("x.Cancel").fact("x.Sent");
  assert.equal(
    verdictText(pairOf(story)),
    "order matters: when x.Sent (entry 5) comes before x.Cancel (entry 4), the job ends Done; " +
      "as it was, it ended Failed",
  );
});

Deno.test("permutation: kinds of failure are told apart", () => {
  const story = outsideJob(both, { errors: [matcher("x.Lost")] }).started().cancelled()
    .fact("x.Lost");
  assert.equal(
    verdictText(pairOf(story)),
    "order matters: when x.Lost (entry 4) comes before job.JobCancelled (entry 3), the job ends " +
      "Failed (error); as it was, it ended Failed (cancelled)",
  );
});

Deno.test("permutation: where one exchange is not enough, the others are told", () => {
  const story = outsideJob(both, { errors: [matcher("x.Cancel")] })
    .started().fact("x.Cancel").fact("x.Paid").fact("x.Sent");
  assert.equal(
    verdictText(pairOf(story)),
    "order matters: when x.Sent (entry 5) comes before x.Cancel (entry 3), with entry 4 before 3 " +
      "as well, the job ends Done; as it was, it ended Failed",
  );
});

Deno.test("permutation: an event that came when the job was over might have come earlier", () => {
  const story = outsideJob([expectation("paid", "x.Paid")], { errors: [matcher("x.Cancel")] })
    .started().fact("x.Paid");
  const past = strangers(story, "x.Other", "x.Cancel", "x.Paid");

  const verdict = pairOf(story, past);

  assert.equal(
    verdictText(verdict),
    "order matters: when x.Cancel (entry 5) comes before x.Paid (entry 3), the job ends Failed; " +
      "as it was, it ended Done",
  );
  assert.equal(verdict.facts, 3);
  assert.deepEqual(verdict.missed, {
    total: 2,
    considered: [
      { logId: 5, eventId: "evt_5", eventType: "x.Cancel" },
      { logId: 6, eventId: "evt_6", eventType: "x.Paid" },
    ],
  });
  assert.equal(
    detailOf(verdict).at(-1),
    "2 events came too late to reach the job, and might have come earlier: " +
      "x.Cancel (entry 5), x.Paid (entry 6)",
  );
});

Deno.test("permutation: an event that came before the start, or reached the job, was not missed", () => {
  const begin = outsideJob([expectation("paid", "x.Paid")], { errors: [matcher("x.Cancel")] });
  const early = strangers(begin, "x.Paid");
  const story = begin.skip(1).started().correlated("x.Paid");
  const reached = strangers(story.skip(2), "x.Paid").map((entry) => ({
    ...entry,
    eventId: `evt_original_${story.logId}`,
  })) as unknown as readonly JobEventLogEntry[];
  const verdict = verdictOf(story.entries, 200, [...early, ...reached]);
  assert.equal(verdict.verdict, "agreed", verdictText(verdict));
  assert.equal(verdict.missed.total, 0);
  assert.equal(verdictOf(created().entries, 200, early).missed.total, 0);
});

Deno.test("permutation: of many events that came too late the first hundred are considered", () => {
  const story = outsideJob([expectation("paid", "x.Paid")]).started().fact("x.Paid");
  const past = strangers(story, ...Array.from({ length: 120 }, () => "x.Paid"));
  const verdict = verdictOf(story.entries, 10, past);
  assert.equal(verdict.verdict, "agreed");
  assert.deepEqual([verdict.missed.total, verdict.missed.considered.length], [120, 100]);
  assert.equal(
    detailOf(verdict).at(-1),
    "120 events came too late to reach the job, and might have come earlier: x.Paid (entry 4), " +
      "x.Paid (entry 5), x.Paid (entry 6) and 117 more; the first 100 are considered",
  );
});

Deno.test("permutation: an event stays before the task that began after run got it", () => {
  const waiting = codedJob([expectation("shipped", "x.Shipped")]).started().mainStarted()
    .mainWaiting("shipped").fact("x.Shipped");
  const after = waiting.taskStarted("after").taskFailed("after");
  assert.equal(verdictAs("agreed", after).facts, 1);

  // A task that was running meanwhile, or is tried again, does not tell of the event.
  const beside = codedJob([expectation("shipped", "x.Shipped")]).started().mainStarted()
    .taskStarted("beside").fact("x.Shipped").taskStarted("beside", 2).taskFailed("beside", 2);
  assert.match(
    verdictText(verdictAs("lesser", beside)),
    /: when job.TaskFailed \(entry 7\) comes before x.Shipped \(entry 5\), shipped has 0 of 1;/,
  );
});

Deno.test("permutation: an error event stays before the compensation that it began", () => {
  const story = codedJob([], { errors: [matcher("x.Lost")] }).started().mainStarted()
    .compensableTask("reserve").fact("x.Lost").compensationStarted("reserve")
    .taskCompensated("reserve").compensationEnded(["reserve"]);
  const verdict = verdictAs("agreed", story);
  assert.equal(verdict.outcome.state, "Failed");
  assert.match(detailOf(verdict).at(-1) ?? "", /^run is not called: what the job's code did/);
});

Deno.test("permutation: an event that did not count may come behind what began after it", () => {
  const story = codedJob([], { errors: [matcher("x.Lost")] }).started().mainStarted()
    .mainCompleted();
  const verdict = pairOf(story, strangers(story, "x.Lost"));
  assert.equal(
    verdictText(verdict),
    "order matters: when x.Lost (entry 5) comes before job.TaskCompleted (entry 4), the job ends " +
      "Failed; as it was, it ended Done",
  );
});

Deno.test("permutation: two facts that are apart are named alone", () => {
  const story = outsideJob([expectation("paid", "x.Paid")], { errors: [matcher("x.Lost")] })
    .started().fact("x.A").fact("x.Lost").fact("x.B").fact("x.C").fact("x.Paid").fact("x.D");
  const { first, second } = pairOf(story);
  assert.deepEqual([first.eventType, second.eventType], ["x.Lost", "x.Paid"]);
});

Deno.test("permutation: an event that came too early is tried behind the start", () => {
  const story = outsideJob([expectation("paid", "x.Paid")]).fact("x.Paid").started();
  const verdict = pairOf(story);
  assert.equal(
    verdictText(verdict),
    "order matters: when job.JobStarted (entry 3) comes before x.Paid (entry 2), the job ends " +
      "Done; as it was, it stayed Running",
  );
  assert.deepEqual(verdict.early, {
    total: 1,
    considered: [{ logId: 2, eventId: "evt_2", eventType: "x.Paid" }],
  });
  assert.deepEqual(detailOf(verdict), [
    'entry 3 first: 3 meets "Created: JobStarted, the plan expects something: Running", then 2 ' +
    '"Running: matches an expectation, all satisfied: Done"',
    'entry 2 first: 2 met "Created: anything else, record only: unchanged", then 3 "Created: ' +
    'JobStarted, the plan expects something: Running"',
    "entry 2 is event evt_2, entry 3 is evt_3",
    "1 event came before the start, where it counts for nothing, and might have come later: " +
    "x.Paid (entry 2)",
  ]);
});

Deno.test("permutation: an early event that names no job is tried behind the start as well", () => {
  const begin = outsideJob(both);
  const early = strangers(begin, "x.Paid");
  const story = begin.skip(1).started().fact("x.Sent");
  const verdict = verdictOf(story.entries, 200, early);
  assert.match(verdictText(verdict), /comes before x.Paid \(entry 2\), the job ends Done;/);
});

Deno.test("permutation: an early event that ends a compensation is tried after all else", () => {
  const compensation = { succeeded: matcher("x.Back"), failed: matcher("x.Lost") };
  const story = outsideJob(both, { errors: [matcher("x.Cancel")], compensation })
    .fact("x.Back").started().fact("x.Cancel");
  assert.match(
    verdictText(pairOf(story)),
    /the job ends Failed; as it was, it stayed Compensating/,
  );
});

Deno.test("permutation: an early event that would have changed counts alone matters less", () => {
  const story = outsideJob(both).fact("x.Paid").started();
  assert.match(
    verdictText(verdictAs("lesser", story)),
    /when job.JobStarted \(entry 3\) comes before x.Paid \(entry 2\), paid has 1 of 1; as it was/,
  );
});

Deno.test("permutation: an early event that would have changed nothing is told", () => {
  const story = outsideJob(both).fact("x.Paid").fact("x.Other").started().fact("x.Paid");
  const verdict = verdictAs("agreed", story);
  assert.deepEqual(detailOf(verdict), [
    "2 events came before the start, where they count for nothing, and might have come later: " +
    "x.Paid (entry 2), x.Other (entry 3)",
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
    "order does not matter: no fact came from outside after the start; the job is Created",
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

/** How a job ends, as coarsely as the verdict tells first, but by other means. */
function endOf(entries: readonly JobEventLogEntry[], order: readonly number[]): string {
  const places = entries.map(({ logId }) => logId);
  const placed = order.map((index, place) =>
    ({ ...entries[index], logId: places[place] }) as JobEventLogEntry
  );
  const job = projectAll(placed);
  return `${job.state} ${"failure" in job ? job.failure?.kind : ""}`;
}

function isOutside({ stratum, eventType }: JobEventLogEntry): boolean {
  return stratum === "domain" || eventType === "job.EventCorrelated";
}

/** All interleavings of facts with the rest, which keeps its order. */
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

/** Entries that job code recorded and that begin something, by their types alone. */
const BEGINNINGS = [
  "job.TaskStarted",
  "job.CompensationStarted",
  "job.TaskWaiting",
  "job.CompensationEnded",
  "job.RecoveryRequired",
];

function isBeginning({ eventType, taskId, attributes }: JobEventLogEntry): boolean {
  if (["job.TaskCompleted", "job.TaskFailed"].includes(eventType)) return taskId === "main";
  return BEGINNINGS.includes(eventType) && (!("attempt" in attributes) || attributes.attempt === 1);
}

/** Pairs of indexes that keep their order: what counted, and what code began after it. */
function bonds(entries: readonly JobEventLogEntry[]): readonly (readonly [number, number])[] {
  const standing = (count: number) => {
    const { state, expected } = projectAll(entries.slice(0, count));
    return JSON.stringify([state, expected.map(({ matched }) => matched)]);
  };
  return entries.flatMap((entry, index) => {
    if (!isOutside(entry) || index === 0 || standing(index) === standing(index + 1)) return [];
    return entries.flatMap((other, later) =>
      later > index && isBeginning(other) ? [[index, later] as const] : []
    );
  });
}

/** All orders that the rules allow, for stories with few facts. */
function allOrders(entries: readonly JobEventLogEntry[]): readonly (readonly number[])[] {
  const indexes = entries.map((_, index) => index);
  const start = entries.findIndex(({ eventType }) => eventType === "job.JobStarted") + 1;
  const facts = indexes.slice(start).filter((index) => isOutside(entries[index] as never));
  if (start === 0 || facts.length === 0) return [];
  const fixed = indexes.slice(start).filter((index) => !facts.includes(index));
  const size = facts.reduce((count, _, index) => count * (fixed.length + index + 1), 1);
  if (size > 2_000) return [];
  const kept = bonds(entries);
  return [...interleavings(fixed, facts)].map((order) => [...indexes.slice(0, start), ...order])
    .filter((order) => kept.every(([fact, begun]) => order.indexOf(fact) < order.indexOf(begun)));
}

/** The recorded order, with one fact that came before the start behind that, or at the end. */
function earlyMoved(entries: readonly JobEventLogEntry[]): readonly (readonly number[])[] {
  const indexes = entries.map((_, index) => index);
  const start = entries.findIndex(({ eventType }) => eventType === "job.JobStarted");
  return indexes.slice(0, start).filter((index) => isOutside(entries[index] as never))
    .flatMap((fact) => {
      const others = indexes.filter((index) => index !== fact);
      return [start, others.length].map((place) => others.toSpliced(place, 0, fact));
    });
}

Deno.test("permutation: it agrees with an exhaustive check, within the rules", () => {
  const seen = { agreed: 0, lesser: 0, pair: 0, repetition: 0 };
  fc.assert(
    fc.property(stories, ({ entries }) => {
      const orders = allOrders(entries);
      if (orders.length === 0) return;
      const verdict = verdictOf(entries);
      const ends = new Set(
        [...orders, ...earlyMoved(entries)].map((order) => endOf(entries, order)),
      );
      assert.equal(verdict.verdict === "pair", ends.size > 1, verdictText(verdict));
      seen[verdict.verdict]++;
      if (verdict.verdict !== "pair") assert.equal(verdict.orders, orders.length);
    }),
    { numRuns: 2_000 },
  );
  assert.ok(seen.agreed > 100 && seen.pair > 20 && seen.lesser > 20, JSON.stringify(seen));
  assert.equal(seen.repetition, 0);
});

Deno.test("permutation: a pair that it names changes state or kind of failure when exchanged", () => {
  let [pairs, alone] = [0, 0];
  fc.assert(
    fc.property(stories, ({ entries }) => {
      const verdict = verdictOf(entries, 30);
      assert.notEqual(verdict.verdict, "repetition");
      if (verdict.verdict !== "pair") return;
      pairs++;
      const { before, after, outcome } = verdict;
      const [first, second] = [verdict.first, verdict.second].map(({ logId }) =>
        entries.findIndex((entry) => entry.logId === logId)
      ) as [number, number];
      assert.ok(first < second);
      assert.ok([first, second].some((index) => isOutside(entries[index] as never)));
      const told = (end: typeof outcome) => [end.state, end.failure?.kind];
      assert.deepEqual(told(before.outcome), told(outcome));
      assert.notDeepEqual(told(after.outcome), told(outcome));
      const orders = allOrders(entries);
      if (orders.length === 0 || verdict.second.eventType === "job.JobStarted") return;
      const differs = orders.some((order) =>
        order[order.indexOf(second) + 1] === first &&
        endOf(entries, order) !== endOf(entries, exchangedAt(order, order.indexOf(second)))
      );
      alone++;
      assert.ok(differs, verdictText(verdict));
    }),
    { numRuns: 800 },
  );
  assert.ok(pairs > 50 && alone > 10, `${pairs} pairs, ${alone} of them checked`);
});

function exchangedAt(order: readonly number[], at: number): readonly number[] {
  return order.with(at, order[at + 1] as number).with(at + 1, order[at] as number);
}
